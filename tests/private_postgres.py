"""A PostgreSQL server of our own for a test: in a temporary folder, gone afterwards."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

PASSWORD = "s3cret-of-the-test"  # noqa: S105 - of a server that lives for one test
USER = "reader"
_DEBIAN = "/usr/lib/postgresql/*/bin"
_UNPRIVILEGED = ("postgres", "nobody")


def _program(name: str) -> str:
    found = shutil.which(name) or max(
        (str(one) for one in Path("/").glob(f"{_DEBIAN.lstrip('/')}/{name}")), default=""
    )
    if not found:
        pytest.skip(f"PostgreSQL's {name} is not installed (apt-get install postgresql)")
    return found


def _account() -> pwd.struct_passwd:
    """The account of the server: PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid())
    for name in _UNPRIVILEGED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("PostgreSQL does not run as root, and there is no other account here")


@contextmanager
def private_postgres() -> Iterator[str]:
    """Yield the address of an empty database that listens on a socket only and asks a password."""
    initdb, pg_ctl, account = _program("initdb"), _program("pg_ctl"), _account()
    # The path of a socket must be short.
    with TemporaryDirectory(prefix="vigicell-pg-", dir="/tmp") as place:
        home = Path(place)
        os.chown(home, account.pw_uid, account.pw_gid)
        secret = home / "password"
        secret.write_text(PASSWORD)
        os.chown(secret, account.pw_uid, account.pw_gid)

        def run(*command: str) -> None:
            subprocess.run(
                command, check=True, cwd=home, capture_output=True, timeout=120,
                user=account.pw_uid, group=account.pw_gid, extra_groups=[],
            )  # fmt: skip

        data = str(home / "data")
        run(
            initdb, "-D", data, "-U", USER, "--auth=scram-sha-256", f"--pwfile={secret}",
            "--encoding=UTF8", "--locale=C", "--no-sync",
        )  # fmt: skip
        options = f"-k {home} -c listen_addresses='' -c fsync=off"
        run(pg_ctl, "-D", data, "-l", str(home / "log"), "-w", "-o", options, "start")
        try:
            yield f"postgresql://{USER}:{PASSWORD}@/postgres?host={home}"
        finally:
            run(pg_ctl, "-D", data, "-m", "immediate", "-w", "stop")

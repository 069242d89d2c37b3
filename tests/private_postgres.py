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


class Server:
    """A server that a test may stop and start again.

    Parameters
    ----------
    home : Path
        An empty folder; its path must be short, as that of a socket must.
    options : str
        More for the server, as ``postgres`` takes them.
    """

    def __init__(self, home: Path, options: str = "") -> None:
        self._pg_ctl, self._account = _program("pg_ctl"), _account()
        self._home, self._options = home, options
        os.chown(home, self._account.pw_uid, self._account.pw_gid)
        secret = home / "password"
        secret.write_text(PASSWORD)
        os.chown(secret, self._account.pw_uid, self._account.pw_gid)
        self._run(
            _program("initdb"), "-D", str(home / "data"), "-U", USER, "--auth=scram-sha-256",
            f"--pwfile={secret}", "--encoding=UTF8", "--locale=C", "--no-sync",
        )  # fmt: skip

    def address(self, database: str = "postgres") -> str:
        return f"postgresql://{USER}:{PASSWORD}@/{database}?host={self._home}"

    def start(self) -> None:
        options = f"-k {self._home} -c listen_addresses='' {self._options}"
        self._control("-l", str(self._home / "log"), "-o", options, "start")

    def stop(self) -> None:
        self._control("-m", "immediate", "stop")

    def _control(self, *command: str) -> None:
        self._run(self._pg_ctl, "-D", str(self._home / "data"), "-w", *command)

    def _run(self, *command: str) -> None:
        subprocess.run(
            command, check=True, cwd=self._home, capture_output=True, timeout=120,
            user=self._account.pw_uid, group=self._account.pw_gid, extra_groups=[],
        )  # fmt: skip


@contextmanager
def private_server(options: str = "-c fsync=off") -> Iterator[Server]:
    """Yield a server that listens on a socket only and asks a password."""
    with TemporaryDirectory(prefix="vigicell-pg-", dir="/tmp") as place:
        server = Server(Path(place), options)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def private_postgres() -> Iterator[str]:
    """Yield the address of an empty database of a server of our own."""
    with private_server() as server:
        yield server.address()

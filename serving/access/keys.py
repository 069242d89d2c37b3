"""Named keys: made once, shown once, kept as digests in a file that only its owner may read.

A key is 256 random bits. Nobody can guess it, so one SHA-256 hides it as well as a slow password
hash would, and costs a microsecond a request instead of a tenth of a second.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Any

from features.errors import SettingsError
from serving.access.caller import LONGEST_NAME, ROLES, Caller, Role, is_name

PREFIX = "vc_"
FIRST_NAME = "first"
_RANDOM_BYTES = 32
_FORMAT = "vigicell-keys"
_VERSION = 1
_OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True)
class Key:
    """One key as it is kept.

    Attributes
    ----------
    name, role : str
    digest : str
        SHA-256 of the token, hexadecimal.
    made_at, revoked_at : str
        ISO 8601 in UTC; `revoked_at` is empty while the key is valid.
    """

    name: str
    role: Role
    digest: str
    made_at: str
    revoked_at: str = ""


class KeyFile:
    """The file of keys; several processes may change it, one after the other.

    Parameters
    ----------
    path : Path
        It need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def keys(self) -> tuple[Key, ...]:
        """Return all keys, those that were revoked as well; none where there is no file.

        Raises
        ------
        SettingsError
            When the file is there and cannot be read as keys.
        """
        try:
            return _parsed(self.path.read_bytes())
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, KeyError, TypeError) as reason:
            raise SettingsError(
                f"The key file {self.path} cannot be read ({type(reason).__name__}). Legal is what "
                "`python -m serving keys add` writes. Mend it or move it away; then every key is "
                "to be made anew."
            ) from None

    def add(self, name: str, role: str) -> str:
        """Make a key and return its token, which is kept nowhere.

        Raises
        ------
        SettingsError
            When the name is taken or not legal, or there is no such role.
        """
        _check(name, role)
        with self._changing():
            return self._added(self.keys(), name, Role(role))

    def add_first(self) -> str | None:
        """Make the first key, of an admin; ``None`` when any key was made before."""
        with self._changing():
            known = self.keys()
            return None if known else self._added(known, FIRST_NAME, Role.ADMIN)

    def revoke(self, name: str) -> None:
        """Take a key away; running services refuse it from the next request on.

        Raises
        ------
        SettingsError
            When there is no valid key of that name.
        """
        with self._changing():
            known = self.keys()
            if name not in _valid(known):
                raise SettingsError(_unknown(name, _valid(known)))
            self._write(
                replace(key, revoked_at=_now()) if key.name == name and not key.revoked_at else key
                for key in known
            )

    def _added(self, known: tuple[Key, ...], name: str, role: Role) -> str:
        if name in _valid(known):
            raise SettingsError(
                f"There is a key called {name!r} already. Take another name, or revoke it first "
                f"with `python -m serving keys revoke {name!r}`."
            )
        token = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
        self._write([*known, Key(name, role, digest_of(token), _now())])
        return token

    def _write(self, keys: Iterator[Key] | Sequence[Key]) -> None:
        said = {"format": _FORMAT, "version": _VERSION, "keys": [asdict(key) for key in keys]}
        beside = self.path.with_name(self.path.name + ".new")
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY), "w") as file:
            json.dump(said, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        lock = self.path.with_name(self.path.name + ".lock")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(os.open(lock, os.O_RDWR | os.O_CREAT, _OWNER_ONLY), "w") as held:
                fcntl.flock(held, fcntl.LOCK_EX)
                yield
        except OSError as reason:
            raise SettingsError(
                f"The key file {self.path} cannot be written ({reason.strerror}). Set VIGICELL_HOME"
                " to a folder that can."
            ) from None


class KeyRing:
    """The valid keys as a running service knows them; it sees when the file has changed."""

    def __init__(self, file: KeyFile) -> None:
        self._file = file
        self._seen: tuple[int, ...] | None = ()
        self._callers: tuple[tuple[bytes, Caller], ...] = ()

    def caller(self, token: bytes) -> Caller | None:
        """Return whose token it is, ``None`` for nobody's.

        Every key is compared, each in constant time.

        Raises
        ------
        SettingsError
            When the file has become unreadable.
        """
        self._look_again()
        asked, found = sha256(token).hexdigest().encode(), None
        for digest, caller in self._callers:
            if compare_digest(digest, asked):
                found = caller
        return found

    def _look_again(self) -> None:
        now = _stamp(self._file.path)
        if now == self._seen:
            return
        self._callers = tuple(
            (key.digest.encode(), Caller(key.name, frozenset({key.role})))
            for key in self._file.keys()
            if not key.revoked_at
        )
        self._seen = now


def digest_of(token: str) -> str:
    """Return what is kept of a token."""
    return sha256(token.encode()).hexdigest()


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _parsed(content: bytes) -> tuple[Key, ...]:
    said: Any = json.loads(content)
    if said["format"] != _FORMAT or said["version"] != _VERSION:
        raise ValueError("another format")
    return tuple(Key(**{**one, "role": Role(one["role"])}) for one in said["keys"])


def _valid(keys: Sequence[Key]) -> list[str]:
    return [key.name for key in keys if not key.revoked_at]


def _check(name: str, role: str) -> None:
    if not is_name(name):
        raise SettingsError(
            f"{name!r} cannot name a key. Legal is one line of up to {LONGEST_NAME} characters, "
            "for instance the ward or the system that asks."
        )
    if role not in ROLES:
        raise SettingsError(f"--role {role!r} is no role. Legal is {', '.join(ROLES)}.")


def _unknown(name: str, valid: Sequence[str]) -> str:
    legal = f"Legal is {', '.join(valid)}" if valid else "There is none"
    return f"No valid key is called {name!r}. {legal}. See `python -m serving keys list`."


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

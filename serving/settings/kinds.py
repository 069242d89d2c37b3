"""What a setting may be: each kind turns a TOML value, or a text of the environment, into ours.

A kind is called with what came and with the folder from which a relative path is meant. It raises
:class:`NotLegal` with what would be.
"""

from collections.abc import Callable, Sequence
from datetime import date, time
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

YES, NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
POSTGRES = ("postgresql://", "postgres://", "postgresql+psycopg://")
_LONGEST_NAME = 100
_LOOPBACK = ("127.0.0.1", "::1", "localhost")

_T = TypeVar("_T")
Kind = Callable[[Any, Path], _T]


class NotLegal(Exception):
    """A value that is not legal; its message says what is."""


def flag(said: Any, _: Path) -> bool:
    """Read true or false."""
    word = str(said).lower()
    if word in YES or word in NO:
        return word in YES
    raise NotLegal(f"one of {', '.join(YES)} or {', '.join(NO)}")


def whole(low: int, high: int) -> Kind[int]:
    """Read a whole number within bounds."""

    def read(said: Any, _: Path) -> int:
        text = "" if isinstance(said, bool) else str(said)
        if text.isascii() and text.isdigit() and low <= int(text) <= high:
            return int(text)
        raise NotLegal(f"a whole number from {low} to {high}")

    return read


def number(low: float, high: float) -> Kind[float]:
    """Read a number within bounds."""

    def read(said: Any, _: Path) -> float:
        if isinstance(said, int | float) and not isinstance(said, bool) and low <= said <= high:
            return float(said)
        raise NotLegal(f"a number from {low:g} to {high:g}")

    return read


def word(*legal: str) -> Kind[str]:
    """Read one of some words."""

    def read(said: Any, _: Path) -> str:
        if said in legal:
            return str(said)
        raise NotLegal(f"one of {', '.join(legal)}")

    return read


def text(said: Any, _: Path) -> str:
    """Read a text that says something."""
    if isinstance(said, str) and said.strip():
        return said.strip()
    raise NotLegal("a text that is not empty")


def name(said: Any, folder: Path) -> str:
    """Read a text that the ledger can hold beside somebody's name."""
    found = text(said, folder)
    if len(found) <= _LONGEST_NAME and found.isprintable():
        return found
    raise NotLegal(f"one line of up to {_LONGEST_NAME} characters")


def day(said: Any, _: Path) -> date:
    """Read a date."""
    if type(said) is date:
        return said
    raise NotLegal("a date, for instance 2026-03-01, without quotes")


def address(said: Any, _: Path) -> str:
    """Read an IP address."""
    try:
        return str(ip_address(said if isinstance(said, str) else ""))
    except ValueError:
        raise NotLegal("an IP address, for instance 127.0.0.1 (this machine only)") from None


def directory(said: Any, folder: Path) -> Path:
    """Read the path of a release."""
    path = _path(said, folder)
    if not path.is_dir():
        raise NotLegal("an existing directory that holds release.json")
    return path


def existing_file(said: Any, folder: Path) -> Path:
    """Read the path of a site mapping."""
    path = _path(said, folder)
    if not path.is_file():
        raise NotLegal("an existing file, TOML or a completed unmapped.csv")
    return path


def existing_place(said: Any, folder: Path) -> Path:
    """Read the path of a report, or of a folder of them."""
    path = _path(said, folder)
    if not path.exists():
        raise NotLegal("a report of `training evaluate --answers --json`, or a folder of them")
    return path


def own_file(said: Any, folder: Path) -> Path:
    """Read the path of a file that is made when it is absent."""
    path = _path(said, folder)
    if path.is_dir():
        raise NotLegal("the path of a file, not of a directory")
    return path


def ledger(said: Any, folder: Path) -> Path | str:
    """Read where the ledger is: a file, or a database by its URL."""
    if isinstance(said, str) and said.startswith(POSTGRES):
        return said
    if isinstance(said, str) and "://" in said:
        raise NotLegal("a path of a file, or postgresql://USER@HOST/DATABASE")
    return own_file(said, folder)


def key_address(said: Any, _: Path) -> str:
    """Read the address of an issuer's public keys."""
    parts = urlsplit(said if isinstance(said, str) else "")
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if safe and parts.hostname and not parts.username:
        return str(said)
    raise NotLegal("https://HOST/PATH without a user (http:// only on this machine)")


def zone(said: Any, _: Path) -> str:
    """Read a time zone by its IANA name."""
    try:
        return ZoneInfo(said if isinstance(said, str) else "").key
    except (KeyError, ValueError, OSError):  # it looks for a file of that name
        raise NotLegal("an IANA name, for instance Asia/Shanghai or Europe/Berlin") from None


def clock_times(said: Any, _: Path) -> tuple[time, ...]:
    """Read the times of day at which shifts start."""
    legal = 'times of a day in ascending order, for instance ["07:00", "15:00", "23:00"]'
    if not isinstance(said, list) or not said:
        raise NotLegal(legal)
    try:
        found = [one if isinstance(one, time) else time.fromisoformat(str(one)) for one in said]
        ascending = all(first < second for first, second in pairwise(found))
    except (ValueError, TypeError):
        raise NotLegal(legal) from None
    if not ascending or any(one.tzinfo for one in found):
        raise NotLegal(legal)
    return tuple(found)


def two_languages(said: Any, _: Path) -> tuple[str, str]:
    """Read a text in English and Chinese."""
    if isinstance(said, Sequence) and not isinstance(said, str) and len(said) == 2:
        first, second = said
        if isinstance(first, str) and isinstance(second, str) and first and second:
            return first, second
    raise NotLegal('two texts, ["in English", "in Chinese"]')


def _path(said: Any, folder: Path) -> Path:
    if not isinstance(said, str) or not said.strip() or "\0" in said:
        raise NotLegal("a path")
    return (folder / Path(said).expanduser()).absolute()

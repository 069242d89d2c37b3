"""Settings of the service, read from the environment in this one place.

A wrong value stops the start with the key, what came and what is legal.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar

from features.errors import SettingsError
from features.sources.records.site_mapping import SiteMapping, read_site_mapping

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 3000
DEFAULT_BODY_LIMIT_BYTES = 2 * 1024 * 1024
_BODY_LIMITS = (1024, 64 * 1024 * 1024)
_PORTS = (1, 65535)
_POSTGRES = ("postgresql://", "postgres://", "postgresql+psycopg://")
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a service is started with.

    Attributes
    ----------
    ledger : Path or str
        Where every answer is recorded before it is given: a SQLite file, or the URL of a
        PostgreSQL database, which may hold a password and is never shown.
    release : Path or None
        Directory of the release to serve; ``None`` takes the one in the model store.
    demo : bool
        Whether models fitted to synthetic courses may answer, marked as such.
    host, port
        Where to listen; loopback unless said otherwise.
    body_limit_bytes : int
        The longest request body that is read.
    site_mapping : Path or None
        How this site writes units and answers (:mod:`features.sources.records.site_mapping`).
    limits_status : Path or None
        A report of `training evaluate --answers --json` on a silent model, or a folder of them.
    """

    ledger: Path | str
    release: Path | None = None
    demo: bool = False
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    body_limit_bytes: int = DEFAULT_BODY_LIMIT_BYTES
    site_mapping: Path | None = None
    limits_status: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings; an absent or empty variable takes its default.

        Raises
        ------
        SettingsError
            For a value that is not legal, naming its key.
        """

        def read(key: str, parse: Callable[[str, str], _T], default: _T) -> _T:
            text = environment.get(key, "").strip()
            return parse(key, text) if text else default

        own_file: Path | str = default_ledger()
        return cls(
            ledger=read("VIGICELL_LEDGER", _ledger, own_file),
            release=read("VIGICELL_RELEASE", _directory, None),
            demo=read("VIGICELL_DEMO", _flag, False),
            host=read("VIGICELL_HOST", _address, DEFAULT_HOST),
            port=read("VIGICELL_PORT", _whole(*_PORTS), DEFAULT_PORT),
            body_limit_bytes=read(
                "VIGICELL_BODY_LIMIT_BYTES", _whole(*_BODY_LIMITS), DEFAULT_BODY_LIMIT_BYTES
            ),
            site_mapping=read("VIGICELL_SITE_MAPPING", _existing_file, None),
            limits_status=read("VIGICELL_LIMITS_STATUS", _existing, None),
        )


def site_mapping_of(settings: Settings) -> SiteMapping:
    """Read the site mapping that the settings name; an empty one without.

    Raises
    ------
    CohortError
        Naming the file, the entry, what came and what is legal.
    """
    return read_site_mapping(settings.site_mapping) if settings.site_mapping else SiteMapping()


def default_ledger() -> Path:
    """Where the ledger lies when nothing is said: outside of any bento, which may be deleted."""
    return Path.home() / ".vigicell" / "ledger.sqlite"


def _flag(key: str, text: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise _wrong(key, text, f"one of {', '.join(_YES)} or {', '.join(_NO)}")


def _whole(low: int, high: int) -> Callable[[str, str], int]:
    def parse(key: str, text: str) -> int:
        if text.isascii() and text.isdigit() and low <= int(text) <= high:
            return int(text)
        raise _wrong(key, text, f"a whole number from {low} to {high}")

    return parse


def _address(key: str, text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise _wrong(
            key, text, "an IP address, for instance 127.0.0.1 (this machine only)"
        ) from None


def _directory(key: str, text: str) -> Path:
    path = Path(text).expanduser().absolute()
    if not path.is_dir():
        raise _wrong(key, text, "an existing directory that holds release.json")
    return path


def _ledger(key: str, text: str) -> Path | str:
    if text.startswith(_POSTGRES):
        return text
    if "://" in text:  # not repeated: it may hold a password
        raise SettingsError(
            f"{key} is no address of a ledger. Legal is a path of a file, or "
            "postgresql://USER@HOST/DATABASE. Unset it for the default."
        )
    path = Path(text).expanduser().absolute()
    if path.is_dir():
        raise _wrong(key, text, "the path of a file, not of a directory")
    return path


def _existing(key: str, text: str) -> Path:
    path = Path(text).expanduser().absolute()
    if not path.exists():
        raise _wrong(key, text, "a report of `training evaluate --answers --json`, or a folder")
    return path


def _existing_file(key: str, text: str) -> Path:
    path = Path(text).expanduser().absolute()
    if not path.is_file():
        raise _wrong(key, text, "an existing file, TOML or a completed unmapped.csv")
    return path


def _wrong(key: str, text: str, legal: str) -> SettingsError:
    return SettingsError(
        f"{key}={text!r} is not legal. Legal is {legal}. Unset it for the default."
    )

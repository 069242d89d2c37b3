"""Reading the settings: the file, then the environment on top."""

import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from features.errors import SettingsError
from serving.settings.declared import SECTIONS, SETTINGS, Declared
from serving.settings.kinds import Kind, NotLegal
from serving.settings.site_tables import read_cut_offs, read_issuer, read_plan

HOME, FILE = "VIGICELL_HOME", "VIGICELL_SETTINGS"
FILE_NAME = "settings.toml"
_HIDDEN = (
    "jwks_url",
)  # keys of tables whose wrong values are not repeated: they may hold a secret
_TABLES = ("tiers", "plan")


def default_home() -> Path:
    """Where a service keeps its own: outside of any bento, which may be deleted."""
    return Path.home() / ".vigicell"


def found_settings(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what the file and the environment say, by the fields of ``Settings``.

    Raises
    ------
    SettingsError
        For what is not legal, with where it stands, what came and what is legal.
    """
    home = _home(environment)
    file = _file(environment, home)
    found = {} if file is None else _File(file).settings()
    found |= _said_by(environment)
    if found.get("alerts_per_week") and found.get("alerts_per_100_patient_days"):
        raise SettingsError(
            f"{file}, [alerts]: both per_week and per_100_patient_days are given. Legal is one of "
            "them. Take one out."
        )
    defaults = {"ledger": home / "ledger.sqlite", "keys": home / "keys.json"}
    return {**defaults, **found, "home": home, "file": file}


class _File:
    """One settings file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._said = _parsed(path)

    def settings(self) -> dict[str, Any]:
        self._refuse_unknown("", self._said, (*SECTIONS, *_TABLES))
        found: dict[str, Any] = {}
        for section in SECTIONS:
            found |= self._section(section)
        if "tiers" in self._said:
            read = [read_cut_offs(self._table, *one) for one in self._listed("tiers", self._said)]
            self._refuse_twice([one.question for one in read])
            found["cut_offs"] = tuple(read)
        if "plan" in self._said:
            plan = self._dictionary("plan", self._said["plan"])
            try:
                found["plan"] = read_plan(self._table, "[plan]", plan)
            except SettingsError as wrong:
                raise self._named(wrong) from None
        return found

    def _section(self, section: str) -> dict[str, Any]:
        said = self._dictionary(section, self._said.get(section, {}))
        declared = {one.key: one for one in SETTINGS if one.section == section}
        tables = ("issuer",) if section == "access" else ()
        self._refuse_unknown(f"[{section}]", said, (*declared, *tables))
        found = {
            one.field: self._value(f"[{section}]", key, said[key], one.kind, hide=one.secret)
            for key, one in declared.items()
            if key in said
        }
        if "issuer" in said:
            issuers = [
                read_issuer(self._table, *one) for one in self._listed("access.issuer", said)
            ]
            found["issuers"] = tuple(issuers)
        return found

    def _table(
        self,
        place: str,
        said: Mapping[str, Any],
        legal: Mapping[str, Kind[Any]],
        needed: tuple[str, ...],
    ) -> dict[str, Any]:
        self._refuse_unknown(place, said, legal)
        absent = [key for key in needed if key not in said]
        if absent:
            raise SettingsError(
                f"{self._path}, {place}: {absent[0]} is missing. It needs {', '.join(needed)}."
            )
        return {
            key: self._value(place, key, value, legal[key], hide=key in _HIDDEN)
            for key, value in said.items()
        }

    def _value(self, place: str, key: str, value: Any, kind: Kind[Any], *, hide: bool) -> Any:
        try:
            return kind(value, self._path.parent)
        except NotLegal as legal:
            came = key if hide else f"{key} = {value!r}"
            raise SettingsError(
                f"{self._path}, {place}: {came} is not legal. Legal is {legal}. "
                "Leave it out for the default."
            ) from None

    def _dictionary(self, name: str, said: Any) -> dict[str, Any]:
        if isinstance(said, dict):
            return said
        raise SettingsError(f"{self._path}: {name} is a table. Write it as [{name}].")

    def _listed(self, name: str, within: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        said = within[name.rpartition(".")[2]]
        if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
            raise SettingsError(f"{self._path}: write each {name} as its own [[{name}]].")
        return [(f"[[{name}]] {number}", one) for number, one in enumerate(said, start=1)]

    def _refuse_unknown(self, place: str, said: Iterable[str], legal: Iterable[str]) -> None:
        known = list(legal)
        for key in said:
            if key not in known:
                raise SettingsError(
                    f"{self._path}{', ' if place else ''}{place}: {key!r} is not known. Legal is "
                    f"{', '.join(known)}. {_meant(key, known)}"
                )

    def _refuse_twice(self, questions: list[str]) -> None:
        twice = sorted({one for one in questions if questions.count(one) > 1})
        if twice:
            raise SettingsError(
                f"{self._path}, [[tiers]]: {twice[0]} is given twice. Legal is one [[tiers]] a "
                "question. Take one out."
            )

    def _named(self, wrong: SettingsError) -> SettingsError:
        text = str(wrong)
        return wrong if text.startswith(str(self._path)) else SettingsError(f"{self._path}: {text}")


def _home(environment: Mapping[str, str]) -> Path:
    said = environment.get(HOME, "").strip()
    if not said:
        return default_home()
    path = Path(said).expanduser().absolute()
    if path.exists() and not path.is_dir():
        raise _wrong(HOME, said, "a folder; it is made when it is absent")
    return path


def _file(environment: Mapping[str, str], home: Path) -> Path | None:
    said = environment.get(FILE, "").strip()
    path = Path(said).expanduser().absolute() if said else home / FILE_NAME
    if path.is_file():
        return path
    if said:
        raise _wrong(
            FILE, said, "an existing file; `python -m serving settings --draft FILE` writes one"
        )
    return None


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as reason:
        raise SettingsError(f"{path} cannot be read ({reason.strerror}).") from None
    except tomllib.TOMLDecodeError as reason:
        raise SettingsError(f"{path} is no TOML: {reason}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not written in UTF-8. Save it so.") from None


def _said_by(environment: Mapping[str, str]) -> dict[str, Any]:
    return {
        one.field: _of_variable(one, text)
        for one in SETTINGS
        if one.variable and (text := environment.get(one.variable, "").strip())
    }


def _of_variable(one: Declared, said: str) -> Any:
    try:
        return one.kind(said, Path.cwd())
    except NotLegal as legal:
        if one.secret and "://" in said:
            raise SettingsError(
                f"{one.variable} is not legal. Legal is {legal}. Unset it for the default."
            ) from None
        raise _wrong(one.variable, said, str(legal)) from None


def _meant(key: str, known: list[str]) -> str:
    near = get_close_matches(key.lower(), known, n=1)
    return f"Did you mean {near[0]}?" if near else "Take it out, or correct it."


def _wrong(key: str, said: str, legal: str) -> SettingsError:
    return SettingsError(
        f"{key}={said!r} is not legal. Legal is {legal}. Unset it for the default."
    )

"""Read plain data (TOML, JSON) into frozen dataclasses, strictly.

Every unknown key, wrong type and illegal value is refused by name: a plan that was misspelt must
not silently mean something else.
"""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

from features.errors import PlanError

T = TypeVar("T")


def read_section(kind: type[T], given: Mapping[str, Any], where: str) -> T:
    """Build a dataclass from a table.

    Parameters
    ----------
    kind : a dataclass; its fields are the legal keys and its annotations their types.
    given : the table.
    where : what to call the table in a message, such as "[folds]".

    Raises
    ------
    PlanError
        For an unknown or missing key, a wrong type, or what the dataclass itself refuses.
    """
    fields = {f.name: f for f in dataclasses.fields(typing.cast(Any, kind)) if f.init}
    for key in given:
        if key not in fields:
            raise PlanError(unknown_key(key, list(fields), where))
    required = [
        name
        for name, f in fields.items()
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    ]
    absent = [name for name in required if name not in given]
    if absent:
        raise PlanError(f"{where} lacks {', '.join(absent)}.")
    hints = typing.get_type_hints(kind)
    return kind(
        **{key: _converted(hints[key], entry, f"{where} {key}") for key, entry in given.items()}
    )


def unknown_key(key: str, legal: list[str], where: str) -> str:
    """Say which key is unknown, which are legal, and which was probably meant."""
    near = difflib.get_close_matches(key, legal, n=1, cutoff=0.6)
    meant = f" Did you mean {near[0]}?" if near else ""
    return f"{where} has no key {key!r}.{meant} Legal keys: {', '.join(legal)}."


def _converted(hint: Any, entry: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return entry if isinstance(entry, hint) else _table(hint, entry, where)
    if origin in _CONTAINERS:
        return _CONTAINERS[origin](hint, entry, where)
    return _scalar(hint, entry, where)


def _table(hint: type[Any], entry: Any, where: str) -> Any:
    if not isinstance(entry, Mapping):
        raise PlanError(f"{where} = {entry!r} is not a table.")
    return read_section(hint, entry, where)


def _literal(hint: Any, entry: Any, where: str) -> Any:
    legal = typing.get_args(hint)
    if entry not in legal:
        raise PlanError(f"{where} = {entry!r} is not one of {', '.join(map(str, legal))}.")
    return entry


def _union(hint: Any, entry: Any, where: str) -> Any:
    refusals = []
    for option in typing.get_args(hint):
        try:
            return _converted(option, entry, where)
        except PlanError as refusal:
            refusals.append(str(refusal))
    raise PlanError(" Or: ".join(refusals))


def _tuple(hint: Any, entry: Any, where: str) -> Any:
    if not isinstance(entry, list | tuple):
        raise PlanError(f"{where} = {entry!r} is not a list.")
    item = typing.get_args(hint)[0]
    return tuple(_converted(item, one, f"{where}[{i}]") for i, one in enumerate(entry))


def _mapping(hint: Any, entry: Any, where: str) -> Any:
    if not isinstance(entry, Mapping):
        raise PlanError(f"{where} = {entry!r} is not a table.")
    key_hint, item = typing.get_args(hint)
    return {
        _key(key_hint, key, where): _converted(item, one, f"{where}.{key}")
        for key, one in entry.items()
    }


def _key(hint: Any, key: Any, where: str) -> Any:
    """TOML keys are text; a table by grade has numbers."""
    if hint is not float:
        return str(key)
    try:
        return float(key)
    except ValueError:
        raise PlanError(f"{where} has the key {key!r}, which is not a number.") from None


_CONTAINERS: dict[Any, Callable[[Any, Any, str], Any]] = {
    Literal: _literal,
    typing.Union: _union,
    types.UnionType: _union,
    tuple: _tuple,
}
for _origin in (typing.get_origin(typing.Mapping[str, int]), dict):
    _CONTAINERS[_origin] = _mapping

_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def _scalar(hint: Any, entry: Any, where: str) -> Any:
    if hint is Any:
        return entry
    if hint is type(None):
        if entry is None:
            return None
        raise PlanError(f"{where} = {entry!r} is not empty.")
    if hint is float and isinstance(entry, int) and not isinstance(entry, bool):
        return float(entry)
    if type(entry) is not hint:
        raise PlanError(f"{where} = {entry!r} is not {_WORDS.get(hint, hint.__name__)}.")
    return entry


def plain(thing: Any) -> Any:
    """Turn dataclasses, tuples and tables into JSON data that `read_section` reads back."""
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        return {f.name: plain(getattr(thing, f.name)) for f in dataclasses.fields(thing) if f.init}
    if isinstance(thing, Mapping):
        return {str(key): plain(one) for key, one in thing.items()}
    if isinstance(thing, list | tuple):
        return [plain(one) for one in thing]
    return thing

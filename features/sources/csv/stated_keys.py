"""Keys that a person states in a TOML file: what is refused, and how it is said."""

from collections.abc import Iterable, Mapping
from typing import Any

from features.errors import CohortError


def answered(where: str, key: str, stated: str, legal: str) -> None:
    """Refuse an empty text; `legal` says what belongs there."""
    if not stated:
        raise CohortError(f"{where}: {key} is still empty. Fill it: {legal}.")


def all_answered(where: str, stated: object) -> dict[str, str]:
    """Return a table of words; an empty one is refused."""
    table = texts_of(where, stated)
    for word, meant in table.items():
        answered(where, repr(word), meant, "what it means, or delete it to leave its rows out")
    return table


def one_of(
    where: str, key: str, stated: object, legal: tuple[str, ...], otherwise: str = ""
) -> str:
    """Return a text that is one of the legal ones; refuse any other, and an empty one."""
    if isinstance(stated, str) and stated in legal:
        return stated
    words = " | ".join(f'"{one}"' for one in legal).replace("\t", "\\t")
    open_ = stated == ""
    said = "is still empty. Fill it" if open_ else f"= {str(stated)[:40]!r} is not known. Legal"
    raise CohortError(f"{where}: {key} {said}: {words}{otherwise}.")


def refuse_unknown(where: str, table: Mapping[str, Any], legal: Iterable[str]) -> None:
    """Refuse a key that is none of the legal ones, with what it was set to."""
    for key, stated in table.items():
        if key not in legal:
            shown = f" = {str(stated)[:40]!r}" if isinstance(stated, str | int | float) else ""
            raise CohortError(f"{where}: {key!r}{shown} is not known; legal: {', '.join(legal)}.")


def refuse_repeated(where: str, key: str, stated: list[Any]) -> None:
    """Refuse what may stand there once and stands there twice."""
    twice = [one for one in stated if stated.count(one) > 1]
    if twice:
        raise CohortError(f"{where}: {key} = {twice[0]!r} is there more than once. Keep one.")


def table_of(where: str, stated: object) -> Mapping[str, Any]:
    """Return a table; refuse anything else."""
    if not isinstance(stated, Mapping):
        raise CohortError(f"{where} is a table of keys.")
    return stated


def texts_of(where: str, stated: object) -> dict[str, str]:
    """Return a table of texts; refuse anything else."""
    table = table_of(where, stated)
    for key, entry in table.items():
        if not isinstance(entry, str):
            raise CohortError(f"{where}: {key!r} is a text in quotes.")
    return dict(table)

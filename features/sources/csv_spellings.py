"""Words as sites spell them, to the words of the columns; every cell so changed is counted.

Case, spaces, hyphens and underscores never tell two legal words apart, so a cell that differs from
one in these alone is that word. Other spellings are those of the tables below, by column.
"""

from collections.abc import Iterable, Mapping

import pandas as pd

from features.inputs import INPUTS
from features.tables import Column, Table

_ROMAN_GRADES = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5"}
_OTHER_SPELLINGS: Mapping[str, Mapping[str, str]] = {
    "sex": {"f": "female", "m": "male"},
    "diagnosis": {"dlbcl": "LBCL", "all": "B-ALL"},
    "agent": {
        "dexamethasone": "corticosteroid",
        "methylprednisolone": "corticosteroid",
        "prednisone": "corticosteroid",
        "norepinephrine": "vasopressor",
        "noradrenaline": "vasopressor",
    },
    "grade": _ROMAN_GRADES,
}
_AS_WRITTEN = ("input", "comparator")  # names and signs, no words
_NO_LETTERS = str.maketrans("", "", " _-")


def with_legal_spellings(cells: pd.DataFrame, table: Table) -> tuple[pd.DataFrame, dict[str, int]]:
    """Respell the words of `cells` that mean a legal one.

    Returns
    -------
    cells : DataFrame
        A word that means no legal one stays as it came, for the checks to refuse.
    respelt : dict
        Column -> number of cells that were changed.
    """
    made, respelt = cells.copy(), {}
    for column in table.columns:
        known = _spellings_of(column)
        if column.name in cells and known:
            made[column.name] = _respelt(cells[column.name], known)
    if table.name == "measurements":
        made["text"] = _with_levels(cells)
    for name in cells:
        changed = int((made[name].notna() & made[name].ne(cells[name])).sum())
        if changed:
            respelt[str(name)] = changed
    return made, respelt


def _spellings_of(column: Column) -> dict[str, str]:
    words = () if column.name in _AS_WRITTEN else column.legal
    return _by_key(words) | dict(_OTHER_SPELLINGS.get(column.name, {}))


def _by_key(words: Iterable[str]) -> dict[str, str]:
    return {_key(word): word for word in words}


def _key(word: str) -> str:
    return word.casefold().translate(_NO_LETTERS)


def _respelt(cells: pd.Series, known: Mapping[str, str]) -> pd.Series:
    found = {
        cell: known.get(_key(cell), cell)
        for cell in cells.dropna().unique()
        if isinstance(cell, str)
    }
    return cells.map(lambda cell: found.get(cell, cell))


def _with_levels(cells: pd.DataFrame) -> pd.Series:
    made = cells["text"].copy()
    for name, one in INPUTS.items():
        if not one.is_text:
            continue
        mine = cells["input"].eq(name) & made.notna()
        if mine.any():
            made = made.where(~mine, _respelt(made, _by_key(one.levels)))
    return made

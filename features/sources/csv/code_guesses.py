"""What the codes inside a file mean: tests, their units, and words of categories; guesses."""

from dataclasses import dataclass

import pandas as pd

from features.errors import ProductError
from features.inputs import INPUTS, Input
from features.products import product
from features.sources.csv.as_written import plain_text
from features.sources.csv.heading_guesses import Guess, legal_unit, of_tests
from features.sources.csv.mapped_files import mapped_cells
from features.sources.csv.mapping import IGNORED
from features.sources.csv.shared_words import shared_words
from features.sources.spellings import with_legal_spellings
from features.tables import TABLES

_TABLE_OF = {"agent": "treatments"}


@dataclass(frozen=True)
class Entry:
    """One line of the draft: a heading or test, what it is taken for, and the remark beside it."""

    heading: str
    meaning: str
    remark: str
    unit: str | None = None
    dates: str | None = None
    words: tuple[tuple[str, int], ...] = ()


def unit_to_write(found: Guess) -> str | None:
    """Return the unit to write: none for a score, empty where a person has to say it."""
    return None if INPUTS[found.meaning].unit in ("{score}", "{INR}") else found.unit


def unknown_words(meaning: str, cells: pd.Series, ids: pd.Series) -> tuple[tuple[str, int], ...]:
    """Return the words of a category that mean nothing yet and that several patients share."""
    if meaning in INPUTS:
        return _unknown_levels(INPUTS[meaning], cells, ids)
    table = TABLES[_TABLE_OF.get(meaning, "courses")]
    column = next((one for one in table.columns if one.name == meaning), None)
    if column is None or not (column.legal or meaning == "product"):
        return ()
    words = pd.DataFrame({meaning: mapped_cells(cells, plain_text)})
    respelt = with_legal_spellings(words, table)[0][meaning]
    legal = respelt.map(_is_product if meaning == "product" else column.legal.__contains__)
    shown, _ = shared_words(words[meaning].where(~legal.astype(bool), None), ids)
    return tuple(shown)


def _unknown_levels(one: Input, cells: pd.Series, ids: pd.Series) -> tuple[tuple[str, int], ...]:
    if not one.is_text:
        return ()
    words = pd.DataFrame({"input": one.name, "text": mapped_cells(cells, plain_text)})
    levels = with_legal_spellings(words, TABLES["measurements"])[0]["text"]
    shown, _ = shared_words(words["text"].where(~levels.isin(list(one.levels)), None), ids)
    return tuple(shown)


def _is_product(word: object) -> bool:
    try:
        product(str(word))
    except ProductError as refusal:
        return refusal.kind == "not_car_t"  # known, and left out by name
    return True


@dataclass(frozen=True)
class Codes:
    """Tests and strange units of a file, most frequent first, and the rows of tests not shown."""

    tests: list[Entry]
    units: list[tuple[str, str]]
    hidden_tests: int


def codes_of(names: pd.Series, units: pd.Series | None, ids: pd.Series) -> Codes:
    """Guess the tests of a long file, and list the units that none of their inputs knows.

    Parameters
    ----------
    names, units, ids : Series of str or None
        Test, unit (None where the file has no such column) and course of each row.
    """
    shown, hidden = shared_words(names, ids)
    tests: list[Entry] = []
    strange: list[tuple[int, str, str]] = []
    for name, count in shown:
        found = of_tests(name)
        if found is None:
            tests.append(Entry(name, IGNORED, f"{count} rows; no known name"))
            continue
        look = f"; look: {found.caution}" if found.caution else ""
        numeric = found.meaning in INPUTS and not INPUTS[found.meaning].is_text
        unit = unit_to_write(found) if numeric and units is None else None
        remark = f"guess: {found.reason}; {count} rows{look}"
        tests.append(Entry(name, found.meaning, remark, unit=unit))
        if numeric and units is not None:
            strange += _strange_units(INPUTS[found.meaning], units[names.eq(name)], ids)
    ordered = sorted(strange, key=lambda one: -one[0])
    remarks: dict[str, str] = {}
    for _, word, remark in ordered:
        remarks.setdefault(word, remark)
    return Codes(tests, list(remarks.items()), hidden)


def _strange_units(one: Input, units: pd.Series, ids: pd.Series) -> list[tuple[int, str, str]]:
    strange = units[[unit is not None and not legal_unit(one, str(unit)) for unit in units]]
    legal = " | ".join(one.accepted)
    return [
        (count, word, f"{count} rows of {one.name}; legal: {legal}")
        for word, count in shared_words(strange, ids)[0]
    ]

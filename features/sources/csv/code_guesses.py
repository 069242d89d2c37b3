"""What the codes inside a file mean: tests, their units, and words of categories; guesses."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from features.errors import ProductError
from features.inputs import INPUTS, Input
from features.products import product
from features.sources.csv.as_written import plain_text
from features.sources.csv.grades_and_flags import is_flag, is_grade
from features.sources.csv.heading_guesses import Guess, of_tests
from features.sources.csv.headings import GRADES
from features.sources.csv.mapped_files import mapped_cells
from features.sources.csv.places import IGNORED
from features.sources.csv.unit_questions import Questions, unit_questions
from features.sources.shared_words import shared_words
from features.sources.spellings import with_legal_spellings
from features.tables import AGENTS, TABLES

_TABLE_OF = {"agent": "treatments"}


@dataclass(frozen=True)
class Entry:
    """One line of the draft: a heading or test, what it is taken for, and the remark beside it.

    An empty unit or date style is a question, and so is every one of the `words` and `units`.
    """

    heading: str
    meaning: str
    remark: str
    unit: str | None = None
    dates: str | None = None
    words: tuple[tuple[str, int], ...] = ()
    units: tuple[tuple[str, int], ...] = ()


def unit_to_write(found: Guess) -> str | None:
    """Return the unit to write: none for a score, empty where a person has to say it."""
    return None if INPUTS[found.meaning].unit in ("{score}", "{INR}") else found.unit


def unknown_words(meaning: str, cells: pd.Series, ids: pd.Series) -> tuple[tuple[str, int], ...]:
    """Return the words of a category that mean nothing yet and that several patients share."""
    if meaning in INPUTS:
        return _unknown_levels(INPUTS[meaning], cells, ids)
    if meaning in (*GRADES, *AGENTS):
        return _unknown_cells(is_grade if meaning in GRADES else is_flag, cells, ids)
    table = TABLES[_TABLE_OF.get(meaning, "courses")]
    column = next((one for one in table.columns if one.name == meaning), None)
    if column is None or not (column.legal or meaning == "product"):
        return ()
    words = pd.DataFrame({meaning: mapped_cells(cells, plain_text)})
    respelt = with_legal_spellings(words, table)[0][meaning]
    legal = respelt.map(_is_product if meaning == "product" else column.legal.__contains__)
    shown, _ = shared_words(words[meaning].where(~legal.astype(bool), None), ids)
    return tuple(shown)


def _unknown_cells(
    is_read: Callable[[object], bool], cells: pd.Series, ids: pd.Series
) -> tuple[tuple[str, int], ...]:
    words = mapped_cells(cells, plain_text)
    return tuple(shared_words(words.where(~words.map(is_read).astype(bool), None), ids)[0])


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
    guesses = {name: of_tests(name) for name, _ in shown}
    inputs = {
        name: INPUTS[found.meaning]
        for name, found in guesses.items()
        if found and found.meaning in INPUTS and not INPUTS[found.meaning].is_text
    }
    asked = Questions() if units is None else unit_questions(names, units, ids, inputs)
    tests = []
    for name, count in shown:
        found = guesses[name]
        if found is None:
            tests.append(Entry(name, IGNORED, f"{count} rows; no known name"))
            continue
        look = f"; look: {found.caution}" if found.caution else ""
        unit = unit_to_write(found) if name in inputs and units is None else None
        remark = f"guess: {found.reason}; {count} rows{look}"
        own = tuple(asked.of_tests.get(name, ()))
        tests.append(Entry(name, found.meaning, remark, unit=unit, units=own))
    return Codes(tests, asked.of_file, hidden)

"""Results, grades and treatments of a mapped site, from files of either shape.

*Wide* (``rows = "days"``): one row a patient and day, one column an input, grade or agent. *Long*
(``rows = "results"``, ``"treatments"``): one row a result or an administration.
"""

import re
from collections.abc import Iterator

import pandas as pd

from features.inputs import INPUTS
from features.sources.csv.as_written import Signs, narrow, plain_number, plain_text
from features.sources.csv.course_days import Clock
from features.sources.csv.grades_and_flags import given_in, grade_in
from features.sources.csv.headings import GRADES
from features.sources.csv.mapped_courses import NO_NUMBER
from features.sources.csv.mapped_files import (
    BROKEN,
    Infusions,
    Opened,
    as_words,
    columns_of,
    days_of,
    mapped_cells,
    names_of,
)
from features.sources.csv.places import IGNORED, Place
from features.sources.csv.units_of_tests import ONE_UNIT, contradicts, meant_unit
from features.tables import AGENTS

Part = tuple[str, pd.DataFrame]
_BETWEEN = re.compile(r"\s*(?:--|~|—|至|\bto\b|(?<=[\d\s])-)\s*")


def parts_of(one: Opened, infusions: Infusions, clock: Clock) -> Iterator[Part]:
    """Return the rows of one file by the table they belong to, with what they break."""
    if one.mapping.rows == "days":
        yield from _wide(one, _timed(one, ("day", "known_day"), infusions, clock))
    elif one.mapping.rows == "results":
        yield from _results(one, _timed(one, ("day", "known_day"), infusions, clock))
    elif one.mapping.rows == "treatments":
        times = ("start_day", "stop_day", "known_day")
        yield "treatments", _treatments(one, _timed(one, times, infusions, clock))


def _timed(one: Opened, times: tuple[str, ...], infusions: Infusions, clock: Clock) -> pd.DataFrame:
    made: dict[str, pd.Series] = columns_of(one.origin())
    for meaning in times:
        place = one.mapping.place(meaning)
        if place is not None:
            days, broken = days_of(one, place, infusions, clock)
            made[meaning] = days
            made |= broken
    return pd.DataFrame(made, index=one.file.cells.index)


def _wide(one: Opened, timed: pd.DataFrame) -> Iterator[Part]:
    for place in one.mapping.columns:
        filled = one.cells(place).notna()
        rows = timed[filled].assign(source_column=place.heading)
        cells = one.cells(place)[filled]
        if place.meaning in INPUTS:
            yield "measurements", _measured(rows, cells, place, one.mapping.signs)
        elif place.meaning in GRADES:
            yield "grades", _graded(rows, as_words(cells, place), place)
        elif place.meaning in AGENTS:
            yield "treatments", _given(rows, as_words(cells, place), place, one.mapping.signs)


def _measured(rows: pd.DataFrame, cells: pd.Series, place: Place, signs: Signs) -> pd.DataFrame:
    one = INPUTS[place.meaning]
    if one.is_text:
        values = as_words(cells, place)
    else:
        suffixes = (place.unit,)
        values = mapped_cells(cells, lambda cell: plain_number(cell, signs, suffixes) or NO_NUMBER)
    return rows.assign(
        input=place.meaning, value=values, unit=place.unit or None,
        written=mapped_cells(cells, plain_text), written_unit=place.unit or None,
    )  # fmt: skip


def _graded(rows: pd.DataFrame, words: pd.Series, place: Place) -> pd.DataFrame:
    return rows.assign(toxicity=GRADES[place.meaning], grade=mapped_cells(words, grade_in))


def _given(rows: pd.DataFrame, words: pd.Series, place: Place, signs: Signs) -> pd.DataFrame:
    said = mapped_cells(words, lambda word: given_in(word, signs))
    unclear = said.isna()
    made = rows.assign(agent=place.meaning, **{f"{BROKEN}agent_is_a_flag": unclear})
    days = [name for name in names_of(made) if name == "day" or name.startswith(f"{BROKEN}day")]
    made = made.rename(columns={name: name.replace("day", "start_day", 1) for name in days})
    return made[said.ne(False) | unclear]


def _results(one: Opened, timed: pd.DataFrame) -> Iterator[Part]:
    mapping = one.mapping
    tests = {narrow(name): place for name, place in mapping.tests.items()}
    names = mapped_cells(one.of("test"), plain_text)  # type: ignore[arg-type] # checked on reading
    cells = one.of("value")
    assert cells is not None  # noqa: S101 - a mapping of results without values is refused
    filled = cells.notna()
    timed = timed.assign(source_column=mapping.place("value").heading)  # type: ignore[union-attr]
    for name, place in tests.items():
        mine = filled & names.eq(name)
        if place.meaning in GRADES:
            yield "grades", _graded(timed[mine], as_words(cells[mine], place), place)
        elif place.meaning != IGNORED:
            rows = _measured(timed[mine], cells[mine], place, mapping.signs)
            yield "measurements", _with_units_and_limits(one, rows, place)
    unknown = filled & ~names.isin(list(tests))
    yield (
        "measurements",
        timed[unknown].assign(
            input=None, value=None, written=mapped_cells(cells[unknown], plain_text)
        ),
    )


def _with_units_and_limits(one: Opened, rows: pd.DataFrame, place: Place) -> pd.DataFrame:
    mapping, made = one.mapping, rows
    units = one.of("unit")
    if units is not None and not INPUTS[place.meaning].is_text:
        written = mapped_cells(units[rows.index], plain_text)
        words = [str(word) for word in written.dropna().unique()]
        meant = {word: meant_unit(mapping, place, word) for word in words}
        other = [word for word in words if contradicts(mapping, place, word)]
        made = made.assign(
            unit=written.map(meant).where(written.notna(), place.unit or None),
            written_unit=written,
            **{f"{BROKEN}{ONE_UNIT}": written.isin(other)},
        )
    for meaning in ("reference_low", "reference_high", "comparator"):
        cells = one.of(meaning)
        if cells is not None:
            made = made.assign(**{meaning: _plain(cells[rows.index], meaning, mapping.signs)})
    ranges = one.of("reference")
    if ranges is not None:
        limits = [_limits(cell, mapping.signs) for cell in ranges[rows.index]]
        made = made.assign(
            reference_low=pd.Series([low for low, _ in limits], index=rows.index, dtype=object),
            reference_high=pd.Series([high for _, high in limits], index=rows.index, dtype=object),
        )
    return made


def _plain(cells: pd.Series, meaning: str, signs: Signs) -> pd.Series:
    if meaning == "comparator":
        return mapped_cells(cells, plain_text)
    return mapped_cells(cells, lambda cell: plain_number(cell, signs))


def _limits(cell: object, signs: Signs) -> tuple[str | None, str | None]:
    """Read "3.5-9.5", "3.5~9.5", "<5" and "≥60" as lower and upper limit."""
    text = plain_text(cell)
    if text is None:
        return None, None
    number = plain_number(text, signs)
    if number and number[0] in "<≤":
        return None, number.lstrip("<≤=")
    if number and number[0] in ">≥":
        return number.lstrip(">≥="), None
    ends = [plain_number(end, signs) for end in _BETWEEN.split(text)]
    return (ends[0], ends[1]) if len(ends) == 2 and all(ends) else (None, None)


def _treatments(one: Opened, timed: pd.DataFrame) -> pd.DataFrame:
    made = timed
    for meaning in ("agent", "dose_unit", "route", "intent"):
        place = one.mapping.place(meaning)
        if place is not None:
            made = made.assign(**{meaning: one.words(place)})
    doses = one.of("dose")
    if doses is not None:
        signs = one.mapping.signs
        dose = mapped_cells(
            doses, lambda c: c if c is None else plain_number(c, signs) or NO_NUMBER
        )
        made = made.assign(dose=dose)
    return made[made["agent"].notna() | made["start_day"].notna()]

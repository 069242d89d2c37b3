"""Tests and units of a long file that its mapping does not place, for the notes of the cohort."""

import json
from collections.abc import Iterator, Mapping

import pandas as pd

from features.inputs import INPUTS
from features.sources.csv.as_written import narrow, plain_text
from features.sources.csv.mapped_files import Opened, mapped_cells
from features.sources.csv.places import IGNORED, Place
from features.sources.csv.units_of_tests import contradicts, meant_unit
from features.sources.shared_words import SHARED_BY, shared_words


def remarks_on_codes(one: Opened) -> Iterator[str]:
    """List tests and units that the mapping does not place, with rows, most frequent first."""
    tests = one.of("test")
    if one.mapping.rows != "results" or tests is None:
        return
    names = mapped_cells(tests, plain_text)
    places = {narrow(name): place for name, place in one.mapping.tests.items()}
    for name, place in places.items():
        count = int(names.eq(name).sum())
        if place.meaning == IGNORED and count:
            yield f"{one.label}: test {name!r} ({count} rows) is ignored."
    shown, hidden = shared_words(names[~names.isin(list(places))], one.course_ids)
    for word, count in shown:
        yield (
            f"{one.label}: test {word!r} ({count} rows) is not in the mapping; add it to "
            "[file.tests]."
        )
    yield from _not_shown(one, "test", hidden)
    units = one.of("unit")
    if units is not None:
        yield from _on_units(one, names, mapped_cells(units, plain_text), places)


def _on_units(
    one: Opened, names: pd.Series, written: pd.Series, places: Mapping[str, Place]
) -> Iterator[str]:
    every_hidden = 0
    for name, place in places.items():
        if place.meaning not in INPUTS or INPUTS[place.meaning].is_text:
            continue
        mine = written[names.eq(name)]
        unplaced = [unit is not None and not _is_placed(one, place, str(unit)) for unit in mine]
        shown, hidden = shared_words(mine[unplaced], one.course_ids)
        every_hidden += hidden
        for word, count in shown:
            yield f"{one.label}: test {name!r}: {_advice(one, place, word, count)}"
    yield from _not_shown(one, "unit", every_hidden)


def _is_placed(one: Opened, place: Place, unit: str) -> bool:
    meant = meant_unit(one.mapping, place, unit)
    return meant in INPUTS[place.meaning].accepted and not contradicts(one.mapping, place, unit)


def _advice(one: Opened, place: Place, word: str, count: int) -> str:
    accepted = INPUTS[place.meaning].accepted
    meant = meant_unit(one.mapping, place, word)
    fault = f"is no unit of {place.meaning}"
    if place.unit:
        fault = f"is not the stated unit = {place.unit!r}, and its rows are left out"
    elif meant != word:
        fault = f"means {meant!r} by [file.units], which {fault}"
    quoted = json.dumps(word, ensure_ascii=False)
    return (
        f"unit {word!r} ({count} rows) {fault}. Say what it means for this test in [file.tests]: "
        f'units = {{ {quoted} = "..." }}; legal: {" | ".join(accepted)}.'
    )


def _not_shown(one: Opened, what: str, hidden: int) -> Iterator[str]:
    if hidden:
        yield (
            f"{one.label}: {hidden} rows hold a {what} that is not in the mapping and that fewer "
            f"than {SHARED_BY} patients share; it is not shown."
        )

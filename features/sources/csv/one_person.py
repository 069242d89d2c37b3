"""Whether each patient id is one person, by names and birth dates, which are compared and not kept.

A name is compared by its letters in whatever order: "Doe, Jane" is "jane doe", and a space inside a
Chinese name says nothing. A birth date that cannot be read tells nothing.
"""

from collections.abc import Iterable, Iterator

from features.sources.csv.as_written import plain_text
from features.sources.csv.headings import BIRTH, PERSON
from features.sources.csv.mapped_files import Opened
from features.sources.csv.places import Place
from features.sources.csv.site_dates import Written, parsed

ONE_PERSON = "patient_id_is_one_person"
_Told = dict[str, dict[str, set[str]]]


def ids_of_two_people(files: list[Opened]) -> set[str]:
    """Return the patient ids under which two names, or two birth dates, stand in all the files."""
    told = _told(files)
    return {
        patient for every in told.values() for patient, found in every.items() if len(found) > 1
    }


def remarks_on_people(files: list[Opened]) -> Iterator[str]:
    """Count the ids that share both name and birth date with another id."""
    told = _told(files)
    by_person: dict[tuple[str, ...], set[str]] = {}
    for patient, names in told[PERSON[0]].items():
        births = told[BIRTH].get(patient, set())
        if len(names) == len(births) == 1:
            by_person.setdefault((*names, *births), set()).add(patient)
    shared = sum(len(ids) for ids in by_person.values() if len(ids) > 1)
    if shared:
        yield (
            f"{shared} patient ids share name and birth date with another id. Give one patient one "
            "id: a split by patient would put the two on both sides."
        )


def _told(files: list[Opened]) -> _Told:
    told: _Told = {meaning: {} for meaning in PERSON}
    for one in files:
        written = one.of("patient_id")
        ids = one.course_ids if written is None else written
        for place in one.mapping.columns:
            if place.meaning in PERSON:
                _add(told[place.meaning], ids, one, place)
    return told


def _add(told: dict[str, set[str]], ids: Iterable[object], one: Opened, place: Place) -> None:
    for patient, cell in zip(ids, one.cells(place), strict=True):
        name, found = plain_text(patient), _compared(cell, place)
        if name and found:
            told.setdefault(name, set()).add(found)


def _compared(cell: object, place: Place) -> str:
    if cell is None:
        return ""
    if place.meaning == BIRTH:
        date = parsed(cell, place.dates)
        return date.at.date().isoformat() if isinstance(date, Written) else ""
    text = plain_text(cell) or ""
    return "".join(sorted(letter for letter in text.casefold() if letter.isalnum()))

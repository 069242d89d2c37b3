"""What the units of a long file mean for one test: its own words first, then those of the file.

A test may state the one unit of all its rows. A row that names another one is left out by
:data:`ONE_UNIT`, because either the row or the statement is wrong; it is never read in the stated
unit, nor in its own.
"""

from collections.abc import Mapping

from features.inputs import INPUTS
from features.sources.csv.as_written import narrow
from features.sources.csv.heading_guesses import legal_unit
from features.sources.csv.mapping import FileMapping
from features.sources.csv.places import Place
from features.units import spelled

ONE_UNIT = "unit_is_the_one_stated_for_its_test"


def meant_unit(mapping: FileMapping, place: Place, written: str) -> str:
    """Return the legal unit that `written` means for this test, or `written` where it means none.

    Parameters
    ----------
    place : Place
        A test whose input is a number.
    """
    meant = _own(place).get(written) or _words(mapping.units).get(written) or written
    return legal_unit(INPUTS[place.meaning], meant) or meant


def contradicts(mapping: FileMapping, place: Place, written: str) -> bool:
    """Whether `written` means another unit than the one stated for this test."""
    if not place.unit or written in _own(place):
        return False
    accepted = INPUTS[place.meaning].accepted
    return accepted.get(meant_unit(mapping, place, written)) != accepted[spelled(place.unit)]


def _own(place: Place) -> dict[str, str]:
    return _words(place.units)


def _words(units: Mapping[str, str]) -> dict[str, str]:
    return {narrow(word): unit for word, unit in units.items()}

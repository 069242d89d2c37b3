"""How long a result takes from the sample to the screen, where the records have no such time."""

from collections.abc import Mapping

from features.errors import CohortError
from features.inputs import INPUTS

_HOUR = 1 / 24
LONGEST_DELAY_DAYS = 60
DELAY_DAYS: Mapping[str, float] = {
    "blood count": 2 * _HOUR,
    "chemistry": 2 * _HOUR,
    "coagulation": 2 * _HOUR,
    "inflammation": 2 * _HOUR,
    "cytokine": 24 * _HOUR,  # often sent out
}
"""Days by group of input [A]; what is read at the bedside is known at once."""


def delays_of(declared: Mapping[str, float]) -> dict[str, float]:
    """Return days from taken to known by input: as `declared`, else those of :data:`DELAY_DAYS`."""
    usual = {name: DELAY_DAYS[one.group] for name, one in INPUTS.items() if one.group in DELAY_DAYS}
    return {**usual, **declared}


def declared_delays(stated: object) -> dict[str, float]:
    """Return days from taken to known by input; raise `CohortError` for anything else."""
    if not isinstance(stated, Mapping):
        raise CohortError("delays is a table: input = days from taken to known.")
    for name, days in stated.items():
        if name not in INPUTS:
            raise CohortError(f"delays: {name!r} is no known input.")
        if (
            isinstance(days, bool)
            or not isinstance(days, int | float)
            or not 0 <= days <= LONGEST_DELAY_DAYS
        ):
            raise CohortError(f"delays: {name} is a number of days, 0 to {LONGEST_DELAY_DAYS}.")
    return {name: float(days) for name, days in stated.items()}

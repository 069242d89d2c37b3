"""Where the patient is: in hospital, at home, back again, or out of sight."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.sources.synthetic.parameters import Floats
from features.sources.synthetic.people import People
from features.sources.synthetic.states import Fate
from features.sources.synthetic.timeline import BEFORE, COLUMNS, DAY_OF_COLUMN, Seen

Bools = NDArray[np.bool_]
_QUIET_STEPS: Final = 4
_CAUSES: Final = np.array(["infection", "disease", "other"])


@dataclass(frozen=True)
class Stay:
    """When and how each course is seen.

    Attributes
    ----------
    inpatient, visit, phone : ndarray of bool, shape (n, COLUMNS)
        The kind of contact at each step; at most one of them.
    discharge_day, readmission_day, death_day, follow_up_days : ndarray, shape (n,)
        NaN where there was none.
    death_cause : ndarray of object, shape (n,)
        None where the patient lived.
    """

    inpatient: Bools
    visit: Bools
    phone: Bools
    discharge_day: Floats
    readmission_day: Floats
    death_day: Floats
    follow_up_days: Floats
    death_cause: NDArray[np.object_]

    @property
    def contact(self) -> Bools:
        """Whether the patient is seen or heard at all."""
        return self.inpatient | self.visit | self.phone


def draw_stay(people: People, seen: Seen, random: np.random.Generator) -> Stay:
    """Decide discharge, readmission, visits and loss to follow-up from the past of each path."""
    n = len(people.u)
    after = np.arange(COLUMNS) > BEFORE
    earliest = _earliest_discharge(people, random)
    well = _quiet(seen) & seen.alive & (DAY_OF_COLUMN[None, :] >= earliest[:, None])
    well &= (np.arange(COLUMNS) % 2 == 0)[None, :]
    discharge = _first(well)
    other_illness = random.random((n, COLUMNS)) < 0.001
    comes_back = (seen.is_ill | other_illness) & seen.alive & _from(discharge + 1)
    readmission = _first(comes_back)
    death = _first(~seen.alive)
    lost = _lost(people, discharge, np.minimum(readmission, death), random)
    in_sight = seen.alive & ~_from(lost)
    back = _from(readmission) & (~_quiet(seen) | ~_from(readmission + 2 * _QUIET_STEPS))
    inpatient = in_sight & (~_from(discharge + 1) | back) & after
    outpatient = in_sight & _from(discharge + 1) & ~back
    since = np.arange(COLUMNS)[None, :] - discharge[:, None]
    visit = outpatient & (since % 8 == 0)
    phone = outpatient & (since % 8 == 4)
    death = np.where(death < lost, death, COLUMNS)
    death_day = np.round(_day(death) - (0.01 + 0.05 * random.random(n)), 3)
    days_seen: Floats = np.where(
        lost < COLUMNS, _day(lost) - 0.5, 30.0 + 335.0 * random.random(n) ** 2
    )
    readmission = np.where(readmission < lost, readmission, COLUMNS)
    return Stay(
        inpatient, visit, phone,
        discharge_day=_day(discharge),
        readmission_day=np.round(_day(readmission) - 0.25, 2),
        death_day=death_day,
        follow_up_days=np.where(death < COLUMNS, death_day, np.round(days_seen, 3)),
        death_cause=_causes(seen, people, death < COLUMNS, random),
    )  # fmt: skip


def _earliest_discharge(people: People, random: np.random.Generator) -> Floats:
    low, high = people.setting("stay", (9, 14)).T
    return np.floor(low + (high - low + 1) * random.random(len(people.u)))


def _quiet(seen: Seen) -> Bools:
    """Return where nothing was graded above 0 at this step and the steps before it."""
    quiet = ~seen.is_ill
    for back in range(1, _QUIET_STEPS):
        quiet[:, back:] &= ~seen.is_ill[:, :-back]
    return quiet


def _lost(
    people: People, discharge: NDArray[np.int64], back: NDArray[np.int64],
    random: np.random.Generator,
) -> NDArray[np.int64]:  # fmt: skip
    """Return the column from which a course is out of sight: between discharge and `back` only."""
    n = len(people.u)
    leaves = random.random(n) < people.setting("lost", 0.0)
    column = discharge + 1 + np.floor((COLUMNS - discharge) * random.random(n)).astype(int)
    return np.where(leaves & (column < back), column, COLUMNS)


def _causes(
    seen: Seen, people: People, died: Bools, random: np.random.Generator
) -> NDArray[np.object_]:
    n = len(people.u)
    fate = seen.fate[:, -1]
    other = _CAUSES[random.choice(3, n, p=(0.5, 0.3, 0.2))].astype(object)
    inflamed = people.prone_to_hyperinflammation & (seen.crs_grade.max(axis=1) >= 3)
    cause = np.where(inflamed, "IEC-HS", other).astype(object)
    cause[fate == Fate.DEATH_CRS] = "CRS"
    cause[fate == Fate.DEATH_ICANS] = "ICANS"
    cause[~died] = None
    return cause


def _first(mask: Bools) -> NDArray[np.int64]:
    """Return the first column where `mask` holds, COLUMNS where it never does."""
    return np.where(mask.any(axis=1), mask.argmax(axis=1), COLUMNS)


def _from(column: NDArray[np.int64]) -> Bools:
    return np.arange(COLUMNS)[None, :] >= column[:, None]


def _day(column: NDArray[np.int64]) -> Floats:
    day: Floats = np.append(DAY_OF_COLUMN, np.nan)[np.minimum(column, COLUMNS)]
    return day

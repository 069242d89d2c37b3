"""ICANS at instants: the findings of :mod:`features.grading.icans`, from the tables of a cohort."""

from typing import Any

import numpy as np

from features.clock import MOMENT
from features.grading.assumptions import LOOK_BACK_DAYS, ONE_EXAMINATION_DAYS
from features.grading.graded import Graded
from features.grading.icans import (
    CHILD_BELOW_YEARS,
    FULL_ICE,
    ICE_ITEMS,
    IcansFindings,
    grade_icans,
    ice_of,
    uses_capd,
)
from features.grading.instants import Gradings, LastOf, Noted, graded_once, last_of
from features.grading.recorded import Bools, Floats, Integers, Recorded
from features.inputs import INPUTS

WORDS = ("consciousness", "seizure", "motor_weakness", "cerebral_oedema")
INPUTS_READ = (*ICE_ITEMS, "ice_score", "capd_score", *WORDS)
_LEVELS = {name: tuple(INPUTS[name].levels) for name in WORDS}


def icans_at(recorded: Recorded, instant: float) -> Graded:
    """Grade the ICANS of one course at an instant, by what is known at it.

    Parameters
    ----------
    recorded : Recorded
        Of one course; see :func:`features.grading.one_course.recorded_course`.
    instant : float
        Days from the first infusion, 0 or later.

    Notes
    -----
    Look-backs are assumptions, and stand in :mod:`features.grading.assumptions`.
    """
    return IcansReader(recorded).at(np.zeros(1, dtype=np.int64), np.array([float(instant)])).of(0)


class IcansReader:
    """Reads the ICANS of many courses at many instants."""

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        names = (*ICE_ITEMS, "ice_score")
        self._ice = {name: last_of(recorded, name, lowest_counts=True) for name in names}
        self._capd = last_of(recorded, "capd_score")
        self._words = {name: last_of(recorded, name) for name in WORDS}
        seizures = recorded.findings("seizure")
        window = LOOK_BACK_DAYS["seizure"]
        self._seizures = {
            position: LastOf(seizures.where(seizures.value == position), window)
            for position, rank in enumerate(INPUTS["seizure"].levels.values())
            if rank > 0
        }

    def at(self, course: Integers, at: Floats) -> Gradings:
        """Grade at instants `at` of courses `course` (row numbers), both of shape (n,)."""
        facts = self._recorded.facts
        died = facts.died_of("ICANS")
        age = facts.age_years[course]
        noted = {name: reader.at(course, at) for name, reader in self._words.items()}
        words = {name: one.value for name, one in noted.items()}
        ice = {name: reader.at(course, at) for name, reader in self._ice.items()}
        since = _full_ice_since(ice, noted["consciousness"].day)
        words["consciousness"] = np.where(since, np.nan, words["consciousness"])
        for position, reader in self._seizures.items():  # the worst of the look-back, not the last
            found = ~np.isnan(reader.at(course, at).value)
            words["seizure"] = np.where(found, position, words["seizure"])
        keys = {
            **_one_examination(ice),
            "capd": self._capd.at(course, at).value,
            **words,
            "young": np.where(np.isnan(age), np.nan, age < CHILD_BELOW_YEARS),
            "delay": facts.developmental_delay[course],
            "died": died[course] & (facts.death[course] <= at),
        }
        return graded_once(keys, _grade)


def _one_examination(noted: dict[str, Noted]) -> dict[str, Floats]:
    """Keep the items and the score of the latest examination."""
    days = np.stack([one.day for one in noted.values()])
    latest = np.fmax.reduce(days, axis=0)
    return {
        name: np.where(one.day >= latest - ONE_EXAMINATION_DAYS - MOMENT, one.value, np.nan)
        for name, one in noted.items()
    }


def _full_ice_since(noted: dict[str, Noted], day: Floats) -> Bools:
    """Say where an ICE of 10 was reached after `day`: a word of before then holds no longer."""
    kept = _one_examination(noted)
    points = np.sum([kept[name] for name in ICE_ITEMS], axis=0)
    full = np.fmax(points, kept["ice_score"]) >= FULL_ICE
    latest = np.fmax.reduce(np.stack([one.day for one in noted.values()]), axis=0)
    return full & (latest > day + ONE_EXAMINATION_DAYS)


def _grade(row: dict[str, Any]) -> Graded:
    words = {name: None if row[name] is None else _LEVELS[name][int(row[name])] for name in WORDS}
    age = None if row["young"] is None else (0.0 if row["young"] else CHILD_BELOW_YEARS)
    return grade_icans(
        IcansFindings(
            ice=ice_of([row[name] for name in ICE_ITEMS], row["ice_score"]),
            capd=row["capd"],
            child=uses_capd(age, bool(row["delay"])),
            died=bool(row["died"]),
            **words,
        )
    )

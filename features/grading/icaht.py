"""ICAHT: how deep and how long counts fall (EHA/EBMT, Rejeski et al., Blood 2023;142:865).

The cut-offs of the neutrophils were not seen in their source (tag Mh): such a grading is computed
and not shown. Those of the platelets are the published variant (ash-sap 12809257, tag L).

A count stands for its day and the three days after it without another (an assumption); a day
further from a count is unknown, and the grade says what it could be. Days below a cut-off are
added up; a recovery of less than three days counts as below.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isnan, nan
from operator import le, lt
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

from features.grading.assumptions import COUNT_HOLDS_DAYS
from features.grading.graded import Graded
from features.grading.plain import PlainCourse
from features.grading.recorded import Floats, Recorded

Lineage = Literal["neutrophils", "platelets"]
Phase = Literal["early", "late"]

STABLE_RECOVERY_DAYS = 3
LAST_EARLY_DAY, LAST_LATE_PLATELET_DAY = 30, 100
INPUT_OF: Mapping[Lineage, str] = MappingProxyType(
    {"neutrophils": "anc_10e9_l", "platelets": "platelets_10e9_l"}
)
LINEAGES: tuple[Lineage, ...] = tuple(INPUT_OF)
TAG_OF: Mapping[Lineage, str] = MappingProxyType({"neutrophils": "Mh", "platelets": "L"})
_HOLDS = f"A count stands for up to {COUNT_HOLDS_DAYS} days without another: an assumption."


@dataclass(frozen=True, slots=True)
class _Spell:
    """Days below each cut-off, and whether the count never rose above the first one."""

    below: Callable[[float], int]
    never_above: bool


def grade_icaht(
    days: npt.ArrayLike,
    counts_10e9_l: npt.ArrayLike,
    lineage: Lineage,
    phase: Phase,
    until_day: float = np.inf,
) -> Graded:
    """Grade the haematotoxicity of one lineage.

    Parameters
    ----------
    days, counts_10e9_l : array-like, shape (n,)
        Days from the infusion, and counts in 10^9/L; of several counts of a day the lowest is used.
    phase : {"early", "late"}
        Days 0 to 30, or after that (platelets: to day 100).
    until_day : float
        What is later is not looked at; before the end of the phase the grade is one so far.
    """
    day, count = np.asarray(days, dtype=np.float64), np.asarray(counts_10e9_l, dtype=np.float64)
    used = ~np.isnan(count) & (day <= until_day)
    day, count = day[used], count[used]
    if lineage == "neutrophils" and phase == "late":
        return _late_neutropenia(count[day >= LAST_EARLY_DAY + 1])
    first, last = (0, LAST_EARLY_DAY) if phase == "early" else (31, LAST_LATE_PLATELET_DAY)
    end = min(last, int(np.floor(until_day))) if np.isfinite(until_day) else last
    daily = _daily(day, count, first, end)
    rules = {
        ("neutrophils", "early"): _early_neutropenia,
        ("platelets", "early"): _early_thrombocytopenia,
        ("platelets", "late"): _late_thrombocytopenia,
    }[lineage, phase]
    limit = {"neutrophils": le, "platelets": lt}[lineage]
    lowest, rule = rules(_spell(daily, limit, unknown=False, complete=end == last))
    highest, _ = rules(_spell(daily, limit, unknown=True, complete=end == last))
    notes = (_HOLDS, *(("So far: the phase goes on.",) if end < last else ()))
    return _graded(lineage, lowest, highest, rule, notes)


def icaht_at(
    recorded: Recorded | PlainCourse, instant: float, lineages: Sequence[Lineage] = LINEAGES
) -> dict[tuple[Lineage, Phase], Graded]:
    """Grade both phases of `lineages` of one course by what is known at an instant.

    Late phases are graded from day 31 on.
    """
    made: dict[tuple[Lineage, Phase], Graded] = {}
    for lineage in lineages:
        rows = recorded.findings(INPUT_OF[lineage])
        seen = rows.where(rows.visible <= instant)
        # In a source that resolves only days the instant of a day is its end.
        day = seen.day - (1.0 if recorded.resolution == "day" else 0.0)
        until = instant - (1.0 if recorded.resolution == "day" else 0.0)
        made[lineage, "early"] = grade_icaht(day, seen.value, lineage, "early", until)
        if until >= LAST_EARLY_DAY + 1:
            made[lineage, "late"] = grade_icaht(day, seen.value, lineage, "late", until)
    return made


def _daily(day: Floats, count: Floats, first: int, last: int) -> list[float]:
    """Return one count a day from `first` to `last`, NaN where none stands for the day."""
    lowest: dict[int, float] = {}
    for number, one in zip(np.floor(day).astype(np.int64).tolist(), count.tolist(), strict=True):
        lowest[number] = min(one, lowest.get(number, one))
    holding = range(COUNT_HOLDS_DAYS + 1)
    return [
        next((lowest[at - back] for back in holding if at - back in lowest), nan)
        for at in range(first, last + 1)
    ]


def _spell(
    daily: Sequence[float],
    limit: Callable[[float, float], bool],
    *,
    unknown: bool,
    complete: bool,
) -> _Spell:
    def below(cut_off: float) -> list[bool]:
        return [unknown if isnan(one) else limit(one, cut_off) for one in daily]

    whole = complete and len(daily) > 0
    return _Spell(lambda cut_off: _days(below(cut_off)), whole and all(below(0.5)))


def _days(below: Sequence[bool]) -> int:
    """Count days below; shorter recoveries than three days between two of them are added."""
    places = [at for at, one in enumerate(below) if one]
    recoveries = [later - earlier - 1 for earlier, later in pairwise(places)]
    return len(places) + sum(days for days in recoveries if days < STABLE_RECOVERY_DAYS)


def _early_neutropenia(spell: _Spell) -> tuple[int, str]:
    severe, profound = spell.below(0.5), spell.below(0.1)
    return _first(
        (4, spell.never_above, "neutrophils never above 500/uL"),
        (4, profound >= 14, "neutrophils at most 100/uL for 14 days or more"),
        (3, profound >= 7, "neutrophils at most 100/uL for 7 days or more"),
        (3, severe >= 14, "neutrophils at most 500/uL for 14 days or more"),
        (2, severe >= 7, "neutrophils at most 500/uL for 7 to 13 days"),
        (1, severe >= 1, "neutrophils at most 500/uL for less than 7 days"),
        otherwise="neutrophils above 500/uL",
    )


def _early_thrombocytopenia(spell: _Spell) -> tuple[int, str]:
    low, very_low = spell.below(50.0), spell.below(20.0)
    return _first(
        (4, very_low >= 14, "platelets below 20 x 10^9/L for 14 days or more"),
        (3, very_low >= 1, "platelets below 20 x 10^9/L for 1 to 13 days"),
        (2, low >= 7, "platelets below 50 x 10^9/L for 7 days or more"),
        (1, low >= 1, "platelets below 50 x 10^9/L for 1 to 6 days"),
        otherwise="platelets 50 x 10^9/L or more",
    )


def _late_thrombocytopenia(spell: _Spell) -> tuple[int, str]:
    return _first(
        (4, spell.below(20.0) >= 14, "platelets below 20 x 10^9/L for 14 days or more"),
        (3, spell.below(20.0) >= 1, "platelets below 20 x 10^9/L for 1 to 13 days"),
        (2, spell.below(50.0) >= 1, "platelets below 50 x 10^9/L"),
        (1, spell.below(100.0) >= 1, "platelets below 100 x 10^9/L"),
        otherwise="platelets 100 x 10^9/L or more",
    )


def _late_neutropenia(counts: Floats) -> Graded:
    """Grade by the second lowest count: a cut-off is reached by two measurements."""
    if len(counts) < 2:
        rule = "not gradable with fewer than two counts"
        tag, name = TAG_OF["neutrophils"], INPUT_OF["neutrophils"]
        return Graded("ICAHT", None, rule, (), (name,), 0, 4, tag)
    second = float(np.sort(counts)[1])
    grade, rule = _first(
        (4, second <= 0.1, "two neutrophil counts of at most 100/uL"),
        (3, second <= 0.5, "two neutrophil counts of at most 500/uL"),
        (2, second <= 1.0, "two neutrophil counts of at most 1000/uL"),
        (1, second <= 1.5, "two neutrophil counts of at most 1500/uL"),
        otherwise="neutrophils above 1500/uL",
    )
    note = "Two counts at or below a cut-off reach it: an assumption."
    return _graded("neutrophils", grade, grade, rule, (note,))


def _first(*rules: tuple[int, bool, str], otherwise: str) -> tuple[int, str]:
    return next(((grade, rule) for grade, holds, rule in rules if holds), (0, otherwise))


def _graded(
    lineage: Lineage, lowest: int, highest: int, rule: str, notes: tuple[str, ...]
) -> Graded:
    name = INPUT_OF[lineage]
    missing = (name,) if highest > lowest else ()
    gradable = lowest > 0 or highest == 0
    return Graded(
        "ICAHT", lowest if gradable else None,
        rule if gradable else f"not gradable with days without {name}",
        (name,), missing, lowest, highest, TAG_OF[lineage], notes,
    )  # fmt: skip

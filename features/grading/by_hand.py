"""Grades given by hand, held against the findings that were known when they were given.

Neither side is taken to be right. ASTCT counts a fever, a low pressure or a lack of oxygen only
where it has no other cause, and no finding says that: a person who graded lower may have known one.
"""

from typing import Literal, get_args

import numpy as np
import pandas as pd

from features.clock import MOMENT, happened_at
from features.grading.graded import DEATH, Graded
from features.grading.recorded import Recorded, recorded_cohort
from features.grading.whole_cohort import READERS, SYSTEM, gradings_frame
from features.tables import Cohort

Kind = Literal["agrees", "findings_higher", "findings_lower", "unsupported"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_COLUMNS = [
    "course_id", "day", "known_day", "toxicity", "by_hand", "computed", "lowest", "highest", "kind",
    "rule", "missing",
]  # fmt: skip


def beside_the_hand(cohort: Cohort) -> pd.DataFrame:
    """Hold the gradings of a cohort, made by hand in ASTCT, against those by rule.

    Each is compared with what was known at its instant. Nothing is changed. Gradings of another
    system are not compared.

    Returns
    -------
    DataFrame
        One row a grading by hand: course_id, day, known_day, toxicity, by_hand, computed (NaN: not
        gradable), lowest, highest, kind, rule, missing. Kinds:

        ``agrees``
            The grade by rule is the same.
        ``findings_higher``
            What was found is above the grade by hand, unless it has another cause than the
            toxicity (a grade of 0 with fever may be an infection).
        ``findings_lower``
            Everything that could lift the grade was looked at, and it stays below that by hand.
        ``unsupported``
            Neither: the grade by hand is possible, and the findings that would decide are missing.
    """
    recorded = recorded_cohort(cohort)
    parts = [_held_against(cohort, recorded, toxicity) for toxicity in READERS]
    rows = pd.concat(parts, ignore_index=True)
    ordered = rows.sort_values(["course", "toxicity", "day"], kind="stable")
    return ordered[_COLUMNS].reset_index(drop=True)


def _held_against(cohort: Cohort, recorded: Recorded, toxicity: str) -> pd.DataFrame:
    hand = _by_hand(cohort, toxicity)
    ids = pd.Index(cohort.courses["course_id"])
    course = ids.get_indexer(pd.Index(hand["course_id"])).astype(np.int64)
    day = hand["day"].to_numpy(dtype=np.float64)
    at = happened_at(day, cohort.manifest.resolution)
    gradings = READERS[toxicity](recorded).at(course, at)
    frame = gradings_frame(cohort, toxicity, course, at, gradings)
    frame = frame.assign(day=day, by_hand=hand["grade"].to_numpy(dtype=np.float64))
    unexplained = pd.isna(recorded.facts.death_cause)[course]
    frame = _at_the_infusion(frame.rename(columns={"grade": "computed"}), at)
    frame = _death_may_be_due(frame, unexplained)
    return frame.assign(kind=_kind(frame))


def _at_the_infusion(frame: pd.DataFrame, at: np.ndarray) -> pd.DataFrame:
    """Grade 0 at the very instant of the infusion: nothing can have come of it yet."""
    none_yet = frame["computed"].isna() & (at <= MOMENT)
    return frame.assign(
        computed=frame["computed"].mask(none_yet, 0),
        lowest=frame["lowest"].mask(none_yet, 0),
        highest=frame["highest"].mask(none_yet, 0),
        rule=frame["rule"].mask(none_yet, "the instant of the infusion"),
        missing=frame["missing"].mask(none_yet, ""),
    )


def _death_may_be_due(frame: pd.DataFrame, unexplained: np.ndarray) -> pd.DataFrame:
    """Leave room for grade 5 by hand where no cause of a death is recorded."""
    open_ = unexplained & frame["by_hand"].eq(DEATH).to_numpy()
    missing = frame["missing"].where(frame["missing"] == "", frame["missing"] + ", ")
    return frame.assign(
        highest=frame["highest"].mask(open_, DEATH),
        missing=frame["missing"].mask(open_, missing + "death_cause"),
    )


def beside_one(hand: int, found: Graded, *, death_unexplained: bool = True) -> Kind:
    """Hold one grade by hand against the grading by rule at its instant.

    Parameters
    ----------
    death_unexplained : bool
        No cause of a death is recorded, so that a grade 5 by hand is possible.
    """
    highest = DEATH if death_unexplained and hand == DEATH else found.highest
    if hand < found.lowest:
        return "findings_higher"
    if hand > highest:
        return "findings_lower"
    return "agrees" if hand == found.grade else "unsupported"


def _kind(frame: pd.DataFrame) -> np.ndarray:
    hand = frame["by_hand"]
    held = [hand < frame["lowest"], hand > frame["highest"], hand == frame["computed"]]
    return np.select(held, ["findings_higher", "findings_lower", "agrees"], "unsupported")


def _by_hand(cohort: Cohort, toxicity: str) -> pd.DataFrame:
    grades = cohort.grades
    unnamed = grades["system"].isna() & (cohort.manifest.grading_system == SYSTEM)
    mine = grades["toxicity"].eq(toxicity) & (grades["system"].eq(SYSTEM) | unnamed)
    known = grades["course_id"].isin(cohort.courses["course_id"])
    return grades[mine & known & grades["grade"].notna() & (grades["day"] >= 0)]

"""What is asked of a course, and the answer in hindsight.

A question names a toxicity, a grade threshold, the landmarks at which it is asked and how far it
looks. :func:`labels` turns a cohort into one row per course and landmark at risk, with its outcome.

The estimand is the risk under usual treatment at the site: tocilizumab and steroids given after the
landmark are part of what may happen, not censoring.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.censoring import CensoringCurve, fit_censoring
from features.clock import MOMENT, landmark_instant
from features.errors import QuestionError
from features.follow_up import FollowUp, follow_up
from features.tables import Cohort

__all__ = [
    "CONVENTIONS",
    "QUESTIONS",
    "CensoringCurve",
    "Question",
    "fit_censoring",
    "labels",
    "landmark_instant",
    "question",
]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

CONVENTIONS: Mapping[str, str] = MappingProxyType(
    {
        "censored": "cut windows have no outcome; the others are weighted for them (IPCW)",
        "outcome_known": "the source would have said so: a cut window had no event",
        "ended_at_peak": "records end on the day of the peak grade: a cut window had no event",
        "drop": "cut windows are left out, the others are not weighted",
        "event_free": "cut windows are taken to be event-free",
    }
)
"""What the end of a record may be taken to mean; the first three are what a source declares."""

_CUT_IS_EVENT_FREE = ("outcome_known", "ended_at_peak", "event_free")
_DAILY = tuple(float(day) for day in range(15))


@dataclass(frozen=True, slots=True)
class Question:
    """One question to a course.

    Parameters
    ----------
    name : str
        For instance ``"severe-crs-72h"``.
    toxicity : {"CRS", "ICANS"}
        Which toxicity.
    min_grade : int
        1 to 5; an event is this grade or more.
    landmark_days : tuple of float
        When it is asked.
    horizon_days : float or None
        Length of the window after the landmark.
    until_day : float or None
        End of the window where that is a fixed day instead. With neither, the window is the rest of
        the record ("ever in the record"), which only a declared end of record can answer.
    before_infusion : bool
        Landmarks are instants at or before the infusion, also where the source resolves only days.
    from_grade : int
        The lowest current grade of this toxicity, as known at the landmark, at which it is asked; 0
        asks everybody at risk, above 0 an unknown grade is not asked. 1 asks for the course of a
        toxicity among those who have it.

    Raises
    ------
    QuestionError
        The parts do not make a question.
    """

    name: str
    toxicity: str
    min_grade: int
    landmark_days: tuple[float, ...]
    horizon_days: float | None = None
    until_day: float | None = None
    before_infusion: bool = False
    from_grade: int = 0

    def __post_init__(self) -> None:
        for broken, legal in self._rules():
            if broken:
                raise QuestionError(f"question {self.name!r}: {legal}.")

    def _rules(self) -> Iterator[tuple[bool, str]]:
        days, until = self.landmark_days, self.until_day
        yield from (
            (self.toxicity not in ("CRS", "ICANS"), "toxicity is CRS or ICANS"),
            (self.min_grade not in (1, 2, 3, 4, 5), "min_grade is 1, 2, 3, 4 or 5"),
            (not days, "landmark_days needs at least one day"),
            (list(days) != sorted(set(days)), "landmark_days rise, each once"),
            (
                self.horizon_days is not None and until is not None,
                "give horizon_days or until_day, not both",
            ),
            (
                self.horizon_days is not None and not self.horizon_days > 0,
                "horizon_days is above 0",
            ),
            (
                until is not None and any(day >= until for day in days),
                "every landmark lies before until_day",
            ),
            (
                self.before_infusion and any(day > 0 for day in days),
                "before_infusion landmarks are day 0 or earlier",
            ),
        )
        yield (
            self.from_grade not in (0, 1, 2, 3, 4) or self.from_grade >= self.min_grade,
            "from_grade is a whole number, 0 or more and below min_grade",
        )
        yield (
            self.before_infusion and self.from_grade > 0,
            "before infusion nobody has a grade to ask from: from_grade is 0",
        )

    def instant(self, day: float, resolution: str = "instant") -> float:
        """Return the instant of landmark `day`; what is known up to it, itself included, may enter.

        Before infusion it is the day's number itself, so that a source which resolves only days
        gives nothing of day 0 away.
        """
        return float(day) if self.before_infusion else landmark_instant(day, resolution)

    def horizon_end(self, instant: float, resolution: str = "instant") -> float:
        """Return the last instant of the window (instant, end]; infinite for "ever"."""
        if self.horizon_days is not None:
            return instant + self.horizon_days
        return np.inf if self.until_day is None else landmark_instant(self.until_day, resolution)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON; ``from_grade`` only where it asks for one."""
        made = {**asdict(self), "landmark_days": list(self.landmark_days)}
        if not self.from_grade:
            del made["from_grade"]  # digests of plans and models that never named it stay the same
        return made

    @classmethod
    def from_dict(cls, parts: Mapping[str, Any]) -> "Question":
        """Build a question from plain data.

        Raises
        ------
        QuestionError
            Unknown or missing keys, or parts that do not make a question.
        """
        legal = [field.name for field in fields(cls)]
        unknown = sorted(set(parts) - set(legal))
        missing = sorted({"name", "toxicity", "min_grade", "landmark_days"} - set(parts))
        if unknown or missing:
            raise QuestionError(
                f"a question cannot have {unknown} and lacks {missing}; its keys: "
                f"{', '.join(legal)}."
            )
        try:
            days = tuple(float(day) for day in parts["landmark_days"])
        except (TypeError, ValueError) as error:
            raise QuestionError("landmark_days is a list of numbers.") from error
        return cls(**{**parts, "landmark_days": days})


def _daily_questions() -> list[Question]:
    made = []
    for toxicity in ("CRS", "ICANS"):
        for grade, stem in ((3, f"severe-{toxicity.lower()}"), (2, f"grade-2-{toxicity.lower()}")):
            made += [
                Question(f"{stem}-24h", toxicity, grade, _DAILY, horizon_days=1.0),
                Question(f"{stem}-72h", toxicity, grade, _DAILY, horizon_days=3.0),
                Question(f"{stem}-to-day-30", toxicity, grade, _DAILY, until_day=30.0),
            ]
    return made


QUESTIONS: Mapping[str, Question] = MappingProxyType(
    {
        one.name: one
        for one in (
            Question("severe-crs-30d", "CRS", 3, (0.0,), until_day=30.0, before_infusion=True),
            Question("severe-icans-30d", "ICANS", 3, (0.0,), until_day=30.0, before_infusion=True),
            *_daily_questions(),
        )
    }
)


def question(asked: "str | Mapping[str, Any] | Question") -> Question:
    """Return a question by its name, or from the parts that a plan or a model holds.

    Raises
    ------
    QuestionError
        No question of that name (the legal names are given), or parts that make none.
    """
    if isinstance(asked, Question):
        return asked
    if isinstance(asked, Mapping):
        return Question.from_dict(asked)
    if asked not in QUESTIONS:
        raise QuestionError(f"no question {asked!r}; there are: {', '.join(QUESTIONS)}.")
    return QUESTIONS[asked]


def labels(cohort: Cohort, asked: Question, convention: str | None = None) -> pd.DataFrame:
    """Return one row per course and landmark at risk, with its outcome in hindsight.

    At risk: alive, watched, and below the grade of *this* toxicity at the landmark; where the
    question has a ``from_grade``, known to be at that grade or above. A course that was never
    graded for this toxicity is not watched: no grading is not grade 0. An event is the
    first grading at or above the grade inside (L, end of the horizon], or death of this toxicity.
    Death from another cause competes: outcome 0. Discharge is neither: the window is event-free
    only as far as a later grading, or follow-up without an ungraded readmission, reaches.

    Parameters
    ----------
    cohort : Cohort
        Any resolution; see :mod:`features.clock`.
    asked : Question
        What is asked.
    convention : str, optional
        One of :data:`CONVENTIONS`, in place of what the cohort declares.

    Returns
    -------
    DataFrame
        Ordered by course (as in ``cohort.courses``), then landmark.

        - course_id, patient_id, site, product
        - landmark_day, instant (days), horizon_end (instant)
        - outcome: 1.0, 0.0, NaN where undetermined
        - weight: IPCW where the convention is ``censored``, else 1.0; 0.0 where undetermined
        - event_instant: NaN without an event in the window
        - ended_instant: when the row was settled or lost from sight
        - status: event, event_free, competing or censored
        - current_grade: last grading known at the landmark, NaN before the first
        - recurrent: whether the grade had been reached before and left again
        - event_dose: the dose an event belongs to (1 or 2), NaN without an event

    Raises
    ------
    QuestionError
        Unknown convention, or a window without end asked of a record that may be cut.
    """
    used = convention or cohort.manifest.end_of_record
    if used not in CONVENTIONS:
        raise QuestionError(f"no convention {used!r}; there are: {', '.join(CONVENTIONS)}.")
    if used in ("censored", "drop") and not np.isfinite(asked.horizon_end(0.0)):
        raise QuestionError(
            f"question {asked.name!r} asks for the rest of the record, which {used!r} cannot "
            "answer (a record that may be cut has no known end). Give horizon_days or until_day."
        )
    seen = follow_up(cohort, asked.toxicity)
    parts = [
        _at_landmark(seen, asked, day, cohort.manifest.resolution) for day in asked.landmark_days
    ]
    course = np.concatenate([part.pop("course") for part in parts])
    rows = pd.DataFrame({key: np.concatenate([part[key] for part in parts]) for key in parts[0]})
    order = np.lexsort((rows["instant"].to_numpy(), course))
    ids = cohort.courses[["course_id", "patient_id", "site", "product"]].iloc[course[order]]
    rows = pd.concat([ids.reset_index(drop=True), rows.iloc[order].reset_index(drop=True)], axis=1)
    return _with_outcome(rows, used)


def _at_landmark(
    seen: FollowUp, asked: Question, day: float, resolution: str
) -> dict[str, npt.NDArray[Any]]:
    instant = asked.instant(day, resolution)
    end = asked.horizon_end(instant, resolution)
    gradings = seen.gradings
    reached = gradings.grade >= asked.min_grade
    past = gradings.instant <= instant
    known = (gradings.day <= instant) & (gradings.known_day <= instant)
    # Several gradings of one instant are ordered by grade: the last of them is the worst.
    state = gradings.last(past, gradings.grade)
    current = gradings.last(known, gradings.grade)
    ever = ~np.isnan(gradings.first(past & reached))
    event = np.fmin(gradings.first(~past & reached), seen.death_of_toxicity)
    at_risk = seen.graded & seen.alive_at(instant) & ~(state >= asked.min_grade)
    if not asked.before_infusion:
        at_risk &= seen.in_sight_at(instant)
    if asked.from_grade:
        at_risk &= current >= asked.from_grade
    status, ended = _settled(event, seen, instant, end)
    event = np.where(status == "event", event, np.nan)
    dose = np.where(event > seen.second_dose, 2.0, 1.0)
    columns: dict[str, npt.NDArray[Any]] = {
        "course": np.arange(len(at_risk)),
        "landmark_day": np.full(len(at_risk), float(day)),
        "instant": np.full(len(at_risk), instant),
        "horizon_end": np.full(len(at_risk), end),
        "event_instant": event,
        "ended_instant": ended,
        "status": status,
        "current_grade": current,
        "recurrent": ever,
        "event_dose": np.where(np.isnan(event), np.nan, dose),
    }
    return {name: column[at_risk] for name, column in columns.items()}


def _settled(
    event: Floats, seen: FollowUp, instant: float, end: float
) -> tuple[npt.NDArray[np.object_], Floats]:
    """Return what each window came to, and when."""
    within = event <= end + MOMENT
    died = ~within & (seen.death_of_other <= end + MOMENT)
    covered = seen.observed_until >= end - MOMENT
    status = np.select(
        [within, died, covered], ["event", "competing", "event_free"], "censored"
    ).astype(object)
    lost = np.maximum(seen.observed_until, instant)
    ended = np.select(
        [within, died, covered], [event, seen.death_of_other, np.full(len(event), end)], lost
    )
    return status, ended


def _with_outcome(rows: pd.DataFrame, convention: str) -> pd.DataFrame:
    if convention in _CUT_IS_EVENT_FREE:
        rows["status"] = rows["status"].where(rows["status"] != "censored", "event_free")
    rows["status"] = rows["status"].astype("str")
    cut = rows["status"] == "censored"
    rows["outcome"] = np.where(cut, np.nan, rows["status"] == "event")
    rows["weight"] = np.where(cut, 0.0, 1.0)
    if convention == "censored" and len(rows):
        rows["weight"] = fit_censoring(rows).weights(rows)
    order = [
        "course_id", "patient_id", "site", "product", "landmark_day", "instant", "horizon_end",
        "outcome", "weight", "event_instant", "ended_instant", "status", "current_grade",
        "recurrent", "event_dose",
    ]  # fmt: skip
    return rows[order]

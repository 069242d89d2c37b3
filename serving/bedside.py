"""One course with what several models read of it, computed once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from features.arrays import CourseArrays
from features.grading.plain import PlainCourse
from features.matrix import Said, courses_arrays, features_of_course
from features.predictors import PredictorSet
from models.columns import Floats
from models.tiers import HIGHEST_AT_CRS_GRADE, HIGHEST_AT_ICANS_GRADE
from serving.bedside_replies import Graded
from serving.bedside_scores import bedside_scores
from serving.course import CourseSoFar, Reading, by_input, latest
from serving.grades import (
    Compared,
    grade_replies,
    graded_by_rule,
    not_shown,
    plain_of,
    platelets_by_rule,
)
from serving.sentences import say

_HIGHEST_AT = {"CRS": HIGHEST_AT_CRS_GRADE, "ICANS": HIGHEST_AT_ICANS_GRADE}


@dataclass
class Bedside:
    """One course with what several models read of it, computed once."""

    course: CourseSoFar
    language: str = "en"
    readings: Mapping[str, Sequence[Reading]] = field(init=False)
    latest: Mapping[str, Reading] = field(init=False)
    _rows: dict[tuple[str, str], Floats] = field(default_factory=dict)
    _arrays: dict[str, CourseArrays] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.readings = by_input(self.course.readings)
        self.latest = latest(self.readings)

    def row(self, predictors: PredictorSet, grading_system: str) -> Floats:
        """Return the predictors at the landmark, shape (1, k)."""
        key = (grading_system, predictors.identity)
        if key not in self._rows:
            arrays = self._arrays_in(grading_system)
            self._rows[key] = features_of_course(arrays, [self.course.landmark], predictors)
        return self._rows[key]

    def learn(
        self,
        rows: Mapping[tuple[str, str], Floats],
        by_rule: dict[str, Compared],
    ) -> None:
        """Take what was computed for many courses at once: rows of predictors, grades by rule."""
        self._rows.update(rows)
        self.by_rule = by_rule

    def _arrays_in(self, grading_system: str) -> CourseArrays:
        if grading_system not in self._arrays:
            self._arrays[grading_system] = arrays_of(self.course, grading_system)
        return self._arrays[grading_system]

    @cached_property
    def by_rule(self) -> dict[str, Compared]:
        """CRS and ICANS graded from the findings, beside the grades by hand."""
        return {} if self.plain is None else graded_by_rule(self.course, self.plain)

    @cached_property
    def plain(self) -> PlainCourse | None:
        """The findings as grading reads them; nothing is graded before the infusion."""
        return plain_of(self.course, self.readings) if self.course.landmark >= 0 else None

    @cached_property
    def graded(self) -> Graded:
        """Everything that is graded and scored without a model."""
        platelets = {} if self.plain is None else platelets_by_rule(self.course, self.plain)
        return Graded(
            grades=grade_replies(self.by_rule, platelets, self.language),
            scores=bedside_scores(self.course, self.readings, self.latest, self.language),
            not_shown=not_shown(self.course, self.language),
        )

    @cached_property
    def raised_by(self) -> str:
        """Return which current grade puts every tier at the highest, empty if none does.

        Grades by hand and grades from the findings both raise it: monitoring is only added.
        """
        for toxicity, threshold in _HIGHEST_AT.items():
            hand, rule = self.course.current_grade(toxicity), self.by_rule.get(toxicity)
            words = {"toxicity": toxicity, "grade": threshold}
            if hand is not None and hand >= threshold:
                return say("tier.raised_by_hand", self.language, **words)
            if rule is not None and rule.now.lowest >= threshold:
                return say("tier.raised_by_findings", self.language, **words)
        return ""


def arrays_of(course: CourseSoFar, grading_system: str) -> CourseArrays:
    """Return the course as the feature code reads it, with the grades of one system."""
    return courses_arrays([said_of(course, grading_system)], resolution=course.resolution)


def said_of(course: CourseSoFar, grading_system: str) -> Said:
    """Return what a course says, in the words of the feature code."""
    facts: dict[str, Any] = dict(course.facts)
    facts["product"] = course.product.name if course.product else None
    return Said(
        facts,
        course.readings,
        [(one.agent, one.start_day, one.stop_day, one.known_day) for one in course.doses],
        [
            (one.toxicity, one.day, one.known_day, float(one.grade))
            for one in course.grades
            if grading_system in (one.system, "unknown")
        ],
    )

"""One model's answer to one course: when it answers, what it says, what it warns of."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from math import inf, isnan
from typing import Any

import numpy as np

from features.arrays import CourseArrays
from features.errors import ProductError
from features.inputs import COURSE_FIELDS
from features.matrix import course_arrays, features_of_course
from features.predictors import PredictorSet
from features.products import product as catalogued
from features.questions import Question
from models.columns import Floats, NamedMatrix
from models.risk_model import RiskModel
from models.tiers import HIGHEST_AT_CRS_GRADE, HIGHEST_AT_ICANS_GRADE
from serving.course import CourseSoFar, Reading, latest
from serving.notices import notices_of
from serving.replies import (
    Abstention,
    Asked,
    Comparison,
    Interval,
    ModelName,
    QuestionAnswer,
    Tier,
)
from serving.words import action, compared_words, interval_meaning, question_text
from serving.words_of_drivers import explained


@dataclass
class Bedside:
    """One course with what several models read of it, computed once."""

    course: CourseSoFar
    language: str = "en"
    latest: Mapping[str, Reading] = field(init=False)
    _rows: dict[tuple[str, tuple[str, ...]], Floats] = field(default_factory=dict)
    _arrays: dict[str, CourseArrays] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.latest = latest(self.course.readings)

    def row(self, predictors: PredictorSet, grading_system: str) -> Floats:
        """Return the predictors at the landmark, shape (1, k)."""
        key = (grading_system, predictors.names())
        if key not in self._rows:
            arrays = self._arrays_in(grading_system)
            self._rows[key] = features_of_course(arrays, [self.course.landmark], predictors)
        return self._rows[key]

    def _arrays_in(self, grading_system: str) -> CourseArrays:
        if grading_system not in self._arrays:
            self._arrays[grading_system] = arrays_of(self.course, grading_system)
        return self._arrays[grading_system]

    @cached_property
    def raised_by(self) -> str:
        """Return which current grade puts every tier at the highest, empty if none does."""
        for toxicity, threshold in (
            ("CRS", HIGHEST_AT_CRS_GRADE),
            ("ICANS", HIGHEST_AT_ICANS_GRADE),
        ):
            grade = self.course.current_grade(toxicity)
            if grade is not None and grade >= threshold:
                return f"current {toxicity} grade is {threshold} or more"
        return ""


def arrays_of(course: CourseSoFar, grading_system: str) -> CourseArrays:
    """Return the course as the feature code reads it, with the grades of one system."""
    facts: dict[str, Any] = dict(course.facts)
    facts["product"] = course.product.name if course.product else None
    return course_arrays(
        facts,
        (
            (one.input, one.day, one.known_day, one.value if one.text is None else one.text)
            for one in course.readings
        ),
        ((one.agent, one.start_day, one.stop_day, one.known_day) for one in course.doses),
        (
            (one.toxicity, one.day, one.known_day, float(one.grade))
            for one in course.grades
            if grading_system in (one.system, "unknown")
        ),
        resolution=course.resolution,
    )


def asked_words(one: Question, landmark: float | None = None, resolution: str = "") -> Asked:
    """Return a question in words, with its window from a landmark."""
    start = one.landmark_days[0] if landmark is None else landmark
    end = one.horizon_end(start, resolution or "instant")
    return Asked(
        name=one.name,
        text=question_text(one),
        toxicity=one.toxicity,
        min_grade=one.min_grade,
        from_day=start,
        until_day=None if end == inf else end,
    )


def refusal(
    course: CourseSoFar, one: Question, *, answers: bool, silent_because: str
) -> Abstention | None:
    """Return why a question cannot be answered for this course, ``None`` when it can."""
    if not answers:
        return Abstention(reason="silent_model", text=silent_because)
    if course.product is None:
        return Abstention(reason=course.no_product_code, text=course.no_product)
    if not _within_landmarks(course, one):
        return Abstention(reason="outside_landmarks", text=_landmark_words(course, one))
    grade = course.current_grade(one.toxicity)
    if grade is not None and grade >= one.min_grade:
        return Abstention(
            reason="not_at_risk",
            text=f"{one.toxicity} has reached grade {one.min_grade} already, which is what this "
            "question is about.",
        )
    return None


def _within_landmarks(course: CourseSoFar, one: Question) -> bool:
    first, last = _landmark_range(course, one)
    return first <= course.landmark <= last


def _landmark_range(course: CourseSoFar, one: Question) -> tuple[float, float]:
    if one.before_infusion:
        earliest = COURSE_FIELDS["lymphodepletion_day"].legal[0]
        return float(earliest), one.landmark_days[-1]
    days = one.landmark_days
    return one.instant(days[0], course.resolution), one.instant(days[-1], course.resolution)


def _landmark_words(course: CourseSoFar, one: Question) -> str:
    first, last = _landmark_range(course, one)
    return (
        f"This question is asked from day {first:g} to day {last:g}; the landmark lies outside. "
        "Ask one whose days hold it."
    )


class Estimator:
    """A risk model made ready to answer about single courses."""

    def __init__(self, model: RiskModel) -> None:
        self.model = model
        self.names = model.predictors.names()
        self.inputs = tuple(sorted(model.predictors.inputs_read()))
        self.grading_system = str(model.manifest.get("grading_system", "ASTCT"))
        self._names_in_training = _names_in_training(model)

    def unseen(self, product: str) -> bool:
        """Whether no course of a product (by its name in the catalogue) was in training."""
        return self.model.unseen_product(self._names_in_training.get(product, product))

    def name(self, product: str | None = None) -> ModelName:
        """Return which model this is, and whether it has seen a product."""
        facts = self.model.manifest
        return ModelName(
            name=self.model.name,
            version=self.model.digest,
            cohort=str(facts.get("cohort", "")),
            cohort_fingerprint=str(facts.get("fingerprint", "")),
            n=_count(facts.get("n")),
            events=_count(facts.get("events")),
            synthetic=self.model.synthetic,
            product_in_training=None if product is None else not self.unseen(product),
        )

    def answer(self, bedside: Bedside) -> QuestionAnswer:
        """Answer for a course to which :func:`refusal` had no objection."""
        row, course = self.row(bedside), bedside.course
        matrix = self.model.matrix(row)
        explanation = self.model.explain(matrix)  # holds the probability, to the bit
        probability = float(explanation.probability[0])
        product = course.product.name if course.product else None
        return QuestionAnswer(
            question=asked_words(self.model.question, course.landmark, course.resolution),
            probability=probability,
            interval=self._interval(matrix),
            compared=self._compared(probability, product, course),
            tier=self._tier(probability, bedside),
            explanation=explained(
                explanation, row[0], probability, course, bedside.latest, bedside.language
            ),
            inputs_missing=[name for name in self.inputs if name not in bedside.latest],
            notices=notices_of(self, matrix, bedside),
            model=self.name(product),
        )

    def row(self, bedside: Bedside) -> Floats:
        """Return what the model reads of a course, shape (1, k)."""
        return bedside.row(self.model.predictors, self.grading_system)

    def _interval(self, matrix: NamedMatrix) -> Interval | None:
        low, high = (float(bound) for bound in self.model.interval(matrix)[0])
        if isnan(low) or isnan(high):
            return None
        return Interval(low=low, high=high, meaning=interval_meaning(self.model.manifest))

    def _compared(
        self, probability: float, product: str | None, course: CourseSoFar
    ) -> Comparison | None:
        asked = self.model.question
        begun = [
            day
            for day in asked.landmark_days
            if asked.instant(day, course.resolution) <= course.landmark
        ]
        reference = self.model.reference_risk(
            self._names_in_training.get(product or "", product),
            begun[-1] if begun else asked.landmark_days[0],
        )
        if reference is None or reference.probability <= 0.0:
            return None
        return Comparison(
            ratio=probability / reference.probability,
            average=reference.probability,
            meaning=compared_words(reference, asked),
        )

    def _tier(self, probability: float, bedside: Bedside) -> Tier | None:
        tiers = self.model.tiers
        if tiers is None:
            return None
        of = len(tiers.tiers)
        at = int(tiers.position(np.array([probability]))[0])
        because = f"the estimate is {tiers.tiers[at].lower:g} or more"
        if bedside.raised_by:
            at, because = of - 1, bedside.raised_by
        own, words = tiers.tiers[at], action(at + 1, of)
        return Tier(
            name=tiers.shown_name(at),
            rank=at + 1,
            of=of,
            action=words.text,
            source=words.source,
            because=because,
            training_events=round(own.events),
            training_n=round(own.n),
        )


def _names_in_training(model: RiskModel) -> dict[str, str]:
    """Return catalogue name -> the name that the training cohort used (a brand, a short name)."""
    found: dict[str, str] = {}
    for name in (*model.manifest.get("products", ()), *model.reference_risks):
        with suppress(ProductError):  # "all", and what no longer is in the catalogue
            found.setdefault(catalogued(name).name, name)
    return found


def _count(number: Any) -> int:
    return round(number) if isinstance(number, int | float) else 0

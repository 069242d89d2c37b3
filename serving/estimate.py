"""One model's answer to one course: when it answers, what it says, what it warns of."""

from math import inf, isnan

import numpy as np

from features.inputs import COURSE_FIELDS
from features.question_words import question_text
from features.questions import Question
from models.columns import NamedMatrix
from models.tiers import Tiers
from serving.asked_model import AskedModel
from serving.bedside import Bedside
from serving.course import CourseSoFar
from serving.notices import notices_of
from serving.replies import (
    Abstention,
    Asked,
    Comparison,
    Interval,
    QuestionAnswer,
    Tier,
)
from serving.words import (
    TOP_TIER,
    action,
    compared_words,
    interval_meaning,
    percent,
)
from serving.words_of_drivers import explained


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
    return _objection_of_grades(course, one)


def _objection_of_grades(course: CourseSoFar, one: Question) -> Abstention | None:
    grade = course.current_grade(one.toxicity)
    if grade is not None and grade >= one.min_grade:
        return Abstention(
            reason="not_at_risk",
            text=f"{one.toxicity} has reached grade {one.min_grade} already, which is what this "
            "question is about.",
        )
    # In training a course is at risk only where this toxicity was graded.
    if grade is None and not one.before_infusion:
        return Abstention(reason="not_graded", text=_not_graded_words(course, one))
    if grade is not None and grade < one.from_grade:
        return Abstention(
            reason="below_from_grade",
            text=f"This question is asked of patients with {one.toxicity} of grade "
            f"{one.from_grade} or more. The latest grade given is below that.",
        )
    return None


def _not_graded_words(course: CourseSoFar, one: Question) -> str:
    to_do = "give a grade row, 0 if looked at and absent"
    if course.landmark > 0:
        return f"No {one.toxicity} grade was given: {to_do}. A missing grade is not grade 0."
    return (
        f"No {one.toxicity} grade was given. This question begins with the first grading after "
        f"the infusion; before it ask the questions before infusion, after it {to_do}."
    )


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
    here = f"this course stands at day {course.landmark:g}"
    if one.before_infusion and course.landmark > last:
        return (
            f"This question is asked before the infusion, up to day {last:g}; {here}. "
            "Ask the daily questions now."
        )
    if one.before_infusion or course.landmark >= first:
        return f"This question is asked from day {first:g} to day {last:g}; {here}."
    return (
        f"This question is asked after the infusion, from day {first:g} to day {last:g}; {here}. "
        "Until then ask the questions before the infusion."
    )


def _cut_offs(tiers: Tiers, at: int) -> str:
    """Return between which cut-offs an estimate lies, as the reason for its tier."""
    lower = tiers.tiers[at].lower
    upper = tiers.tiers[at + 1].lower if at + 1 < len(tiers.tiers) else None
    if upper is None:
        return f"the estimate is {percent(lower)} or more" if at else "this model has one tier"
    if at == 0:
        return f"the estimate is below {percent(upper)}"
    return f"the estimate is {percent(lower)} or more and below {percent(upper)}"


class Estimator(AskedModel):
    """A risk model that answers about single courses."""

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
        because, name = _cut_offs(tiers, at), tiers.shown_name(at)
        if bedside.raised_by:
            at, because = of - 1, bedside.raised_by
            name = tiers.tiers[at].name if of > 1 else TOP_TIER
        own, words = tiers.tiers[at], action(at + 1, of)
        return Tier(
            name=name,
            rank=at + 1,
            of=of,
            action=words.text,
            source=words.source,
            because=because,
            training_events=round(own.events),
            training_n=round(own.n),
        )

"""One model's answer to one course: when it answers, what it says, what it warns of."""

from functools import cached_property
from math import inf, isnan
from typing import Any

import numpy as np

from features.inputs import COURSE_FIELDS
from features.question_words import question_text
from features.questions import Question
from models.columns import Floats, NamedMatrix
from models.risk_model import ReferenceRisk
from models.tiers import Tiers
from serving.asked_model import AskedModel
from serving.bedside import Bedside
from serving.could_change import WhatCouldChange
from serving.course import CourseSoFar
from serving.notices import model_notices, notices_of, old_inputs
from serving.replies import (
    Abstention,
    Asked,
    Comparison,
    CouldChange,
    Interval,
    QuestionAnswer,
    Tier,
)
from serving.sentences import say
from serving.words import (
    TOP_TIER,
    action,
    compared_words,
    interval_meaning,
    percent,
)
from serving.words_of_drivers import explained


def asked_words(
    one: Question, landmark: float | None = None, resolution: str = "", language: str = "en"
) -> Asked:
    """Return a question in words, with its window from a landmark."""
    start = one.landmark_days[0] if landmark is None else landmark
    end = one.horizon_end(start, resolution or "instant")
    return Asked(
        name=one.name,
        text=question_text(one, language),
        toxicity=one.toxicity,
        min_grade=one.min_grade,
        from_day=start,
        until_day=None if end == inf else end,
    )


def abstention(reason: str, language: str = "en", key: str = "", **values: object) -> Abstention:
    """Return an abstention by its reason, and the key of its words where there are several."""
    return Abstention(reason=reason, text=say(f"abstention.{key or reason}", language, **values))


def refusal(course: CourseSoFar, one: Question, language: str = "en") -> Abstention | None:
    """Return why a question cannot be answered for this course, ``None`` when it can."""
    if course.product is None:
        return abstention(course.no_product_code, language, detail=course.no_product)
    if not _within_landmarks(course, one):
        return _outside_landmarks(course, one, language)
    return _objection_of_grades(course, one, language)


def _objection_of_grades(course: CourseSoFar, one: Question, language: str) -> Abstention | None:
    grade = course.current_grade(one.toxicity)
    words = {"toxicity": one.toxicity}
    if grade is not None and grade >= one.min_grade:
        return abstention("not_at_risk", language, grade=one.min_grade, **words)
    # In training a course is at risk only where this toxicity was graded.
    if grade is None and not one.before_infusion:
        key = "not_graded" if course.landmark > 0 else "not_graded_yet"
        return abstention("not_graded", language, key, **words)
    if grade is not None and grade < one.from_grade:
        return abstention("below_from_grade", language, grade=one.from_grade, **words)
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


def _outside_landmarks(course: CourseSoFar, one: Question, language: str) -> Abstention:
    first, last = _landmark_range(course, one)
    if one.before_infusion and course.landmark > last:
        key = "after_infusion"
    elif one.before_infusion or course.landmark >= first:
        key = "outside_days"
    else:
        key = "before_first_day"
    days = {"first": first, "last": last, "here": course.landmark}
    return abstention("outside_landmarks", language, key, **days)


def _cut_offs(tiers: Tiers, at: int, language: str) -> str:
    """Return between which cut-offs an estimate lies, as the reason for its tier."""
    lower = percent(tiers.tiers[at].lower)
    if at + 1 == len(tiers.tiers):
        return say("tier.at_or_above" if at else "tier.one_tier", language, lower=lower)
    upper = percent(tiers.tiers[at + 1].lower)
    return say("tier.from_to" if at else "tier.below", language, lower=lower, upper=upper)


class Estimator(AskedModel):
    """A risk model that answers about single courses."""

    @cached_property
    def told(self) -> dict[str, Any]:
        """Name and training of the model as plain data."""
        shown = {"name", "version", "cohort", "n", "events", "synthetic"}
        return self.name().model_dump(include=shown)

    @cached_property
    def model_codes(self) -> list[dict[str, Any]]:
        """The limits of the model as codes."""
        codes = dict.fromkeys(one.code for one in model_notices(self))
        return [{"code": code, "inputs": []} for code in codes]

    @cached_property
    def _what_could_change(self) -> WhatCouldChange:
        return WhatCouldChange(self.model)

    def answer(self, bedside: Bedside) -> QuestionAnswer:
        """Answer for a course to which :func:`refusal` had no objection."""
        row, course = self.row(bedside), bedside.course
        matrix = self.model.matrix(row)
        explanation = self.model.explain(matrix)  # holds the probability, to the bit
        probability = float(explanation.probability[0])
        product = course.product.name if course.product else None
        return QuestionAnswer(
            question=asked_words(
                self.model.question, course.landmark, course.resolution, bedside.language
            ),
            probability=probability,
            interval=self._interval(matrix, bedside.language),
            compared=self._compared(probability, bedside),
            tier=self._tier(probability, bedside),
            explanation=explained(
                explanation, row[0], probability, course, bedside.latest, bedside.language
            ),
            inputs_missing=[name for name in self.inputs if name not in bedside.latest],
            could_change=self._could_change(row, probability, bedside),
            notices=notices_of(self, matrix, bedside),
            model=self.name(product),
        )

    def _could_change(
        self, row: Floats, probability: float, bedside: Bedside
    ) -> CouldChange | None:
        old = old_inputs(self, bedside)
        ranges = self._what_could_change.of(row, probability, old, bedside)
        if not ranges:
            return None
        return CouldChange(ranges=ranges, meaning=say("range.meaning", bedside.language))

    def _interval(self, matrix: NamedMatrix, language: str) -> Interval | None:
        low, high = (float(bound) for bound in self.model.interval(matrix)[0])
        if isnan(low) or isnan(high):
            return None
        return Interval(low=low, high=high, meaning=interval_meaning(self.model.manifest, language))

    def reference(self, bedside: Bedside) -> ReferenceRisk | None:
        """Return the risk of the average patient of the product on the day, if it is known."""
        asked, course = self.model.question, bedside.course
        begun = [
            day
            for day in asked.landmark_days
            if asked.instant(day, course.resolution) <= course.landmark
        ]
        product = course.product.name if course.product else None
        found = self.model.reference_risk(
            self._names_in_training.get(product or "", product),
            begun[-1] if begun else asked.landmark_days[0],
        )
        return None if found is None or found.probability <= 0.0 else found

    def placed(self, at: int, bedside: Bedside) -> tuple[int, str]:
        """Return place and name of the tier of a course whose estimate lies in tier `at`."""
        tiers, of = self.model.tiers, len(self.model.tiers.tiers)
        if not bedside.raised_by:
            return at, tiers.shown_name(at)
        return of - 1, tiers.tiers[of - 1].name if of > 1 else TOP_TIER

    def _compared(self, probability: float, bedside: Bedside) -> Comparison | None:
        reference = self.reference(bedside)
        if reference is None:
            return None
        return Comparison(
            ratio=probability / reference.probability,
            average=reference.probability,
            meaning=compared_words(reference, self.model.question, bedside.language),
        )

    def _tier(self, probability: float, bedside: Bedside) -> Tier:
        tiers = self.model.tiers
        of = len(tiers.tiers)
        found = int(tiers.position(np.array([probability]))[0])
        at, name = self.placed(found, bedside)
        because = bedside.raised_by or _cut_offs(tiers, found, bedside.language)
        own, words = tiers.tiers[at], action(at + 1, of, bedside.language)
        return Tier(
            name=name,
            rank=at + 1,
            of=of,
            action=words.text,
            source=words.source,
            because=because,
            training_events=round(own.events) if own.n else None,  # of other cut-offs: not known
            training_n=round(own.n) or None,
        )

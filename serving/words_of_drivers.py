"""Drivers in clinical words: which predictors go with an estimate, in values a clinician knows."""

from collections.abc import Mapping
from math import isfinite

import numpy as np

from features.clinical_values import clinical_value, is_factor
from features.columns import COLUMNS, Description
from models.columns import Floats
from models.explanation import Explanation
from serving.course import CourseSoFar, Reading
from serving.replies import Driver
from serving.replies import Explanation as ExplanationReply
from serving.sentences import say
from serving.words import shown_value

MOST_DRIVERS = 8
LEAST_CONTRIBUTION = 5e-5  # shown with four decimals, anything smaller is a zero


def explained(
    explanation: Explanation,
    values: Floats,
    probability: float,
    course: CourseSoFar,
    latest: Mapping[str, Reading],
    language: str,
) -> ExplanationReply:
    """Return the strongest drivers of one row; base, drivers and rest add up to `probability`.

    Parameters
    ----------
    explanation : Explanation
        Of one row, over the same columns as `values`.
    values : ndarray, shape (k,)
        What the model read, NaN where missing.
    """
    points = explanation.rescaled_to_probability[0]
    order = np.argsort(-np.abs(points), kind="stable")[:MOST_DRIVERS]
    figures = zip(
        order.tolist(), values[order].tolist(), points[order].tolist(),
        explanation.log_odds[0, order].tolist(), strict=True,
    )  # fmt: skip
    drivers = [
        _driver(explanation.predictors[at], value, share, log_odds, course, latest, language)
        for at, value, share, log_odds in figures
        if abs(share) >= LEAST_CONTRIBUTION
    ]
    base = float(explanation.average_probability[0])
    rest = probability - base - sum(one.contribution for one in drivers)
    return ExplanationReply(
        base=base, drivers=drivers, rest=rest, meaning=say("said.associations", language)
    )


def _driver(
    name: str,
    value: float,
    points: float,
    log_odds: float,
    course: CourseSoFar,
    latest: Mapping[str, Reading],
    language: str,
) -> Driver:
    words = COLUMNS[name].description
    known = isfinite(value)
    clinical = clinical_value(words, value) if known else None
    return Driver(
        predictor=name,
        label=words.label_zh if language == "zh" else words.label,
        value=clinical,
        shown=say("shown.none_so_far", language)
        if not known and _has_not_been(words, course, latest)
        else shown_in_words(words, value, clinical, language),
        unit=words.unit,
        age_hours=_age_hours(name, words, course, latest) if known else None,
        direction="raises" if points >= 0 else "lowers",
        contribution=points,
        contribution_log_odds=log_odds,
    )


def _has_not_been(words: Description, course: CourseSoFar, latest: Mapping[str, Reading]) -> bool:
    """Whether a missing time since something means that it was looked for and has not been."""
    if words.summary == "days_since_onset":
        toxicity = words.name.partition("_")[0].upper()
        grades = [one.grade for one in course.grades if one.toxicity == toxicity]
        return bool(grades) and not any(grades)
    if "since" not in words.name:
        return False
    given = COLUMNS[words.name].group == "treatments"  # a treatment without a row was not given
    return given or (words.summary == "fever" and "temperature_c" in latest)


def shown_in_words(words: Description, value: float, clinical: float | None, language: str) -> str:
    """Return the value of a column, and what a clinician makes of it, as a person reads it."""
    slope = words.summary == "slope"
    if clinical is None:
        return say("shown.not_known", language)
    if words.transform == "logit":
        return f"{100 * clinical:.1f} %"
    if is_factor(words):
        return say("shown.times_per_day" if slope else "shown.times", language, factor=clinical)
    if words.unit == "" and value in (0.0, 1.0):
        return say("shown.yes" if value else "shown.no", language)
    plain = shown_value(clinical, words.unit, language)
    return say("shown.per_day", language, value=plain) if slope else plain


def _age_hours(
    name: str, words: Description, course: CourseSoFar, latest: Mapping[str, Reading]
) -> float | None:
    if words.input is not None:
        # only the last value has the age of the last reading; a peak is older than that
        reading = latest.get(words.input) if words.summary == "last" else None
        return None if reading is None else 24.0 * (course.landmark - reading.day)
    if COLUMNS[name].group != "grades":
        return None
    toxicity = name.partition("_")[0].upper()
    days = [one.day for one in course.grades if one.toxicity == toxicity]
    return 24.0 * (course.landmark - max(days)) if days else None

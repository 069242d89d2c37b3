"""What a row says in one column, as a clinician reads it: label, value and unit."""

from __future__ import annotations

from math import isnan

from features.clinical_values import clinical_value, is_factor, plain_unit
from features.columns import Description, describe


def reading_in_words(predictor: str, value: float) -> str:
    """Return the label of a column and its value in the unit a clinician knows.

    Parameters
    ----------
    value : as the matrix holds it, where some columns are logarithms; NaN where it is not known.
    """
    words = describe(predictor)
    return f"{words.label}: {_shown(words, value)}"


def _shown(words: Description, value: float) -> str:
    if isnan(value):
        return "not known"
    clinical = clinical_value(words, value)
    per_day = " per day" if words.summary == "slope" else ""
    if words.transform == "logit":
        return f"{100 * clinical:.1f} %"
    if is_factor(words):
        return f"x {clinical:.3g}{per_day}"
    if words.unit == "" and value in (0.0, 1.0):
        return "yes" if value else "no"
    return f"{clinical:.4g} {plain_unit(words.unit)}".rstrip() + per_day

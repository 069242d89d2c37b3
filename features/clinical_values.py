"""From the number in a column of the feature matrix to what a clinician reads: value and unit."""

from math import exp

from features.columns import Description

RELATIVE = ("change", "slope")
"""Summaries of an input read as ratios whose number becomes a factor: 2 is a doubling."""
_UNITS = {
    "Cel": "°C", "10*3/uL": "10⁹/L", "10*6/uL": "10¹²/L", "mm[Hg]": "mmHg", "a": "years",
    "ng/mL{FEU}": "ng/mL FEU", "d": "days", "{cells}": "cells", "1": "",
}  # fmt: skip


def is_factor(words: Description) -> bool:
    """Whether the clinical number of a column is a factor, without the unit of its input."""
    return words.transform == "log2(1+x)" and words.summary in RELATIVE


def clinical_value(words: Description, value: float) -> float:
    """Turn the number of a column into the one a clinician knows.

    Changes and trends of inputs that are read as ratios become factors: 2 is a doubling.
    """
    if words.transform == "log2(1+x)":
        return 2.0**value if is_factor(words) else 2.0**value - 1.0
    if words.transform == "log2":
        return 2.0**value
    if words.transform == "log10":
        return 10.0**value
    if words.transform == "logit":
        return 1.0 / (1.0 + exp(-value))
    return value


def plain_unit(unit: str) -> str:
    """Return a UCUM unit as a person reads it; empty for a plain count."""
    return _UNITS.get(unit, "" if unit.startswith("{") else unit)

"""What a person reads: questions, tiers and drivers in clinical words.

Actions say how closely to watch and end in the local protocol. They name no drug and no dose, and
every one of them only adds to the product's label and the site's own plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any

from features.columns import COLUMNS
from features.inputs import INPUTS
from features.questions import Question
from models.risk_model import ALL_PRODUCTS, ReferenceRisk

_INTERVAL = (
    "uncertainty of this model's estimate, from refits on resampled training patients; not of this "
    "patient's outcome and not of how another hospital differs"
)
ASSOCIATIONS = (
    "associations in the training cohort under usual treatment, not causes; contributions are "
    "rescaled from log-odds so that base, drivers and rest add up to the probability"
)
SYNTHETIC_NOTICE = (
    "DEMONSTRATION: the model was fitted to synthetic courses. Its figures describe no patient and "
    "must not be used for care."
)
NOT_COVERED = (
    "infection",
    "haemophagocytic syndrome (IEC-HS)",
    "delayed neurotoxicity and other late effects",
    "toxicity of other treatments and of the disease itself",
)
CAUTION = (
    "A low estimate is never a reason to discharge, nor to watch less than label and protocol say."
)
TOP_TIER = "high"  # of a question without tiers of its own


@dataclass(frozen=True, slots=True)
class Action:
    """What a tier adds, and where that comes from."""

    text: str
    source: str


_LOWEST = Action(
    "Watch as the product's label and the site's protocol say, with ICE at least twice daily; this "
    "answer takes nothing away from either. Assess by local protocol.",
    "ASCO 2021, 10.1200/JCO.21.01992",
)
_BETWEEN = Action(
    "Add to label and protocol: vital signs every 4 hours, ICE and motor function every 8 hours, "
    "laboratory every 12 to 24 hours. Assess by local protocol.",
    "ASCO 2021, 10.1200/JCO.21.01992; ASH self-assessment programme; to be signed by the site",
)
_HIGHEST = Action(
    "Add to label and protocol: heart rhythm and oxygen saturation continuously, blood pressure "
    "every 1 to 2 hours, neurological assessment every 4 to 6 hours, laboratory every 8 to 12 "
    "hours, intensive care informed. Assess by local protocol.",
    "ASCO 2021, 10.1200/JCO.21.01992 (grade 2 or more); frequencies to be signed by the site",
)


def action(rank: int, of: int) -> Action:
    """Return what tier number `rank` of `of` adds; the only tier of a question is the highest."""
    if rank >= of:
        return _HIGHEST
    return _LOWEST if rank <= 1 else _BETWEEN


def interval_meaning(manifest: Mapping[str, Any]) -> str:
    """Return what the interval is, with the coverage that was found for it where one was."""
    coverage = manifest.get("interval_coverage")
    if not isinstance(coverage, int | float):
        return _INTERVAL
    return f"{_INTERVAL}; it held {100 * coverage:.0f} % of the true risks of synthetic courses"


def compared_words(reference: ReferenceRisk, asked: Question) -> str:
    """Return who the average patient of a comparison is."""
    whose = "all products" if reference.product == ALL_PRODUCTS else "this product"
    when = "before infusion" if asked.before_infusion else f"on day {reference.landmark_day:g}"
    return f"the mean of the estimates of training patients of {whose} who were at risk {when}"


def percent(share: float) -> str:
    """Return a share as a person reads it; what is tiny does not become zero."""
    hundredths = 100 * share
    return f"{hundredths:.1f} %" if hundredths >= 0.1 or not hundredths else f"{hundredths:.1g} %"


_UNITS = {
    "Cel": "°C", "10*3/uL": "10⁹/L", "10*6/uL": "10¹²/L", "mm[Hg]": "mmHg", "a": "years",
    "ng/mL{FEU}": "ng/mL FEU", "d": "days", "{cells}": "cells", "1": "",
}  # fmt: skip


def shown_value(value: float, unit: str) -> str:
    """Return a value with its unit as a person reads it."""
    if isnan(value):
        return "not measured"
    plain = _UNITS.get(unit, "" if unit.startswith("{") else unit)
    return f"{value:.4g} {plain}".rstrip()


def input_label(name: str) -> str:
    """Return the clinical label of an input or of a predictor's column."""
    if name in INPUTS:
        return INPUTS[name].label
    return COLUMNS[name].description.label if name in COLUMNS else name


def language_of(accept_language: str) -> str:
    """Return ``"zh"`` where Chinese is preferred to English, else ``"en"``."""
    best, found = 0.0, "en"
    for choice in accept_language.lower().split(",")[:20]:
        tag, _, weight = choice.strip().partition(";q=")
        language = tag.partition("-")[0]
        value = _weight(weight)
        if language in ("en", "zh") and value > best:
            best, found = value, language
    return found


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0

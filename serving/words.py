"""What a person reads: tiers, intervals, values and labels in clinical words.

Actions say how closely to watch and end in the local protocol. They name no drug and no dose, and
every one of them only adds to the product's label and the site's own plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any

from features.clinical_values import plain_unit
from features.columns import COLUMNS
from features.inputs import INPUTS
from features.questions import Question
from models.risk_model import ALL_PRODUCTS, ReferenceRisk
from serving.monitoring_plan import level_of
from serving.sentences import SENTENCES, say

TOP_TIER = "high"  # of a question without tiers of its own
NOT_COVERED = ("infection", "iec_hs", "delayed", "other")
"""What no question asks about, in the order in which it is told."""


@dataclass(frozen=True, slots=True)
class Action:
    """What a tier adds, and where that comes from."""

    text: str
    source: str


def action(rank: int, of: int, language: str = "en") -> Action:
    """Return what tier number `rank` of `of` adds; the only tier of a question is the highest."""
    level = level_of(rank, of)
    return Action(say(f"tier.{level}", language), say(f"tier.source_{level}", language))


def not_covered(language: str = "en") -> list[str]:
    """Return what no question asks about."""
    return [say(f"not_covered.{one}", language) for one in NOT_COVERED]


def interval_meaning(manifest: Mapping[str, Any], language: str = "en") -> str:
    """Return what the interval is, with the coverage that was found for it where one was."""
    words, coverage = say("said.interval", language), manifest.get("interval_coverage")
    if not isinstance(coverage, int | float):
        return words
    return say("said.interval_coverage", language, interval=words, percent=100 * coverage)


def compared_words(reference: ReferenceRisk, asked: Question, language: str = "en") -> str:
    """Return who the average patient of a comparison is."""
    everybody = reference.product == ALL_PRODUCTS
    whose = say("said.all_products" if everybody else "said.this_product", language)
    when = (
        say("said.before_infusion", language)
        if asked.before_infusion
        else say("said.on_day", language, day=reference.landmark_day)
    )
    return say("said.compared", language, whose=whose, when=when)


def percent(share: float) -> str:
    """Return a share as a person reads it; what is tiny does not become zero."""
    hundredths = 100 * share
    return f"{hundredths:.1f} %" if hundredths >= 0.1 or not hundredths else f"{hundredths:.1g} %"


_UNITS_ZH = {
    "a": "岁",
    "d": "天",
    "h": "小时",
    "{cells}": "个细胞",
    "{doses}": "次",
    "{lines}": "线",
}


def shown_value(value: float, unit: str, language: str = "en") -> str:
    """Return a value with its unit as a person reads it."""
    if isnan(value):
        return say("shown.not_measured", language)
    plain = plain_unit(unit)
    if language == "zh":
        plain = _UNITS_ZH.get(unit, plain)
    return f"{value:.4g} {plain}".rstrip()


def input_label(name: str, language: str = "en") -> str:
    """Return the clinical label of an input or of a predictor's column."""
    if name in INPUTS:
        return INPUTS[name].label_zh if language == "zh" else INPUTS[name].label
    if name not in COLUMNS:
        return name
    words = COLUMNS[name].description
    return words.label_zh if language == "zh" else words.label


def finding_label(name: str, language: str = "en") -> str:
    """Return the clinical label of a finding that a grade or a score reads."""
    return say(f"finding.{name}", language) if f"finding.{name}" in SENTENCES else (
        input_label(name, language)
    )  # fmt: skip


def language_of(accept_language: str, of_site: str = "en") -> str:
    """Return which of ``"en"`` and ``"zh"`` is preferred; that of the site where neither is."""
    best, found = 0.0, of_site
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

"""What the matrix knows of a product: published rates as log-odds, target and costimulation.

A stored predictor set carries these facts as they stood when it was written (:func:`frozen`), so
that a longer catalogue tomorrow does not change an old model's answers.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

from features.columns import COSTIMULATIONS, PRIORS, TARGETS
from features.errors import ProductError
from features.inputs import DIAGNOSES
from features.products import PRODUCTS, base_rate, product

ProductRow = tuple[float, ...]
WIDTH = len(PRIORS) + len(TARGETS) + len(COSTIMULATIONS)
UNKNOWN: ProductRow = (math.nan,) * WIDTH


def product_row(name: str | None, diagnosis: str | None) -> ProductRow:
    """Return prior logits, target and costimulation; NaN for a product that is not known."""
    if name is None:
        return UNKNOWN
    try:
        return _catalogue_row(product(name).name, diagnosis)
    except ProductError:
        return UNKNOWN


@lru_cache(maxsize=4096)
def _catalogue_row(name: str, diagnosis: str | None) -> ProductRow:
    one = product(name)
    rates = [base_rate(name, toxicity, grade, diagnosis) for toxicity, grade in PRIORS]
    return (
        *(math.nan if rate is None else _logit(rate.value, rate.patients) for rate in rates),
        *one_hot(one.target, TARGETS),
        *one_hot(one.costimulation, COSTIMULATIONS),
    )


def frozen() -> dict[str, list[float | None]]:
    """Return the facts of every product and diagnosis, for JSON (NaN as null)."""
    return {
        _key(name, diagnosis): [
            None if math.isnan(number) else number for number in _catalogue_row(name, diagnosis)
        ]
        for name in PRODUCTS
        for diagnosis in (None, *DIAGNOSES)
    }


def frozen_row(
    facts: Mapping[str, Sequence[float | None]], name: str | None, diagnosis: str | None
) -> ProductRow:
    """Return a row of :func:`frozen` facts; NaN for a product they do not hold."""
    if name is None:
        return UNKNOWN
    try:
        name = product(name).name
    except ProductError:
        return UNKNOWN
    known = facts.get(_key(name, diagnosis)) or facts.get(_key(name, None))
    if known is None:
        return UNKNOWN
    return tuple(math.nan if number is None else number for number in known)


def _key(name: str, diagnosis: str | None) -> str:
    return f"{name}|{diagnosis or ''}"


def _logit(share: float, patients: int) -> float:
    """Return the log-odds; a rate of 0 or 1 counts as half a patient away from it."""
    kept = min(max(share, 0.5 / patients), 1.0 - 0.5 / patients)
    return math.log(kept / (1.0 - kept))


@lru_cache(maxsize=4096)
def _one_hot(word: str | None, levels: tuple[str, ...]) -> tuple[float, ...]:
    if word is None:
        return (math.nan,) * len(levels)
    return tuple(1.0 if word == level else 0.0 for level in levels)


def one_hot(word: str | None, levels: Sequence[str]) -> tuple[float, ...]:
    """Return 1.0 at the level that `word` is, 0.0 elsewhere; NaN without a word."""
    return _one_hot(word, tuple(levels))

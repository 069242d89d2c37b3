"""One model's answers to many courses at once."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from features.clinical_values import clinical_value
from features.columns import COLUMNS
from features.errors import NotAssessable
from models.columns import Floats
from models.explanation import Explanation
from serving.bedside import Bedside
from serving.estimate import Estimator, abstention
from serving.notices import found_of
from serving.words_of_drivers import LEAST_CONTRIBUTION, MOST_DRIVERS

Told = dict[str, Any]  # a BatchQuestion as plain data: hundreds a second are written
ESTIMATE = ("probability", "interval", "compared", "tier", "explanation")


def nothing_told(question: str, why: Told | None, model: Told | None) -> Told:
    """Return what is told of a question without an estimate."""
    return {
        "question": {"name": question},
        "silent": False,
        "abstention": why,
        **dict.fromkeys(ESTIMATE),
        "inputs_missing": [],
        "notices": [],
        "model": model,
    }


def estimates(estimator: Estimator, bedsides: Sequence[Bedside]) -> list[Told]:
    """Answer for courses to which there was no objection, in their order."""
    rows = np.concatenate([estimator.row(one) for one in bedsides])
    try:
        return _estimates(estimator, rows, bedsides)
    except NotAssessable as reason:
        if len(bedsides) > 1:  # one of them is not another's fault
            return [made for one in bedsides for made in estimates(estimator, [one])]
        why = abstention("not_assessable", bedsides[0].language, detail=str(reason)).model_dump()
        name = estimator.model.question.name
        return [nothing_told(name, why, model_told(estimator, bedsides[0]))]


def _estimates(estimator: Estimator, rows: Floats, bedsides: Sequence[Bedside]) -> list[Told]:
    model = estimator.model
    matrix = model.matrix(rows)
    explanation = model.explain(matrix)
    probability = explanation.probability
    bounds = model.interval(matrix)
    unusual = model.unusual(matrix)
    place = model.tiers.position(probability)
    why = _explanations(explanation, rows)
    return [
        {
            "question": {"name": model.question.name},
            "silent": False,
            "abstention": None,
            "probability": float(probability[at]),
            "interval": _interval(bounds[at]),
            "compared": _compared(estimator, float(probability[at]), one),
            "tier": _tier(estimator, int(place[at]), one),
            "explanation": why[at],
            "inputs_missing": [name for name in estimator.inputs if name not in one.latest],
            "notices": [
                {"code": found.code, "inputs": list(found.inputs)}
                for found in found_of(estimator, unusual[at], one)
            ]
            + estimator.model_codes,
            "model": model_told(estimator, one),
        }
        for at, one in enumerate(bedsides)
    ]


def model_told(estimator: Estimator, bedside: Bedside) -> Told:
    """Return which model it is, and whether it has seen the product of a course."""
    product = bedside.course.product
    seen = None if product is None else not estimator.unseen(product.name)
    return {**estimator.told, "product_in_training": seen}


def _interval(bounds: Floats) -> Told | None:
    low, high = bounds.tolist()
    return None if np.isnan(low) or np.isnan(high) else {"low": low, "high": high}


def _compared(estimator: Estimator, probability: float, bedside: Bedside) -> Told | None:
    average = estimator.reference(bedside)
    if average is None:
        return None
    return {"ratio": probability / average.probability, "average": average.probability}


def _tier(estimator: Estimator, at: int, bedside: Bedside) -> Told:
    at, name = estimator.placed(at, bedside)
    of, raised = len(estimator.model.tiers.tiers), bool(bedside.raised_by)
    return {"name": name, "rank": at + 1, "of": of, "raised": raised}


def _explanations(explanation: Explanation, rows: Floats) -> list[Told]:
    points = explanation.rescaled_to_probability
    strongest = np.argsort(-np.abs(points), axis=1, kind="stable")[:, :MOST_DRIVERS]
    chosen = np.take_along_axis(points, strongest, axis=1).tolist()
    log_odds = np.take_along_axis(explanation.log_odds, strongest, axis=1).tolist()
    values = np.take_along_axis(rows, strongest, axis=1).tolist()
    base, probability = explanation.average_probability, explanation.probability
    made = []
    for at, columns in enumerate(strongest.tolist()):
        drivers = [
            _driver(explanation.predictors[column], value, point, odds)
            for column, value, point, odds in zip(
                columns, values[at], chosen[at], log_odds[at], strict=True
            )
            if abs(point) >= LEAST_CONTRIBUTION
        ]
        start = float(base[at])
        rest = float(probability[at]) - start - sum(one["contribution"] for one in drivers)
        made.append({"base": start, "drivers": drivers, "rest": rest})
    return made


def _driver(name: str, value: float, points: float, log_odds: float) -> Told:
    words = COLUMNS[name].description
    return {
        "predictor": name,
        "label": words.label,
        "value": clinical_value(words, value) if np.isfinite(value) else None,
        "unit": words.unit,
        "contribution": points,
        "contribution_log_odds": log_odds,
    }

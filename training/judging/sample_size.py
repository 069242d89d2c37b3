"""The sample-size line: what Riley's criteria ask for, and what the cohort has.

The criteria take independent observations. Rows of one patient on many days are not: with rows as
the unit the answer is too hopeful, with patients too strict (a patient then counts once, whatever
was seen of them). Both are told. The unit of the line in words is the patient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from training.bootstrap import FloatArray
from training.judging import riley
from training.judging.headline import Judged
from training.judging.riley import Criterion
from training.judging.rows import MODEL
from training.metrics import SMALLEST_P

PATIENTS, ROWS = "patients", "rows"


def sample_size(judged: Judged, parameters: int, threshold: float | None) -> dict[str, Any]:
    """Return what developing and validating this model ask for, against what there is.

    Parameters
    ----------
    judged : first-time rows and cross-fitted risks. Their AUROC (all rows pooled, whichever the
        unit) is the anticipated C-statistic, their log-odds the anticipated distribution.
    parameters : columns that the model may read: candidate parameters, a factor counted once.
    threshold : risk at which one acts, for the net benefit; None leaves it out.

    Returns
    -------
    dict
        `develop` and `validate`, each by unit: the criteria with their n, `n_needed`,
        `events_needed`, `n` and `events` of the cohort, `met`; for development `parameters` and
        how many this cohort supports. `in_words` is one line each. None where the cross-fitted
        AUROC is not above 0.5, or only one class was seen.
    """
    c_statistic = float(judged.draws[MODEL]["auroc"][0])
    units = _units(judged)
    develop = {unit: _development(has, c_statistic, parameters) for unit, has in units.items()}
    validate = {
        unit: _validation(has, c_statistic, judged, threshold) for unit, has in units.items()
    }
    return {
        "c_statistic": c_statistic if np.isfinite(c_statistic) else None,
        "threshold": threshold,
        "develop": develop,
        "validate": validate,
        "in_words": [
            _develop_in_words(develop[PATIENTS], parameters),
            _in_words("Validating it with the usual precision", validate[PATIENTS]),
        ],
    }


def _units(judged: Judged) -> dict[str, tuple[int, int]]:
    """Return number and events by unit."""
    counts = judged.rows.counts
    return {
        PATIENTS: (counts["n_patients"], counts["n_event_patients"]),
        ROWS: (counts["n_rows"], counts["n_event_rows"]),
    }


def validating(block: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of the block that is of validating: nothing is learnt from these patients."""
    return {**block, "develop": None, "in_words": block["in_words"][1:]}


def _development(
    has: tuple[int, int], c_statistic: float, parameters: int
) -> dict[str, Any] | None:
    n, events = has
    if not 0 < events < n or not 0.5 < c_statistic < 1.0:
        return None
    prevalence = events / n
    r2 = riley.cox_snell_r2(c_statistic, prevalence)
    try:
        criteria = riley.to_develop(r2, prevalence, parameters)
    except ValueError:  # so close to perfect that no criterion is defined
        return None
    return {
        **_against(criteria, has),
        "cox_snell_r2": r2,
        "parameters": parameters,
        "parameters_supported": riley.parameters_supported(n, r2),
    }


def _validation(
    has: tuple[int, int], c_statistic: float, judged: Judged, threshold: float | None
) -> dict[str, Any] | None:
    n, events = has
    if not 0 < events < n or not 0.5 < c_statistic < 1.0:
        return None
    prevalence = events / n
    p = np.clip(np.mean(judged.risks[MODEL], axis=0), SMALLEST_P, 1 - SMALLEST_P)
    weight = judged.rows.weight
    error = riley.oe_standard_error()
    found = {
        "observed to expected": riley.for_observed_to_expected(prevalence, error),
        "calibration slope": riley.for_slope(np.log(p) - np.log1p(-p), weight),
        "C-statistic": riley.for_c_statistic(c_statistic, prevalence),
    }
    if threshold is not None:
        sensitivity, specificity = expected_at(p, weight, threshold)
        found["net benefit"] = riley.for_net_benefit(
            sensitivity, specificity, prevalence, threshold
        )
    return _against([Criterion(name, n) for name, n in found.items() if n is not None], has)


def expected_at(p: FloatArray, weight: FloatArray, threshold: float) -> tuple[float, float]:
    """Return sensitivity and specificity at a threshold, were these risks true.

    Parameters
    ----------
    p, weight : (n,) risks, not all 0 nor all 1, and weights.
    """
    above = p >= threshold
    events, others = weight * p, weight * (1 - p)
    return float(events[above].sum() / events.sum()), float(others[~above].sum() / others.sum())


def _against(criteria: Sequence[Criterion], has: tuple[int, int]) -> dict[str, Any]:
    n, events = has
    most = max(criteria, key=lambda criterion: criterion.n)
    return {
        "criteria": {criterion.name: criterion.n for criterion in criteria},
        "decided_by": most.name,
        "n_needed": most.n,
        "events_needed": int(np.ceil(most.n * events / n)),
        "n": n,
        "events": events,
        "met": n >= most.n,
    }


def _develop_in_words(found: Mapping[str, Any] | None, parameters: int) -> str:
    said = _in_words(f"Learning {parameters} candidate parameters without a penalty", found)
    if found is None:
        return said
    return f"{said} It supports {found['parameters_supported']} parameters."


def _in_words(what: str, found: Mapping[str, Any] | None) -> str:
    if found is None:
        return (
            f"{what}: cannot be said, for the cross-fitted AUROC does not lie between 0.5 and 1 "
            "or one class only was seen."
        )
    return (
        f"{what} asks for {found['n_needed']} patients, {found['events_needed']} of them with the "
        f"event ({found['decided_by']}); this cohort has {found['n']}, {found['events']} of them "
        f"with the event: {'enough' if found['met'] else 'too few'}."
    )

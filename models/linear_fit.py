"""Fit a linear margin around what is stated beforehand.

The estimate is a posterior mode: ridge towards the stated prior coefficients on standardised
predictors, an offset that enters with coefficient 1, and a free intercept that is shrunk towards
the offset's (or a stated) rate as if ``pseudo_patients`` average patients with exactly that rate
had been seen. With no event data it returns what was stated; with many patients the prior fades.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any, Literal

import numpy as np

from features.errors import NotAssessable, PlanError
from models.columns import Floats, Matrix, NamedMatrix, named_matrix
from models.linear import LinearMargin, Term, TermEncoder, TermKind, Transform, transformed
from models.logistic import fit_logistic, logit, sigmoid

ONE_CLASS_PSEUDO_PATIENTS = 1.0  # half an event and half a non-event, where only one class is seen


@dataclass(frozen=True)
class MarginTerm:
    """What the plan asks of one predictor.

    Parameters
    ----------
    predictor : str
        Column name.
    kind : {"number", "factor", "offset"}
        A factor has one coefficient per level above the lowest; an offset has coefficient 1.
    prior : float or mapping of level to float
        Prior log-odds: per unit of the transformed number, or per level of a factor.
    penalty : float or None
        Prior precision per standardised unit (per level); None takes that of the spec.
    missing_flag : bool
        Whether being missing has its own coefficient.
    transform : {"identity", "log1p", "square"}
        Of a number, before it is centred and scaled.
    levels : tuple of float
        Lower bounds of a factor's levels; empty takes the values seen, and those with a prior.
    missing_value : float or None
        What a missing offset or factor counts as; None takes the training median.
    """

    predictor: str
    kind: Literal["number", "factor", "offset"] = "number"
    prior: float | Mapping[float, float] = 0.0
    penalty: float | None = None
    missing_flag: bool = False
    transform: Transform = "identity"
    levels: tuple[float, ...] = ()
    missing_value: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.prior, Mapping) != (self.kind == "factor") and self.prior != 0.0:
            raise PlanError(
                f"margin term {self.predictor}: a factor's prior is a table of levels, "
                f"a number's is one figure; got {self.prior!r} for a {self.kind}."
            )


@dataclass(frozen=True)
class MarginSpec:
    """What the plan asks of the linear margin.

    Parameters
    ----------
    terms : tuple of MarginTerm
    penalty : float
        Prior precision of each standardised coefficient (1 / C of scikit-learn); above 0.
    pseudo_patients : float
        Strength of the intercept's prior, in patients; 0 leaves the intercept free.
    rate : float or None
        Believed risk of the average patient, where there is no offset. With an offset the
        pseudo-patients have the offset's own risk.
    sources : mapping
        Where the prior came from; kept with the fitted margin.
    """

    terms: tuple[MarginTerm, ...] = ()
    penalty: float = 1.0
    pseudo_patients: float = 0.0
    rate: float | None = None
    sources: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.penalty <= 0 or self.pseudo_patients < 0:
            raise PlanError(
                f"margin: penalty = {self.penalty} must be above 0 and "
                f"pseudo_patients = {self.pseudo_patients} at least 0."
            )
        if self.rate is not None and not 0.0 < self.rate < 1.0:
            raise PlanError(f"margin: rate = {self.rate} must lie strictly between 0 and 1.")


@dataclass(frozen=True)
class _Candidate:
    term: Term
    prior: float  # per unit of z
    penalty: float


def fit_linear_margin(X: Matrix, outcome: Floats, weight: Floats, spec: MarginSpec) -> LinearMargin:
    """Fit the margin of a spec.

    Parameters
    ----------
    X : DataFrame or NamedMatrix, shape (n, any)
        Holds at least the columns of the spec; NaN where missing.
    outcome : ndarray, shape (n,)
        0 or 1.
    weight : ndarray, shape (n,)
        At least 0; rows of weight 0 are ignored.
    spec : MarginSpec

    Returns
    -------
    LinearMargin

    Raises
    ------
    NotAssessable
        If no row carries weight, or outcomes are neither 0 nor 1.

    Notes
    -----
    Only one class seen, and no prior on the intercept: half an event and half a non-event are
    added (Jeffreys), so that the margin is finite. A column that is constant or wholly missing
    keeps its prior coefficient (constant) or gets 0 (missing: it cannot be centred).
    """
    matrix = named_matrix(X)
    kept, y, w = checked_rows(matrix, outcome, weight)
    candidates = [c for term in spec.terms for c in _candidates(term, kept, w, spec)]
    free = [c for c in candidates if c.term.kind != "offset"]
    offset = np.zeros(len(y))
    for candidate in candidates:
        if candidate.term.kind == "offset":
            offset += candidate.term.z(kept.take_each((candidate.term.predictor,))[:, 0])
    Z = TermEncoder([c.term for c in free]).encode(kept) if free else np.zeros((len(y), 0))
    fitted = _posterior_mode(Z, y, w, offset, free, spec)
    coefficients = iter(fitted[1:])
    terms = tuple(
        replace(c.term, coefficient=float(next(coefficients)))
        if c.term.kind != "offset"
        else c.term
        for c in candidates
    )
    return LinearMargin(float(fitted[0]), terms, _provenance(spec))


def unfitted_terms(X: Matrix, weight: Floats, spec: MarginSpec) -> tuple[Term, ...]:
    """Return the terms of a spec, centred and scaled on rows but with coefficients of 0.

    For fitting them by other means than :func:`fit_linear_margin`; `X` and `weight` as there.
    """
    matrix, w = named_matrix(X), np.asarray(weight, dtype=np.float64)
    if not (w > 0).all():
        matrix, w = NamedMatrix(matrix.names, matrix.numbers[w > 0]), w[w > 0]
    return tuple(c.term for term in spec.terms for c in _candidates(term, matrix, w, spec))


def checked_rows(
    matrix: NamedMatrix, outcome: Floats, weight: Floats
) -> tuple[NamedMatrix, Floats, Floats]:
    """Rows that carry weight, their outcomes and weights; refuses what no fit can use.

    Raises
    ------
    NotAssessable
        If no row carries weight, a weight is negative or NaN, or an outcome is neither 0 nor 1.
    """
    y = np.asarray(outcome, dtype=np.float64)
    w = np.asarray(weight, dtype=np.float64)
    if len(y) != len(matrix) or len(w) != len(matrix):
        raise ValueError(f"{len(matrix)} rows, {len(y)} outcomes and {len(w)} weights")
    if not (w >= 0).all():
        raise NotAssessable("a row weight is negative or missing; weights are 0 or above.")
    used = w > 0
    if not used.any():
        raise NotAssessable("no row has a determined outcome: there is nothing to fit.")
    if not np.isin(y[used], (0.0, 1.0)).all():
        raise NotAssessable(
            "an outcome is neither 0 nor 1; give undetermined rows the weight 0, or leave them out."
        )
    if used.all():
        return matrix, y, w
    return NamedMatrix(matrix.names, matrix.numbers[used]), y[used], w[used]


def _posterior_mode(
    Z: Floats, y: Floats, w: Floats, offset: Floats, free: list[_Candidate], spec: MarginSpec
) -> Floats:
    extra_offset, extra_rate, extra_weight = _pseudo_rows(y, w, offset, spec)
    extra = np.zeros((len(extra_offset), Z.shape[1]))  # an average patient: every z at its centre
    design = np.vstack([Z, extra])
    design = np.hstack([np.ones((len(design), 1)), design])
    return fit_logistic(
        design,
        np.concatenate([y, extra_rate]),
        np.concatenate([w, extra_weight]),
        np.concatenate([offset, extra_offset]),
        penalty=np.array([0.0, *(c.penalty for c in free)]),
        prior=np.array([0.0, *(c.prior for c in free)]),
    )


def _pseudo_rows(
    y: Floats, w: Floats, offset: Floats, spec: MarginSpec
) -> tuple[Floats, Floats, Floats]:
    """Offsets, believed risks and weights of the pseudo-patients on the intercept."""
    patients, has_offset = spec.pseudo_patients, any(t.kind == "offset" for t in spec.terms)
    believed = 0.0 if spec.rate is None else float(logit(np.array(spec.rate)))
    if patients == 0:
        if y.min() < y.max():
            return np.zeros(0), np.zeros(0), np.zeros(0)
        patients = ONE_CLASS_PSEUDO_PATIENTS
    if not has_offset:
        return np.zeros(1), sigmoid(np.array([believed])), np.array([patients])
    distinct, at = np.unique(offset, return_inverse=True)
    share = np.bincount(at, weights=w) / w.sum()
    return distinct, sigmoid(distinct), patients * share


def _candidates(
    asked: MarginTerm, matrix: NamedMatrix, w: Floats, spec: MarginSpec
) -> list[_Candidate]:
    x = matrix.take_each((asked.predictor,))[:, 0]
    penalty = spec.penalty if asked.penalty is None else asked.penalty
    build = {"number": _number, "factor": _factor, "offset": _offset}[asked.kind]
    found = build(asked, x, w, penalty)
    if asked.missing_flag:
        flag = np.isnan(x).astype(np.float64)
        term = _seen(asked.predictor, "missing", flag, w)
        found.append(_Candidate(term, 0.0, penalty))
    return found


def _seen(predictor: str, kind: TermKind, z: Floats, w: Floats) -> Term:
    return Term(predictor, kind, 0.0, mean=float(np.average(z, weights=w)))


def _number(asked: MarginTerm, x: Floats, w: Floats, penalty: float) -> list[_Candidate]:
    known = ~np.isnan(x)
    if not known.any():
        term = Term(asked.predictor, "number", 0.0, transform=asked.transform)
        return [_Candidate(term, 0.0, penalty)]
    t = transformed(x[known], asked.transform)
    center = float(np.average(t, weights=w[known]))
    spread = float(np.sqrt(np.average((t - center) ** 2, weights=w[known])))
    scale = spread if spread > 1e-12 * max(1.0, abs(center)) else 1.0
    if isinstance(asked.prior, Mapping):
        raise TypeError("a number has one prior")  # refused by MarginTerm already
    term = Term(asked.predictor, "number", 0.0, center, scale, center, transform=asked.transform)
    return [_Candidate(term, asked.prior * scale, penalty)]


def _factor(asked: MarginTerm, x: Floats, w: Floats, penalty: float) -> list[_Candidate]:
    prior = dict(asked.prior) if isinstance(asked.prior, Mapping) else {}
    known = ~np.isnan(x)
    levels = sorted({*asked.levels} or {*np.unique(x[known]).tolist(), *map(float, prior)})
    filled_as = _missing_as(asked, x, w, otherwise=levels[0] if levels else 0.0)
    filled = np.where(known, x, filled_as)
    found = []
    for lower, upper in zip_longest(levels[1:], levels[2:]):
        term = Term(
            asked.predictor, "level", 0.0, missing_value=filled_as, lower=lower, upper=upper
        )
        mean = float(np.average(term.z(filled), weights=w))
        believed = prior.get(lower, 0.0) - prior.get(levels[0], 0.0)
        found.append(_Candidate(replace(term, mean=mean), believed, penalty))
    return found


def _offset(asked: MarginTerm, x: Floats, w: Floats, penalty: float) -> list[_Candidate]:
    filled_as = _missing_as(asked, x, w, otherwise=0.0)
    filled = np.where(np.isnan(x), filled_as, x)
    mean = float(np.average(filled, weights=w))
    return [
        _Candidate(
            Term(asked.predictor, "offset", 1.0, missing_value=filled_as, mean=mean), 1.0, penalty
        )
    ]


def _missing_as(asked: MarginTerm, x: Floats, w: Floats, otherwise: float) -> float:
    if asked.missing_value is not None:
        return asked.missing_value
    known = ~np.isnan(x)
    if not known.any():
        return otherwise
    order = np.argsort(x[known])
    cumulative = np.cumsum(w[known][order])
    return float(x[known][order][np.searchsorted(cumulative, 0.5 * cumulative[-1])])


def _provenance(spec: MarginSpec) -> dict[str, Any]:
    return {
        "penalty": spec.penalty,
        "pseudo_patients": spec.pseudo_patients,
        "rate": spec.rate,
        "terms": [
            {
                "predictor": t.predictor,
                "kind": t.kind,
                "prior": {str(k): v for k, v in t.prior.items()}
                if isinstance(t.prior, Mapping)
                else t.prior,
            }
            for t in spec.terms
        ],
        "sources": dict(spec.sources),
    }

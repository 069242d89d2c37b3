"""The linear margin: what is known before any tree is grown, as JSON coefficients.

    margin = intercept + sum over terms of coefficient * z

Four kinds of term, each with its own ``z`` for a predictor value ``x``:

``number``
    ``(T(x) - center) / scale``; a missing value counts as ``missing_value``, the training centre,
    and so contributes nothing.
``level``
    1 if ``lower <= x < upper``. The levels of one predictor are the seen ones, each reaching up to
    the next, so an unseen level counts as the nearest lower seen one.
``missing``
    1 if ``x`` is missing.
``offset``
    ``x`` itself with coefficient 1: a log-odds from outside, such as a published rate.

Nothing here learns; see :mod:`models.linear_fit`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from models.columns import Floats, Matrix, named_matrix

TermKind = Literal["number", "level", "missing", "offset"]
Transform = Literal["identity", "log1p", "square"]


def transformed(numbers: Floats, transform: Transform) -> Floats:
    """Apply the named transform; ``log1p`` counts negative values as 0."""
    if transform == "log1p":
        return np.log1p(np.maximum(numbers, 0.0))
    if transform == "square":
        return np.square(numbers)
    return numbers


@dataclass(frozen=True)
class Term:
    """One summand of the linear margin.

    Parameters
    ----------
    predictor : str
        Column it reads.
    kind : {"number", "level", "missing", "offset"}
        See the module.
    coefficient : float
        Log-odds per unit of z.
    center, scale : float
        Of the transformed value; a number counts as ``(T(x) - center) / scale``.
    missing_value : float
        What a missing x counts as: transformed for a number, as it is for a level.
    mean : float
        Weighted mean of z in training; contributions are told relative to it.
    lower, upper : float or None
        A level holds for ``lower <= x < upper``; None is no upper end.
    transform : {"identity", "log1p", "square"}
        T of a number.
    """

    predictor: str
    kind: TermKind
    coefficient: float
    center: float = 0.0
    scale: float = 1.0
    missing_value: float = 0.0
    mean: float = 0.0
    lower: float | None = None
    upper: float | None = None
    transform: Transform = "identity"

    def z(self, x: Floats) -> Floats:
        """Value of the term, shape (n,), for predictor values x with NaN where missing."""
        missing = np.isnan(x)
        if self.kind == "missing":
            return missing.astype(np.float64)
        if self.kind == "level":
            filled = np.where(missing, self.missing_value, x)
            return self.holds(filled).astype(np.float64)
        filled = np.where(missing, self.missing_value, transformed(x, self.transform))
        return (filled - self.center) / self.scale

    def holds(self, x: Floats) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether a level term's interval holds x."""
        above = x >= (-np.inf if self.lower is None else self.lower)
        return above & (x < (np.inf if self.upper is None else self.upper))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON without the entries that stand at their default."""
        defaults = Term(self.predictor, self.kind, self.coefficient).__dict__
        return {
            key: value
            for key, value in self.__dict__.items()
            if value != defaults[key] or key in ("predictor", "kind", "coefficient")
        }


@dataclass(frozen=True)
class LinearMargin:
    """Log-odds of the event as a sum of named terms.

    Parameters
    ----------
    intercept : float
    terms : tuple of Term
    prior : mapping
        Where the prior came from (rates, coefficients, sources, pseudo-patients); kept, not used.
    """

    intercept: float
    terms: tuple[Term, ...] = ()
    prior: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def predictors(self) -> tuple[str, ...]:
        """The columns read, each once, in the order of the terms."""
        return tuple(dict.fromkeys(term.predictor for term in self.terms))

    def margin(self, X: Matrix) -> Floats:
        """Log-odds, shape (n,)."""
        return self.intercept + _row_sums(self._weighted_z(X))

    @cached_property
    def average_margin(self) -> float:
        """Log-odds of the average training row: what contributions are relative to."""
        return self.intercept + sum(term.coefficient * term.mean for term in self.terms)

    def contributions(self, X: Matrix) -> tuple[tuple[str, ...], Floats]:
        """Log-odds that each predictor adds to :attr:`average_margin`.

        Returns
        -------
        names : tuple of str
            The predictors read, k of them.
        phi : ndarray, shape (n, k)
            ``phi.sum(axis=1) + average_margin == margin(X)`` up to rounding.
        """
        return self.predictors, self._contributions(self._weighted_z(X))

    def margin_and_contributions(self, X: Matrix) -> tuple[Floats, Floats]:
        """Return what :meth:`margin` and :meth:`contributions` do, for the work of one."""
        weighted = self._weighted_z(X)
        return self.intercept + _row_sums(weighted), self._contributions(weighted)

    def _contributions(self, weighted_z: Floats) -> Floats:
        relative = weighted_z - self._mean_weighted_z
        phi = np.zeros((len(relative), len(self.predictors)))
        for column, owner in enumerate(self._owner):
            phi[:, owner] += relative[:, column]
        return phi

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, exact to the bit."""
        return {
            "intercept": self.intercept,
            "terms": [term.to_json() for term in self.terms],
            "prior": dict(self.prior),
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> LinearMargin:
        """Read what :meth:`to_json` wrote."""
        terms = tuple(Term(**term) for term in saved["terms"])
        return cls(float(saved["intercept"]), terms, dict(saved.get("prior", {})))

    @cached_property
    def _owner(self) -> tuple[int, ...]:
        at = {name: position for position, name in enumerate(self.predictors)}
        return tuple(at[term.predictor] for term in self.terms)

    @cached_property
    def _encoder(self) -> TermEncoder:
        return TermEncoder(self.terms)

    @cached_property
    def _coefficients(self) -> Floats:
        return np.array([term.coefficient for term in self.terms], dtype=np.float64)

    @cached_property
    def _mean_weighted_z(self) -> Floats:
        means = np.array([term.mean for term in self.terms], dtype=np.float64)
        return means * self._coefficients

    def _weighted_z(self, X: Matrix) -> Floats:
        return self._encoder.encode(X) * self._coefficients


def _row_sums(numbers: Floats) -> Floats:
    # not a matrix product: BLAS rounds one row differently from the same row among many
    sums: Floats = np.ascontiguousarray(numbers).sum(axis=1)
    return sums


class TermEncoder:
    """The z of many terms at once, shape (n, number of terms); equal to :meth:`Term.z` bit by bit.

    Parameters
    ----------
    terms : sequence of Term
    """

    def __init__(self, terms: Sequence[Term]) -> None:
        self._columns = tuple(term.predictor for term in terms)
        self._center = np.array([term.center for term in terms])
        self._scale = np.array([term.scale for term in terms])
        self._missing_value = np.array([term.missing_value for term in terms])
        self._transforms = _groups([term.transform for term in terms])
        self._levels = _indices(terms, "level")
        self._flags = _indices(terms, "missing")
        bounds = [terms[i] for i in self._levels]
        self._lower = np.array([-np.inf if t.lower is None else t.lower for t in bounds])
        self._upper = np.array([np.inf if t.upper is None else t.upper for t in bounds])

    def encode(self, X: Matrix) -> Floats:
        """Values of z, shape (n, number of terms)."""
        x = named_matrix(X).take_each(self._columns)
        missing = np.isnan(x)
        for transform, at in self._transforms:
            x[:, at] = transformed(x[:, at], transform)
        np.copyto(x, self._missing_value, where=missing)
        if len(self._levels):
            level = x[:, self._levels]
            x[:, self._levels] = (level >= self._lower) & (level < self._upper)
        x -= self._center
        x /= self._scale
        if len(self._flags):
            x[:, self._flags] = missing[:, self._flags]
        return x


def _indices(terms: Sequence[Term], kind: TermKind) -> np.ndarray[Any, np.dtype[np.intp]]:
    return np.array([i for i, term in enumerate(terms) if term.kind == kind], dtype=np.intp)


def _groups(
    transforms: Sequence[Transform],
) -> list[tuple[Transform, np.ndarray[Any, np.dtype[np.intp]]]]:
    others = sorted(set(transforms) - {"identity"})
    return [
        (other, np.array([i for i, t in enumerate(transforms) if t == other])) for other in others
    ]

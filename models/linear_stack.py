"""Many linear margins as one matrix of coefficients.

Each refit has its own centres, scales and levels. Written over columns that do not depend on the
refit (the value with missing as 0, whether it is missing, whether it reaches a bound), all of them
are one product.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from models.columns import Floats, Matrix, named_matrix
from models.linear import LinearMargin, Term, Transform, transformed

Column = tuple[str, str, Transform, float]  # what it is, predictor, transform, bound


class LinearStack:
    """B linear margins, evaluated together.

    Parameters
    ----------
    margins : sequence of LinearMargin
        B of them.
    """

    def __init__(self, margins: Sequence[LinearMargin]) -> None:
        at: dict[Column, int] = {}
        self._constants = np.array([margin.intercept for margin in margins], dtype=np.float64)
        entries: list[tuple[int, int, float]] = []
        for b, margin in enumerate(margins):
            for term in margin.terms:
                self._constants[b] += _constant(term)
                for column, coefficient in _columns(term):
                    entries.append((at.setdefault(column, len(at)), b, coefficient))
        self._weights = np.zeros((len(at), len(margins)))
        for row, b, coefficient in entries:
            self._weights[row, b] += coefficient
        columns = list(at)
        self._predictors = tuple(column[1] for column in columns)
        self._steps = _where(columns, "step")
        self._flags = _where(columns, "missing")
        self._bounds = np.array([columns[i][3] for i in self._steps])
        self._transformed = [
            (kind, np.array([i for i, c in enumerate(columns) if c[0] == "value" and c[2] == kind]))
            for kind in sorted({c[2] for c in columns if c[2] != "identity"})
        ]

    def margins(self, X: Matrix) -> Floats:
        """Log-odds, shape (n, B)."""
        x = named_matrix(X).take_each(self._predictors)
        missing = np.isnan(x)
        if len(self._steps):
            x[:, self._steps] = x[:, self._steps] >= self._bounds  # a missing value reaches none
        for kind, at in self._transformed:
            x[:, at] = transformed(x[:, at], kind)
        x[missing] = 0.0
        if len(self._flags):
            x[:, self._flags] = missing[:, self._flags]
        # einsum, not a matrix product: BLAS rounds one row differently from the same among many
        stacked: Floats = self._constants + np.einsum("nk,kb->nb", x, self._weights)
        return stacked


def _constant(term: Term) -> float:
    return 0.0 if term.kind == "level" else -term.coefficient * term.center / term.scale


def _columns(term: Term) -> Iterator[tuple[Column, float]]:
    name, size = term.predictor, term.coefficient / term.scale
    if term.kind == "missing":
        yield ("missing", name, "identity", 0.0), size
        return
    if term.kind == "level":
        if term.lower is not None:
            yield ("step", name, "identity", term.lower), size
        if term.upper is not None:
            yield ("step", name, "identity", term.upper), -size
        as_missing = float(term.holds(np.array(term.missing_value)))
        yield ("missing", name, "identity", 0.0), size * as_missing
        return
    yield ("value", name, term.transform, 0.0), size
    yield ("missing", name, "identity", 0.0), size * term.missing_value


def _where(columns: Sequence[Column], kind: str) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    return np.array([i for i, column in enumerate(columns) if column[0] == kind], dtype=np.intp)

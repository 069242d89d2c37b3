"""Drawing what happens: one path through the chain per course."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.sources.synthetic import chain
from features.sources.synthetic.parameters import Floats, per_course
from features.sources.synthetic.states import STEPS, Crs, Fate, Icans

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Paths:
    """What happens to each course, for `n` courses.

    Attributes
    ----------
    row : ndarray of int, shape (n,)
        Product row.
    u_level, v_level : ndarray of int, shape (n,)
        Levels of the frailty grid.
    crs, icans, fate : ndarray of int, shape (n, STEPS + 1)
        The state at the end of each step; step 0 is the infusion. After a death the states stay
        what they were at death.
    """

    row: Ints
    u_level: Ints
    v_level: Ints
    crs: NDArray[np.int8]
    icans: NDArray[np.int8]
    fate: NDArray[np.int8]

    @property
    def cell(self) -> Ints:
        """Cell of the frailty grid, as :func:`.oracle.cells` numbers them."""
        return self.u_level * len(chain.v_grid()[0]) + self.v_level


def draw_paths(row: Ints, u_level: Ints, v_level: Ints, random: np.random.Generator) -> Paths:
    """Draw a path for each course.

    Parameters
    ----------
    row, u_level, v_level : ndarray of int, shape (n,)
        Product row and frailty of each course.
    random : Generator
        Three uniforms per course and step are used, whatever happens.
    """
    n = len(row)
    parameters = per_course(row)
    u, v = chain.u_grid()[0][u_level], chain.v_grid()[0][v_level]
    uniforms = random.random((STEPS, 3, n), dtype=np.float32)
    deaths = np.cumsum(chain.death_probabilities(), axis=0)
    crs = np.zeros((n, STEPS + 1), dtype=np.int8)
    icans = np.zeros_like(crs)
    fate = np.zeros_like(crs)
    each = np.arange(n)
    for step in range(STEPS):
        now_crs, now_icans = crs[:, step], icans[:, step]
        died = _first_above(deaths[:, now_crs, now_icans].T, uniforms[step, 0], none=0)
        was_alive = fate[:, step] == Fate.ALIVE
        fate[:, step + 1] = np.where(was_alive, died, fate[:, step])
        moves = fate[:, step + 1] == Fate.ALIVE
        to_crs = chain.crs_matrix(parameters, u, step)[each, now_crs]
        to_icans = chain.icans_matrix(parameters, u, v, now_crs, step)[each, now_icans]
        new_crs = _first_above(np.cumsum(to_crs, axis=1), uniforms[step, 1], none=len(Crs))
        new_icans = _first_above(np.cumsum(to_icans, axis=1), uniforms[step, 2], none=len(Icans))
        crs[:, step + 1] = np.where(moves, new_crs - 1, now_crs)
        icans[:, step + 1] = np.where(moves, new_icans - 1, now_icans)
    return Paths(row, u_level, v_level, crs, icans, fate)


def _first_above(cumulative: Floats, uniform: NDArray[np.float32], none: int) -> Ints:
    """Return 1 + the first column above `uniform`, or `none` where there is none."""
    above = cumulative > uniform[:, None]
    return np.where(above.any(axis=1), above.argmax(axis=1) + 1, none)

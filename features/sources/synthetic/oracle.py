"""The true risk, by backward recursion over the chain: exact, no simulation."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from features.sources.synthetic import chain
from features.sources.synthetic.parameters import Floats, Solved
from features.sources.synthetic.states import CRS_GRADE, ICANS_GRADE, Crs, Icans

_STATES = (len(Crs), len(Icans))


def _nowhere() -> NDArray[np.bool_]:
    return np.zeros(_STATES, dtype=bool)


@dataclass(frozen=True)
class Passage:
    """One quantity to compute: the probability of hitting a set between two steps.

    Attributes
    ----------
    start, end : int
        Steps; the value is wanted at `start`, and hits count in (start, end].
    hit, lost : ndarray of bool, shape (10, 7)
        States that count as one and end the passage, and states that end it at zero.
    death_counts : tuple of float
        What death from CRS, ICANS and another cause counts.
    terminal : ndarray, shape (10, 7)
        What each state counts at `end`, where neither was met.
    reward : ndarray, shape (10, 7)
        What each step that ends in a state adds (for expected durations).
    """

    start: int
    end: int
    hit: NDArray[np.bool_] = field(default_factory=_nowhere)
    lost: NDArray[np.bool_] = field(default_factory=_nowhere)
    death_counts: tuple[float, float, float] = (0.0, 0.0, 0.0)
    terminal: Floats = field(default_factory=lambda: np.zeros(_STATES))
    reward: Floats = field(default_factory=lambda: np.zeros(_STATES))

    def settle(self, value: Floats) -> Floats:
        """Return `value` of arriving in each state, with the ends of the passage put in."""
        arrived = np.where(self.hit, 1.0, np.where(self.lost, 0.0, value))
        return arrived + self.reward


def at_least(toxicity: str, grade: int) -> NDArray[np.bool_]:
    """Return which of the joint states have `toxicity` at `grade` or more, shape (10, 7)."""
    if toxicity == "CRS":
        return np.broadcast_to((CRS_GRADE >= grade)[:, None], _STATES)
    return np.broadcast_to((ICANS_GRADE >= grade)[None, :], _STATES)


def first_reaching(toxicity: str, grade: int, start: int, end: int) -> Passage:
    """Return the passage "reaches `grade` of `toxicity` in (start, end]".

    Death of the toxicity itself is an event; any other death competes.
    """
    deaths = (1.0, 0.0, 0.0) if toxicity == "CRS" else (0.0, 1.0, 0.0)
    return Passage(start, end, hit=at_least(toxicity, grade), death_counts=deaths)


def cells() -> tuple[Floats, Floats, Floats]:
    """Return u, v and weight of every cell of the frailty grid, v running fastest."""
    u, u_weight = chain.u_grid()
    v, v_weight = chain.v_grid()
    return np.repeat(u, len(v)), np.tile(v, len(u)), np.outer(u_weight, v_weight).ravel()


def solve_passages(solved: Solved, passages: Sequence[Passage]) -> list[Floats]:
    """Return each passage's value given frailty cell and state at its start.

    One backward pass serves all of them: V_t(c, i) = death + (1 - death) * sum over (c', i') of
    A_t(c, c') B_t(i, i' | c) V_{t+1}(c', i').

    Parameters
    ----------
    solved : Solved
        Parameters of one product.
    passages : sequence of Passage
        What to compute.

    Returns
    -------
    list of ndarray, each of shape (cells, 10, 7)
        In the order of `passages`.
    """
    u, v, _ = cells()
    deaths = chain.death_probabilities()
    survive = 1 - deaths.sum(axis=0)
    values = [np.broadcast_to(one.terminal, (len(u), *_STATES)) for one in passages]
    if not passages:
        return []
    for step in range(max(one.end for one in passages) - 1, -1, -1):
        active = [k for k, one in enumerate(passages) if one.start <= step < one.end]
        if not active:
            continue
        crs = chain.crs_matrix(solved, u, step)
        states = np.arange(len(Crs))
        icans = chain.icans_matrix(solved, u[:, None], v[:, None], states[None, :], step)
        for k in active:
            arrived = passages[k].settle(values[k])
            moved = np.matmul(icans, np.matmul(crs, arrived)[..., None])[..., 0]
            died = np.tensordot(np.array(passages[k].death_counts), deaths, axes=1)
            values[k] = died + survive * moved
    return values

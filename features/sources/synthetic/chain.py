"""The chain that is the truth: how CRS and ICANS start, rise, are treated and resolve.

A course moves in steps of 12 hours over CRS state x ICANS state, or dies. Given its latent
inflammation propensity u and neurological vulnerability v, both on a grid, the chain is Markov:
usual treatment is part of the state (tocilizumab from grade 2, steroids from ICANS grade 2), so the
risk of anything from any state can be computed exactly (:mod:`.oracle`).

Within one step death is drawn first; then CRS moves, and ICANS moves given the CRS state at the
start of the step.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import expit, ndtr

from features.sources.synthetic.parameters import Floats, Solved, calibration
from features.sources.synthetic.states import STEPS_PER_DAY, Crs, Icans

Shape = Mapping[str, Any]


def u_grid() -> tuple[Floats, Floats]:
    """Return levels and weights of u, a standard normal on a grid."""
    return _normal_grid(calibration()["chain"]["u_levels"], 3.0)


def v_grid() -> tuple[Floats, Floats]:
    """Return levels and weights of v, a standard normal on a grid."""
    return _normal_grid(calibration()["chain"]["v_levels"], 2.4)


def _normal_grid(levels: int, reach: float) -> tuple[Floats, Floats]:
    points = np.linspace(-reach, reach, levels)
    weights = np.exp(-0.5 * points**2)
    return points, weights / weights.sum()


def crs_matrix(solved: Solved, u: Floats, step: int) -> Floats:
    """Return CRS transition probabilities over the step from `step` to ``step + 1``.

    Parameters
    ----------
    solved : Solved
        Parameters, numbers or arrays that broadcast with `u`.
    u : ndarray
        Latent inflammation propensity, any shape.

    Returns
    -------
    ndarray, shape (*u.shape, 10, 10)
        Rows sum to one.
    """
    shape: Shape = calibration()["chain"]["crs"]
    onset = _onset(solved, "crs", shape, u, step, 1.0)
    fade = _fade(shape, solved.crs_onset_days, step)
    slope = shape["escalation_per_u"] * u
    up12, up23 = (expit(each + slope) * fade for each in (solved.crs_step12, solved.crs_step23))
    odds = shape["treated_escalation"]
    clear = solved.crs_resolution
    early, back = solved.early_tocilizumab, shape["recurrence"] * fade
    clear_treated = np.minimum(clear * shape["treated_resolution"], 0.9)
    down = shape["treated_down"]
    up34 = shape["third_to_fourth"]
    matrix = np.zeros((*np.shape(u), len(Crs), len(Crs)))
    _row(matrix, Crs.NONE, {Crs.PRODROME: onset})
    _row(matrix, Crs.PRODROME, {Crs.G1: shape["prodrome_end"]})
    _row(matrix, Crs.G1, {Crs.G2: up12, Crs.RESOLVED: clear, Crs.G1_T: early})
    _row(matrix, Crs.G1_T, {Crs.G2_T: up12 * odds, Crs.RESOLVED: clear_treated})
    _row(
        matrix,
        Crs.G2,
        {Crs.G3: up23, Crs.G1: shape["untreated_down"], Crs.G2_T: shape["treat_grade2"]},
    )
    _row(matrix, Crs.G2_T, {Crs.G3_T: up23 * odds, Crs.G1_T: down})
    _row(matrix, Crs.G3, {Crs.G4: up34, Crs.G3_T: shape["treat_grade3"]})
    _row(matrix, Crs.G3_T, {Crs.G4: up34, Crs.G2_T: down})
    _row(matrix, Crs.G4, {Crs.G3_T: shape["fourth_down"]})
    _row(matrix, Crs.RESOLVED, {Crs.G1_T: back})
    return matrix


def icans_matrix(solved: Solved, u: Floats, v: Floats, crs: Any, step: int) -> Floats:
    """Return ICANS transition probabilities given the CRS state at the start of the step.

    Returns
    -------
    ndarray, shape (*broadcast of u, v, crs, 7, 7)
        Rows sum to one.
    """
    shape: Shape = calibration()["chain"]["icans"]
    log_rate = shape["onset_per_v"] * v + _crs_log_rate(solved, shape, crs)
    onset = _onset(solved, "icans", shape, u, step, np.exp(log_rate))
    fade = _fade(shape, solved.icans_onset_days, step)
    slope = (
        shape["escalation_per_u"] * u
        + shape["escalation_per_v"] * v
        + shape["escalation_severe_crs"] * _is_severe(crs)
    )
    up12, up23 = (expit(each + slope) * fade for each in (solved.icans_step12, solved.icans_step23))
    direct = shape["direct_second"]
    clear = solved.icans_resolution
    matrix = np.zeros((*np.shape(onset), len(Icans), len(Icans)))
    _row(matrix, Icans.NONE, {Icans.G2: onset * direct, Icans.G1: onset * (1 - direct)}, False)
    _row(matrix, Icans.G1, {Icans.G2: up12, Icans.RESOLVED: clear})
    _row(matrix, Icans.G1_T, {Icans.G2: up12 * shape["treated_escalation"], Icans.RESOLVED: clear})
    _row(matrix, Icans.G2, {Icans.G3: up23, Icans.G1_T: shape["treated_down"]})
    _row(matrix, Icans.G3, {Icans.G4: shape["third_to_fourth"], Icans.G2: shape["third_down"]})
    _row(matrix, Icans.G4, {Icans.G3: shape["fourth_down"]})
    _row(matrix, Icans.RESOLVED, {Icans.G1_T: shape["recurrence"] * fade})
    return matrix


def death_probabilities() -> Floats:
    """Return the probability per step of death from CRS, ICANS and other causes.

    Returns
    -------
    ndarray, shape (3, 10, 7)
        By cause, CRS state and ICANS state.
    """
    chain = calibration()["chain"]
    other = chain["other_death"]
    deaths = np.zeros((3, len(Crs), len(Icans)))
    deaths[0, Crs.G4, :] = chain["crs"]["death"]
    deaths[1, :, Icans.G4] = chain["icans"]["death"]
    deaths[2] = other["rate"]
    deaths[2, Crs.G3 : Crs.G4 + 1, :] *= other["severe_crs"]
    deaths[2, :, Icans.G3 : Icans.G4 + 1] *= other["severe_icans"]
    return deaths


def _onset(solved: Solved, toxicity: str, shape: Shape, u: Floats, step: int, rate: Any) -> Floats:
    """Return the probability of onset in a step: a log-normal waiting time with a cured share."""
    median = getattr(solved, f"{toxicity}_onset_days")
    intensity = np.exp(getattr(solved, f"{toxicity}_log_intensity") + shape["onset_per_u"] * u)
    earlier = shape["onset_earlier_per_u"] * u
    start, end = step / STEPS_PER_DAY, (step + 1) / STEPS_PER_DAY
    share = _lognormal_between(start, end, median, earlier, shape["onset_sigma"])
    second = calibration()["chain"]["second_dose_step"] / STEPS_PER_DAY
    if start >= second:
        # after a second dose the waiting time is shorter: the cells of the first are at work
        again = _lognormal_between(
            start - second, end - second, 0.5 * median, earlier, shape["onset_sigma"]
        )
        share = share + solved.second_dose_share * (again - share)
    else:
        share = share * (1 - solved.second_dose_share)
    return -np.expm1(-intensity * rate * share)


def _lognormal_between(start: float, end: float, median: Any, earlier: Any, sigma: float) -> Any:
    centre = np.log(median) - earlier
    upper = ndtr((np.log(end) - centre) / sigma)
    return upper - ndtr((np.log(start) - centre) / sigma) if start > 0 else upper


def _fade(shape: Shape, onset_days: Any, step: int) -> Any:
    """Return how much of the escalation hazard is left: it fades once the expansion is over."""
    late = step / STEPS_PER_DAY - onset_days - shape["escalation_lag_days"]
    return np.exp(-np.maximum(late, 0) / shape["escalation_fade_days"])


def _is_severe(crs: Any) -> Any:
    return (np.asarray(crs) >= Crs.G3) & (np.asarray(crs) <= Crs.G4)


def _crs_log_rate(solved: Solved, shape: Shape, crs: Any) -> Any:
    by = shape["crs_log_rate"]
    fixed = np.array(
        [0.0, by["prodrome"], *[by["grade1"]] * 2, *[by["grade2"]] * 2, *[by["grade3"]] * 3,
         by["resolved"]]
    )  # fmt: skip
    never = np.asarray(crs) == Crs.NONE
    return np.where(never, solved.icans_log_rate_without_crs, fixed[crs])


def _row(matrix: Floats, origin: int, moves: Mapping[int, Any], in_turn: bool = True) -> None:
    """Fill one row: each move happens if none before it did (`in_turn`); else nothing moves."""
    stay: Any = 1.0
    for destination, probability in moves.items():
        move = stay * probability if in_turn else probability
        matrix[..., origin, destination] = move
        stay = stay - move
    matrix[..., origin, origin] = stay

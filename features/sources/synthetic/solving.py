"""Finding the parameters with which the chain hits its published targets, exactly.

No simulation: rates, onset medians and mean durations are computed on the chain itself, so what is
left between a synthetic cohort and its targets is Monte Carlo error.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import least_squares

from features.sources.synthetic import oracle
from features.sources.synthetic.oracle import Passage
from features.sources.synthetic.parameters import Floats, ProductRow, Solved, Target, calibration
from features.sources.synthetic.states import CRS_GRADE, STEPS, STEPS_PER_DAY, Icans

_CRS = ("crs_log_intensity", "crs_onset_days", "crs_step12", "crs_step23", "crs_resolution")
_ICANS = (
    "icans_log_intensity",
    "icans_onset_days",
    "icans_step12",
    "icans_step23",
    "icans_resolution",
    "icans_log_rate_without_crs",
)
_IN_LOGS = ("crs_onset_days", "icans_onset_days")
_IN_LOGITS = ("crs_resolution", "icans_resolution")


@dataclass(frozen=True, slots=True)
class Marginals:
    """What the chain gives for one toxicity, averaged over the frailty grid.

    ``by_onset`` is the share of all who ever have it with onset by the target's median day;
    ``mean_days`` the mean time at grade >= 1 of those who have it.
    """

    any: float
    second: float
    severe: float
    by_onset: float
    mean_days: float


def targets(row: ProductRow, toxicity: str) -> Marginals:
    """Return what :func:`marginals` has to give for a product."""
    target: Target = row.crs if toxicity == "CRS" else row.icans
    shape = calibration()["chain"]
    weight = shape[f"{toxicity.lower()}_grade2_exponent"]
    second = target.any ** (1 - weight) * target.severe**weight
    return Marginals(
        target.any, second, target.severe, 0.5, target.duration * shape["mean_over_median"]
    )


def marginals(solved: Solved, toxicity: str, onset_days: float) -> Marginals:
    """Return the exact rates by day 30 and the timing of one toxicity."""
    ever = [oracle.first_reaching(toxicity, grade, 0, STEPS) for grade in (1, 2, 3)]
    step = onset_days * STEPS_PER_DAY
    around = [
        oracle.first_reaching(toxicity, 1, 0, max(int(each), 1))
        for each in (np.floor(step), np.floor(step) + 1)
    ]
    there = oracle.at_least(toxicity, 1).astype(float) / STEPS_PER_DAY
    stay = Passage(0, STEPS, reward=there)
    any_, second, severe, low, high, days = _averages(solved, [*ever, *around, stay])
    by_onset = low + (step - np.floor(step)) * (high - low)
    return Marginals(any_, second, severe, by_onset / any_, days / any_)


def share_without_crs(solved: Solved) -> float:
    """Return the share of all patients with ICANS who never have CRS by day 30."""
    terminal = np.zeros((len(CRS_GRADE), len(Icans)))
    terminal[0:2, 1:] = 1.0
    ever_crs = np.broadcast_to((np.arange(len(CRS_GRADE)) >= 2)[:, None], terminal.shape)
    alone = Passage(0, STEPS, lost=ever_crs, terminal=terminal)
    alone_share, any_ = _averages(solved, [alone, oracle.first_reaching("ICANS", 1, 0, STEPS)])
    return alone_share / any_


def _averages(solved: Solved, passages: list[Passage]) -> list[float]:
    _, _, weight = oracle.cells()
    return [float(weight @ one[:, 0, 0]) for one in oracle.solve_passages(solved, passages)]


def solve(row: ProductRow) -> Solved:
    """Return the parameters of a product with which the chain hits its targets.

    Raises
    ------
    RuntimeError
        The targets contradict each other: no parameters reach them.
    """
    start = Solved(
        1.0, row.crs.onset, -2.5, -2.0, 0.12, 0.0, row.icans.onset, -2.0, -1.5, -1.5, 0.12,
        row.early_tocilizumab, row.second_dose_share,
    )  # fmt: skip
    return _fit(_fit(start, row, "CRS", _CRS), row, "ICANS", _ICANS)


def _fit(start: Solved, row: ProductRow, toxicity: str, names: tuple[str, ...]) -> Solved:
    goal = targets(row, toxicity)
    onset = (row.crs if toxicity == "CRS" else row.icans).onset
    alone = calibration()["chain"]["icans_without_crs_share"]

    def miss(free: Floats) -> Floats:
        trial = _with(start, names, free)
        got = marginals(trial, toxicity, onset)
        parts = [
            *(
                _logit(getattr(got, k)) - _logit(getattr(goal, k))
                for k in ("any", "second", "severe")
            ),
            _logit(got.by_onset) - _logit(goal.by_onset),
            np.log(got.mean_days / goal.mean_days),
        ]
        if toxicity == "ICANS":
            parts.append(_logit(share_without_crs(trial)) - _logit(alone))
        return np.array(parts)

    found = least_squares(miss, _free(start, names), xtol=1e-10, diff_step=[1e-4])
    if np.abs(found.fun).max() > 1e-3:
        raise RuntimeError(f"{row.key} {toxicity}: the targets cannot be met, off by {found.fun}")
    return _with(start, names, found.x)


def _free(solved: Solved, names: tuple[str, ...]) -> Floats:
    return np.array([_to_free(name, getattr(solved, name)) for name in names])


def _with(solved: Solved, names: tuple[str, ...], free: Floats) -> Solved:
    values = {name: _from_free(name, one) for name, one in zip(names, free, strict=True)}
    return replace(solved, **values)


def _to_free(name: str, value: float) -> float:
    if name in _IN_LOGS:
        return float(np.log(value))
    return _logit(value) if name in _IN_LOGITS else value


def _from_free(name: str, free: float) -> float:
    if name in _IN_LOGS:
        return float(np.exp(free))
    return float(1 / (1 + np.exp(-free))) if name in _IN_LOGITS else float(free)


def _logit(share: float) -> float:
    return float(np.log(share) - np.log1p(-share))

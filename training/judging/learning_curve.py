"""How the cross-fitted figures change with the number of patients learnt from.

In every outer fold of the first repeat a share of the training patients is drawn, whole patients,
those with the event and those without by themselves; the model is fitted on them at the settings
that were chosen in this fold, without tuning and without a calibrator, and predicts the patients
held out. Shares of one draw are nested: a larger one holds the smaller. Settings chosen on all
training patients are too rich for a quarter of them, so the left end of the curve is pessimistic
and its slope steep; it says whether more patients would still help, not how many are needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.calibration import Calibrator
from training.bootstrap import FloatArray
from training.comparators import compare
from training.crossfit import CrossFit, FoldResult, one_thread
from training.fitting import Recipe, fit_at, probability, recipe_of
from training.judging.rows import MODEL
from training.metrics import auroc, log_loss
from training.plan import Plan
from training.progress import Progress, unwatched
from training.splits import IntArray, patient_outcomes
from training.task import Rows, Task

SHARES = (0.25, 0.5, 0.75, 1.0)
DAILY_REFERENCE, EVENT_RATE = "grade_and_day", "event_rate"


def learning_curve(
    task: Task, plan: Plan, cross: CrossFit, progress: Progress = unwatched
) -> dict[str, Any] | None:
    """Return AUROC and log loss by the share of training patients learnt from.

    Parameters
    ----------
    task, plan : what was asked and how; `plan.evaluation.learning_curve` draws of patients, 0 for
        none; the plan's seed draws them.
    cross : the folds and the settings chosen in each.
    progress : told after every fold.

    Returns
    -------
    dict or None
        `reference` is what the log loss is held against, fitted on the same patients: grade + day
        for a daily question, the event rate for one before infusion. `points` has, per share, mean
        patients and event patients learnt from over folds and draws, and mean, lowest and highest
        over draws of `auroc`, `log_loss` and `log_loss_against_reference` (None where the
        reference could not be fitted). Figures are of first-time rows. The range over draws is not
        a confidence interval: all draws share one cohort, and at the full share there is one draw.
    """
    draws = plan.evaluation.learning_curve
    if draws == 0:
        return None
    recipe = recipe_of(plan, task)
    reference = EVENT_RATE if task.question.before_infusion else DAILY_REFERENCE
    found = _Curve(len(task.rows), draws)
    folds = [fold for fold in cross.folds if fold.repeat == 0]
    with one_thread():
        for number, fold in enumerate(folds, start=1):
            _add_fold(found, task, recipe, fold, reference, [plan.seed, number])
            progress("learning curve", number, len(folds))
    points = [found.point(task, share) for share in SHARES]
    return {"reference": reference, "draws": draws, "points": points, "in_words": in_words(points)}


class _Curve:
    """Out-of-fold risks by share and draw, gathered fold by fold."""

    def __init__(self, n_rows: int, draws: int) -> None:
        self.risks: dict[tuple[str, float], FloatArray] = {}
        self.learnt_from: dict[float, list[tuple[int, int]]] = {share: [] for share in SHARES}
        for share in SHARES:
            for name in (MODEL, "reference"):
                times = 1 if share == 1.0 else draws
                self.risks[name, share] = np.full((times, n_rows), np.nan)

    def point(self, task: Task, share: float) -> dict[str, Any]:
        """Summarise one share over its draws."""
        at = task.judged.first_time
        y, weight = task.rows.y[at], task.rows.weight[at]
        models = self.risks[MODEL, share][:, at]
        losses = [float(log_loss(y, p, weight)[0]) for p in models]
        beside = [float(log_loss(y, p, weight)[0]) for p in self.risks["reference", share][:, at]]
        patients, events = np.mean(self.learnt_from[share], axis=0)
        return {
            "share": share,
            "patients": float(patients),
            "event_patients": float(events),
            "auroc": _over_draws([float(auroc(y, p, weight)[0]) for p in models]),
            "log_loss": _over_draws(losses),
            "log_loss_against_reference": _over_draws(
                [own - other for own, other in zip(losses, beside, strict=True)]
            ),
        }


def _over_draws(figures: Sequence[float]) -> dict[str, float | None]:
    if not np.isfinite(figures).all():
        return {"mean": None, "lowest": None, "highest": None}
    return {"mean": float(np.mean(figures)), "lowest": min(figures), "highest": max(figures)}


def _add_fold(
    found: _Curve, task: Task, recipe: Recipe, fold: FoldResult, reference: str, seed: list[int]
) -> None:
    train = np.setdiff1d(np.arange(len(task.rows)), fold.held_out)
    held_out = task.rows.take(fold.held_out)
    settings = fold.tuned.chosen.settings
    for share in SHARES:
        risks, beside = found.risks[MODEL, share], found.risks["reference", share]
        for draw in range(len(risks)):
            at = drawn_patients(task.rows, train, share, [*seed, draw])
            part = task.learning(at)
            outcomes = patient_outcomes(part.patients, part.y)
            found.learnt_from[share].append((len(outcomes.ever), outcomes.events))
            fitted = fit_at(part, recipe, settings, Calibrator())
            risks[draw, fold.held_out] = probability(fitted, held_out)
            beside[draw, fold.held_out] = _reference(reference, part, held_out)


def drawn_patients(rows: Rows, train: IntArray, share: float, seed: Sequence[int]) -> IntArray:
    """Return positions, among `train`, of a share of its patients, at least one of either class.

    The same seed with a larger share returns these patients and more.
    """
    outcomes = patient_outcomes(rows.patients[train], rows.y[train])
    rng = np.random.default_rng(seed)
    kept = np.zeros(len(outcomes.ever), dtype=np.bool_)
    for of_class in (outcomes.ever, ~outcomes.ever):
        order = rng.permutation(np.flatnonzero(of_class))
        kept[order[: max(1, round(share * len(order)))]] = True
    return train[kept[outcomes.codes]]


def _reference(name: str, train: Rows, held_out: Rows) -> FloatArray | float:
    if name == EVENT_RATE:
        return float(np.average(train.y, weights=train.weight))
    risks = compare(name, train, held_out).risks
    return float("nan") if risks is None else risks


def in_words(points: Sequence[dict[str, Any]]) -> str:
    """Say what the last quarter of the patients changed."""
    before, full = points[-2]["log_loss"], points[-1]["log_loss"]
    if before["mean"] is None or full["mean"] is None:
        return "The learning curve cannot be read: a log loss is not defined."
    change = full["mean"] - before["mean"]
    clear = "below" if full["mean"] < before["lowest"] else "not below"
    return (
        f"From {points[-2]['patients']:.0f} to {points[-1]['patients']:.0f} patients learnt from, "
        f"the log loss changed by {change:+.4f}; it is {clear} that of every draw of three quarters"
        f"{': more patients still help.' if clear == 'below' else '.'}"
    )

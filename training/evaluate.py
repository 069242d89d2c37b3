"""What is reported of a fit: every figure with its interval, beside its comparators.

Figures of repeated cross-fitting are averaged over repeats inside every bootstrap draw, so that the
interval is that of the averaged figure. Differences are paired: same rows, same draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from training.bootstrap import FloatArray, Measure, PatientBootstrap, summarise
from training.crossfit import LINEAR, MODEL, UNTUNED, CrossFit
from training.metrics import FIGURES, Figure, measures_of
from training.task import Task

Draws = dict[str, FloatArray]  # figure -> (1 + replicates,), the cohort itself first
DIFFERENCES = ("auroc", "auprc", "brier", "log_loss", "same_day_auroc", "within_grade_auroc")
SUBSET_FIGURES = ("auroc", "auprc", "brier", "log_loss", "observed_to_expected")
DAY_FIGURES = ("auroc", "brier", "observed_to_expected")
LOW_GRADES = (0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Judged:
    """Draws of every figure, for the model, its variants and its comparators."""

    draws: dict[str, Draws]
    bootstrap: PatientBootstrap


def judge(task: Task, cross: CrossFit, replicates: int, seed: int) -> Judged:
    """Compute every figure of every out-of-fold risk under every draw of patients."""
    rows, at = task.rows, first_time_rows(task)
    bootstrap = PatientBootstrap(rows.patients, rows.weight, replicates, seed)
    strata = {name: stratum[at] for name, stratum in _strata(task).items()}
    draws = {
        name: _averaged(
            bootstrap, [_at_rows(measures_of(rows.y[at], p[at], strata), at) for p in repeats]
        )
        for name, repeats in cross.risks.items()
    }
    return Judged(draws, bootstrap)


def first_time_rows(task: Task) -> npt.NDArray[np.int64]:
    """Return the rows of patients who have not had the event before; the others are told apart."""
    return np.flatnonzero(~task.labels["recurrent"].to_numpy(dtype=bool))


def _at_rows(measures: Mapping[str, Measure], at: npt.NDArray[np.int64]) -> dict[str, Measure]:
    return {name: partial(_weighed_at, measure, at) for name, measure in measures.items()}


def _weighed_at(measure: Measure, at: npt.NDArray[np.int64], weights: FloatArray) -> FloatArray:
    return measure(weights[:, at])


def evaluation_table(task: Task, cross: CrossFit, judged: Judged) -> dict[str, Any]:
    """Return the aggregate figures of a cross-fitted plan as plain data; never a row."""
    variants = [name for name in (UNTUNED, LINEAR) if name in judged.draws]
    return {
        **_counted(task, first_time_rows(task)),
        "question": task.question.to_dict(),
        "cohort": {**task.facts.__dict__, "products": list(task.facts.products)},
        "method": (
            "nested cross-fitting by patient; 95 % percentile intervals over "
            f"{len(judged.bootstrap.counts) - 1} draws of patients"
        ),
        "repeats": len(cross.risks[MODEL]),
        "models_tried": cross.models_tried,
        "model": _estimates(judged.draws[MODEL]),
        "variants": {name: _estimates(judged.draws[name]) for name in variants},
        "comparators": {name: _estimates(judged.draws[name]) for name in cross.comparators},
        "differences": {
            name: differences(judged.draws[MODEL], judged.draws[name])
            for name in (*cross.comparators, *variants)
        },
        "left_out": cross.left_out,
        "by_landmark_day": _by_day(task, cross, judged.bootstrap),
        "subsets": _subsets(task, cross, judged.bootstrap),
        "chosen": [_chosen(fold) for fold in cross.folds],
        "notes": list(cross.notes),
    }


def differences(model: Draws, other: Draws) -> dict[str, Any]:
    """Return model minus other, per figure, with 95 % and 90 % intervals of the paired draws."""
    table = {}
    for figure in DIFFERENCES:
        if figure in model and figure in other:
            gap = model[figure] - other[figure]
            narrow = summarise(gap, 0.90)
            table[figure] = {
                **summarise(gap).to_dict(),
                "low_90": narrow.low,
                "high_90": narrow.high,
            }
    return table


def _strata(task: Task) -> dict[str, FloatArray]:
    if task.question.before_infusion:
        return {}
    return {
        "same_day_auroc": task.labels["landmark_day"].to_numpy(dtype=np.float64),
        "within_grade_auroc": task.labels["current_grade"].to_numpy(dtype=np.float64),
    }


def _averaged(bootstrap: PatientBootstrap, repeats: Sequence[Mapping[str, Measure]]) -> Draws:
    drawn = [bootstrap.replicate(measures) for measures in repeats]
    return {name: np.mean([one[name] for one in drawn], axis=0) for name in drawn[0]}


def _estimates(draws: Draws) -> dict[str, Any]:
    return {name: summarise(figures).to_dict() for name, figures in draws.items()}


def _within(
    task: Task, p: FloatArray, at: npt.NDArray[np.int64], figures: Iterable[str]
) -> dict[str, Measure]:
    """Bind figures to some of the rows."""
    y = task.rows.y[at]
    return {name: partial(_of_rows, FIGURES[name], y, p[at], at) for name in figures}


def _of_rows(
    figure: Figure,
    y: FloatArray,
    p: FloatArray,
    at: npt.NDArray[np.int64],
    weights: FloatArray,
) -> FloatArray:
    return figure(y, p, weights[:, at])


def _counted(task: Task, at: npt.NDArray[np.int64]) -> dict[str, int]:
    y, patients = task.rows.y[at], task.rows.patients[at]
    return {
        "n_rows": len(at),
        "n_patients": len(set(patients)),
        "n_event_rows": int((y == 1).sum()),
        "n_event_patients": len(set(patients[y == 1])),
    }


def _part(
    task: Task,
    cross: CrossFit,
    bootstrap: PatientBootstrap,
    at: npt.NDArray[np.int64],
    names: Iterable[str],
    figures: Iterable[str],
) -> dict[str, Any]:
    wanted = tuple(figures)
    return {
        name: _estimates(
            _averaged(bootstrap, [_within(task, p, at, wanted) for p in cross.risks[name]])
        )
        for name in names
    }


def _by_day(task: Task, cross: CrossFit, bootstrap: PatientBootstrap) -> list[dict[str, Any]]:
    days = task.labels["landmark_day"].to_numpy(dtype=np.float64)
    first_time = first_time_rows(task)
    table = []
    for day in np.unique(days[first_time]):
        at = first_time[days[first_time] == day]
        model = _part(task, cross, bootstrap, at, (MODEL,), DAY_FIGURES)[MODEL]
        table.append({"landmark_day": float(day), **_counted(task, at), "model": model})
    return table


def _subsets(task: Task, cross: CrossFit, bootstrap: PatientBootstrap) -> dict[str, Any]:
    """Report apart the patients at grade 0-1, and those who had the event before."""
    if task.question.before_infusion:
        return {}
    grade = task.labels["current_grade"].to_numpy(dtype=np.float64)
    recurrent = task.labels["recurrent"].to_numpy(dtype=bool)
    masks = {"grade_0_1": np.isin(grade, LOW_GRADES) & ~recurrent, "recurrent": recurrent}
    table = {}
    for name, mask in masks.items():
        at = np.flatnonzero(mask)
        if len(at):
            names = (MODEL, *cross.comparators)
            part = _part(task, cross, bootstrap, at, names, SUBSET_FIGURES)
            table[name] = {**_counted(task, at), **part}
    return table


def _chosen(fold: Any) -> dict[str, Any]:
    tuned = fold.tuned
    return {
        "fold": fold.name,
        "origin": tuned.chosen.origin,
        "rounds": tuned.chosen.settings.rounds,
        "params": dict(tuned.chosen.settings.params),
        "inner_log_loss": _finite(tuned.chosen.loss),
        "inner_log_loss_untuned": _finite(tuned.default.loss) if tuned.default else None,
    }


def _finite(number: float) -> float | None:
    return number if np.isfinite(number) else None

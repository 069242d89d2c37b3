"""Headline figures with intervals: the model, its variants and comparators, on the same rows.

Figures of repeated cross-fitting are averaged over repeats inside every bootstrap draw, so that the
interval is that of the averaged figure. Differences are paired: same rows, same draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from training.bootstrap import FloatArray, Measure, PatientBootstrap, summarise
from training.judging.rows import MODEL, VARIANTS, JudgedRows, Risks, at_rows
from training.metrics import FIGURES, measures_of

Draws = dict[str, FloatArray]  # figure -> (1 + replicates,), the cohort itself first
DIFFERENCES = ("auroc", "auprc", "brier", "log_loss", "same_day_auroc", "within_grade_auroc")
SUBSET_FIGURES = ("auroc", "auprc", "brier", "log_loss", "observed_to_expected")
DAY_FIGURES = ("auroc", "auprc", "brier", "observed_to_expected")
LOW_GRADES = (0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Judged:
    """First-time rows and risks that were judged, and the draws of every figure.

    Parameters
    ----------
    rows : the rows that the headline is of: patients without an earlier event.
    risks : of these rows.
    bootstrap : draws of patients of these rows.
    draws : name of a model or comparator -> figure -> (1 + replicates,).
    """

    rows: JudgedRows
    risks: Risks
    bootstrap: PatientBootstrap
    draws: dict[str, Draws] = field(default_factory=dict)

    @property
    def comparators(self) -> tuple[str, ...]:
        """Names of the comparators."""
        return tuple(name for name in self.risks if name not in (MODEL, *VARIANTS))

    @property
    def variants(self) -> tuple[str, ...]:
        """Names of the model's own variants that were cross-fitted beside it."""
        return tuple(name for name in VARIANTS if name in self.risks)


def judge(
    rows: JudgedRows, risks: Risks, replicates: int, seed: int, *, daily: bool = True
) -> Judged:
    """Compute every figure of every risk under every draw of patients.

    Parameters
    ----------
    rows, risks : all rows with a known outcome; those after an earlier event are left out here.
    replicates, seed : of the draws of patients.
    daily : whether patients of one day, and of one grade, are also told apart.
    """
    at = rows.first_time
    first, own = rows.take(at), at_rows(risks, at)
    bootstrap = PatientBootstrap(first.patients, first.weight, replicates, seed)
    strata = _strata(first) if daily else {}
    draws = {
        name: averaged(bootstrap, [measures_of(first.y, p, strata) for p in repeats])
        for name, repeats in own.items()
    }
    return Judged(first, own, bootstrap, draws)


def headline(judged: Judged) -> dict[str, Any]:
    """Return counts, figures and paired differences as plain data; never a row."""
    draws = judged.draws
    others = (*judged.comparators, *judged.variants)
    return {
        **judged.rows.counts,
        "model": estimates(draws[MODEL]),
        "variants": {name: estimates(draws[name]) for name in judged.variants},
        "comparators": {name: estimates(draws[name]) for name in judged.comparators},
        "differences": {name: differences(draws[MODEL], draws[name]) for name in others},
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


def patient_weighted(judged: Judged) -> dict[str, Any]:
    """Return the headline figures with every patient weighing the same, not every row."""
    codes = np.unique(judged.rows.patients.astype(str), return_inverse=True)[1]
    one_each = replace(judged.rows, weight=judged.rows.weight / np.bincount(codes)[codes])
    bootstrap = judged.bootstrap.weighing(one_each.weight)
    return {
        name: estimates(
            averaged(bootstrap, [measures_of(one_each.y, p) for p in judged.risks[name]])
        )
        for name in (MODEL, *judged.comparators)
    }


def by_landmark_day(judged: Judged) -> list[dict[str, Any]]:
    """Return the model's figures day by day."""
    days = judged.rows.facts["landmark_day"].to_numpy(dtype=np.float64)
    table = []
    for day in np.unique(days):
        at = np.flatnonzero(days == day)
        model = of_part(judged.rows, judged.risks, judged.bootstrap, at, (MODEL,), DAY_FIGURES)
        counts = judged.rows.take(at).counts
        table.append({"landmark_day": float(day), **counts, "model": model[MODEL]})
    return table


def grade_subsets(rows: JudgedRows, risks: Risks, replicates: int, seed: int) -> dict[str, Any]:
    """Report apart the patients at grade 0-1, and those who had the event before.

    Parameters
    ----------
    rows, risks : all rows with a known outcome, those after an earlier event among them.
    """
    bootstrap = PatientBootstrap(rows.patients, rows.weight, replicates, seed)
    grade = rows.facts["current_grade"].to_numpy(dtype=np.float64)
    recurrent = rows.facts["recurrent"].to_numpy(dtype=bool)
    masks = {"grade_0_1": np.isin(grade, LOW_GRADES) & ~recurrent, "recurrent": recurrent}
    names = [name for name in risks if name not in VARIANTS]
    table = {}
    for name, mask in masks.items():
        at = np.flatnonzero(mask)
        if len(at):
            part = of_part(rows, risks, bootstrap, at, names, SUBSET_FIGURES)
            table[name] = {**rows.take(at).counts, **part}
    return table


def of_part(
    rows: JudgedRows,
    risks: Risks,
    bootstrap: PatientBootstrap,
    at: npt.NDArray[np.int64],
    names: Iterable[str],
    figures: Iterable[str],
) -> dict[str, Any]:
    """Return figures of some of the rows, under the draws of all of them."""
    wanted = tuple(figures)
    return {
        name: estimates(averaged(bootstrap, [_within(rows, p, at, wanted) for p in risks[name]]))
        for name in names
    }


def estimates(draws: Draws) -> dict[str, Any]:
    """Return each figure with its interval as plain data."""
    return {name: summarise(figures).to_dict() for name, figures in draws.items()}


def averaged(bootstrap: PatientBootstrap, repeats: Sequence[Mapping[str, Measure]]) -> Draws:
    """Return figures under every draw, averaged over the repeats of the cross-fitting."""
    drawn = [bootstrap.replicate(measures) for measures in repeats]
    return {name: np.mean([one[name] for one in drawn], axis=0) for name in drawn[0]}


def _strata(rows: JudgedRows) -> dict[str, FloatArray]:
    return {
        "same_day_auroc": rows.facts["landmark_day"].to_numpy(dtype=np.float64),
        "within_grade_auroc": rows.facts["current_grade"].to_numpy(dtype=np.float64),
    }


def _within(
    rows: JudgedRows, p: FloatArray, at: npt.NDArray[np.int64], figures: Iterable[str]
) -> dict[str, Measure]:
    """Bind figures to some of the rows."""
    y = rows.y[at]
    return {name: partial(_of_rows, name, y, p[at], at) for name in figures}


def _of_rows(
    name: str, y: FloatArray, p: FloatArray, at: npt.NDArray[np.int64], weights: FloatArray
) -> FloatArray:
    return FIGURES[name](y, p, weights[:, at])

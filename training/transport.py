"""Does it hold elsewhere? A plan fitted without one site, product or later year, and judged there.

The estimand is the performance of the *plan*, refitted on the other groups, on a group it never
saw; not that of the one model that is served. Patients who also appear in the held-out group are
left out of the training part. Time only runs forward: a year is judged by what came before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from features.errors import NotAssessable
from features.tables import Cohort
from training.crossfit import nested
from training.judging.headline import headline, judge
from training.judging.rows import JudgedRows, Risks, at_rows
from training.judging.small_cells import too_small
from training.plan import Plan
from training.progress import Progress, unwatched
from training.splits import Fold, Folds, IntArray
from training.task import Task, prepare

By = Literal["site", "product", "diagnosis", "year"]
COLUMN_OF: dict[str, str] = {
    "site": "site", "product": "product", "diagnosis": "diagnosis", "year": "calendar_year",
}  # fmt: skip
LEAST_EVENT_PATIENTS = 2  # to learn from; to be judged by, what a group needs to be told about


@dataclass(frozen=True)
class Split:
    """One group, the rows it is judged on and the rows of others that are learnt from."""

    group: str
    train: IntArray
    test: IntArray


def transport(
    cohort: Cohort,
    plan: Plan,
    by: By,
    progress: Progress = unwatched,
    workers: int = 1,
) -> dict[str, Any]:
    """Fit a plan without each group in turn, judge it there, and return aggregates; never a row.

    Parameters
    ----------
    cohort, plan : as of a fit; the search, the margin and the calibrator learn without the group.
    by : what a group is. A year is predicted from the years before it.

    Returns
    -------
    dict
        `groups` with counts, figures and differences to the comparators, `pooled` over them,
        `not_assessable` with the reason for every group that could not be judged, and the counts of
        the `whole` cohort, those included. It stays in the hospital
        (:func:`training.aggregate.shareable_transport` is what may leave it).

    Raises
    ------
    NotAssessable
        Where fewer than two groups are told apart, or none can be judged.
    """
    task = prepare(cohort, plan)
    splits, reasons = _splits(task, by)
    if not splits:
        told = "; ".join(f"{group}: {reason}" for group, reason in reasons.items())
        raise NotAssessable(f"No {by} can be held out and judged. {told}")
    folds = Folds(
        tuple(Fold(0, n, split.train, split.test) for n, split in enumerate(splits)), len(splits), 1
    )
    cross = nested(task, plan, progress, None, workers, folds)
    held_out = np.sort(np.concatenate([split.test for split in splits]))
    return {
        "by": by,
        "question": task.question.to_dict(),
        "cohort": {**task.facts.__dict__, "products": list(task.facts.products)},
        "whole": task.judged.take(task.judged.first_time).counts,
        "pooled": _figures(task, plan, cross.risks, held_out),
        "groups": [
            {
                "group": split.group,
                "learnt_from": task.judged.take(split.train).counts,
                **_figures(task, plan, cross.risks, split.test),
            }
            for split in splits
        ],
        "not_assessable": reasons,
        "left_out": cross.left_out,
        "notes": list(cross.notes),
    }


def _figures(task: Task, plan: Plan, risks: Risks, at: IntArray) -> dict[str, Any]:
    rows, own = task.judged.take(at), at_rows(risks, at)
    daily = not task.question.before_infusion
    return headline(judge(rows, own, plan.evaluation.bootstrap, plan.seed, daily=daily))


def _splits(task: Task, by: str) -> tuple[list[Split], dict[str, str]]:
    groups = task.row_facts[COLUMN_OF[by]]
    names = sorted(groups.dropna().unique())
    if len(names) < 2:
        raise NotAssessable(
            f"{task.facts.name} tells {len(names)} {by}s apart: two at the least are needed. "
            f"Fill the column {COLUMN_OF[by]} of the courses table."
        )
    splits, reasons = [], {}
    for name in names[1:] if by == "year" else names:
        split = _held_out(task, groups, name, forward=by == "year")
        reason = _objection(task.judged, split)
        if reason:
            reasons[split.group] = reason
        else:
            splits.append(split)
    return splits, reasons


def _held_out(task: Task, groups: pd.Series, name: Any, *, forward: bool) -> Split:
    here = (groups == name).to_numpy(dtype=bool)
    others = (groups < name).to_numpy(dtype=bool) if forward else ~here
    known = set(task.rows.patients[here])
    train = others & ~np.isin(task.rows.patients.astype(str), [str(one) for one in known])
    label = f"{name:.0f}" if isinstance(name, float) else str(name)
    return Split(label, np.flatnonzero(train), np.flatnonzero(here))


def _objection(rows: JudgedRows, split: Split) -> str:
    here, there = rows.take(split.test).counts, rows.take(split.train).counts
    small = too_small(here)
    if small:
        return small
    if there["n_event_patients"] < LEAST_EVENT_PATIENTS:
        return "too few event patients elsewhere to learn from"
    return ""

"""Plans on the same patients and folds, each judged by patients it has not seen."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from features.errors import NotAssessable
from features.tables import Cohort
from training.crossfit import nested
from training.evaluate import judge
from training.judging.headline import Judged, differences
from training.judging.rows import MODEL
from training.plan import Plan
from training.progress import Progress, unwatched
from training.task import Task, prepare


def against_champion(
    cohort: Cohort,
    challenger: Plan,
    champion: Plan,
    progress: Progress = unwatched,
    risks: tuple[str, str] = (MODEL, MODEL),
) -> dict[str, Any]:
    """Cross-fit both plans on the challenger's folds and return challenger minus champion.

    The champion's own model may have learnt from these patients, so its plan is fitted again: what
    is compared is the plan, not the one model.

    Parameters
    ----------
    risks : which risk of each plan is served: the model's, or a comparator's.

    Raises
    ------
    NotAssessable
        Where the two plans do not ask the same rows, or a comparator cannot be computed on them.
    """
    judged = judged_on_same_folds(cohort, (challenger, champion), progress)
    for one, name in zip(judged, risks, strict=True):
        if name not in one.draws:
            raise NotAssessable(f"the comparator {name} cannot be computed on these patients.")
    ours, theirs = (one.draws[name] for one, name in zip(judged, risks, strict=True))
    return differences(ours, theirs)


def judged_on_same_folds(
    cohort: Cohort, plans: Sequence[Plan], progress: Progress = unwatched
) -> list[Judged]:
    """Cross-fit plans on the folds of the first; the draws of their figures are paired.

    Folds, seed, number of draws and the meaning of the end of record are those of the first.

    Raises
    ------
    NotAssessable
        Where the plans do not ask the same rows.
    """
    first = plans[0]
    same = [
        plan.changed(seed=first.seed, folds=first.folds, end_of_record=first.end_of_record)
        for plan in plans
    ]
    tasks = [prepare(cohort, plan) for plan in same]
    for plan, task in zip(same[1:], tasks[1:], strict=True):
        if not _same_rows(tasks[0], task):
            raise NotAssessable(
                f"{first.name} and {plan.name} ask different rows: the definition of the question "
                "is not the same in both."
            )
    judged = []
    for plan, task in zip(same, tasks, strict=True):
        cross = nested(task, plan, progress, workers=os.cpu_count() or 1)
        judged.append(judge(task, cross, first.evaluation.bootstrap, first.seed))
    return judged


def _same_rows(one: Task, other: Task) -> bool:
    keys = [task.labels[["course_id", "instant", "outcome"]] for task in (one, other)]
    return len(keys[0]) == len(keys[1]) and bool(np.all(keys[0].to_numpy() == keys[1].to_numpy()))

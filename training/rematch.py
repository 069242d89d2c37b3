"""Two plans on the same patients and folds, each judged by patients it has not seen."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from features.errors import NotAssessable
from features.tables import Cohort
from training.crossfit import nested
from training.evaluate import judge
from training.judging.headline import differences
from training.judging.rows import MODEL
from training.plan import Plan
from training.progress import Progress, unwatched
from training.task import prepare


def against_champion(
    cohort: Cohort, challenger: Plan, champion: Plan, progress: Progress = unwatched
) -> dict[str, Any]:
    """Cross-fit both plans on the challenger's folds and return challenger minus champion.

    The champion's own model may have learnt from these patients, so its plan is fitted again: what
    is compared is the plan, not the one model.

    Raises
    ------
    NotAssessable
        Where the two plans do not ask the same rows.
    """
    same_folds = champion.changed(
        seed=challenger.seed, folds=challenger.folds, end_of_record=challenger.end_of_record
    )
    tasks = [prepare(cohort, plan) for plan in (challenger, same_folds)]
    keys = [task.labels[["course_id", "instant", "outcome"]] for task in tasks]
    if len(keys[0]) != len(keys[1]) or not np.all(keys[0].to_numpy() == keys[1].to_numpy()):
        raise NotAssessable(
            "the challenger and the champion ask different rows: the definition of the question "
            "changed between them."
        )
    draws = []
    for plan, task in zip((challenger, same_folds), tasks, strict=True):
        cross = nested(task, plan, progress, workers=os.cpu_count() or 1)
        judged = judge(task, cross, challenger.evaluation.bootstrap, challenger.seed)
        draws.append(judged.draws[MODEL])
    return differences(draws[0], draws[1])

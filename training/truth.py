"""On synthetic courses the true risk is known: the oracle beside the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from training.bootstrap import FloatArray, summarise
from training.judging.headline import Judged
from training.judging.rows import MODEL
from training.metrics import measures_of
from training.task import Task

ORACLE_FIGURES = ("auroc", "auprc", "brier", "log_loss")


def true_risks(task: Task, truth: pd.DataFrame | None) -> FloatArray | None:
    """Return the true risk of every row, (n,), NaN where it is not told; None without a truth.

    Parameters
    ----------
    task : Task
    truth : DataFrame with course_id, question, landmark_day and true_risk.
    """
    if truth is None:
        return None
    mine = truth[truth["question"] == task.question.name]
    keyed = mine.set_index(["course_id", "landmark_day"])["true_risk"]
    asked = pd.MultiIndex.from_frame(task.labels[["course_id", "landmark_day"]])
    found = keyed.reindex(asked).to_numpy(dtype=np.float64)
    return found if np.isfinite(found).any() else None


def against_truth(judged: Judged, true_risk: FloatArray) -> dict[str, Any]:
    """Figures of the true risk itself, and the model's mean distance from it.

    Parameters
    ----------
    judged : rows, out-of-fold risks and draws of the evaluation.
    true_risk : (n,) of the same rows.
    """
    risks = judged.risks[MODEL]
    known = np.isfinite(true_risk)
    filled = np.where(known, true_risk, 0.0)
    y = judged.rows.y
    measures = measures_of(y[known], filled[known])
    drawn = judged.bootstrap.replicate(
        {name: (lambda w, measure=measures[name]: measure(w[:, known])) for name in ORACLE_FIGURES}
        | {
            "model_distance": lambda w: (
                w[:, known] @ np.abs(risks.mean(axis=0) - filled)[known] / w[:, known].sum(axis=1)
            )
        }
    )
    return {name: summarise(figures).to_dict() for name, figures in drawn.items()}

"""Which pictures a fit gets, and from which of its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from features.columns import describe
from training import figures
from training.figures import Caption
from training.fit import FitResult
from training.judged_figures import drawn_beside, judged_figures
from training.judging import pictures
from training.judging.rows import MODEL, JudgedRows
from training.reading_in_words import reading_in_words
from training.task import Rows

ROWS_FOR_SHAP = 3000


def run_figures(result: FitResult) -> Iterator[tuple[str, Figure]]:
    """Yield the name and the figure of every picture of a fit.

    Curves are of out-of-fold risks on the rows that the evaluation judges, so that a picture and
    the figures beside it say the same; tuning and contributions are of the rows that the final
    model learnt from. The waterfall is drawn for synthetic cohorts only.
    """
    judged = result.task.judged.first_time
    rows = result.task.rows.take(judged)
    shown = (MODEL, *drawn_beside(result.evaluation))
    risks = {name: result.out_of_fold[name][judged] for name in shown}
    facts = vars(result.task.facts)
    caption = caption_of(facts, rows)
    learnt = replace(caption_of(facts, result.task.rows), learnt_from=True)
    yield from judged_figures(rows.y, rows.weight, risks, result.evaluation, caption)
    if result.evaluation.get("instability"):
        block = result.evaluation["instability"]
        yield "instability", pictures.instability_figure(block, caption)
    if result.evaluation.get("learning_curve"):
        block = result.evaluation["learning_curve"]
        yield "learning_curve", pictures.learning_curve_figure(block, caption)
    yield "tuning", _tuning(result, learnt)
    yield from _explanations(result, learnt)


def caption_of(cohort: Mapping[str, Any], rows: Rows | JudgedRows) -> Caption:
    """Return what a picture says of its rows; `cohort` as an evaluation describes it."""
    events = int((rows.y == 1).sum())
    return Caption(str(cohort["name"]), len(rows), events, bool(cohort["synthetic"]))


def _tuning(result: FitResult, caption: Caption) -> Figure:
    tuned = result.final.tuned
    trials = [c.loss for c in tuned.candidates if c.origin != "linear margin alone"]
    default = tuned.default.loss if tuned.default else None
    return figures.tuning_figure(trials, caption, default)


def _explanations(result: FitResult, caption: Caption) -> Iterator[tuple[str, Figure]]:
    rows = result.task.rows
    few = np.random.default_rng(0).permutation(len(rows))[:ROWS_FOR_SHAP]
    part = rows.take(np.sort(few))
    explained = result.model.explain(part.X)
    X = pd.DataFrame(part.X.numbers, columns=list(part.X.names))[list(explained.predictors)]
    words = [describe(name).label for name in explained.predictors]
    yield "shap", figures.shap_figure(explained.log_odds, X, words, caption)
    yield "shap_mean", figures.importance_figure(explained.log_odds, words, caption)
    if caption.synthetic:
        highest = int(np.argmax(explained.margin))
        yield (
            "one_synthetic_course",
            figures.waterfall_figure(
                explained.log_odds[highest],
                float(explained.average_margin[highest]),
                [reading_in_words(name, float(X[name].iloc[highest])) for name in X.columns],
                caption,
            ),
        )

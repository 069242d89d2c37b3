"""The pictures of any judged risks: the same names and drawings in a run and on a page."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from matplotlib.figure import Figure

from training import figures
from training.bootstrap import FloatArray
from training.figures import Caption
from training.judging import pictures
from training.judging.rows import MODEL

COMPARED_WITH = 3  # comparators drawn beside the model, the best first


def drawn_beside(table: Mapping[str, Any]) -> list[str]:
    """Choose the comparators with the lowest log loss."""
    losses = {
        name: figures_of["log_loss"]["estimate"]
        for name, figures_of in table["comparators"].items()
        if figures_of["log_loss"]["estimate"] is not None
    }
    return sorted(losses, key=lambda name: losses[name])[:COMPARED_WITH]


def judged_figures(
    y: FloatArray,
    weight: FloatArray,
    risks: Mapping[str, FloatArray],
    table: Mapping[str, Any],
    caption: Caption,
) -> Iterator[tuple[str, Figure]]:
    """Yield the name and the figure of every picture of judged risks.

    Parameters
    ----------
    y, weight : (n,) outcomes and weights of the rows that the table is of.
    risks : of the model and of those of :func:`drawn_beside`, (n,) each, averaged over repeats.
    table : the evaluation of these rows.
    """
    others = [name for name in risks if name != MODEL]
    drawn = {name.replace("_", " "): risk for name, risk in risks.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a curve of one event has no shape: fine
        yield "roc", figures.roc_figure(y, drawn, weight, caption)
        yield "precision_recall", figures.precision_recall_figure(y, drawn, weight, caption)
        yield (
            "calibration",
            pictures.calibration_figure(
                table["calibration"], others, y, risks[MODEL], weight, caption
            ),
        )
        yield (
            "decision_curve",
            pictures.decision_curve_figure(table["decision_curve"], others, caption),
        )
        yield "thresholds", pictures.thresholds_figure(table["thresholds"], others, caption)

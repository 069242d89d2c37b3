"""Pictures of an evaluation: calibration, decision curve, thresholds, from its plain tables.

What is drawn is what the tables hold, so that a picture and the figures beside it say the same.
Only aggregates: no mark is a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from training.bootstrap import FloatArray
from training.figures import Caption, empty_figure
from training.judging.calibration_curve import calibration_groups
from training.judging.net_benefit import TREAT_ALL, TREAT_NONE
from training.judging.rows import MODEL
from training.judging.small_cells import FEWEST_PATIENTS

RISK_BINS = 30
BAND_ALPHA = 0.2


def calibration_figure(
    block: Mapping[str, Any],
    others: Sequence[str],
    y: FloatArray,
    p: FloatArray,
    weight: FloatArray,
    caption: Caption,
) -> Figure:
    """Draw smooth curves, the model's with its band and groups on it, above the model's risks.

    Parameters
    ----------
    block : the table of :func:`training.judging.calibration_curve.calibration`.
    others : comparators that are drawn beside the model.
    y, p, weight : (n,) outcomes, the model's risks (averaged over repeats) and weights, for the
        groups and the distribution; the bars of a group are Wilson intervals that take rows for
        independent, the band is by patient.
    """
    figure, axes = empty_figure(caption, "", "Observed share")
    axes.remove()
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    upper.set_ylabel("Observed share")
    tops = [0.02]
    for place, (name, table) in enumerate(_tables(block, others)):
        tops.append(_curve(upper, table["curve"], "risk", name, bold=not place))
    groups = calibration_groups(y, p, weight)
    error = np.abs(groups[["low", "high"]].to_numpy().T - groups["observed"].to_numpy())
    upper.errorbar(
        groups["predicted"], groups["observed"], yerr=error, fmt="o", ms=4, capsize=2, color="C0",
        label="groups of the model",
    )  # fmt: skip
    top = max(*tops, float(groups[["predicted", "high"]].to_numpy().max()))
    upper.plot([0, top], [0, top], color="0.7", lw=0.8, ls="--")
    upper.set_ylim(-0.02 * top, 1.02 * min(top, 1.0))
    upper.legend(loc="upper left", fontsize=8)
    lower.hist(p, bins=bars_of_enough_rows(p), color="0.6", edgecolor="white", lw=0.3)
    lower.set_yscale("symlog", linthresh=1)
    lower.set_ylabel("Rows")
    lower.set_xlabel(f"Predicted risk (bars of fewer than {FEWEST_PATIENTS} rows are joined)")
    return figure


def bars_of_enough_rows(p: FloatArray) -> FloatArray:
    """Return the edges of RISK_BINS bars, joined from the right until each holds enough rows.

    A bar of one row is one patient at a risk that can be read off.
    """
    counts, edges = np.histogram(p, np.linspace(0.0, max(float(p.max()), 1e-6), RISK_BINS + 1))
    kept, held = [edges[-1]], 0
    for count, edge in zip(counts[::-1], edges[-2::-1], strict=True):
        held += int(count)
        if held >= FEWEST_PATIENTS:
            kept.append(edge)
            held = 0
    if held and len(kept) > 1:
        kept.pop()  # what is left at the low end joins the bar above it
    return np.array([edges[0], *kept[::-1]] if kept[-1] > edges[0] else kept[::-1])


def decision_curve_figure(
    block: Mapping[str, Any], others: Sequence[str], caption: Caption
) -> Figure:
    """Draw net benefit against the threshold: the model with its band, all, none, comparators.

    Parameters
    ----------
    block : the table of :func:`training.judging.net_benefit.decision_curve`.
    others : comparators that are drawn beside the model.
    """
    figure, axes = empty_figure(caption, "Threshold", "Net benefit")
    tops = []
    for place, (name, table) in enumerate(_tables(block, others)):
        curve = {"threshold": block["threshold"], **table["net_benefit"]}
        tops.append(_curve(axes, curve, "threshold", name, bold=not place))
    for name, style in ((TREAT_ALL, "--"), (TREAT_NONE, "-")):
        at = _floats(block[name]["net_benefit"]["estimate"])
        axes.plot(block["threshold"], at, color="0.5", lw=0.9, ls=style, label=_words(name))
        tops.append(float(np.nanmax(at, initial=0.0)))
    top = max(*tops, 0.01)
    axes.set_ylim(-0.3 * top, 1.1 * top)
    axes.legend(loc="upper right", fontsize=8)
    return figure


def thresholds_figure(block: Mapping[str, Any], others: Sequence[str], caption: Caption) -> Figure:
    """Draw what is found against what it costs in alerts, a point a threshold.

    Parameters
    ----------
    block : the table of :func:`training.judging.thresholds.thresholds`.
    others : comparators that are drawn beside the model.
    """
    cost, words = "alerts_per_100_courses", "Alerts per 100 courses"
    if block["patients_on_ward"] is not None:
        cost, words = "alerts_per_100_patient_days", "Alerts per 100 patient-days"
    figure, axes = empty_figure(caption, words, "Event patients warned in time (share)")
    for place, (name, rows) in enumerate(_tables(block, others)):
        x = _floats([row[cost]["estimate"] for row in rows])
        found = [row["event_patient_sensitivity"] for row in rows]
        y, low, high = (_floats([one[key] for one in found]) for key in _BOUNDS)
        error = None if place else np.nan_to_num(np.vstack([y - low, high - y]))
        axes.errorbar(
            x, y, yerr=error, marker="o", ms=4, lw=1.8 if not place else 0.8, capsize=2,
            label=_words(name),
        )  # fmt: skip
        if not place:
            _write_thresholds(axes, x, y, rows)
    axes.set_ylim(-0.02, 1.05)
    axes.legend(loc="lower right", fontsize=8)
    return figure


_BOUNDS = ("estimate", "low", "high")


def _write_thresholds(
    axes: Any, x: FloatArray, y: FloatArray, rows: Sequence[Mapping[str, Any]]
) -> None:
    for across, up, row in zip(x, y, rows, strict=True):
        if np.isfinite(across) and np.isfinite(up):
            axes.annotate(
                f"{row['threshold']:g}", (across, up), xytext=(4, -9), textcoords="offset points",
                fontsize=7,
            )  # fmt: skip


def _tables(block: Mapping[str, Any], others: Sequence[str]) -> Iterator[tuple[str, Any]]:
    yield MODEL, block[MODEL]
    for name in others:
        yield name, block["comparators"][name]


def _curve(axes: Any, curve: Mapping[str, Any], across: str, name: str, *, bold: bool) -> float:
    """Draw one line, a bold one with its band; return how high the line reaches."""
    x = _floats(curve[across])
    at, low, high = (_floats(curve[key]) for key in _BOUNDS)
    (line,) = axes.plot(x, at, lw=2.2 if bold else 1, label=_words(name))
    if bold:
        axes.fill_between(x, low, high, color=line.get_color(), alpha=BAND_ALPHA, lw=0)
    return float(np.nanmax(at, initial=0.0))


def _floats(listed: Sequence[float | None]) -> FloatArray:
    return np.array([np.nan if one is None else one for one in listed], dtype=np.float64)


def _words(name: str) -> str:
    return name.replace("_", " ")


def instability_figure(block: Mapping[str, Any], caption: Caption) -> Figure:
    """Draw the risks that the refits give the same rows against the model's, as a band.

    Parameters
    ----------
    block : the table of :func:`training.judging.instability.instability`; groups of patients, no
        single row.
    """
    figure, axes = empty_figure(caption, "Risk by the model", "Risk by its refits")
    band = block["band"]
    risk, low, middle, high = (
        _floats([one[key] for one in band]) for key in ("risk", "low", "median", "high")
    )
    axes.fill_between(risk, low, high, alpha=BAND_ALPHA, lw=0, label="2.5 to 97.5 % of refits")
    axes.plot(risk, middle, lw=2.2, label=f"median of {block['refits']} refits")
    top = float(np.nanmax(high, initial=0.1))
    axes.plot([0, top], [0, top], color="0.7", lw=0.8, ls="--")
    axes.legend(loc="upper left", fontsize=8)
    return figure


def learning_curve_figure(block: Mapping[str, Any], caption: Caption) -> Figure:
    """Draw the log loss by the number of patients learnt from, lowest to highest draw.

    Parameters
    ----------
    block : the table of :func:`training.judging.learning_curve.learning_curve`.
    """
    figure, axes = empty_figure(caption, "Patients learnt from", "Log loss of held-out patients")
    points = block["points"]
    at = _floats([one["patients"] for one in points])
    mean, low, high = (
        _floats([one["log_loss"][key] for one in points]) for key in ("mean", "lowest", "highest")
    )
    axes.fill_between(at, low, high, alpha=BAND_ALPHA, lw=0)
    draws = block["draws"]
    said = f"mean of {draws} draws of patients, lowest to highest"
    if draws == 1:
        said = "one draw of patients: how far draws differ is not shown"
    axes.plot(at, mean, marker="o", lw=2.2, label=said)
    axes.legend(loc="upper right", fontsize=8)
    return figure


def groups_figure(table: Mapping[str, Any], caption: Caption) -> Figure:
    """Draw the AUROC of each group that was judged by what the others teach, and of all together.

    Parameters
    ----------
    table : what may be shared of it (:func:`training.aggregate.shareable_transport`).
    """
    figure, axes = empty_figure(caption, "AUROC, 95 % interval by patient", "")
    groups = [*table["groups"], {"group": "all together", **table["pooled"]}]
    found = [group["model"]["auroc"] for group in groups]
    at, low, high = (_floats([one[key] for one in found]) for key in _BOUNDS)
    error = np.nan_to_num(np.vstack([at - low, high - at]))
    axes.errorbar(at, range(len(groups)), xerr=error, fmt="o", capsize=3)
    axes.axvline(0.5, color="0.7", lw=0.8, ls="--")
    axes.set_yticks(range(len(groups)), [str(group["group"]) for group in groups], fontsize=8)
    axes.invert_yaxis()
    return figure

"""One picture per cohort: the figure of every step with its interval, top to bottom."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from tables import CHECK, HONEST, STEPS, TELLS, Step, figure_text

WIDTH, DOTS_PER_INCH = 14.0, 100
ROW, ABOVE, BELOW = 0.62, 1.35, 1.35  # heights in inches
LEFT, RIGHT = 0.35, 0.825  # where the axis begins and ends, as shares of the width
COLOURS = {TELLS: "#c0392b", CHECK: "#6b7778", HONEST: "#1f5fa8"}
MEANING = {
    TELLS: "no forecast for a new patient",
    CHECK: "one thing looked at alone",
    HONEST: "a forecast for a new patient",
}
TITLES = {
    "unicar": ("Severe CRS: {rows_split} in the file, {next_72h} for the next 72 hours",
               "Steps 1-4: today's grade from today's laboratory. Steps 5-7: severe in the next "
               "72 hours?"),
    "bwh": ("Who gets ICANS: {as_published} as published; the source alone tells as much",
            "Within one source it cannot be asked. Who gets worse can (step 9)."),
    "nulisa": ("ICANS in 72 hours: {same_patients} on the same patients, "
               "{discharge_is_unknown} with leaks closed",
               "80 patients with lymphoma, grade 2 or more, one small regression throughout."),
}  # fmt: skip


def draw(cohort: str, results: Mapping[str, Any], path: Path) -> Figure:
    """Draw one cohort and write it as PNG."""
    found, steps = results[cohort], STEPS[cohort]
    height = ABOVE + BELOW + ROW * (len(steps) + 0.6)
    figure = Figure(figsize=(WIDTH, height))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((LEFT, BELOW / height, RIGHT - LEFT, 1 - (ABOVE + BELOW) / height))
    _ground(axes, len(steps))
    said = False
    for at, step in enumerate(steps):
        _label(axes, at, step)
        if "by_source" in found[step.key]:
            _not_answerable(axes, at, step, found[step.key])
            continue
        if step.kind == HONEST:
            _grade_and_day(axes, at, found[step.key], said=said)
            said = True
        _dot(axes, at, step, found[step.key])
    _words(figure, cohort, found)
    figure.savefig(path, dpi=DOTS_PER_INCH)
    return figure


def _ground(axes: Axes, n_steps: int) -> None:
    axes.set(xlim=(0.4, 1.0), ylim=(n_steps - 0.4, -1.0))
    axes.axvspan(0.495, 0.505, color="#dddddd", zorder=0)
    axes.text(0.51, -0.95, "coin toss", va="top", fontsize=15, color="#555555")
    axes.set_xticks([0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    axes.set_yticks([])
    axes.tick_params(axis="x", labelsize=17)
    axes.set_xlabel("AUROC: 0.5 coin toss, 1.0 perfect", fontsize=17)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _label(axes: Axes, at: int, step: Step) -> None:
    for share, words in ((-0.70, step.number), (-0.635, step.short)):
        axes.text(
            share, at, words, fontsize=18, color=COLOURS[step.kind], va="center",
            transform=axes.get_yaxis_transform(),
        )  # fmt: skip


def _grade_and_day(axes: Axes, at: int, found: Mapping[str, Any], *, said: bool) -> None:
    """Shade what grade + day alone reaches on the rows of a step; say so once."""
    value = found["grade_and_day"]["estimate"]
    axes.fill_betweenx([at - 0.5, at + 0.5], value - 0.005, value + 0.005, color="#f5c469", lw=0)
    if not said:
        axes.text(
            value, at - 0.5, f"grade + day alone: {value:.2f}", fontsize=15, color="#8a5a00",
            ha="center", va="bottom",
        )  # fmt: skip


def _not_answerable(axes: Axes, at: int, step: Step, found: Mapping[str, Any]) -> None:
    first, second = found["by_source"]["first"], found["by_source"]["second"]
    axes.text(
        0.52, at, f"cannot be asked: {first['n_event_patients']} of {first['n_patients']} in one, "
        f"{second['n_event_patients']} of {second['n_patients']} in the other", fontsize=18,
        color=COLOURS[step.kind], va="center",
    )  # fmt: skip


def _dot(axes: Axes, at: int, step: Step, found: Mapping[str, Any]) -> None:
    colour, figure = COLOURS[step.kind], found["auroc"]
    axes.plot([figure["low"], figure["high"]], [at, at], color=colour, linewidth=4, alpha=0.45)
    axes.plot(figure["estimate"], at, "o", color=colour, markersize=15, clip_on=False)
    axes.text(
        1.03, at, figure_text(figure, 2).replace(" to ", "–"), fontsize=18, color=colour,
        va="center", transform=axes.get_yaxis_transform(),
    )  # fmt: skip


def _words(figure: Figure, cohort: str, found: Mapping[str, Any]) -> None:
    shown = {key: f"{one['auroc']['estimate']:.2f}" for key, one in found.items() if "auroc" in one}
    title, below = TITLES[cohort]
    height = figure.get_figheight()
    top = {"ha": "left", "va": "top"}
    figure.text(0.01, 1 - 0.15 / height, title.format(**shown), fontsize=25, weight="bold", **top)
    figure.text(0.01, 1 - 0.75 / height, below, fontsize=18, **top)
    used = [kind for kind in MEANING if any(step.kind == kind for step in STEPS[cohort])]
    for at, kind in enumerate(used):
        figure.text(
            0.01 + at * 0.33, 0.2 / height, f"● {MEANING[kind]}", fontsize=17, color=COLOURS[kind]
        )

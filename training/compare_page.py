"""A comparison of runs as lines and as one static page: the answer first, then each figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.cards.document import Block, Bullets, Document, Figure, Figures, Section, Table, Text
from training.cards.page import page_of
from training.figures_in_words import RECURRENT, counts, interval
from training.synthetic_mark import mark

RULE = (
    "A figure is better or worse where the whole interval of its paired difference lies on one "
    "side of 0, else it cannot be told. A run is better if log loss or same-day AUROC (AUROC where "
    "a question has one landmark) is better and the other of the two is not worse; worse the other "
    "way round. The intervals are those of drawing other patients like these: what another draw of "
    "folds would change is not in them."
)
OWN_FIGURES = (
    "auroc", "same_day_auroc", "within_grade_auroc", "auprc", "brier", "log_loss",
    "calibration_slope", "observed_to_expected",
)  # fmt: skip
_WRITTEN = {
    "auroc": "AUROC", "auprc": "AUPRC", "brier": "Brier", "same day": "same-day",
    "within grade": "within-grade",
}  # fmt: skip
SMALLEST_SPAN = 0.01  # of the scale a difference is drawn on


def comparison_lines(table: Mapping[str, Any]) -> list[str]:
    """Return a comparison as a person reads it."""
    head = f"{mark(table['synthetic'])}{table['question']['name']}: {table['how']}"
    lines = [head, f"  {_judged(table)}"]
    for run in table["runs"]:
        lines.append(f"  {run['said']}: {run['name']}, plan {run['plan']} ({run['digest'][:16]})")
        lines += [f"    left out: {name}, {why}" for name, why in run["left_out"].items()]
    for one in table["comparisons"]:
        lines.append(f"  {one['run']} against {one['against']}: {one['reading'].upper()}")
        lines += [
            f"    {name:<20}{gap['reading']:<13}{_gap(gap, table['level'])}"
            for name, gap in one["figures"].items()
        ]
    return lines + [f"  note: {note}" for note in table["notes"]]


def comparison_page(table: Mapping[str, Any]) -> str:
    """Return a comparison as one page without a script."""
    title = f"{table['question']['name']}: runs compared"
    sections = (
        _answer(table),
        *(_pair(one, table["level"]) for one in table["comparisons"]),
        _runs(table),
        _settings(table),
        Section("The rule", (Text(RULE, "soft"),)),
    )
    notes = (
        f"{_judged(table)}. Paired by {table['how']}.",
        "Figures only: no value of a patient is on this page.",
    )
    return page_of([Document(title, "comparison", sections, table["synthetic"], 0, notes)], title)


def _answer(table: Mapping[str, Any]) -> Section:
    said = [
        Text(
            f"{one['run']} against {one['against']}: {one['reading']}. ({_words(one['because'])})",
            "lead",
        )
        for one in table["comparisons"]
    ]
    return Section("Better, worse, or cannot tell", (*said, *_notes(table)))


def _judged(table: Mapping[str, Any]) -> str:
    judged = table["judged"]
    if judged.get("n_rows") is None:
        return "How many patients: not known, no evaluation lies beside the first"
    return f"{mark(judged.get('synthetic'))}{judged['cohort']}: {counts(judged)}"


def _notes(table: Mapping[str, Any]) -> tuple[Block, ...]:
    return (Bullets(tuple(table["notes"])),) if table["notes"] else ()


def _pair(one: Mapping[str, Any], level: float) -> Section:
    drawn = Figures(tuple(_figure(name, gap, level) for name, gap in one["figures"].items()))
    head = Text(
        f"Differences, {one['run']} minus {one['against']}; dashed is no difference.", "soft"
    )
    return Section(f"{one['run']} against {one['against']}: {one['reading']}", (head, drawn))


def _figure(name: str, gap: Mapping[str, Any], level: float) -> Figure:
    reach = max(abs(gap[end] or 0.0) for end in ("estimate", "low", "high"))
    span = max(1.1 * reach, SMALLEST_SPAN)
    return Figure(
        label=f"{_words(name)}: {gap['reading']}",
        text=_gap(gap, level),
        estimate=gap["estimate"],
        low=gap["low"],
        high=gap["high"],
        ideal=0.0,
        span=(-span, span),
    )


def _gap(gap: Mapping[str, Any], level: float) -> str:
    if gap["estimate"] is None:
        return "not computable"
    if gap["low"] is None:
        return f"{gap['estimate']:+.4f} (no interval)"
    return f"{gap['estimate']:+.4f} ({100 * level:.4g} %: {gap['low']:+.4f} to {gap['high']:+.4f})"


def _runs(table: Mapping[str, Any]) -> Section:
    runs = table["runs"]
    own = [name for name in OWN_FIGURES if any(name in run["figures"] for run in runs)]
    rows = [
        ("model", *(f"{run['name']}, {run['digest'][:16]}" for run in runs)),
        ("plan", *(f"{run['plan']}, {run['plan_digest'][:16]}" for run in runs)),
        ("fitted to", *(run["cohort"] or "not known" for run in runs)),
        ("judged in its fit", *(counts(run) if run["n_rows"] else "not known" for run in runs)),
        ("learnt from", *(_learnt(run["learnt_from"]) for run in runs)),
        *((_words(name), *(interval(run["figures"], name) for run in runs)) for name in own),
        ("best comparator", *(_best(run) for run in runs)),
        ("not computed", *(_left_out(run) for run in runs)),
        ("settings tried", *(str(run["models_tried"] or "not known") for run in runs)),
        ("audit", *(run["audit"] or "not run" for run in runs)),
        ("verdict of its fit", *(run["verdict"] or "none" for run in runs)),
    ]
    said = "as every plan does on the folds of the first" if table["refit"] else "as its fit found"
    head = Text(
        f"Figures with 95 % intervals by patient, {said}. Where more rows were learnt from than "
        f"judged: {RECURRENT}.",
        "soft",
    )
    return Section("The runs", (head, Table(("", *(run["said"] for run in runs)), tuple(rows))))


def _learnt(learnt: Mapping[str, Any]) -> str:
    return counts(learnt) if "n_rows" in learnt else "not known"


def _best(run: Mapping[str, Any]) -> str:
    best = run["best_comparator"]
    if best is None:
        return "none could be computed"
    return f"{_words(best['name'])}, log loss {interval(best['figures'], 'log_loss')}"


def _left_out(run: Mapping[str, Any]) -> str:
    return "; ".join(f"{_words(name)}: {why}" for name, why in run["left_out"].items()) or "-"


def _settings(table: Mapping[str, Any]) -> Section:
    apart = table["settings_apart"]
    if not apart:
        return Section("Settings", (Text("The plans have the same settings."),))
    rows = tuple((name, *settings) for name, settings in apart.items())
    headings = ("setting", *(run["said"] for run in table["runs"]))
    return Section("Settings in which the plans differ", (Table(headings, rows),))


def _words(name: str) -> str:
    said = name.replace("_", " ")
    for plain, written in _WRITTEN.items():
        said = said.replace(plain, written)
    return said

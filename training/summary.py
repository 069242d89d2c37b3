"""What a fit or an evaluation comes to, as lines a person reads; never a number without its n."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.block_words import words_of
from training.figures_in_words import audit_words, correction_in_words, counts, interval
from training.recorded_fit import SIMPLER_MODEL, RecordedFit
from training.synthetic_mark import mark

SHOWN = ("within_grade_auroc", "brier", "calibration_intercept", "observed_to_expected")


def fit_lines(done: RecordedFit) -> list[str]:
    """Return the report of a fit."""
    table, facts = done.result.evaluation, done.result.task.facts
    lines = [
        f"{mark(facts.synthetic)}{done.result.task.question.name} on {facts.name}: "
        f"{counts(table)}, cross-fitted by patient",
        *_figure_lines(table),
        *_oracle_lines(table),
    ]
    lines += _said(table)
    covered = table["interval_coverage"]
    if covered is not None:
        named = done.result.model.interval_name
        lines.append(f"  the interval of an answer ({named}) held {covered:.0%} of the true risks")
    if done.result.audit is not None:
        lines.append(f"  audit: {audit_words(done.result.audit)}")
    lines.append(f"  verdict: {done.result.verdict.text}")
    if done.result.simpler is not None:
        lines.append(
            f"  the simpler model: {done.directory.with_name(SIMPLER_MODEL)}; "
            f"promote {done.result.task.question.name} --simpler puts it in the model's place"
        )
    lines.append(f"  model: {done.directory} (digest {done.result.model.digest[:16]})")
    if done.version is not None:
        command = f"python -m training promote {done.version.question} --who ... --why ..."
        if done.named_store:
            command = f"MLFLOW_TRACKING_URI={done.named_store} {command}"
        lines.append(f"  registered: {done.version.name}, challenger. Next: {command}")
    return lines


def evaluation_lines(table: Mapping[str, Any]) -> list[str]:
    """Return the report of a model on other patients."""
    cohort = table["cohort"]
    head = f"{mark(cohort['synthetic'])}{table['question']['name']} on {cohort['name']}: "
    return [
        head + counts(table),
        f"  {table['method']}",
        *_figure_lines(table),
        *(f"  {name:<24}{interval(table['model'], name)}" for name in _there(table)),
        *_said(table),
        *(f"  left out: {name}, {reason}" for name, reason in table["left_out"].items()),
        *(f"  note: {note}" for note in table["notes"]),
        f"  verdict: {table['verdict']['text']}",
    ]


SAID = ("calibration", "thresholds", "decision_curve", "instability", "sample_size")
BEFORE_AND_AFTER = (
    "observed_to_expected", "calibration_intercept", "calibration_slope", "log_loss", "brier",
    "auroc",
)  # fmt: skip


def recalibration_lines(table: Mapping[str, Any]) -> list[str]:
    """Return what a correction came to, before and after."""
    cohort = table["cohort"]
    lines = [
        f"{mark(cohort['synthetic'])}{table['question']['name']} on {cohort['name']}: "
        f"{counts(table)}",
        f"  correction: {correction_in_words(table)}. {table['because']}",
    ]
    if "after" in table:
        lines.append(f"  {'':<24}{'before':<26}after (cross-fitted by patient)")
        lines += [
            f"  {name:<24}{interval(table['before'], name):<26}{interval(table['after'], name)}"
            for name in BEFORE_AND_AFTER
        ]
    return lines + [f"  note: {note}" for note in table["notes"]]


def transport_lines(table: Mapping[str, Any]) -> list[str]:
    """Return how a plan does on each group that it did not learn from."""
    cohort = table["cohort"]
    shown = ("auroc", "observed_to_expected", "calibration_slope")
    lines = [
        f"{mark(cohort['synthetic'])}{table['question']['name']} on {cohort['name']}, each "
        f"{table['by']} judged by what the others teach (95 % intervals by patient)",
        f"  {table['by']:<20}{'patients / with event':<24}"
        + "".join(f"{name:<24}" for name in shown),
    ]
    for group in (*table["groups"], {"group": "all together", **table["pooled"]}):
        n = f"{group['n_patients']} / {group['n_event_patients']}"
        cells = "".join(f"{interval(group['model'], name):<24}" for name in shown)
        lines.append(f"  {group['group']:<20}{n:<24}{cells}".rstrip())
    lines += [f"  not judged: {one}, {why}" for one, why in table["not_assessable"].items()]
    return lines


def _said(table: Mapping[str, Any]) -> list[str]:
    """Return what a reader should know before the verdict, one sentence a line."""
    return [f"  {sentence}" for name in SAID for sentence in words_of(table, name)]


def _there(table: Mapping[str, Any]) -> list[str]:
    return [name for name in SHOWN if name in table["model"]]


def _figure_lines(table: Mapping[str, Any]) -> list[str]:
    named = {"model": table["model"], **table["comparators"]}
    shown = [name for name in ("auroc", "same_day_auroc", "auprc") if name in table["model"]]
    lines = [f"  {'':<20}" + "".join(f"{name:<24}" for name in (*shown, "log_loss"))]
    for name, figures in named.items():
        cells = "".join(f"{interval(figures, one):<24}" for one in (*shown, "log_loss"))
        lines.append(f"  {name:<20}{cells}".rstrip())
    tried = f"; {table['models_tried']} settings tried" if "models_tried" in table else ""
    lines.append(f"  calibration slope {interval(table['model'], 'calibration_slope')}{tried}")
    return lines


def _oracle_lines(table: Mapping[str, Any]) -> list[str]:
    if "oracle" not in table:
        return []
    return [f"  true risk (the ceiling): AUROC {interval(table['oracle'], 'auroc')}"]

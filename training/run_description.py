"""What a run says of itself in MLflow before anybody opens a picture: a note, and tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.audit import AuditReport
from training.figures_in_words import audit_words, counts, interval
from training.plan import Plan
from training.synthetic_mark import mark

NOTE = "mlflow.note.content"
SHOWN = ("auroc", "same_day_auroc", "auprc", "log_loss", "calibration_slope")


def tags_of(table: Mapping[str, Any], plan: Plan) -> dict[str, str]:
    """Return the tags by which runs are found and told apart, the same in every run.

    Parameters
    ----------
    table : an evaluation with its verdict.
    """
    return {
        "question": str(table["question"]["name"]),
        "cohort": str(table["cohort"]["name"]),
        "cohort_fingerprint": str(table["cohort"]["fingerprint"]),
        "synthetic": str(table["cohort"]["synthetic"]).lower(),
        "verdict": str(table["verdict"]["text"]),
        "decision": str(table["verdict"]["decision"]),
        "models_tried": str(table["models_tried"]),
        "plan_digest": plan.digest(),
    }


def note_of(table: Mapping[str, Any], plan: Plan, audit: AuditReport | None) -> str:
    """Return the description of a run as Markdown; never a number without its n."""
    cohort = table["cohort"]
    best = table["verdict"]["best_comparator"]
    rivals = {"model": table["model"]} | ({best: table["comparators"][best]} if best else {})
    shown = [name for name in SHOWN if name in table["model"]]
    lines = [
        f"{mark(cohort['synthetic'])}**{table['question']['name']}** on {cohort['name']}",
        "",
        f"{counts(table)}. {table['method'].capitalize()}.",
        "",
        "| | " + " | ".join(name.replace("_", " ") for name in shown) + " |",
        "|---" * (len(shown) + 1) + "|",
        *(
            f"| {name.replace('_', ' ')} | "
            + " | ".join(interval(figures, figure) for figure in shown)
            + " |"
            for name, figures in rivals.items()
        ),
        "",
        f"**Verdict:** {table['verdict']['text']}",
        "",
        f"Audit: {audit_words(audit)}. Settings tried: {table['models_tried']}. "
        f"Plan {plan.name}, {plan.digest()[:16]}.",
    ]
    lines += [f"- left out: {name}, {why}" for name, why in table["left_out"].items()]
    return "\n".join(lines)

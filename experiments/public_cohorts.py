"""Fit the plans on the two public cohorts, keep the aggregate results, print the README's table.

    python experiments/public_cohorts.py          fit again (some minutes) and print
    python experiments/public_cohorts.py --table  only print

The results hold counts, figures and intervals, never a patient's row.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

PLANS = {
    "severe CRS within 72 h, daily": "severe_crs_unicar/plan.toml",
    "severe CRS ever, asked on days 0-2": "severe_crs_unicar/plan_ever.toml",
    "ICANS >= 2 within 72 h, daily (experimental)": "icans_nulisa/plan.toml",
}
NAMES = {
    "model": "this model",
    "untuned_default": "the same, untuned",
    "linear_margin": "its linear part alone",
    "current_grade": "current grade alone",
    "grade_and_day": "grade + day",
    "penalised_logistic": "penalised regression, all predictors",
    "m_easix": "m-EASIX",
    "easix": "EASIX",
    "s_easix": "s-EASIX",
}
COLUMNS = {
    "auroc": "AUROC",
    "same_day_auroc": "same-day AUROC",
    "auprc": "AUPRC",
    "brier": "Brier",
    "calibration_slope": "calibration slope",
}
KEPT = (
    "n_rows", "n_patients", "n_event_rows", "n_event_patients", "question", "method", "repeats",
    "models_tried", "model", "variants", "comparators", "differences", "left_out",
    "by_landmark_day", "subsets", "notes", "end_of_record", "verdict", "patient_weighted",
    "brier_parts", "subgroups", "sample_size", "instability", "learning_curve", "selection_bias",
)  # fmt: skip


def results_file(plan: str) -> Path:
    """Where the results of a plan are kept."""
    path = ROOT / "experiments" / plan
    return path.with_name(path.stem.replace("plan", "results") + ".json")


def trimmed(evaluation: dict[str, Any]) -> dict[str, Any]:
    """What is kept of an evaluation: all but the points of curves and the settings of folds."""
    kept = {key: evaluation[key] for key in KEPT if key in evaluation}
    errors = ("eavg", "e50", "e90", "emax")
    curves = {"model": evaluation["calibration"]["model"]}
    curves |= evaluation["calibration"]["comparators"]
    kept["calibration"] = {
        name: {error: curve[error] for error in errors} for name, curve in curves.items()
    }
    kept["thresholds"] = {**evaluation["thresholds"], "comparators": {}}
    kept["decision_curve"] = evaluation["decision_curve"]
    return kept


def rounded(found: Any) -> Any:
    """Four digits: more would be noise."""
    if isinstance(found, float):
        return round(found, 4)
    if isinstance(found, dict):
        return {key: rounded(one) for key, one in found.items()}
    return [rounded(one) for one in found] if isinstance(found, list) else found


def written(kept: dict[str, Any]) -> str:
    """JSON with a line for each part: thousands of lines would hide a change."""
    parts = [f"{json.dumps(key)}: {json.dumps(part)}" for key, part in kept.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def fit_again() -> None:
    """Fit every plan; no run is recorded."""
    from training.plan import read_plan
    from training.recorded_fit import cohort_of_plan, fit_and_record
    from training.work_folder import WorkFolder

    folder = WorkFolder.from_environment(os.environ)
    for plan_file in PLANS.values():
        plan = read_plan(ROOT / "experiments" / plan_file)
        cohort = cohort_of_plan(plan)
        done = fit_and_record(plan, cohort, folder, workers=os.cpu_count() or 1)
        kept = written(rounded(trimmed(done.result.evaluation)))
        results_file(plan_file).write_text(kept, encoding="utf-8")


def cell(figure: dict[str, float]) -> str:
    """One figure with its interval."""
    digits = 3
    low, high = round(figure["low"], digits), round(figure["high"], digits)
    return f"{figure['estimate']:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def table() -> str:
    """The results as a Markdown table."""
    lines = [
        "| question and cohort | rows / patients / with event | risk by | "
        + " | ".join(COLUMNS.values())
        + " |",
        "|---|---|---|" + "---|" * len(COLUMNS),
    ]
    for title, plan_file in PLANS.items():
        kept = json.loads(results_file(plan_file).read_text(encoding="utf-8"))
        counts = f"{kept['n_rows']} / {kept['n_patients']} / {kept['n_event_patients']}"
        groups = {"model": kept["model"], **kept["variants"], **kept["comparators"]}
        first = True
        for key, name in NAMES.items():
            if key not in groups:
                continue
            figures = " | ".join(cell(groups[key][column]) for column in COLUMNS)
            head = f"{title}; {plan_file.split('/')[0]} | {counts}" if first else " | "
            lines.append(f"| {head} | {name} | {figures} |")
            first = False
    return "\n".join(lines)


def verdicts() -> str:
    """The verdicts, one a line."""
    lines = []
    for title, plan_file in PLANS.items():
        kept = json.loads(results_file(plan_file).read_text(encoding="utf-8"))
        lines.append(f"- {title}: {kept['verdict']['text']}")
    return "\n".join(lines)


if __name__ == "__main__":
    if "--table" not in sys.argv:
        fit_again()
    print(table())
    print()
    print(verdicts())

"""Compare every variant with its plan on the same folds, and keep the aggregate results.

    python experiments/few_patients/run.py          run again (half an hour) and print
    python experiments/few_patients/run.py --table  only print

The results hold counts, figures and intervals, never a patient's row.
"""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
PLANS = {
    "unicar, severe CRS within 72 h": "severe_crs_unicar/plan.toml",
    "unicar, severe CRS ever": "severe_crs_unicar/plan_ever.toml",
    "nulisa, ICANS >= 2 within 72 h": "icans_nulisa/plan.toml",
}
REPEATS = 2
FIGURES = ("log_loss", "auroc", "same_day_auroc")


def decided(gap: dict[str, Any]) -> str:
    """The rule of the README."""
    if gap["log_loss"]["low_90"] > 0:
        return "hurts"
    worse = [name for name in FIGURES[1:] if name in gap and gap[name]["estimate"] < 0]
    return "helps" if gap["log_loss"]["high_90"] < 0 and not worse else "cannot tell"


def compared(plan_file: str) -> dict[str, Any]:
    """Cross-fit the plan and its variants, and return differences to the plan."""
    from experiments.few_patients.bagging import bagged_risks
    from experiments.few_patients.variants import VARIANTS
    from training.crossfit import nested, one_thread
    from training.judging.headline import differences, judge
    from training.judging.rows import MODEL
    from training.plan import read_plan
    from training.recorded_fit import cohort_of_plan
    from training.task import prepare

    plan = read_plan(ROOT / "experiments" / plan_file)
    plan = plan.changed(folds=replace(plan.folds, repeats=REPEATS))
    cohort = cohort_of_plan(plan)
    task = prepare(cohort, plan)
    workers = os.cpu_count() or 1
    reference = nested(task, plan, workers=workers)
    with one_thread():
        bagged = bagged_risks(task, plan, reference)
    risks = {
        MODEL: reference.risks[MODEL],
        "penalised_logistic": reference.risks["penalised_logistic"],
        "bagging": bagged,
    }
    for name, variant in VARIANTS.items():
        changed = variant(plan)
        if changed is not None:
            print(f"{plan.name}: {name}", file=sys.stderr, flush=True)
            risks[name] = nested(prepare(cohort, changed), changed, workers=workers).risks[MODEL]
    judged = judge(task.judged, risks, plan.evaluation.bootstrap, plan.seed)
    table = {}
    for name in risks:
        gap = differences(judged.draws[name], judged.draws[MODEL])
        table[name] = {figure: gap[figure] for figure in FIGURES if figure in gap}
        if name != MODEL:
            table[name]["verdict"] = decided(table[name])
    return {**judged.rows.counts, "reference": plan.name, "differences": table}


def cell(gap: dict[str, float]) -> str:
    """A difference with its 90 % interval."""
    return f"{gap['estimate']:+.4f} ({gap['low_90']:+.4f} to {gap['high_90']:+.4f})"


def table() -> str:
    """The results as a Markdown table."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    lines = [
        "| question (patients / with event) | variant | log loss | AUROC | same-day AUROC | "
        "verdict |",
        "|---|---|---|---|---|---|",
    ]
    for title, kept in results.items():
        head = f"{title} ({kept['n_patients']} / {kept['n_event_patients']})"
        for name, gaps in kept["differences"].items():
            if "verdict" in gaps:
                cells = " | ".join(cell(gaps[f]) if f in gaps else "-" for f in FIGURES)
                lines.append(f"| {head} | `{name}` | {cells} | {gaps['verdict']} |")
                head = ""
    return "\n".join(lines)


if __name__ == "__main__":
    if "--table" not in sys.argv:
        from experiments.public_cohorts import rounded

        found = {title: compared(plan_file) for title, plan_file in PLANS.items()}
        RESULTS.write_text(json.dumps(rounded(found), indent=1) + "\n", encoding="utf-8")
    print(table())

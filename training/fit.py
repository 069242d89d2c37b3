"""From a cohort and a plan to a judged model: the one place where a fit happens.

Audit, nested cross-fitting, the final model, its evaluation and the verdict, in this order. Plans
differ; this does not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.errors import NotAssessable, QuestionError
from features.questions import Question
from features.tables import Cohort
from models.linear import LinearMargin
from models.risk_model import RiskModel
from training.audit import AuditReport
from training.audit import audit as run_audit
from training.bootstrap import FloatArray
from training.crossfit import CrossFit, nested
from training.evaluate import evaluation_table, judge, subgroups_of
from training.final import Final, fit_final
from training.judging.calibration_curve import ERRORS
from training.judging.headline import headline
from training.judging.rows import MODEL
from training.plan import Plan
from training.progress import Progress, unwatched
from training.simpler import fitted_comparators, simpler_model
from training.task import Task, prepare
from training.tracker import NoTracker, Tracker
from training.truth import against_truth, true_risks
from training.tune import Tuned
from training.verdict import SIMPLER, Verdict, verdict

Audit = Callable[[Cohort, Question, pd.DataFrame, pd.DataFrame, pd.DataFrame | None], AuditReport]

__all__ = ["Audit", "FitResult", "fit", "fit_final", "nested", "prepare"]


@dataclass(frozen=True, eq=False)
class FitResult:
    """A fitted model and everything that was found out about it.

    `evaluation` is plain data without a patient row; `verdict` follows from it by the plan's rule.
    `comparators` were fitted on all rows, to be held against other patients; `simpler` is the best
    of them as a risk model where the verdict prefers it.
    """

    final: Final
    evaluation: dict[str, Any]
    verdict: Verdict
    audit: AuditReport | None
    cross_fit: CrossFit
    task: Task
    comparators: Mapping[str, LinearMargin]
    simpler: RiskModel | None

    @property
    def model(self) -> RiskModel:
        """The risk model."""
        return self.final.model

    @property
    def out_of_fold(self) -> dict[str, FloatArray]:
        """Out-of-fold risks averaged over repeats, by model, variant and comparator, (n,) each."""
        return {name: np.mean(risks, axis=0) for name, risks in self.cross_fit.risks.items()}


def fit(
    cohort: Cohort,
    plan: Plan,
    tracker: Tracker | None = None,
    progress: Progress = unwatched,
    *,
    audit: Audit | None = run_audit,
    truth: pd.DataFrame | None = None,
    study_dir: Path | None = None,
    workers: int = 1,
) -> FitResult:
    """Fit and judge a plan on a cohort.

    Parameters
    ----------
    cohort : Cohort
    plan : Plan
    tracker : told settings and aggregate figures; None tells nobody.
    progress : told how far it has come.
    audit : refuses what would fool the fit; None only where it ran before.
    truth : true risks of a synthetic cohort: course_id, question, landmark_day, true_risk.
    study_dir : folder in which killed searches go on; None keeps them in memory.
    workers : processes; the result is the same for any number.

    Raises
    ------
    AuditRefusal
        If the audit refuses and the plan does not override that rule.
    NotAssessable
        With fewer than two patients with the event, or without it.
    """
    told = tracker or NoTracker()
    task = prepare(cohort, plan)
    report = _audited(cohort, plan, task, audit)
    told.params({"plan": plan.to_dict(), "plan_digest": plan.digest(), **_told(task)})
    studies = study_dir / study_key(plan, task) if study_dir else None
    cross = nested(task, plan, progress, studies, workers)
    _tell_folds(told, cross)
    oracle = true_risks(task, truth)
    final = fit_final(task, plan, cross, progress, studies, report, oracle)
    _tell_trials(told, final.tuned)
    evaluation = _evaluated(cohort, plan, task, cross, final, oracle, progress, workers)
    decided = verdict(evaluation, plan.evaluation)
    evaluation["verdict"] = decided.to_dict()
    told.metrics(flat_metrics(evaluation))
    comparators = fitted_comparators(task, plan)
    simpler = None
    if decided.decision == SIMPLER and decided.best_comparator in comparators:
        best = str(decided.best_comparator)
        simpler = simpler_model(task, plan, cross, best, report, oracle)
        evaluation["simpler"] = {
            "comparator": best,
            "subgroups": subgroups_of(task, cross, plan, best),
        }
    return FitResult(final, evaluation, decided, report, cross, task, comparators, simpler)


def _audited(cohort: Cohort, plan: Plan, task: Task, audit: Audit | None) -> AuditReport | None:
    if audit is None:
        return None
    report = audit(cohort, task.question, task.frame, task.labels, task.asked).with_overrides(
        plan.audit.override
    )
    report.raise_if_refused()
    return report


def _told(task: Task) -> dict[str, Any]:
    facts = task.facts
    return {
        "cohort_name": facts.name,
        "cohort_fingerprint": facts.fingerprint,
        "synthetic": facts.synthetic,
        "end_of_record": facts.end_of_record,
        **{f"{name}_learnt_from": number for name, number in task.counts.items()},
    }


_SEARCH_SECTIONS = ("question", "seed", "predictors", "margin", "trees", "folds")


def study_key(plan: Plan, task: Task) -> str:
    """Name the searches of a plan on a cohort: the same only if nothing they depend on changed.

    The number of trials is not among it, so that a search can be made longer.
    """
    settings = plan.to_dict()
    decides = {**settings["plan"], **settings}
    parts = [decides[name] for name in _SEARCH_SECTIONS]
    parts += [task.facts.fingerprint, task.facts.end_of_record]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _evaluated(
    cohort: Cohort,
    plan: Plan,
    task: Task,
    cross: CrossFit,
    final: Final,
    oracle: FloatArray | None,
    progress: Progress,
    workers: int,
) -> dict[str, Any]:
    judged = judge(task, cross, plan.evaluation.bootstrap, plan.seed)
    table = evaluation_table(task, plan, cross, judged, final.model, progress)
    table["models_tried"] += len(final.tuned.candidates)
    table["notes"] = list(dict.fromkeys([*table["notes"], *final.notes]))
    table["interval_coverage"] = final.model.manifest["interval_coverage"]
    if oracle is not None:
        table["oracle"] = against_truth(judged, oracle[task.judged.first_time])
    if plan.evaluation.conventions:
        table["end_of_record"] = _sensitivity(cohort, plan, final.tuned, progress, workers)
    return table


def _sensitivity(
    cohort: Cohort, plan: Plan, tuned: Tuned, progress: Progress, workers: int
) -> dict[str, Any]:
    """Cross-fit the chosen settings again under other meanings of the end of the record."""
    fixed = _at_chosen(plan, tuned)
    table: dict[str, Any] = {}
    for convention in plan.evaluation.conventions:
        try:
            task = prepare(cohort, fixed, convention)
            cross = nested(task, fixed, progress, None, workers)
        except (NotAssessable, QuestionError) as reason:
            table[convention] = {"not_assessable": str(reason)}
            continue
        judged = judge(task, cross, plan.evaluation.bootstrap, plan.seed)
        figures = headline(judged)
        kept = (*task.counts, "model", "comparators", "differences")
        table[convention] = {**{key: figures[key] for key in kept}, "left_out": cross.left_out}
    return table


def _at_chosen(plan: Plan, tuned: Tuned) -> Plan:
    settings = tuned.chosen.settings
    trees = replace(
        plan.trees,
        search={},
        max_rounds=plan.trees.max_rounds if settings.rounds else 0,
        defaults=dict(settings.params) or plan.trees.defaults,
    )
    return plan.changed(
        trees=trees,
        tuning=replace(plan.tuning, trials=0, one_standard_error=False),
        folds=replace(plan.folds, repeats=1),
    )


def _tell_folds(tracker: Tracker, cross: CrossFit) -> None:
    for fold in cross.folds:
        with tracker.child(fold.name, "fold") as run:
            run.params(_settings(fold.tuned))
            run.metrics({"inner_log_loss": fold.tuned.chosen.loss})


def _tell_trials(tracker: Tracker, tuned: Tuned) -> None:
    for number, candidate in enumerate(tuned.candidates):
        with tracker.child(f"trial-{number}", "trial") as run:
            run.params({"origin": candidate.origin, **candidate.settings.params})
            run.metrics({"rounds": candidate.settings.rounds, "inner_log_loss": candidate.loss})


def _settings(tuned: Tuned) -> dict[str, Any]:
    chosen = tuned.chosen
    return {"origin": chosen.origin, "rounds": chosen.settings.rounds, **chosen.settings.params}


def flat_metrics(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """Return the headline figures under names that are the same in every run.

    `auroc`, `auroc_low`, `auroc_high` are the model's; `grade_and_day.auroc` a comparator's;
    `difference.grade_and_day.auroc` the model's minus the comparator's, and
    `log_loss_difference_grade_and_day_high_90` the bound that the verdict rests on. Counts are of
    the rows that are judged, `n_rows_judged`; those learnt from are settings of the run.
    `interval_coverage` is the share of true risks that lie in their interval, on synthetic courses.
    """
    counts = ("n_rows", "n_patients", "n_event_rows", "n_event_patients")
    found = {f"{name}_judged": float(evaluation[name]) for name in counts}
    for name in ("models_tried", "interval_coverage"):
        if evaluation.get(name) is not None:
            found[name] = float(evaluation[name])
    found |= with_bounds("", evaluation["model"])
    found |= with_bounds("", {name: evaluation["calibration"][MODEL][name] for name in ERRORS})
    found |= with_bounds("", evaluation["brier_parts"][MODEL])
    for name, figures in evaluation["comparators"].items():
        found |= with_bounds(f"{name}.", figures)
    for name, figures in evaluation["differences"].items():
        found |= with_bounds(f"difference.{name}.", figures)
        high = figures.get("log_loss", {}).get("high_90")
        if high is not None:
            found[f"log_loss_difference_{name}_high_90"] = float(high)
    for name, figures in evaluation.get("oracle", {}).items():
        found |= with_bounds("oracle.", {name: figures})
    return found


def with_bounds(prefix: str, figures: Mapping[str, Any]) -> dict[str, float]:
    """Return figures and the ends of their intervals, each under its own name."""
    named = {
        f"{prefix}{figure}{ending}": interval[bound]
        for figure, interval in figures.items()
        for bound, ending in (("estimate", ""), ("low", "_low"), ("high", "_high"))
    }
    return {key: float(number) for key, number in named.items() if number is not None}

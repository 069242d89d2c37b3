"""A model brought in line with a new site: intercept, slope or a refit, by how many had the event.

Which one is fixed by sample size, never by looking: few events can move one number, not two, and a
refit learns from nothing but them (Vergouwe et al. 2017, doi:10.1002/sim.7179; Steyerberg, Clinical
Prediction Models 2019, ch. 20). What is shown as "after" is cross-fitted by patient: no patient is
judged by a correction that was learnt from him or her.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from features.cohort_files import fingerprint
from features.errors import NotAssessable
from features.tables import Cohort
from models.calibration import CalibrationKind, Calibrator, fit_calibrator
from models.logistic import logit, sigmoid
from models.refits import Refits
from models.risk_model import RECALIBRATED, RiskModel
from training import registry
from training.bootstrap import FloatArray
from training.crossfit import nested
from training.elsewhere import (
    REPLICATES,
    SEED,
    Asked,
    Elsewhere,
    asked_of,
    cohort_facts,
    judged_as,
    rule_of,
)
from training.figures_in_words import correction_in_words
from training.judging.headline import differences, estimates, judge
from training.judging.rows import MODEL
from training.plan import plan_from_dict
from training.progress import Progress, unwatched
from training.references import Referred
from training.splits import patient_folds
from training.task import prepare

Correction = Literal["nothing", "intercept", "intercept_slope", "refit"]
LEAST_FOR_INTERCEPT, LEAST_FOR_SLOPE, LEAST_FOR_REFIT = 10, 50, 200  # event patients
FOLDS = 5
BEFORE, AFTER = "before", "after"


@dataclass(frozen=True, eq=False)
class Recalibrated:
    """What a correction came to.

    Parameters
    ----------
    table : plain data: the correction, why this one, figures before and after; never a row.
    model : the corrected model; None where nothing is corrected, or the plan is to be fitted again.
    judged : the corrected model, cross-fitted by patient, beside the comparators on the same rows;
        None without a model.
    """

    table: dict[str, Any]
    model: RiskModel | None
    judged: Elsewhere | None = None


def correction_for(event_patients: int) -> Correction:
    """Return what so many event patients can bear."""
    if event_patients < LEAST_FOR_INTERCEPT:
        return "nothing"
    if event_patients < LEAST_FOR_SLOPE:
        return "intercept"
    return "intercept_slope" if event_patients < LEAST_FOR_REFIT else "refit"


def recalibrate(
    subject: Referred,
    cohort: Cohort,
    progress: Progress = unwatched,
    workers: int = 1,
    replicates: int = REPLICATES,
) -> Recalibrated:
    """Correct a model on a site's own patients, and show it before and after.

    Raises
    ------
    NotAssessable
        As :func:`training.elsewhere.evaluate_elsewhere`.
    """
    asked = asked_of(subject, cohort)
    first = asked.rows.take(asked.rows.first_time)
    kind = correction_for(first.counts["n_event_patients"])
    before = asked.risks[MODEL]
    after: FloatArray | None = None
    model, by_others = None, None
    notes = list(asked.notes)
    if kind == "refit":
        after, said = _refitted(subject, cohort, asked, progress, workers)
        notes += said
    elif kind != "nothing":
        after = _cross_corrected(asked, kind)
        whole = _learnt(asked, asked.rows.first_time, kind)
        model = corrected(subject.model, whole, _told(subject, cohort, asked, kind))
        by_others = _judged(subject, model, cohort, asked, kind, replicates)
    daily = not subject.model.question.before_infusion
    risks = {MODEL: before} | ({AFTER: after} if after is not None else {})
    judged = judge(asked.rows, risks, replicates, SEED, daily=daily)
    table = {
        **judged.rows.counts,
        "question": subject.model.question.to_dict(),
        "cohort": cohort_facts(cohort, subject.model),
        "correction": kind,
        "from": subject.model.digest,
        "because": _because(kind, judged.rows.counts["n_event_patients"]),
        BEFORE: estimates(judged.draws[MODEL]),
        "notes": notes,
    }
    if after is not None:
        table[AFTER] = estimates(judged.draws[AFTER])
        table["difference"] = differences(judged.draws[AFTER], judged.draws[MODEL])
    return Recalibrated(table, model, by_others)


def _judged(
    subject: Referred,
    model: RiskModel,
    cohort: Cohort,
    asked: Asked,
    kind: Correction,
    replicates: int,
) -> Elsewhere:
    """Judge the corrected model by risks whose correction had not seen the patient.

    Every comparator is corrected alike: else the model would win by the correction, not by itself.
    """
    crossed = replace(
        asked, risks={name: _cross_corrected(asked, kind, name) for name in asked.risks}
    )
    method = (
        f"a finished model on {asked.whose}, corrected "
        f"({correction_in_words(model.manifest[RECALIBRATED])}) and judged on them, the correction "
        f"cross-fitted by patient in {FOLDS} folds, and every comparator corrected alike"
    )
    return judged_as(model, crossed, cohort, rule_of(subject), method, replicates)


def corrected(model: RiskModel, added: Calibrator, told: dict[str, Any]) -> RiskModel:
    """Return the model with a linear correction put behind its calibrator and those of its refits.

    The interval keeps the width that the training patients gave it: the correction itself is taken
    as known.
    """
    refits = model.refits
    if refits is not None:
        behind = tuple(_behind(one, added) for one in refits.calibrators)
        refits = Refits(refits.linears, behind, refits.tree_predictors, refits.tree_text)
    averages = {
        product: {day: _moved(added, risk) for day, risk in by_day.items()}
        for product, by_day in model.reference_risks.items()
    }
    limits = [
        *model.manifest.get("limitations", []),
        "Recalibrated on the patients of one site; what is shown of its tiers was observed where "
        "it was trained.",
    ]
    return replace(
        model,
        name=f"{model.name}-recalibrated",
        calibrator=_behind(model.calibrator, added),
        refits=refits,
        reference_risks=averages,
        manifest={
            **model.manifest,
            RECALIBRATED: told,
            "limitations": limits,
            "synthetic": model.synthetic or bool(told.get("synthetic")),
        },
    )


def _moved(added: Calibrator, risk: float) -> float:
    return float(sigmoid(added.margin(logit(np.array([risk]))))[0])


def _behind(first: Calibrator, added: Calibrator) -> Calibrator:
    """Put a linear correction behind a calibrator; of an isotonic one, at its knots."""
    if first.kind == "isotonic":
        return replace(first, knots=tuple((at, _moved(added, p)) for at, p in first.knots))
    kind: CalibrationKind = "intercept_slope"
    intercept = added.intercept + added.slope * first.intercept
    return Calibrator(kind, intercept, added.slope * first.slope)


def _learnt(asked: Asked, at: np.ndarray, kind: Correction, name: str = MODEL) -> Calibrator:
    margin = logit(np.clip(asked.risks[name][0][at], 1e-12, 1 - 1e-12))
    linear: CalibrationKind = "intercept" if kind == "intercept" else "intercept_slope"
    return fit_calibrator(margin, asked.rows.y[at], asked.rows.weight[at], linear)


def _cross_corrected(asked: Asked, kind: Correction, name: str = MODEL) -> FloatArray:
    """Risks by corrections that had not seen the patient, (1, n)."""
    margin = logit(np.clip(asked.risks[name][0], 1e-12, 1 - 1e-12))
    risk = np.empty(len(margin))
    for fold in patient_folds(asked.rows.patients, asked.rows.y, FOLDS, seed=SEED).folds:
        train = np.intersect1d(fold.train, asked.rows.first_time)
        risk[fold.test] = sigmoid(_learnt(asked, train, kind, name).margin(margin[fold.test]))
    return risk[None, :]


def _refitted(
    subject: Referred, cohort: Cohort, asked: Asked, progress: Progress, workers: int
) -> tuple[FloatArray | None, list[str]]:
    """Cross-fit the model's plan on the site's own patients, on the same rows."""
    saved = subject.documents.get(registry.PLAN)
    if saved is None:
        return None, ["No plan lies beside this model: it cannot be fitted again here."]
    plan = plan_from_dict(saved, subject.said)
    plan = plan.changed(end_of_record="", folds=replace(plan.folds, repeats=1))
    task = prepare(cohort, plan)
    keys = ["course_id", "landmark_day"]
    if not np.array_equal(task.row_facts[keys].to_numpy(), asked.rows.facts[keys].to_numpy()):
        raise NotAssessable("the plan asks other rows than the model: it cannot be compared here.")
    risks = nested(task, plan, progress, None, workers).risks[MODEL]
    return risks, [
        "So many event patients carry a model of their own: `fit --plan` with this cohort makes "
        "it; the figures after are those of the plan cross-fitted here."
    ]


def _told(subject: Referred, cohort: Cohort, asked: Asked, kind: Correction) -> dict[str, Any]:
    return {
        "correction": kind,
        "from": subject.model.digest,
        "cohort": cohort.manifest.name,
        "fingerprint": fingerprint(cohort),
        "synthetic": cohort.manifest.synthetic,
        **asked.rows.take(asked.rows.first_time).counts,
    }


def _because(kind: Correction, events: int) -> str:
    limits = {
        "nothing": f"fewer than {LEAST_FOR_INTERCEPT}: any correction would be chance",
        "intercept": f"{LEAST_FOR_INTERCEPT} to {LEAST_FOR_SLOPE - 1} bear one number",
        "intercept_slope": f"{LEAST_FOR_SLOPE} to {LEAST_FOR_REFIT - 1} bear two numbers",
        "refit": f"{LEAST_FOR_REFIT} or more bear a model of their own",
    }
    return f"{events} patients had the event; {limits[kind]}."

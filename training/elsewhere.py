"""A finished model held against patients it has not seen: the whole evaluation, one command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.cohort_files import fingerprint
from features.errors import NotAssessable
from features.matrix import feature_matrix
from features.predictors import PredictorSet
from features.questions import labels
from features.tables import Cohort
from models.columns import NamedMatrix, named_matrix
from models.linear import LinearMargin
from models.logistic import sigmoid
from models.risk_model import RiskModel
from training import registry
from training.bootstrap import FloatArray
from training.comparators import LEAST_SHARE_KNOWN
from training.judging import headline as heads
from training.judging.blocks import blocks
from training.judging.headline import Judged
from training.judging.instability import instability
from training.judging.rows import MODEL, JudgedRows, Risks, judged_rows
from training.judging.sample_size import validating
from training.plan import EvaluationPlan, plan_from_dict
from training.references import Referred
from training.simpler import margins_from_json
from training.unseen import learnt_from, unseen_patients
from training.verdict import verdict

REPLICATES = 1000
SEED = 0
LEAST_SHARE_OF_PREDICTORS = 0.5  # of what the model reads, known for at least one row


@dataclass(frozen=True, eq=False)
class Elsewhere:
    """A model held against a cohort that it did not learn from.

    Parameters
    ----------
    judged : first-time rows, risks and draws of every figure.
    table : the evaluation as plain data; never a row.
    """

    judged: Judged
    table: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Asked:
    """Rows of a cohort with a known outcome, and what the model says of them.

    Parameters
    ----------
    rows : JudgedRows
    X : (n, predictors) as the model reads it.
    risks : of the model and every comparator that could be computed, (1, n) each.
    left_out : why a comparator is absent.
    read, unknown : the predictors it reads, and those of them that no row here knows.
    notes : what a reader should know of these rows.
    whose : whether these patients are known to be others than those learnt from, in words.
    """

    rows: JudgedRows
    X: NamedMatrix
    risks: Risks
    left_out: Mapping[str, str]
    read: tuple[str, ...]
    unknown: tuple[str, ...]
    notes: tuple[str, ...]
    whose: str


def evaluate_elsewhere(
    subject: Referred, cohort: Cohort, replicates: int = REPLICATES
) -> Elsewhere:
    """Judge a model, and the comparators fitted with it, on a cohort it did not learn from.

    Raises
    ------
    NotAssessable
        Where the cohort is the one it learnt from or was corrected on, gives no row or one class
        only, holds a single patient, or lacks half of what the model reads.
    """
    asked = asked_of(subject, cohort)
    method = f"a finished model on {asked.whose}"
    return judged_as(subject.model, asked, cohort, rule_of(subject), method, replicates)


def judged_as(
    model: RiskModel,
    asked: Asked,
    cohort: Cohort,
    rule: EvaluationPlan,
    method: str,
    replicates: int = REPLICATES,
) -> Elsewhere:
    """Return the whole evaluation of a model by the risks it was asked for.

    Parameters
    ----------
    model : whose name, tiers and refits stand in the evaluation.
    asked : rows, and the risks that are judged.
    rule : the limits of the verdict.
    method : how these risks came about, in words.
    """
    daily = not model.question.before_infusion
    judged = heads.judge(asked.rows, asked.risks, replicates, SEED, daily=daily)
    at = asked.rows.first_time
    table = {
        **blocks(
            judged,
            asked.rows,
            asked.risks,
            SEED,
            daily=daily,
            tiers=model.tiers.bounds,
            n_predictors=len(model.predictors.names()),
            era_from_year=rule.era_from_year,
        ),
        "question": model.question.to_dict(),
        "cohort": cohort_facts(cohort, model),
        "method": f"{method}; 95 % percentile intervals over {replicates} draws of patients",
        "repeats": 1,
        "evaluated": {"model": model.name, "digest": model.digest},
        "left_out": dict(asked.left_out),
        "n_predictors_read": len(asked.read),
        "unknown_predictors": list(asked.unknown),
        "instability": instability(
            judged.rows, NamedMatrix(asked.X.names, asked.X.numbers[at]), model
        ),
        "notes": list(asked.notes),
    }
    table["sample_size"] = validating(table["sample_size"])
    table["verdict"] = verdict(table, rule).to_dict()
    return Elsewhere(judged, table)


def asked_of(subject: Referred, cohort: Cohort) -> Asked:
    """Ask a model and its comparators about every landmark with a known outcome.

    Raises
    ------
    NotAssessable
        As :func:`evaluate_elsewhere`.
    """
    model = subject.model
    _refuse_its_own(model, cohort)
    strangers, whose, notes = _strangers(subject, cohort)
    told = labels(cohort, model.question)
    known = told["outcome"].notna() & (told["weight"] > 0)
    known &= told["patient_id"].astype(str).isin(strangers)
    chosen = told[known].reset_index(drop=True)
    _check_outcomes(cohort, chosen)
    keys = chosen[["course_id", "instant"]]
    X = named_matrix(feature_matrix(cohort, keys, model.predictors))
    read = _read(model)
    unknown = _unknown(model, read, X)
    margins = margins_from_json(subject.documents.get(registry.COMPARATORS, {}))
    risks: dict[str, FloatArray] = {MODEL: model.predict(X)[None, :]}
    left_out = {}
    for name, margin in margins.items():
        risk = risks_by_margin(margin, cohort, keys)
        if isinstance(risk, str):
            left_out[name] = risk
        else:
            risks[name] = risk[None, :]
    notes += _notes(model, chosen, unknown)
    if not margins:
        notes.append("No comparators lie beside this model: nothing was held against it here.")
    rows = judged_rows(cohort, chosen)
    return Asked(rows, X, risks, left_out, read, unknown, tuple(notes), whose)


def _refuse_its_own(model: RiskModel, cohort: Cohort) -> None:
    own, manifest = fingerprint(cohort), model.manifest
    if own == manifest.get("fingerprint"):
        raise NotAssessable(
            f"{model.name} learnt from {cohort.manifest.name}: what it says of these patients "
            "proves nothing. Its cross-fitted figures are shown without --cohort."
        )
    if own == (model.recalibrated or {}).get("fingerprint"):
        raise NotAssessable(
            f"{model.name} was corrected on {cohort.manifest.name}: what it says of these patients "
            "proves nothing. What --recalibrate shows as after is cross-fitted by patient."
        )


def _strangers(subject: Referred, cohort: Cohort) -> tuple[frozenset[str], str, list[str]]:
    """Return the patients who were not learnt from, how that is known, and what to say of it."""
    everyone = frozenset(cohort.courses["patient_id"].astype(str))
    try:
        new = unseen_patients(cohort, learnt_from(subject))
    except NotAssessable as unknown:
        reason = f"Whether it learnt from some of these patients was not checked: {unknown}"
        return everyone, "another cohort than the one it learnt from", [reason]
    if not new:
        raise NotAssessable(
            f"{subject.model.name} learnt from every patient of {cohort.manifest.name}, under this "
            "or another id: what it says of them proves nothing."
        )
    old = len(everyone) - len(new)
    told = f"{old} of {len(everyone)} patients, whom it learnt from, are left out."
    return new, "patients it did not learn from", [told] if old else []


def rule_of(subject: Referred) -> EvaluationPlan:
    """Return the limits that the model's plan wrote down; the default ones without a plan."""
    plan = subject.documents.get(registry.PLAN)
    return plan_from_dict(plan, subject.said).evaluation if plan else EvaluationPlan()


def _check_outcomes(cohort: Cohort, chosen: pd.DataFrame) -> None:
    patients, rows = chosen["patient_id"].nunique(), len(chosen)
    events = int((chosen["outcome"] == 1).sum())
    if rows == 0 or events in (0, rows):
        raise NotAssessable(
            f"{cohort.manifest.name} gives {rows} rows with a known outcome, {events} of them with "
            "the event: there is nothing to tell apart. Check the grades table and follow-up."
        )
    if patients < 2:
        raise NotAssessable(
            f"{cohort.manifest.name} gives rows of one patient: a figure of one patient has no "
            "interval and would be that patient's own record."
        )


def _read(model: RiskModel) -> tuple[str, ...]:
    """Name the predictors that the model reads and some training row knew."""
    quantiles = model.quantiles
    return tuple(
        name for name in model.reads if name in quantiles and np.isfinite(quantiles[name].median)
    )


def _unknown(model: RiskModel, read: tuple[str, ...], X: NamedMatrix) -> tuple[str, ...]:
    """Name those that no row here knows; more than half of them are refused."""
    known = np.isfinite(X.take_each(read)).sum(axis=0).tolist()
    unknown = tuple(name for name, rows in zip(read, known, strict=True) if not rows)
    if read and len(unknown) > (1 - LEAST_SHARE_OF_PREDICTORS) * len(read):
        some = ", ".join(unknown[:6]) + (" ..." if len(unknown) > 6 else "")
        raise NotAssessable(
            f"{len(unknown)} of the {len(read)} predictors that {model.name} reads are known for "
            f"no row here ({some}). What it says of these patients is not what was trained. Import "
            "what is missing (see `check`), or fit a plan on what there is."
        )
    return unknown


def risks_by_margin(margin: LinearMargin, cohort: Cohort, keys: pd.DataFrame) -> FloatArray | str:
    """Return the risks by a comparator at (course_id, instant), or why there are none."""
    X = named_matrix(feature_matrix(cohort, keys, PredictorSet(columns=margin.predictors)))
    shares = np.isfinite(X.numbers).mean(axis=0)
    if shares.max() < LEAST_SHARE_KNOWN:
        return f"known for {shares.max():.0%} of the rows"
    return sigmoid(margin.margin(X))


def _notes(model: RiskModel, chosen: pd.DataFrame, unknown: tuple[str, ...]) -> list[str]:
    notes = []
    if unknown:
        notes.append(f"Known for no row here: {', '.join(unknown)}.")
    unseen = chosen[[model.unseen_product(p) for p in chosen["product"]]]
    if len(unseen):
        notes.append(
            f"{unseen['patient_id'].nunique()} of {chosen['patient_id'].nunique()} patients had a "
            "product that no training patient had."
        )
    return notes


def cohort_facts(cohort: Cohort, model: RiskModel) -> dict[str, Any]:
    """Return what is known of a cohort; synthetic where it or the model judged on it is."""
    manifest = cohort.manifest
    return {
        "name": manifest.name,
        "fingerprint": fingerprint(cohort),
        "synthetic": manifest.synthetic or model.synthetic,
        "resolution": manifest.resolution,
        "grading_system": manifest.grading_system,
        "end_of_record": manifest.end_of_record,
        "products": sorted(cohort.courses["product"].dropna().unique().tolist()),
    }

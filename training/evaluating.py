"""Use cases of judging: a model on other patients, corrected, in silence, and a plan elsewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.cohort_files import read_cohort
from features.errors import NotAssessable, TrackingError
from features.tables import Cohort
from training import registry
from training.aggregate import shareable
from training.audit import audit
from training.comparators_evaluation import checked_evaluation
from training.elsewhere import evaluate_elsewhere
from training.evaluation_page import evaluation_page
from training.plan import Plan, plan_from_dict
from training.progress import Progress, unwatched
from training.recalibrate import recalibrate
from training.recorded_fit import RISK_MODEL, cohort_of_plan
from training.recorded_judging import (
    EVALUATION,
    RECALIBRATION,
    TRANSPORT,
    Judging,
    Recorded,
    of_model,
    of_plan,
    record,
)
from training.references import OpenStore, Referred, referred
from training.silent.joined import read_export
from training.silent.judged import judge_silence
from training.silent.limits import read_limits
from training.task import prepare
from training.transport import By, transport
from training.whole_file import whole_file


@dataclass(frozen=True)
class Written:
    """Where an evaluation is written: whole, as a page, and as what may leave the hospital."""

    json: Path | None = None
    html: Path | None = None
    share: Path | None = None


@dataclass(frozen=True, eq=False)
class Found:
    """A result, written where it was asked for, and what of it is still to be recorded, if any."""

    table: dict[str, Any]
    judging: Judging | None = None

    def record(self, store: OpenStore) -> Recorded | None:
        """Record it in MLflow; None where there is nothing to record.

        Raises
        ------
        TrackingError
            Where the store cannot be used.
        """
        if self.judging is None:
            return None
        try:
            return record(self.judging, store())
        except TrackingError as away:
            raise TrackingError(
                f"{away} Nothing is lost: the result is complete, as it was said and written "
                "above. Only its run is not recorded; --no-tracking asks for none."
            ) from away


def evaluate_on(
    reference: str,
    cohort_directory: Path | None,
    store: OpenStore,
    written: Written | None = None,
) -> Found:
    """Return the evaluation of a model on a cohort, or without one its own cross-fitted one.

    The latter stands in the run of the fit already and is not recorded again.

    Parameters
    ----------
    reference : directory, run id, QUESTION@ALIAS or QUESTION/NUMBER.
    cohort_directory : patients it did not learn from; None for the evaluation of its fit.
    store : opens the tracking store.
    written : where to write it too.

    Raises
    ------
    NotAssessable
        As :func:`training.elsewhere.evaluate_elsewhere`; without a cohort where the fit left no
        evaluation.
    CardError
        Where what lies beside the model is no evaluation.
    """
    written = written or Written()
    subject, judged, judging = referred(reference, store), None, None
    if cohort_directory is not None:
        done = evaluate_elsewhere(subject, read_cohort(cohort_directory))
        table, judged = done.table, done.judged
        judging = Judging(EVALUATION, table, of_model(subject), done)
    elif registry.EVALUATION in subject.documents:
        table = dict(checked_evaluation(subject.documents[registry.EVALUATION]))
    else:
        raise NotAssessable(
            f"No {registry.EVALUATION} lies beside {reference}. Give --cohort DIR to judge it on "
            "other patients, or fit the plan again."
        )
    _keep(table, written.json)
    if written.share is not None:
        _keep(shareable(table), written.share)
    if written.html is not None:
        with whole_file(written.html) as fresh:
            fresh.write_text(evaluation_page(table, judged), encoding="utf-8")
    return Found(table, judging)


def recalibrate_on(
    reference: str,
    cohort_directory: Path | None,
    store: OpenStore,
    json_file: Path | None = None,
    out: Path | None = None,
    progress: Progress = unwatched,
    workers: int = 1,
) -> Found:
    """Correct a model on a cohort; write the corrected one below `out`, as a fit writes its model.

    Raises
    ------
    NotAssessable
        As :func:`training.recalibrate.recalibrate`; without a cohort, or where `out` is given and
        there is no corrected model to write.
    """
    if cohort_directory is None:
        raise NotAssessable("--recalibrate needs --cohort DIR: the patients it is corrected on.")
    subject, cohort = referred(reference, store), read_cohort(cohort_directory)
    done = recalibrate(subject, cohort, progress, workers)
    _keep(done.table, json_file)
    if out is not None:
        if done.model is None or done.judged is None:
            raise NotAssessable(
                f"Nothing to write to {out}: {done.table['because']} "
                + " ".join(done.table["notes"])
            )
        done.model.save(out / RISK_MODEL)
        for name, content in _beside(subject, cohort, done.judged.table, done.table).items():
            _keep(content, out / name)
    return Found(
        done.table, Judging(RECALIBRATION, done.table, of_model(subject), done.judged, out)
    )


def _beside(
    subject: Referred, cohort: Cohort, evaluation: dict[str, Any], correction: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return what lies beside a corrected model: what gate, card and `evaluate` read of it."""
    found = {registry.EVALUATION: evaluation, registry.CORRECTION: correction}
    found |= {
        name: subject.documents[name]
        for name in (registry.COMPARATORS, registry.PLAN)
        if name in subject.documents
    }
    if registry.PLAN in found:  # the audit of the patients it was corrected on, as before a fit
        plan = plan_from_dict(found[registry.PLAN], subject.said)
        task = prepare(cohort, plan.changed(end_of_record=""))
        report = audit(cohort, task.question, task.frame, task.labels, task.asked)
        found[registry.AUDIT] = report.to_dict()
    return found


def evaluate_silence(
    export: Path,
    limits_file: Path,
    reference: str | None,
    store: OpenStore,
    json_file: Path | None = None,
) -> dict[str, Any]:
    """Say whether the answers that a service gave in silence meet the limits written beforehand.

    Raises
    ------
    PlanError, CohortError, NotAssessable, QuestionError
        As :func:`training.silent.judged.judge_silence` and the reading of its files.
    """
    limits, digest = read_limits(limits_file)
    subject = None if reference is None else referred(reference, store)
    table = judge_silence(read_export(export), limits, subject)
    table["limits"]["digest"] = digest
    _keep(table, json_file)
    return table


def transport_of(
    plan: Plan,
    instead: str | None,
    by: By,
    json_file: Path | None = None,
    progress: Progress = unwatched,
    workers: int = 1,
) -> Found:
    """Judge a plan on each group of its cohort by what the other groups teach."""
    table = transport(cohort_of_plan(plan, instead), plan, by, progress, workers)
    _keep(table, json_file)
    return Found(table, Judging(TRANSPORT, table, of_plan(plan)))


def _keep(table: dict[str, Any], json_file: Path | None) -> None:
    if json_file is not None:
        with whole_file(json_file) as fresh:
            fresh.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", "utf-8")

"""A recorded fit leaves a model on disk, a run in MLflow, and no patient in either."""

import json
from pathlib import Path

import numpy as np
import pytest

from features.errors import AuditRefusal, PlanError, TrackingError
from features.questions import question
from features.sources.synthetic import synthesize
from features.tables import Cohort
from models.risk_model import RiskModel
from training import recorded_fit, registry
from training.audit import RULES
from training.audit_rules.finding import Finding
from training.default_plans import default_plan
from training.plan import AuditPlan, EvaluationPlan, FoldPlan, IntervalPlan, Plan, TreePlan
from training.recorded_fit import cohort_of_plan, fit_and_record
from training.tracking import MlflowTracker
from training.tracking_store import TrackingStore
from training.work_folder import WorkFolder

SECRET = 4711.125


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    made = synthesize(300, 3).cohort
    ferritin = made.measurements["input"] == "ferritin_ng_ml"
    made.measurements.loc[ferritin.to_numpy().nonzero()[0][50], "value"] = SECRET
    return made


def a_plan(**changed: object) -> Plan:
    settings = {
        "trees": TreePlan(max_rounds=0),
        "folds": FoldPlan(outer=2, inner=2),
        "interval": IntervalPlan(refits=10),
        "evaluation": EvaluationPlan(bootstrap=50),
    } | changed
    return default_plan(question("severe-icans-30d"), **settings)


def every_byte(folder: WorkFolder) -> bytes:
    return b"".join(path.read_bytes() for path in folder.root.rglob("*") if path.is_file())


@pytest.mark.slow
def test_a_fit_is_on_disk_and_in_mlflow_without_a_patient(
    cohort: Cohort, folder: WorkFolder, store: TrackingStore
) -> None:
    done = fit_and_record(a_plan(), cohort, folder, store)
    assert done.version is not None
    assert RiskModel.load(done.directory).digest == done.version.digest
    run = store.client.get_run(done.version.run_id)
    assert run.data.tags["synthetic"] == "true"
    assert run.data.tags["code_version"].startswith("vigicell")
    assert run.data.params["cohort_fingerprint"]
    figures = run.data.metrics
    assert figures["auroc_low"] <= figures["auroc"] <= figures["auroc_high"]
    assert run.data.tags["verdict"] == done.result.verdict.text
    best = done.result.verdict.best_comparator
    gap = done.result.evaluation["differences"][best]["log_loss"]
    assert figures[f"log_loss_difference_{best}_high_90"] == pytest.approx(gap["high_90"])
    assert figures["n_rows_judged"] == done.result.evaluation["n_rows"]
    assert run.data.params["n_rows_learnt_from"] == str(len(done.result.task.rows))
    assert done.named_store == ""
    plots = {entry.path for entry in store.client.list_artifacts(done.version.run_id, "plots")}
    assert plots >= {f"plots/{name}.png" for name in ("roc", "calibration", "tuning", "shap")}
    kept = {entry.path for entry in store.client.list_artifacts(done.version.run_id)}
    assert kept >= {"audit.html", "audit.json", "evaluation.json", "plan.json"}
    stored = every_byte(folder)
    assert str(SECRET).encode() not in stored
    for name in np.random.default_rng(0).choice(cohort.courses["course_id"], 40):
        assert str(name).encode() not in stored


def refusing(*_: object) -> Finding:
    return Finding("courses_are_duplicated", "refuse", "A planted refusal.", "Take it away.")


def test_a_refused_fit_leaves_the_report_and_no_model(
    cohort: Cohort, folder: WorkFolder, store: TrackingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RULES, "courses_are_duplicated", refusing)
    with pytest.raises(AuditRefusal, match="courses_are_duplicated"):
        fit_and_record(a_plan(), cohort, folder, store)
    place = folder.models / "severe-icans-30d"
    assert json.loads((place / "audit.json").read_text())["verdict"] == "refused"
    assert not (place / "risk_model").exists()
    (run,) = store.client.search_runs([store.experiment("severe-icans-30d")])
    assert (run.info.status, run.data.tags["audit"]) == ("FAILED", "refused")
    assert registry.questions(store) == []


def test_an_overridden_refusal_stands_in_the_model(
    cohort: Cohort, folder: WorkFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RULES, "courses_are_duplicated", refusing)
    plan = a_plan(audit=AuditPlan({"courses_are_duplicated": "twins, known to the site"}))
    done = fit_and_record(plan, cohort, folder)
    manifest = json.dumps(dict(RiskModel.load(done.directory).manifest))
    assert "twins, known to the site" in manifest


def test_a_store_that_goes_away_leaves_the_model_and_says_where(
    cohort: Cohort, folder: WorkFolder, store: TrackingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(tracker: MlflowTracker, *_: object, **__: object) -> None:
        tracker._lost.append(TrackingError("The tracking store is away."))

    monkeypatch.setattr(MlflowTracker, "metrics", away)
    with pytest.raises(TrackingError, match="Nothing is lost") as raised:
        fit_and_record(a_plan(), cohort, folder, store)
    directory = folder.models / "severe-icans-30d" / recorded_fit.RISK_MODEL
    assert str(directory) in str(raised.value)
    assert RiskModel.load(directory).question.name == "severe-icans-30d"


def test_a_plan_without_a_cohort_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="--cohort"):
        cohort_of_plan(a_plan())

"""What was found on other patients is a run beside the fits, and holds no patient."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from features.cohort_files import fingerprint, write_cohort
from features.errors import TrackingError
from tests.training.made_up import a_plan, daily_courses
from tests.training.test_tracking import closed_port
from tests.training.test_transport import a_cohort
from training.__main__ import main
from training.elsewhere import evaluate_elsewhere
from training.evaluating import Found
from training.fit import fit
from training.plan import AuditPlan, EvaluationPlan
from training.recalibrate import recalibrate
from training.recorded_fit import RecordedFit, fit_and_record
from training.recorded_judging import (
    EVALUATION,
    RECALIBRATION,
    TRANSPORT,
    Judging,
    of_model,
    of_plan,
    record,
)
from training.references import Referred, referred
from training.tracking_store import TrackingStore, open_store
from training.transport import transport
from training.work_folder import WorkFolder

MADE_UP = "courses are made up in this order, with one input that tells"
PLAN = a_plan(
    evaluation=EvaluationPlan(bootstrap=60),
    audit=AuditPlan(
        {
            "row_order_predicts_the_outcome": MADE_UP,
            "one_predictor_nearly_determines_the_outcome": MADE_UP,
        }
    ),
)
PLOTS = {"roc", "precision_recall", "calibration", "decision_curve", "thresholds", "instability"}


def others(**changed):
    return daily_courses(**{"signal": 1.5, "seed": 7} | changed)


@pytest.fixture(scope="module")
def tracked(tmp_path_factory, empty_tables) -> tuple[WorkFolder, RecordedFit]:
    work = WorkFolder(tmp_path_factory.mktemp("judging"))
    work.tracking_database.write_bytes(empty_tables.read_bytes())
    return work, fit_and_record(PLAN, daily_courses(signal=1.5), work, open_store(work, {}))


def run_of(store: TrackingStore, run_id: str):
    return store.client.get_run(run_id)


def artifacts(store: TrackingStore, run_id: str, place: str = "") -> set[str]:
    return {Path(one.path).name for one in store.client.list_artifacts(run_id, place)}


def documents(store: TrackingStore, run_id: str, tmp_path: Path) -> str:
    """Everything of a run that is text: its files, tags, settings and names of figures."""
    place = Path(store.client.download_artifacts(run_id, "", str(tmp_path)))
    files = [path.read_text("utf-8") for path in place.rglob("*.json")]
    data = run_of(store, run_id).data
    return "\n".join([*files, json.dumps([data.tags, data.params, list(data.metrics)])])


def test_an_evaluation_stands_beside_its_fit_by_the_same_names(tracked, tmp_path):
    work, done = tracked
    store = open_store(work, {})
    subject = referred(f"{done.version.question}/{done.version.number}", lambda: store)
    cohort = others()
    found = evaluate_elsewhere(subject, cohort, replicates=60)
    run_id = record(Judging(EVALUATION, found.table, of_model(subject), found), store).run_id
    run, fitted = run_of(store, run_id), run_of(store, done.version.run_id)
    assert run.info.experiment_id == fitted.info.experiment_id
    assert run.data.metrics["auroc"] == found.table["model"]["auroc"]["estimate"]
    assert run.data.metrics["n_patients_judged"] == 60
    assert {name for name in run.data.metrics if "." not in name} <= set(fitted.data.metrics)
    assert run.data.tags["kind"] == EVALUATION
    assert run.data.tags["of_run"] == done.version.run_id
    assert run.data.tags["model_digest"] == done.result.model.digest
    assert run.data.tags["cohort_fingerprint"] == fingerprint(cohort)
    assert run.data.tags["synthetic"] == "false"
    assert run.data.tags["decision"] == found.table["verdict"]["decision"]
    assert run.info.status == "FINISHED"
    assert artifacts(store, run_id) == {"evaluation.json", "plots"}
    plots = {name.removesuffix(".png") for name in artifacts(store, run_id, "plots")}
    assert (
        plots
        == PLOTS
        <= {name.removesuffix(".png") for name in artifacts(store, done.version.run_id, "plots")}
    )
    assert not re.search(r"\b[CP]0\d\d\b", documents(store, run_id, tmp_path))


def test_made_up_patients_are_called_so(store, tmp_path):
    subject = Referred("here", fit(daily_courses(signal=1.5), PLAN, audit=None).model)
    cohort = others()
    made_up = replace(cohort, manifest=replace(cohort.manifest, synthetic=True))
    table = recalibrate(subject, made_up, replicates=50).table
    done = record(Judging(RECALIBRATION, table, of_model(subject)), store)
    run = run_of(store, done.run_id)
    assert run.data.tags["synthetic"] == "true"
    assert run.info.run_name == "recalibration: SYNTHETIC made up"
    assert run.data.metrics["auroc"] == table["after"]["auroc"]["estimate"]
    assert run.data.metrics["before.auroc"] == table["before"]["auroc"]["estimate"]
    assert (
        run.data.metrics["difference.before.log_loss"]
        == (table["difference"]["log_loss"]["estimate"])
    )
    assert store.experiment("a plan") == run.info.experiment_id, "the plan is named in the model"


def test_transport_has_the_figures_of_every_site_and_counts_of_no_small_one(store, tmp_path):
    sites = ["north", "south / east"] * 40 + ["west"] * 4
    cohort = a_cohort(patients=84, events=30, site=sites)
    table = transport(cohort, PLAN, "site")
    assert set(table["not_assessable"]) == {"west"}
    assert table["pooled"]["n_patients"] == 80
    run_id = record(Judging(TRANSPORT, table, of_plan(PLAN)), store).run_id
    metrics = run_of(store, run_id).data.metrics
    assert metrics["auroc"] == table["pooled"]["model"]["auroc"]["estimate"]
    assert metrics["site.south _ east.auroc"] == table["groups"][1]["model"]["auroc"]["estimate"]
    assert "n_patients_judged" not in metrics, "84 in all less 80 judged is the west's 4"
    counted = [name for name in metrics if name.endswith("n_patients_judged")]
    assert len(counted) == 1
    assert '"learnt_from"' not in documents(store, run_id, tmp_path)
    assert artifacts(store, run_id, "plots") == {"groups.png"}


def test_of_too_few_patients_no_figure_is_recorded(store, tmp_path):
    subject = Referred("here", fit(daily_courses(signal=1.5), PLAN, audit=None).model)
    found = evaluate_elsewhere(subject, others(patients=8, events=3), replicates=60)
    run_id = record(Judging(EVALUATION, found.table, of_model(subject), found), store).run_id
    run = run_of(store, run_id)
    assert run.data.metrics == {}
    assert artifacts(store, run_id) == set()
    assert "fewer than 10 patients" in run.data.tags["held_back"]


def test_a_store_that_goes_away_is_said_and_the_result_stays(store):
    table = {**transport(a_cohort(site=["north", "south", "west"]), PLAN, "site")}
    judging = Judging(TRANSPORT, table, of_plan(PLAN))

    def broken(*_args, **_kwargs):
        raise ConnectionError

    store.client.log_batch = broken
    with pytest.raises(TrackingError, match=r"Nothing is lost.*--no-tracking"):
        Found(table, judging).record(lambda: store)


@pytest.mark.parametrize("verb", ["evaluate", "recalibrate", "transport"])
def test_a_server_that_is_not_there_takes_nothing_with_it(
    verb, tracked, tmp_path, monkeypatch, capsys
):
    work, done = tracked
    cohort = write_cohort(others(site="north"), tmp_path / "cohort")
    courses = cohort_with_sites(tmp_path)
    out = tmp_path / "found.json"
    asked = {
        "evaluate": ["evaluate", "--model", str(done.directory), "--cohort", str(cohort)],
        "recalibrate": [
            "evaluate", "--recalibrate", "--model", str(done.directory), "--cohort", str(cohort),
        ],
        "transport": ["transport", "--plan", str(courses), "--by", "site", "--workers", "1"],
    }[verb]  # fmt: skip
    monkeypatch.setenv("VIGICELL_WORK", str(work.root))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{closed_port()}")
    assert main([*asked, "--json", str(out)]) == 2
    said = capsys.readouterr()
    assert "severe-crs-72h on made up" in said.out
    assert "Nothing is lost" in said.err
    assert json.loads(out.read_text("utf-8"))["question"]["name"] == "severe-crs-72h"
    assert main([*asked, "--no-tracking"]) == 0
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert main(asked) == 0
    assert re.search(r"Recorded: run [0-9a-f]{32}", capsys.readouterr().out)


def cohort_with_sites(tmp_path: Path) -> Path:
    """Write a cohort of two sites and a plan that names it."""
    place = write_cohort(a_cohort(site=["north", "south"]), tmp_path / "sites")
    plan = tmp_path / "plan.toml"
    plan.write_text(
        f'[plan]\nname = "sites"\nquestion = "severe-crs-72h"\ncohort = "{place}"\n'
        "[trees]\nmax_rounds = 0\n[tuning]\ntrials = 0\n[folds]\nouter = 2\ninner = 2\n"
        "[evaluation]\nbootstrap = 50\n"
    )
    return plan

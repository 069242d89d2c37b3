"""Whatever is of made-up patients says so wherever it is named, and nothing else does."""

from pathlib import Path

import pytest

from tests.training.made_up import daily_courses
from tests.training.test_promote import ASKED, a_challenger, decide
from tests.training.tiny_models import a_model_directory
from training.__main__ import main
from training.audit import AuditReport
from training.cards.answers.patients import marked
from training.compare_page import comparison_lines
from training.elsewhere import cohort_facts
from training.export import export_champions
from training.history import history, history_lines
from training.recalibrate import corrected
from training.references import referred
from training.registry import RiskModel
from training.restore import bring_back
from training.silent.words import sentence
from training.synthetic_mark import WORD, mark
from training.tracking_store import TrackingStore
from training.work_folder import WorkFolder

BOTH = pytest.mark.parametrize("synthetic", [True, False])


def no_store() -> TrackingStore:
    raise AssertionError("a directory needs no store")


def test_the_mark_is_one_word_before_a_name() -> None:
    assert f"{mark(True)}a ward" == "SYNTHETIC a ward"
    assert mark(False) == mark(None) == ""


@BOTH
@pytest.mark.usefixtures("own_model_store")
def test_decisions_releases_and_returns(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path, synthetic: bool
) -> None:
    for intercept in (-2.0, -1.0):
        version = a_challenger(store, tmp_path, intercept, synthetic=synthetic)
        assert (WORD in version.name) is synthetic
        outcome = decide(store, folder, overrides=["log_loss_is_below_the_champion"])
        assert (WORD in outcome.challenger.name) is synthetic
        export_champions(store, folder, "the board", "first use")
    bring_back(store, folder, "the board", "alarms")
    said = [line for line in history_lines(history(folder)) if not line.startswith(" ")][:-1]
    assert len(said) == 5
    assert all((WORD in line) is synthetic for line in said)


@BOTH
@pytest.mark.usefixtures("own_model_store")
def test_the_verbs_that_promote_and_release(
    store: TrackingStore,
    folder: WorkFolder,
    tmp_path: Path,
    synthetic: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("VIGICELL_WORK", str(folder.root))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    a_challenger(store, tmp_path, synthetic=synthetic)
    decided = ["--who", "the board", "--why", "a first use"]
    for verb in (["promote", ASKED, *decided], ["export", *decided]):
        assert main(verb) == 0
        assert (WORD in capsys.readouterr().out) is synthetic, verb[0]


@BOTH
def test_the_audit_in_words_and_as_a_page(synthetic: bool) -> None:
    report = AuditReport("a ward", ASKED, 100, 20, (), synthetic)
    assert (WORD in report.subject) is synthetic
    assert (WORD in report.to_html()) is synthetic
    assert report.to_dict()["synthetic"] is synthetic


@BOTH
def test_a_model_in_a_directory_and_a_cohort_it_is_judged_on(
    tmp_path: Path, synthetic: bool
) -> None:
    subject = referred(str(a_model_directory(tmp_path, synthetic=synthetic)), no_store)
    assert (WORD in subject.called) is synthetic
    facts = cohort_facts(daily_courses(), subject.model)
    assert facts["synthetic"] is synthetic, "a model of made-up patients on real ones counts too"
    assert (WORD in marked({"cohort": facts})) is synthetic


@BOTH
def test_a_model_corrected_on_made_up_patients(tmp_path: Path, synthetic: bool) -> None:
    model = RiskModel.load(a_model_directory(tmp_path, synthetic=False))
    assert corrected(model, model.calibrator, {"synthetic": synthetic}).synthetic is synthetic


@BOTH
def test_a_comparison_and_the_cohort_it_is_on(synthetic: bool) -> None:
    judged = {
        "cohort": "a ward", "synthetic": synthetic, "n_rows": 9, "n_patients": 3,
        "n_event_patients": 1, "n_event_rows": 2,
    }  # fmt: skip
    table = {
        "question": {"name": ASKED}, "how": "kept draws", "judged": judged, "runs": [],
        "comparisons": [], "notes": [], "level": 0.95, "synthetic": synthetic,
    }  # fmt: skip
    head, on = comparison_lines(table)
    assert (WORD in head) is (WORD in on) is synthetic


@BOTH
def test_the_verdict_on_a_silent_model(synthetic: bool) -> None:
    for verdict in ("met", "not met", "cannot tell yet"):
        assert (WORD in sentence({"synthetic": synthetic, "verdict": verdict})) is synthetic

"""Challenger to champion: aliases move only through the gate, and every decision is on record."""

from pathlib import Path
from typing import Any

import pytest

from features.cohort_files import write_cohort
from features.errors import PromotionRefused, TrackingError
from tests.training.made_up import daily_courses
from tests.training.test_gate import an_audit, an_evaluation, estimate
from tests.training.tiny_models import a_model_directory
from training import promote as promoting
from training import registry
from training.chained_record import read_entries
from training.contest import Patients
from training.default_plans import default_plan
from training.promote import promote
from training.tracking import MlflowTracker
from training.tracking_store import TrackingStore
from training.work_folder import WorkFolder

ASKED = "severe-crs-72h"
CLEAN = an_audit()


def a_challenger(
    store: TrackingStore,
    place: Path,
    intercept: float = -2.0,
    evaluation: dict[str, Any] | None = None,
    *,
    synthetic: bool = False,
    audit: dict[str, Any] | None = CLEAN,
) -> registry.Version:
    directory = a_model_directory(place, ASKED, intercept, synthetic=synthetic)
    tracker = MlflowTracker(store, "plan", "fit", {})
    tracker.document("evaluation.json", evaluation or an_evaluation())
    if audit:
        tracker.document("audit.json", audit)
    plan = default_plan(registry.RiskModel.load(directory).question)
    tracker.document("plan.json", plan.to_dict())
    version = registry.register(tracker, directory)
    tracker.end()
    return version


def decide(store: TrackingStore, folder: WorkFolder, **more: Any) -> promoting.Promotion:
    return promote(store, folder, ASKED, "the CAR-T board", "better on our patients", **more)


def test_what_passes_is_champion_and_no_challenger_is_left(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path
) -> None:
    version = a_challenger(store, tmp_path)
    outcome = decide(store, folder)
    outcome.raise_if_refused()
    assert registry.at_alias(store, ASKED, "champion") == version
    assert registry.at_alias(store, ASKED, "challenger") is None
    assert registry.overridden(store, version) is None
    (entry,) = read_entries(folder.gate_record)
    assert (entry["what"], entry["who"], entry["digest"]) == (
        "promoted",
        "the CAR-T board",
        version.digest,
    )


def test_what_is_refused_stays_challenger_and_the_rule_is_named(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path
) -> None:
    version = a_challenger(store, tmp_path, evaluation=an_evaluation(slope=estimate(0.5)))
    with pytest.raises(PromotionRefused, match="calibration_slope_interval_holds_one"):
        decide(store, folder).raise_if_refused()
    assert registry.at_alias(store, ASKED, "champion") is None
    assert registry.at_alias(store, ASKED, "challenger") == version
    assert read_entries(folder.gate_record)[0]["what"] == "refused"


def test_an_override_promotes_and_stays_on_record_with_who_and_why(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path
) -> None:
    a_challenger(store, tmp_path, evaluation=an_evaluation(slope=estimate(0.5)))
    outcome = decide(store, folder, overrides=["calibration_slope_interval_holds_one"])
    assert outcome.promoted
    (entry,) = read_entries(folder.gate_record)
    assert entry["overridden"] == ["calibration_slope_interval_holds_one"]
    assert entry["why"] == "better on our patients"
    champion = registry.at_alias(store, ASKED, "champion")
    assert champion is not None
    said = registry.overridden(store, champion)
    assert said is not None
    assert list(said["rules"]) == ["calibration_slope_interval_holds_one"]
    assert (said["who"], said["why"]) == ("the CAR-T board", "better on our patients")


def test_one_override_does_not_cover_another_rule(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path
) -> None:
    bad = an_evaluation(slope=estimate(0.5), events=3)
    a_challenger(store, tmp_path, evaluation=bad)
    outcome = decide(store, folder, overrides=["enough_patients_had_the_event"])
    with pytest.raises(PromotionRefused, match="calibration_slope"):
        outcome.raise_if_refused()


def test_without_a_comparison_the_champion_stays(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path
) -> None:
    champion = a_challenger(store, tmp_path)
    decide(store, folder)
    a_challenger(store, tmp_path, intercept=-1.0)
    outcome = decide(store, folder)
    assert list(outcome.refused_by) == ["log_loss_is_below_the_champion"]
    assert outcome.notes
    assert registry.at_alias(store, ASKED, "champion") == champion


def test_a_model_of_made_up_patients_does_not_replace_a_real_one(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path
) -> None:
    a_challenger(store, tmp_path)
    decide(store, folder)
    a_challenger(store, tmp_path, intercept=-1.0, synthetic=True)
    assert "synthetic_does_not_replace_real" in decide(store, folder).refused_by


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"overrides": ["no_such_rule"]}, "no_such_rule"),
        ({"question": "severe-icans-72h"}, "no challenger"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_and_not_recorded(
    store: TrackingStore, folder: WorkFolder, changed: dict[str, Any], said: str
) -> None:
    asked = {"question": ASKED, "who": "somebody", "why": "a reason"} | changed
    with pytest.raises(PromotionRefused, match=said):
        promote(store, folder, **asked)
    assert read_entries(folder.gate_record) == []


@pytest.mark.parametrize("missing", ["who", "why"])
def test_nobody_promotes_for_no_reason(
    store: TrackingStore, folder: WorkFolder, missing: str
) -> None:
    given = {"who": "somebody", "why": "a reason"} | {missing: "  "}
    with pytest.raises(PromotionRefused, match="who and why"):
        promote(store, folder, ASKED, **given)


def test_a_store_that_goes_away_after_the_decision_is_on_record_and_can_be_taken_up_again(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = a_challenger(store, tmp_path)

    def away(*_: Any) -> None:
        raise TrackingError("The tracking store is away.")

    monkeypatch.setattr(registry, "unpoint", away)
    with pytest.raises(TrackingError, match="Give the same command again"):
        decide(store, folder)
    monkeypatch.undo()
    assert decide(store, folder).promoted
    assert registry.at_alias(store, ASKED, "champion") == version
    assert registry.at_alias(store, ASKED, "challenger") is None
    recorded = [entry["what"] for entry in read_entries(folder.gate_record)]
    assert recorded == ["promoted", "interrupted", "promoted"]


def test_the_record_says_by_which_limits_and_on_which_run(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path
) -> None:
    version = a_challenger(store, tmp_path)
    decide(store, folder)
    (entry,) = read_entries(folder.gate_record)
    assert entry["run"] == version.run_id
    assert entry["limits"]["min_event_patients"] == 20
    assert entry["limits"]["subgroup_auroc"] == 0.6
    assert entry["notes"] == []


def test_a_model_without_an_audit_or_subgroups_is_refused(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path
) -> None:
    without = {k: v for k, v in an_evaluation().items() if k != "subgroups"}
    a_challenger(store, tmp_path, evaluation=without, audit=None)
    outcome = decide(store, folder)
    assert list(outcome.refused_by) == [
        "audit_ran_and_did_not_refuse",
        "no_subgroup_falls_through_a_floor",
    ]


def test_a_comparison_on_unseen_patients_that_cannot_be_known_refuses_and_says_why(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path
) -> None:
    a_challenger(store, tmp_path)
    decide(store, folder)
    a_challenger(store, tmp_path, intercept=-1.0)
    cohort = write_cohort(daily_courses(), tmp_path / "later")
    outcome = decide(store, folder, patients=Patients(cohort, unseen=True))
    assert list(outcome.refused_by) == ["log_loss_is_below_the_champion"]
    assert "cannot be known" in outcome.notes[0]
    assert read_entries(folder.gate_record)[-1]["notes"] == list(outcome.notes)

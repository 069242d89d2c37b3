"""Champions become a release in a chain and in the model store; the one before can come back."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from features.errors import ReleaseError
from models.release import load_release
from tests.training.tiny_models import a_model_directory
from training import registry
from training.export import (
    export_champions,
    export_to,
    import_bentoml,
    release_chain,
)
from training.release_facts import release_facts
from training.tracking import MlflowTracker
from training.tracking_store import TrackingStore
from training.work_folder import WorkFolder

CRS, ICANS = "severe-crs-72h", "severe-icans-72h"

pytestmark = pytest.mark.usefixtures("own_model_store")


def an_interval(middle: float) -> dict[str, float]:
    return {"estimate": middle, "low": middle - 0.1, "high": middle + 0.1}


EVALUATION = {
    "n_rows": 400, "n_patients": 100, "n_event_rows": 40, "n_event_patients": 30,
    "model": {"auroc": an_interval(0.8), "calibration_slope": an_interval(1.0)},
    "comparators": {"grade_and_day": {"auroc": an_interval(0.7)}},
    "verdict": {"text": "use the model. It passes.", "best_comparator": "grade_and_day"},
}  # fmt: skip


def a_champion(
    store: TrackingStore, place: Path, asked: str, intercept: float = -2.0, synthetic: bool = True
) -> str:
    tracker = MlflowTracker(store, "plan", "fit", {})
    tracker.document("evaluation.json", EVALUATION)
    directory = a_model_directory(place, asked, intercept, synthetic=synthetic)
    version = registry.register(tracker, directory)
    registry.point(store, registry.CHAMPION, version)
    return version.digest


def export(store: TrackingStore, folder: WorkFolder) -> str:
    return export_champions(store, folder, "the CAR-T board", "first use").tag


def test_all_champions_are_one_release_and_one_stored_model(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path
) -> None:
    digests = {asked: a_champion(store, tmp_path, asked) for asked in (CRS, ICANS)}
    done = export_champions(store, folder, "the CAR-T board", "first use")
    assert dict(done.record.model_digests) == digests
    stored = import_bentoml().models.get("vigicell-release:latest")
    assert str(stored.tag) == done.tag == f"vigicell-release:{done.record.digest[:16]}"
    release = load_release(stored.path)
    assert {name: model.digest for name, model in release.models.items()} == digests
    assert stored.info.metadata["digest"] == release.digest


def test_the_release_says_how_each_champion_was_judged_and_who_overrode_what(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path
) -> None:
    for asked in (CRS, ICANS):
        a_champion(store, tmp_path, asked)
    champion = registry.at_alias(store, CRS, registry.CHAMPION)
    assert champion is not None
    overridden = {"rules": {"a_rule": "a reason"}, "who": "the board", "why": "a pilot"}
    registry.tag(store, champion, {registry.OVERRIDDEN: json.dumps(overridden)})
    facts = export_champions(store, folder, "the board", "first use").record.facts
    assert facts[CRS] == {
        "verdict": "use the model. It passes.",
        "n_rows": 400, "n_patients": 100, "n_event_rows": 40, "n_event_patients": 30,
        "model": {
            "auroc": an_interval(0.8),
            "same_day_auroc": None,
            "calibration_slope": an_interval(1.0),
        },
        "best_comparator": {"name": "grade_and_day", "auroc": an_interval(0.7)},
        "overridden": overridden,
    }  # fmt: skip
    assert facts[ICANS]["overridden"] is None


@pytest.mark.parametrize(("synthetic", "told"), [(True, 9), (False, None)])
def test_a_release_does_not_count_few_real_patients(
    store: TrackingStore, tmp_path: Path, synthetic: bool, told: int | None
) -> None:
    a_champion(store, tmp_path, CRS, synthetic=synthetic)
    champion = registry.at_alias(store, CRS, registry.CHAMPION)
    assert champion is not None
    few = MlflowTracker(store, "plan", "fit", {})
    few.document("evaluation.json", EVALUATION | {"n_patients": 9})
    facts = release_facts(store, replace(champion, run_id=few.run_id))
    assert facts["n_patients"] == told


def test_models_of_real_and_of_synthetic_cohorts_are_never_released_together(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path
) -> None:
    a_champion(store, tmp_path, CRS, synthetic=False)
    a_champion(store, tmp_path, ICANS)
    said = rf"real cohorts: {CRS}\. Of synthetic cohorts: {ICANS}\. .*--only {CRS}"
    with pytest.raises(ReleaseError, match=said):
        export(store, folder)
    with pytest.raises(ReleaseError, match=said):
        export_to(store, tmp_path / "release", "the board", "for another machine")
    assert release_chain(folder) == []
    one_kind = export_champions(store, folder, "the board", "real ones", (CRS,))
    assert set(one_kind.record.model_digests) == {CRS}
    assert not one_kind.record.synthetic


def test_releases_form_a_chain(store: TrackingStore, folder: WorkFolder, tmp_path: Path) -> None:
    for intercept in (-2.0, -1.0, -0.5):
        a_champion(store, tmp_path, CRS, intercept)
        export(store, folder)
    chain = release_chain(folder)
    assert [record.previous for record in chain] == [None, *(r.digest for r in chain[:-1])]


def test_a_directory_can_be_asked_for_and_is_not_in_the_chain(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path
) -> None:
    a_champion(store, tmp_path, CRS)
    done = export_to(store, tmp_path / "release", "the board", "for another machine")
    assert set(load_release(tmp_path / "release").models) == {CRS}
    assert done.tag == ""
    assert release_chain(folder) == []


def test_without_a_champion_it_says_what_to_do(store: TrackingStore, folder: WorkFolder) -> None:
    with pytest.raises(ReleaseError, match="promote"):
        export(store, folder)


def test_an_edited_release_stops_the_next_one(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path
) -> None:
    a_champion(store, tmp_path, CRS)
    export(store, folder)
    (record,) = folder.releases.glob("*/release.json")
    record.write_text(record.read_text().replace("first use", "other use"))
    with pytest.raises(ReleaseError, match="changed or is missing"):
        export(store, folder)

"""The release before comes back whole: what is served, the chain and the registry agree."""

from pathlib import Path
from typing import Any

import pytest

from features.errors import ReleaseError, TrackingError
from models.release import load_release
from tests.training.test_export import CRS, EVALUATION, ICANS, a_champion, export
from training import registry
from training.export import import_bentoml, release_chain
from training.restore import bring_back
from training.tracking_store import TrackingStore
from training.work_folder import WorkFolder

pytestmark = pytest.mark.usefixtures("own_model_store")


def champion(store: TrackingStore, asked: str) -> str | None:
    found = registry.at_alias(store, asked, registry.CHAMPION)
    return found.digest if found else None


def served() -> dict[str, str]:
    return dict(load_release(import_bentoml().models.get("vigicell-release:latest").path).digests)


def test_the_release_before_comes_back_as_the_newest(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path
) -> None:
    first = a_champion(store, tmp_path, CRS)
    export(store, folder)
    a_champion(store, tmp_path, CRS, -1.0)
    export(store, folder)
    back = bring_back(store, folder, "the CAR-T board", "alarms on the ward")
    assert back.record.model_digests[CRS] == first
    served = load_release(import_bentoml().models.get("vigicell-release:latest").path)
    assert served.models[CRS].digest == first
    assert served.record.facts[CRS]["n_rows"] == EVALUATION["n_rows"]
    assert len(release_chain(folder)) == 3
    with pytest.raises(ReleaseError, match="no earlier release"):
        bring_back(store, folder, "the CAR-T board", "further back than the first")


def test_after_a_return_the_next_release_can_be_undone_again(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path
) -> None:
    digests = []
    for intercept in (-2.0, -1.0):
        digests.append(a_champion(store, tmp_path, CRS, intercept))
        export(store, folder)
    bring_back(store, folder, "the board", "alarms")
    a_champion(store, tmp_path, CRS, -0.5)
    export(store, folder)
    assert (
        bring_back(store, folder, "the board", "alarms again").record.model_digests[CRS]
        == digests[0]
    )


def test_registry_release_and_store_agree_after_a_return(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path
) -> None:
    first = a_champion(store, tmp_path, CRS)
    export(store, folder)
    a_champion(store, tmp_path, CRS, -1.0)
    a_champion(store, tmp_path, ICANS)
    export(store, folder)
    bring_back(store, folder, "the board", "alarms on the ward")
    assert served() == dict(release_chain(folder)[-1].model_digests) == {CRS: first}
    assert (champion(store, CRS), champion(store, ICANS)) == (first, None)
    export(store, folder)
    assert served() == {CRS: first}, "the next release must not bring back what was left"


def test_a_champion_that_was_never_released_stays(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path
) -> None:
    for intercept in (-2.0, -1.0):
        a_champion(store, tmp_path, CRS, intercept)
        export(store, folder)
    waiting = a_champion(store, tmp_path, ICANS)
    bring_back(store, folder, "the board", "alarms")
    assert champion(store, ICANS) == waiting


def test_a_store_that_goes_away_half_way_is_taken_up_again(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = {asked: a_champion(store, tmp_path, asked) for asked in (CRS, ICANS)}
    export(store, folder)
    for asked in (CRS, ICANS):
        a_champion(store, tmp_path, asked, -1.0)
    export(store, folder)
    point, moved = registry.point, []

    def away_after_the_first(*given: Any) -> None:
        if moved:
            raise TrackingError("The tracking store is away.")
        moved.append(given)
        point(*given)

    monkeypatch.setattr(registry, "point", away_after_the_first)
    with pytest.raises(TrackingError, match=r"VIGICELL_RELEASE=.*0001-"):
        bring_back(store, folder, "the board", "alarms")
    assert len(release_chain(folder)) == 2
    monkeypatch.undo()
    bring_back(store, folder, "the board", "alarms")
    assert served() == first == {asked: champion(store, asked) for asked in first}


def test_models_that_the_registry_does_not_hold_stop_it_before_anything_moves(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path
) -> None:
    a_champion(store, tmp_path, CRS)
    export(store, folder)
    second = a_champion(store, tmp_path, CRS, -1.0)
    export(store, folder)
    store.client.delete_registered_model_alias(CRS, registry.CHAMPION)
    store.client.delete_model_version(CRS, "1")
    store.client.set_registered_model_alias(CRS, registry.CHAMPION, "2")
    with pytest.raises(TrackingError, match="MLFLOW_TRACKING_URI"):
        bring_back(store, folder, "the board", "alarms")
    assert champion(store, CRS) == second
    assert len(release_chain(folder)) == 2


def test_without_a_release_before_it_says_what_there_is_and_what_to_do(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path
) -> None:
    with pytest.raises(ReleaseError, match=r"Nothing was released yet.*export`"):
        bring_back(store, folder, "the board", "alarms")
    a_champion(store, tmp_path, CRS)
    export(store, folder)
    digest = release_chain(folder)[0].digest[:16]
    with pytest.raises(ReleaseError, match=f"{digest}.*{CRS}.*is the first.*stop the service"):
        bring_back(store, folder, "the board", "alarms")
    assert champion(store, CRS) is not None, "nothing moves"
    assert len(release_chain(folder)) == 1


def test_nobody_brings_back_for_no_reason(store: TrackingStore, folder: WorkFolder) -> None:
    with pytest.raises(ReleaseError, match="who and why"):
        bring_back(store, folder, "somebody", " ")

"""Releases: whole, unchanged, and chained."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from features.errors import ModelFormatError, ReleaseError
from features.questions import question
from models import sealed_directory
from models.release import RECORD, ReleaseRecord, build_release, load_release, verify_chain
from models.risk_model import RiskModel
from tests.models.conftest import Rows

FIRST_DAY = datetime(2026, 3, 3, 8, tzinfo=UTC)
CRS, ICANS = "severe-crs-72h", "severe-icans-72h"


@pytest.fixture(scope="module")
def places(
    a_model: Callable[..., RiskModel], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    crs = a_model(rounds=2, n_refits=2)
    icans = replace(crs, question=question(ICANS), manifest={"synthetic": False})
    crs.save(folder / CRS)
    icans.save(folder / ICANS)
    return {CRS: folder / CRS, ICANS: folder / ICANS}


def _build(
    destination: Path, places: dict[str, Path], day: int = 0, previous: Path | None = None
) -> ReleaseRecord:
    when = FIRST_DAY + timedelta(days=day)
    return build_release(destination, places, "A. Person", "it passed", when, previous)


@pytest.fixture
def chain(places: dict[str, Path], tmp_path: Path) -> list[Path]:
    releases = [tmp_path / f"release-{number}" for number in (1, 2, 3)]
    previous = None
    for day, release in enumerate(releases):
        _build(release, places, day, previous)
        previous = release
    return releases


def test_the_models_of_a_release_answer_as_they_did(
    places: dict[str, Path], tmp_path: Path, rows: Rows
) -> None:
    record = _build(tmp_path / "r", places)
    release = load_release(tmp_path / "r")
    assert set(release.models) == {CRS, ICANS}
    for asked, place in places.items():
        own = RiskModel.load(place)
        assert (release.models[asked].predict(rows.X) == own.predict(rows.X)).all()
        assert release.digests[asked] == own.digest
    assert release.digest == record.digest
    assert (record.who, record.why, record.when, record.previous) == (
        "A. Person",
        "it passed",
        "2026-03-03T08:00:00+00:00",
        None,
    )


def test_one_synthetic_model_makes_the_release_synthetic(
    places: dict[str, Path], tmp_path: Path
) -> None:
    _build(tmp_path / "both", places)
    _build(tmp_path / "real", {ICANS: places[ICANS]})
    assert load_release(tmp_path / "both").synthetic
    assert not load_release(tmp_path / "real").synthetic
    assert not load_release(tmp_path / "real").record.synthetic


def test_the_chain_is_read_first_to_last(chain: list[Path]) -> None:
    records = verify_chain(chain[0].parent, head=load_release(chain[2]).digest)
    assert [record.directory for record in records] == chain
    assert [b.previous for b in records[1:]] == [a.digest for a in records[:-1]]


def test_an_empty_folder_is_an_empty_chain(tmp_path: Path) -> None:
    assert verify_chain(tmp_path) == []
    with pytest.raises(ReleaseError, match="the last release is not"):
        verify_chain(tmp_path, head="0" * 64)


@pytest.mark.parametrize("number", [0, 1])
def test_an_edited_record_breaks_the_chain(chain: list[Path], number: int) -> None:
    path = chain[number] / RECORD
    path.write_text(path.read_text().replace("it passed", "it was late"))
    with pytest.raises(ReleaseError, match="missing or was changed"):
        verify_chain(chain[0].parent)


def test_an_edited_last_record_is_seen_against_its_known_head(chain: list[Path]) -> None:
    head = load_release(chain[2]).digest
    path = chain[2] / RECORD
    path.write_text(path.read_text().replace("it passed", "it was late"))
    with pytest.raises(ReleaseError, match="the last release is not"):
        verify_chain(chain[0].parent, head)


def test_a_removed_release_breaks_the_chain(chain: list[Path]) -> None:
    shutil.rmtree(chain[1])
    with pytest.raises(ReleaseError, match="release-3 follows a release that is missing"):
        verify_chain(chain[0].parent)


def test_a_fork_is_refused(chain: list[Path], places: dict[str, Path]) -> None:
    _build(chain[0].parent / "other", places, 9, previous=chain[0])
    with pytest.raises(ReleaseError, match="the chain forks"):
        verify_chain(chain[0].parent)


def test_a_changed_model_is_seen_by_the_chain_and_by_loading(chain: list[Path]) -> None:
    path = chain[1] / "models" / CRS / "linear.json"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ReleaseError, match=f"{CRS} in release-2 was changed"):
        verify_chain(chain[0].parent)
    with pytest.raises(ModelFormatError, match=r"linear\.json was changed"):
        load_release(chain[1])


def test_another_whole_model_in_its_place_is_refused(
    chain: list[Path], a_model: Callable[..., RiskModel]
) -> None:
    shutil.rmtree(chain[0] / "models" / CRS)
    a_model(rounds=0, n_refits=0).save(chain[0] / "models" / CRS)
    with pytest.raises(ReleaseError, match="not the one that was released"):
        load_release(chain[0])


@pytest.mark.parametrize("extra", [True, False])
def test_a_model_too_many_or_too_few_is_named(chain: list[Path], extra: bool) -> None:
    if extra:
        (chain[0] / "models" / "another").mkdir()
    else:
        shutil.rmtree(chain[0] / "models" / ICANS)
    with pytest.raises(ReleaseError, match="another" if extra else f"missing models.*{ICANS}"):
        load_release(chain[0])


def test_a_half_written_release_is_refused(chain: list[Path]) -> None:
    (chain[0] / RECORD).unlink()
    with pytest.raises(ReleaseError, match=r"holds no release\.json"):
        load_release(chain[0])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format_version": 2}, "vigicell-release of format 2.*Update VigiCell"),
        ({"format": "zip"}, "does not describe"),
        ({"models": {}}, "lists no model"),
        ({"models": {"../../etc": "0"}}, "illegal name"),
        ({"models": 3}, "wrong one"),
    ],
)
def test_a_record_that_cannot_be_read_is_refused(
    chain: list[Path], change: dict[str, object], says: str
) -> None:
    path = chain[0] / RECORD
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ReleaseError, match=says):
        load_release(chain[0])


def test_text_that_is_no_json_is_refused(chain: list[Path]) -> None:
    (chain[0] / RECORD).write_text("{")
    with pytest.raises(ReleaseError, match="not readable JSON"):
        load_release(chain[0])


def test_a_store_may_lay_its_own_file_beside_the_record(chain: list[Path]) -> None:
    (chain[0] / "model.yaml").write_text("name: vigicell-release")
    assert set(load_release(chain[0]).models) == {CRS, ICANS}


def test_a_full_disk_leaves_no_half_release(
    places: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sealed_directory, "_write", full)
    with pytest.raises(ReleaseError, match="No space left"):
        _build(tmp_path / "r", places)
    assert list(tmp_path.iterdir()) == []


def test_a_release_is_never_replaced(chain: list[Path], places: dict[str, Path]) -> None:
    with pytest.raises(ReleaseError, match="is taken"):
        _build(chain[0], places)


def test_models_listed_for_another_question_are_refused(
    places: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(ReleaseError, match=f"listed for {ICANS} answers {CRS}"):
        _build(tmp_path / "r", {ICANS: places[CRS]})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"models": {}}, "at least one model"),
        ({"models": {"../up": Path()}}, "question names"),
        ({"who": " "}, "who promotes"),
        ({"why": ""}, "why it is promoted"),
        ({"when": datetime(2026, 3, 3)}, "time zone"),  # noqa: DTZ001 - what is refused here
    ],
)
def test_arguments_that_make_no_record_are_refused(
    places: dict[str, Path], tmp_path: Path, change: dict[str, object], says: str
) -> None:
    good = {"models": places, "who": "A. Person", "why": "it passed", "when": FIRST_DAY}
    with pytest.raises(ReleaseError, match=says):
        build_release(tmp_path / "r", **{**good, **change})  # type: ignore[arg-type]


def test_facts_are_in_the_record_and_vouched_for_by_its_digest(
    places: dict[str, Path], tmp_path: Path
) -> None:
    told = {CRS: {"verdict": "use the model", "model": {"auroc": {"estimate": 0.8, "low": None}}}}
    with_facts = build_release(
        tmp_path / "r", places, "A. Person", "it passed", FIRST_DAY, facts=told
    )
    assert with_facts.facts == load_release(tmp_path / "r").record.facts == told
    assert with_facts.to_json()["facts"] == told
    record = tmp_path / "r" / RECORD
    record.write_text(record.read_text().replace("use the model", "use no model"))
    with pytest.raises(ReleaseError, match="was changed"):
        verify_chain(tmp_path, with_facts.digest)


def test_a_release_without_facts_is_read(places: dict[str, Path], tmp_path: Path) -> None:
    _build(tmp_path / "r", places)
    assert load_release(tmp_path / "r").record.facts == {}


def test_facts_of_a_model_that_is_not_there_are_refused(
    places: dict[str, Path], tmp_path: Path
) -> None:
    told = {"severe-crs-30d": {"verdict": "use the model"}}
    with pytest.raises(ReleaseError, match="severe-crs-30d"):
        build_release(tmp_path / "r", places, "A. Person", "why", FIRST_DAY, facts=told)
    assert not (tmp_path / "r").exists()

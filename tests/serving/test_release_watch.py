"""A release is swapped and rolled back between answers; what cannot be trusted is refused."""

import json
import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.release import build_release, load_release
from serving.release_watch import TRIES_APART, ReleaseWatch
from tests.serving.asking import a_request

BODY = json.dumps(a_request()).encode()


@pytest.fixture(scope="module")
def releases(release_directory, tmp_path_factory):
    """Two releases: the second answers one question less and follows the first."""
    folder = tmp_path_factory.mktemp("releases")
    shutil.copytree(release_directory, folder / "1")
    models = {
        one.name: one
        for one in (release_directory / "models").iterdir()
        if one.name != "severe-icans-72h"
    }
    now = datetime.now(UTC)
    build_release(folder / "2", models, "a test", "the next", now, previous=folder / "1")
    return folder


@pytest.fixture
def place(releases, tmp_path):
    link = tmp_path / "current"
    link.symlink_to(releases / "1")
    return link


@pytest.fixture
def desk(open_desk, place):
    return open_desk(load_release(place))


def point(link: Path, to: Path) -> None:
    fresh = link.with_name("fresh")
    fresh.symlink_to(to)
    fresh.replace(link)


def version(desk):
    return json.loads(desk.answer(BODY))["release"]


def test_a_link_set_anew_swaps_the_release_and_set_back_rolls_it_back(desk, place, releases):
    watch = ReleaseWatch(desk, lambda: place)
    first = version(desk)
    assert not watch.look()
    point(place, releases / "2")
    assert watch.look()
    assert version(desk) == load_release(releases / "2").digest != first
    assert not watch.look()
    point(place, releases / "1")
    assert watch.look()
    assert version(desk) == first


def test_no_request_is_dropped_while_releases_are_swapped(desk, place, releases):
    watch = ReleaseWatch(desk, lambda: place)
    stop, failures, seen = threading.Event(), [], []

    def ask():
        while not stop.is_set():
            try:
                answer = json.loads(desk.answer(BODY))
                names = {one["question"]["name"] for one in answer["answers"]}
                seen.append((answer["release"], "severe-icans-72h" in names))
            except Exception as error:  # any failure is the finding
                failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for one in threads:
        one.start()
    for turn in range(6):
        point(place, releases / str(2 - turn % 2))
        assert watch.look()
    stop.set()
    for one in threads:
        one.join()
    assert not failures
    first = load_release(releases / "1").digest
    assert {one for one, _ in seen} <= {first, load_release(releases / "2").digest}
    assert all(asked == (one == first) for one, asked in seen)  # never half of each
    assert desk.ledger.verify().holds


def half_written(directory: Path) -> None:
    shutil.rmtree(directory / "models" / "severe-crs-72h")


def cut_off(directory: Path) -> None:
    record = directory / "release.json"
    record.write_bytes(record.read_bytes()[:40])


def changed(directory: Path) -> None:
    file = directory / "models" / "severe-crs-72h" / "linear.json"
    file.write_bytes(file.read_bytes().replace(b"0", b"1", 1))


def of_a_newer_format(directory: Path) -> None:
    record = directory / "release.json"
    said = json.loads(record.read_bytes())
    record.write_text(json.dumps({**said, "format_version": 99}))


@pytest.mark.parametrize("spoil", [half_written, cut_off, changed, of_a_newer_format])
def test_what_cannot_be_trusted_is_refused_and_the_old_release_stays(
    desk, place, releases, tmp_path, spoil
):
    watch, first = ReleaseWatch(desk, lambda: place), version(desk)
    shutil.copytree(releases / "2", tmp_path / "spoilt")
    spoil(tmp_path / "spoilt")
    point(place, tmp_path / "spoilt")
    assert not watch.look()
    assert version(desk) == first
    assert desk.facts().refused
    assert desk.ready()
    point(place, releases / "2")
    assert watch.look()
    assert desk.facts().refused is None


def test_a_release_that_is_still_being_copied_is_taken_once_it_is_whole(
    desk, place, releases, tmp_path
):
    watch = ReleaseWatch(desk, lambda: place)
    coming = tmp_path / "coming"
    shutil.copytree(releases / "2", coming)
    shutil.move(coming / "models" / "severe-crs-72h", tmp_path / "late")
    point(place, coming)
    assert not watch.look()
    shutil.move(tmp_path / "late", coming / "models" / "severe-crs-72h")
    looks = [watch.look() for _ in range(TRIES_APART)]
    assert looks == [False] * (TRIES_APART - 1) + [True]
    assert version(desk) == load_release(releases / "2").digest


def test_a_release_that_is_gone_leaves_the_loaded_one(desk, place):
    watch, first = ReleaseWatch(desk, lambda: place), version(desk)
    place.unlink()
    assert not watch.look()
    assert version(desk) == first


def test_a_service_without_a_release_takes_the_first_that_comes(open_desk, releases, tmp_path):
    desk, link = open_desk(None), tmp_path / "current"
    watch = ReleaseWatch(desk, lambda: link)
    assert not watch.look()
    link.symlink_to(releases / "1")
    assert watch.look()
    assert version(desk) == load_release(releases / "1").digest


def test_the_watch_looks_by_itself_and_stops(desk, place, releases, monkeypatch):
    monkeypatch.setattr("serving.release_watch.EVERY_SECONDS", 0.01)
    watch, swapped = ReleaseWatch(desk, lambda: place), threading.Event()
    monkeypatch.setattr(desk, "swap", lambda _: swapped.set())
    watch.start()
    point(place, releases / "2")
    assert swapped.wait(30)
    watch.stop()
    assert not watch._thread.is_alive()

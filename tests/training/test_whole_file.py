"""A file is written whole, or what was there before stays."""

import errno
from pathlib import Path

import pytest

from training.whole_file import whole_file


def test_what_was_written_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    place = tmp_path / "figures.json"
    place.write_text("old")
    with whole_file(place) as fresh:
        fresh.write_text("new")
        assert place.read_text() == "old"
    assert place.read_text() == "new"
    assert list(tmp_path.iterdir()) == [place]


def half_written(place: Path, stop: BaseException) -> None:
    with whole_file(place) as fresh:
        fresh.write_text("ne")
        raise stop


@pytest.mark.parametrize("stop", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt(), ValueError()])
def test_a_stop_on_the_way_leaves_the_old_file_alone(tmp_path: Path, stop: BaseException) -> None:
    place = tmp_path / "figures.json"
    place.write_text("old")
    with pytest.raises(type(stop)):
        half_written(place, stop)
    assert place.read_text() == "old"
    assert list(tmp_path.iterdir()) == [place]


@pytest.mark.parametrize("name", ["no-such-folder/x.csv", "."])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError, match="directory") as refused, whole_file(tmp_path / name):
        pass
    assert refused.value.filename == str(tmp_path / name)

"""A journal that was cut in the middle of a line is read as far as it is whole."""

import os
import time
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from training.journal import mend_after_a_stop


def search(journal: Path, trials: int) -> list[float]:
    storage = JournalStorage(JournalFileBackend(str(journal)))
    study = optuna.create_study(study_name="a study", storage=storage, load_if_exists=True)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=trials)
    return [trial.value for trial in study.get_trials() if trial.value is not None]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    search(tmp_path / "final.journal", 3)
    return tmp_path / "final.journal"


@pytest.mark.parametrize("lost", [1, 15])
def test_a_search_goes_on_behind_half_a_line(journal: Path, lost: int) -> None:
    journal.write_bytes(journal.read_bytes()[:-lost])
    mend_after_a_stop(journal)
    found = search(journal, 2)
    assert len(found) == 4, "the two whole trials are kept"
    assert search(journal, 0) == found


def test_a_whole_journal_is_left_alone(journal: Path) -> None:
    before = journal.read_bytes()
    mend_after_a_stop(journal)
    assert journal.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"garbage\n", b"7\n", b"\xff\n"])
def test_what_is_no_journal_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    journal = tmp_path / "final.journal"
    journal.write_bytes(content)
    mend_after_a_stop(journal)
    assert journal.read_bytes() == b""


def test_no_journal_is_no_problem(tmp_path: Path) -> None:
    mend_after_a_stop(tmp_path / "none.journal")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("age_seconds", "there"), [(60, False), (0, True)])
def test_the_lock_of_a_dead_writer_is_dropped_and_that_of_a_living_one_kept(
    journal: Path, age_seconds: float, there: bool
) -> None:
    lock = Path(f"{journal}.lock")
    lock.symlink_to(journal)  # as Optuna locks a journal
    then = time.time() - age_seconds
    os.utime(lock, (then, then), follow_symlinks=False)
    mend_after_a_stop(journal)
    assert lock.is_symlink() == there

"""Backup while in use, restore into an empty ledger, from either database into the other."""

import sqlite3
import threading
from datetime import UTC, datetime

import pytest

from features.errors import LedgerError
from serving.ledger import Kind, Ledger
from tests.first_ledger import a_first_ledger


@pytest.fixture
def other(tmp_path):
    one = Ledger(tmp_path / "other.sqlite")
    yield one
    one.close()


def everything(ledger):
    return list(ledger.after())


def test_a_backup_holds_the_same_chain_and_is_one_file_for_its_owner(ledger, an_entry, tmp_path):
    ledger.append(*map(an_entry, range(130)))
    ledger.erase(datetime.now(UTC), "rule", "A. Person")
    ledger.append(an_entry(500))
    (tmp_path / "copies").mkdir()
    copy = tmp_path / "copies" / "backup.sqlite"
    verdict = ledger.backup(copy)
    assert (verdict.holds, verdict.entries, verdict.erased) == (True, 132, 130)
    assert list(copy.parent.iterdir()) == [copy]
    assert copy.stat().st_mode & 0o077 == 0
    one = Ledger(copy)
    assert everything(one) == everything(ledger)
    one.close()


def test_a_backup_taken_while_others_write_verifies(ledger, an_entry, tmp_path):
    ledger.append(*map(an_entry, range(200)))
    stop = threading.Event()

    def write():
        number = 1000
        while not stop.is_set():
            ledger.append(an_entry(number))
            number += 1

    thread = threading.Thread(target=write)
    thread.start()
    verdicts = [ledger.backup(tmp_path / f"backup-{one}") for one in range(3)]
    stop.set()
    thread.join()
    assert all(one.holds for one in verdicts)
    assert 200 <= verdicts[0].entries < verdicts[2].entries <= ledger.head()


def test_a_backup_is_restored_and_goes_on(ledger, other, an_entry, tmp_path):
    other.append(*map(an_entry, range(60)))
    other.erase(datetime.now(UTC), "rule", "A. Person")
    other.backup(tmp_path / "backup")
    before = (tmp_path / "backup").read_bytes()
    assert ledger.restore(tmp_path / "backup").entries == 61
    assert everything(ledger) == everything(other)
    assert ledger.append(an_entry(100)) == [62]
    assert ledger.verify().holds
    assert ledger.latest(Kind.ANSWER).position == 62
    assert (tmp_path / "backup").read_bytes() == before


def test_only_an_empty_ledger_is_restored_into(ledger, other, an_entry, tmp_path):
    other.append(an_entry(1))
    other.backup(tmp_path / "backup")
    ledger.append(an_entry(2))
    with pytest.raises(LedgerError, match="holds 1 entries already"):
        ledger.restore(tmp_path / "backup")
    assert ledger.head() == 1


def test_a_broken_backup_is_not_restored(ledger, other, an_entry, tmp_path):
    other.append(*map(an_entry, range(3)))
    other.backup(tmp_path / "backup")
    connection = sqlite3.connect(tmp_path / "backup")
    connection.execute("DROP TRIGGER payload_is_only_erased")
    connection.execute("UPDATE payload SET answer = x'00' WHERE position = 2")
    connection.commit()
    connection.close()
    with pytest.raises(LedgerError, match="broken at entry 2"):
        ledger.restore(tmp_path / "backup")
    assert ledger.head() == 0


def test_a_backup_of_what_was_cut_at_its_end_says_so(ledger, edited, an_entry, tmp_path):
    ledger.append(*map(an_entry, range(3)))
    edited("DELETE FROM payload WHERE position = 3", "DELETE FROM entry WHERE position = 3")
    verdict = ledger.backup(tmp_path / "backup")
    assert verdict.broken_at == 3


def test_no_file_is_overwritten(ledger, tmp_path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(LedgerError, match="already"):
        ledger.backup(tmp_path / "mine")
    with pytest.raises(LedgerError, match="cannot be written"):
        ledger.backup(tmp_path / "mine" / "below a file")
    assert (tmp_path / "mine").read_text() == "mine"


def test_what_is_no_backup_is_refused(ledger, tmp_path):
    with pytest.raises(LedgerError, match="no such backup"):
        ledger.restore(tmp_path / "nowhere")
    (tmp_path / "text").write_text("no database" * 100)
    with pytest.raises(LedgerError, match="cannot be read"):
        ledger.restore(tmp_path / "text")
    a_first_ledger(tmp_path / "old", answers=1)
    with pytest.raises(LedgerError, match="version 1"):
        ledger.restore(tmp_path / "old")
    assert ledger.head() == 0

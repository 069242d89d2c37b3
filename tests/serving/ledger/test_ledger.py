import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from features.errors import LedgerError
from serving.ledger import Entry, Ledger


def an_entry(number: int) -> Entry:
    return Entry(f"id-{number}", "r" * 64, b"request %d" % number, b"{}", b"answer %d" % number)


@pytest.fixture
def ledger(tmp_path):
    one = Ledger(tmp_path / "ledger.sqlite")
    yield one
    one.close()


def edited(path: Path, *statements: str) -> None:
    """Change the file as someone with a database tool would."""
    connection = sqlite3.connect(path)
    triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for (name,) in triggers.fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_an_empty_ledger_holds(ledger):
    assert ledger.verify().holds
    assert ledger.verify().entries == 0


def test_what_is_appended_is_found_again_and_the_chain_holds(ledger):
    for number in range(5):
        ledger.append(an_entry(number))
    assert ledger.answer("id-3") == b"answer 3"
    assert ledger.answer("nobody") is None
    assert ledger.verify().entries == 5
    assert ledger.verify().holds


def test_it_goes_on_after_being_reopened(tmp_path):
    for number in range(3):
        one = Ledger(tmp_path / "ledger.sqlite")
        one.append(an_entry(number))
        one.close()
    one = Ledger(tmp_path / "ledger.sqlite")
    assert one.verify().entries == 3
    assert one.verify().holds
    one.close()


@pytest.mark.parametrize(
    ("statement", "position"),
    [
        ("UPDATE payload SET answer = x'00' WHERE position = 3", 3),
        ("UPDATE payload SET request = x'00' WHERE position = 1", 1),
        ("UPDATE payload SET predictors = x'00' WHERE position = 5", 5),
        ("UPDATE entry SET written_at = '1999' WHERE position = 2", 2),
        ("UPDATE entry SET release = 'other' WHERE position = 1", 1),
        ("UPDATE entry SET digest = 'x' WHERE position = 5", 5),
        ("DELETE FROM payload WHERE position = 2", 2),
        ("DELETE FROM entry WHERE position = 1", 2),
        ("DELETE FROM entry WHERE position = 3", 4),
        ("DELETE FROM entry WHERE position = 5", 5),
        ("UPDATE entry SET position = 9 WHERE position = 5", 9),
    ],
)
def test_every_edit_and_every_gap_is_found_where_it_is(tmp_path, statement, position):
    path = tmp_path / "ledger.sqlite"
    one = Ledger(path)
    for number in range(5):
        one.append(an_entry(number))
    one.close()
    edited(path, statement)
    one = Ledger(path)
    verdict = one.verify()
    one.close()
    assert not verdict.holds
    assert verdict.broken_at == position
    assert verdict.reason


@pytest.mark.parametrize("table", ["entry", "payload"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET position = 7", "DELETE FROM {}"])
def test_the_file_itself_refuses_to_change_or_forget(ledger, table, statement):
    ledger.append(an_entry(1))
    connection = sqlite3.connect(ledger.path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement.format(table))
    connection.close()


def test_threads_lose_nothing(ledger):
    def many(start: int) -> None:
        for number in range(start, start + 20):
            ledger.append(an_entry(number))

    threads = [threading.Thread(target=many, args=(100 * one,)) for one in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.verify().entries == 80
    assert ledger.verify().holds


_WRITER = """
import sys
from pathlib import Path
from serving.ledger import Entry, Ledger
ledger = Ledger(Path(sys.argv[1]))
for number in range(25):
    ledger.append(Entry(f"{sys.argv[2]}-{number}", "", b"q", b"{}", b"a"))
"""


def test_processes_that_start_together_share_one_ledger(tmp_path):
    path = tmp_path / "ledger.sqlite"
    root = Path(__file__).parents[2]
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(path), str(one)], cwd=root)
        for one in range(3)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    one = Ledger(path)
    verdict = one.verify()
    one.close()
    assert verdict.entries == 75
    assert verdict.holds


def test_the_settings_that_make_it_durable(ledger):
    connection = ledger._connection
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_only_its_owner_may_read_it(ledger):
    assert ledger.path.stat().st_mode & 0o077 == 0


def test_an_entry_that_cannot_be_written_leaves_nothing_behind(ledger):
    ledger.append(an_entry(1))
    with pytest.raises(LedgerError, match="not given"):
        ledger.append(an_entry(1))  # ids are unique
    ledger.append(an_entry(2))
    assert ledger.verify().entries == 2
    assert ledger.verify().holds


def test_a_full_disk_is_an_error_and_the_chain_goes_on_afterwards(ledger):
    ledger.append(an_entry(1))
    connection = ledger._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LedgerError, match="disk"):
        ledger.append(Entry("big", "", b"x" * 1_000_000, b"", b""))
    connection.execute("PRAGMA max_page_count = 1000000")
    ledger.append(an_entry(2))
    assert ledger.verify().entries == 2
    assert ledger.verify().holds


def test_writable_tells_whether_another_holds_the_pen(ledger):
    assert ledger.writable()
    ledger.close()
    assert not ledger.writable()


def test_another_database_is_refused(tmp_path):
    path = tmp_path / "other.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE a (b)")
    connection.close()
    with pytest.raises(LedgerError, match="no ledger"):
        Ledger(path)


def test_a_newer_ledger_is_refused_by_its_version(tmp_path):
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    edited(path, "PRAGMA user_version = 99")
    with pytest.raises(LedgerError, match="version 99"):
        Ledger(path)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "text"
    path.write_text("not a database" * 100)
    with pytest.raises(LedgerError, match="VIGICELL_LEDGER"):
        Ledger(path)

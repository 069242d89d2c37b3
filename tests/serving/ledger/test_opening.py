"""Which ledgers are opened, made, migrated and refused."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from features.errors import LedgerError
from serving.ledger import Kind, Ledger
from tests.first_ledger import a_first_ledger
from tests.private_postgres import PASSWORD

ROOT = Path(__file__).parents[3]


def opened_and_verified(place):
    one = Ledger(place)
    verdict = one.verify()
    one.close()
    return verdict


def in_file(path, statement):
    connection = sqlite3.connect(path)
    found = connection.execute(statement).fetchall()
    connection.commit()
    connection.close()
    return found


def built_of(path):
    """The tables, indexes and triggers of a file, without its spaces."""
    rows = in_file(path, "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2")
    return [
        (*row, "".join((sql or "").split()).replace('"', ""))
        for *row, sql in rows
        if row[1]
        not in ("alembic_version", "sqlite_sequence", "sqlite_autoindex_alembic_version_1")
    ]


def test_an_older_ledger_is_carried_forward_without_breaking_its_chain(tmp_path, an_entry):
    path = a_first_ledger(tmp_path / "ledger.sqlite", answers=120)
    digests = in_file(path, "SELECT position, written_at, previous, digest FROM entry")
    one = Ledger(path)
    assert one.verify().holds
    assert one.verify().entries == one.head() == 120
    assert one.answer("id-7") == b"a 7"
    assert one.read("id-7").kind is Kind.ANSWER
    assert one.append(an_entry(1000)) == [121]
    assert one.verify().holds
    assert [each.position for each in one.of_subject("course-0")] == [121]
    one.close()
    kept = in_file(path, "SELECT position, written_at, previous, digest FROM entry LIMIT 120")
    assert kept == digests


def test_a_copy_of_the_older_ledger_stays_beside_it(tmp_path):
    path = a_first_ledger(tmp_path / "ledger.sqlite", answers=3)
    opened_and_verified(path)
    copy = tmp_path / "ledger.sqlite.version-1"
    assert in_file(copy, "PRAGMA user_version") == [(1,)]
    assert in_file(copy, "SELECT count(*) FROM payload") == [(3,)]
    assert copy.stat().st_mode & 0o077 == 0


def test_a_migrated_ledger_is_built_like_a_new_one(tmp_path):
    old = a_first_ledger(tmp_path / "old.sqlite", answers=1)
    opened_and_verified(old)
    opened_and_verified(tmp_path / "new.sqlite")
    assert built_of(old) == built_of(tmp_path / "new.sqlite")
    for mark in ("user_version", "application_id"):
        assert in_file(old, f"PRAGMA {mark}") == in_file(tmp_path / "new.sqlite", f"PRAGMA {mark}")
    assert in_file(old, "SELECT version_num FROM alembic_version") == [("2",)]


@pytest.mark.parametrize("answers", [0, 1])
def test_an_older_ledger_that_is_almost_empty(tmp_path, an_entry, answers):
    one = Ledger(a_first_ledger(tmp_path / "ledger.sqlite", answers))
    one.append(an_entry(50))
    assert one.verify().holds
    assert one.verify().entries == answers + 1
    one.close()


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        ("DELETE FROM entry WHERE position = 5", 5),
        ("DELETE FROM entry WHERE position = 2", 3),
        ("DELETE FROM payload WHERE position = 2", 2),
        ("UPDATE payload SET answer = x'00' WHERE position = 2", 2),
        ("UPDATE entry SET release = 'other' WHERE position = 2", 2),
    ],
)
def test_a_migration_does_not_hide_what_was_done_before_it(tmp_path, statement, broken_at):
    path = a_first_ledger(tmp_path / "ledger.sqlite", answers=5)
    for (name,) in in_file(path, "SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        in_file(path, f"DROP TRIGGER {name}")
    in_file(path, statement)
    assert opened_and_verified(path).broken_at == broken_at


def test_an_interrupted_migration_leaves_the_older_ledger(tmp_path, monkeypatch):
    path = a_first_ledger(tmp_path / "ledger.sqlite", answers=3)
    before = in_file(path, "SELECT * FROM entry")

    def cut(*_):
        raise LedgerError("cut")

    monkeypatch.setattr("alembic.command.upgrade", cut)
    with pytest.raises(LedgerError, match="cut"):
        Ledger(path)
    monkeypatch.undo()
    assert in_file(path, "PRAGMA user_version") == [(1,)]
    assert in_file(path, "SELECT * FROM entry") == before
    assert opened_and_verified(path).entries == 3


_OPENER = """
import sys, time
from pathlib import Path
from serving.ledger import Entry, Ledger
place = sys.argv[1] if "://" in sys.argv[1] else Path(sys.argv[1])
time.sleep(max(0.0, float(sys.argv[3]) - time.time()))
ledger = Ledger(place)
for number in range(25):
    ledger.append(Entry(f"{sys.argv[2]}-{number}", request=b"q"))
ledger.close()
"""


def opened_together(place, processes=4):
    import time

    start = str(time.time() + 2.0)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _OPENER, str(place), str(one), start],
            cwd=ROOT, stderr=subprocess.PIPE, text=True,
        )
        for one in range(processes)
    ]  # fmt: skip
    said = [one.communicate(timeout=120)[1] for one in running]
    assert [one.returncode for one in running] == [0] * processes, said
    return opened_and_verified(place)


def test_processes_that_start_together_make_one_ledger_and_lose_nothing(place):
    verdict = opened_together(place)
    assert verdict.holds
    assert verdict.entries == 100


def test_processes_that_start_together_migrate_once(tmp_path):
    verdict = opened_together(a_first_ledger(tmp_path / "ledger.sqlite", answers=2000))
    assert verdict.holds
    assert verdict.entries == 2100


def test_a_new_or_present_ledger_is_opened_without_alembic(tmp_path):
    code = (
        "import sys; from pathlib import Path; from serving.ledger import Ledger\n"
        f"for _ in range(2): Ledger(Path({str(tmp_path / 'ledger.sqlite')!r})).close()\n"
        "print([name for name in ('alembic', 'psycopg', 'pandas') if name in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "[]"


def test_a_newer_ledger_is_refused_by_its_version(place, edited):
    Ledger(place).close()
    edited("UPDATE alembic_version SET version_num = '99'")
    if not isinstance(place, str):
        edited("PRAGMA user_version = 99")
    with pytest.raises(LedgerError, match="version 99"):
        Ledger(place)


def test_another_database_is_refused(place):
    if isinstance(place, str):
        with psycopg.connect(place) as connection:
            connection.execute("CREATE TABLE a (b int)")
    else:
        in_file(place, "CREATE TABLE a (b)")
    with pytest.raises(LedgerError, match="no ledger"):
        Ledger(place)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "text"
    path.write_text("not a database" * 100)
    with pytest.raises(LedgerError, match="VIGICELL_LEDGER"):
        Ledger(path)
    assert path.read_text() == "not a database" * 100


@pytest.mark.parametrize(
    "address",
    [
        "mysql://user:s3cret@host/db",
        "postgresql://user:s3cret@host",
        "postgresql://user:s3cret@host:port/db",
        "postgresql://user:s3cret@/db?host=/nowhere",
    ],
)
def test_no_message_repeats_an_address_and_its_password(address):
    with pytest.raises(LedgerError) as refused:
        Ledger(address)
    shown = f"{refused.value}{refused.value.__cause__}{refused.value.__context__}"
    assert "s3cret" not in shown
    assert "VIGICELL_LEDGER" in shown


def test_a_wrong_password_is_not_repeated(database):
    with pytest.raises(LedgerError) as refused:
        Ledger(database.replace(PASSWORD, "wr0ng"))
    assert "wr0ng" not in str(refused.value)

"""What must not be lost when a process dies, a disk is full, or a server is stopped."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from features.errors import LedgerError
from serving.ledger import Entry, Ledger
from serving.ledger.writing import holding_the_pen
from tests.private_postgres import private_server

ROOT = Path(__file__).parents[3]

# Several threads write; an id is printed only when its entry is acknowledged.
_UNDER_LOAD = """
import os, sys, threading
from pathlib import Path
from serving.ledger import Entry, Ledger
ledger = Ledger(sys.argv[1] if "://" in sys.argv[1] else Path(sys.argv[1]))
def write(thread):
    for number in range(100_000):
        entry_id = f"{thread}-{number}"
        ledger.append(Entry(entry_id, request=os.urandom(3000), answer=b"a"))
        os.write(1, (entry_id + "\\n").encode())
for thread in range(8):
    threading.Thread(target=write, args=(thread,)).start()
"""


@pytest.mark.parametrize("seconds", [0.2, 0.9])
def test_what_was_acknowledged_before_a_kill_is_in_the_ledger(place, seconds, an_entry):
    Ledger(place).close()
    running = subprocess.Popen(
        [sys.executable, "-c", _UNDER_LOAD, str(place)], cwd=ROOT, stdout=subprocess.PIPE
    )
    first = running.stdout.readline()
    time.sleep(seconds)
    running.send_signal(signal.SIGKILL)
    said = (first + running.communicate(timeout=60)[0]).decode()
    assert running.returncode == -signal.SIGKILL
    acknowledged = set(said.split("\n")[:-1])  # a line that was cut was not read by anybody
    assert len(acknowledged) > 8
    ledger = Ledger(place)
    verdict = ledger.verify()
    recorded = {one.entry_id for one in ledger.after()}
    assert verdict.holds
    assert acknowledged <= recorded
    assert len(recorded) - len(acknowledged) <= 8  # at most one a thread was on its way
    ledger.append(an_entry(1))
    assert ledger.verify().holds
    ledger.close()


_LIMITED = """
import resource, signal, sys
from pathlib import Path
from features.errors import LedgerError
from serving.ledger import Entry, Ledger
ledger = Ledger(Path(sys.argv[1]))
ledger.append(Entry("before"))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
try:
    ledger.append(Entry("big", request=b"x" * 1_000_000))
except LedgerError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.getrlimit(resource.RLIMIT_FSIZE)[1],) * 2)
ledger.append(Entry("after"))
verdict = ledger.verify()
print(verdict.holds, verdict.entries, ledger.read("big"))
"""


def test_a_file_that_may_not_grow_is_an_error_and_the_chain_goes_on_afterwards(tmp_path):
    said = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(tmp_path / "ledger.sqlite")],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    refused, found = said.stdout.splitlines()
    assert "could not be recorded and is therefore not given" in refused
    assert found == "True 2 None"


def test_a_full_disk_is_an_error_and_the_chain_goes_on_afterwards(tmp_path, an_entry):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.append(an_entry(1))
    kept = ledger._pen._kept.driver_connection
    pages = kept.execute("PRAGMA page_count").fetchone()[0]
    kept.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LedgerError, match="SQLITE_FULL"):
        ledger.append(Entry("big", request=b"x" * 1_000_000))
    kept.execute("PRAGMA max_page_count = 1000000")
    ledger.append(an_entry(2))
    verdict = ledger.verify()
    ledger.close()
    assert verdict.holds
    assert verdict.entries == 2


def test_the_settings_that_make_it_durable(tmp_path, an_entry):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.append(an_entry(1))
    kept = ledger._pen._kept.driver_connection
    assert kept.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert kept.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    ledger.close()


def test_a_server_that_confirms_too_early_is_told_to_wait_for_its_disk(server, database, an_entry):
    with psycopg.connect(database, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    ledger = Ledger(database)
    ledger.append(an_entry(1))
    kept = ledger._pen._kept.driver_connection
    assert kept.execute("SHOW synchronous_commit").fetchone() == ("on",)
    ledger.close()


def test_a_server_that_is_stopped_and_started_is_found_again(an_entry):
    with private_server("") as server:
        ledger = Ledger(server.address())
        ledger.append(an_entry(1))
        server.stop()
        for number in (2, 3):
            with pytest.raises(LedgerError, match="not given") as refused:
                ledger.append(an_entry(number))
            assert "s3cret" not in str(refused.value)
        with pytest.raises(LedgerError, match="cannot be read"):
            ledger.read("id-1")
        assert not ledger.writable()
        server.start()
        assert ledger.append(an_entry(4)) == [2]
        assert ledger.read("id-1").answer == b"answer 1"
        assert ledger.read("id-2") is None
        assert ledger.writable()
        server.stop()
        server.start()  # in between nobody asked
        assert ledger.append(an_entry(5)) == [3]
        assert ledger.verify().holds
        ledger.close()


def test_entries_acknowledged_before_a_server_dies_are_there_afterwards():
    with private_server("") as server:
        ledger, acknowledged, refused = Ledger(server.address()), [], []

        def write(thread):
            for number in range(10_000):
                try:
                    ledger.append(Entry(f"{thread}-{number}", request=os.urandom(500)))
                except LedgerError:
                    refused.append(f"{thread}-{number}")
                    return
                acknowledged.append(f"{thread}-{number}")

        threads = [threading.Thread(target=write, args=(one,)) for one in range(6)]
        for thread in threads:
            thread.start()
        while len(acknowledged) < 50:
            time.sleep(0.01)
        server.stop()  # at once, as by a crash
        for thread in threads:
            thread.join()
        server.start()
        verdict = ledger.verify()
        recorded = {one.entry_id for one in ledger.after()}
        ledger.close()
    assert verdict.holds
    assert len(refused) == 6
    assert set(acknowledged) <= recorded <= {*acknowledged, *refused}


def test_another_who_holds_the_pen_too_long_is_an_error(place, an_entry):
    ledger, other = Ledger(place), Ledger(place)
    with holding_the_pen(other._engine):
        with pytest.raises(LedgerError, match="not given"):
            ledger.append(an_entry(1))
        assert not ledger.writable()
    assert ledger.append(an_entry(2)) == [1]
    ledger.close()
    other.close()

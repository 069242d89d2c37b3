"""``python -m serving ledger ...``: what is said, and the exit code."""

import json
import re
import sqlite3

import pytest

from features.cohort_files import read_cohort
from serving.__main__ import main
from serving.ledger import Entry, Ledger
from tests.first_ledger import a_first_ledger
from tests.serving.asking import a_request


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ask_ledger(path, capsys):
    def asking(*words):
        code = main(["ledger", *map(str, words), "--ledger", str(path)])
        said = capsys.readouterr()
        return code, said.out + said.err

    return asking


@pytest.fixture
def filled(path):
    one = Ledger(path)
    one.append(*[Entry(f"id-{number}", request=b"q", answer=b"a") for number in range(3)])
    one.close()
    return path


def test_verify_tells_a_whole_chain_from_a_broken_one(filled, ask_ledger):
    assert ask_ledger("verify") == (0, "The chain holds: 3 entries.\n")
    connection = sqlite3.connect(filled)
    connection.execute("DROP TRIGGER payload_is_only_erased")
    connection.execute("UPDATE payload SET answer = x'00' WHERE position = 2")
    connection.commit()
    connection.close()
    code, said = ask_ledger("verify")
    assert code != 0
    assert "broken at entry 2: its payload was changed" in said


@pytest.mark.parametrize("words", [["verify"], ["backup", "b"], ["upgrade"], ["export", "e"]])
def test_no_ledger_is_made_by_looking_for_one(path, ask_ledger, words):
    code, said = ask_ledger(*words)
    assert code != 0
    assert "no ledger yet" in said
    assert not path.exists()


def test_backup_and_restore(filled, ask_ledger, tmp_path, capsys):
    code, said = ask_ledger("backup", tmp_path / "backup")
    assert code == 0
    assert "3 entries" in said
    assert ask_ledger("restore", tmp_path / "backup")[0] != 0  # it is not empty
    assert (
        main(["ledger", "restore", str(tmp_path / "backup"), "--ledger", str(tmp_path / "n")]) == 0
    )
    assert "3 entries" in capsys.readouterr().out


def test_erase_says_how_many_and_what_still_holds_them(filled, ask_ledger):
    who = ["--who", "A. Person", "--reason", "ten years"]
    assert "Nothing is that old" in ask_ledger("erase", "--before", "2020-01-01", *who)[1]
    assert "no date" in ask_ledger("erase", "--before", "last week", *who)[1]
    assert "future" in ask_ledger("erase", "--before", "2999-01-01", *who)[1]
    found = sqlite3.connect(filled)
    (last,) = found.execute("SELECT max(written_at) FROM entry").fetchone()
    found.close()
    code, said = ask_ledger("erase", "--before", last, *who)
    assert code == 0
    assert re.match(r"Erased the payloads of 2 entries", said)
    assert ask_ledger("verify")[1] == "The chain holds: 4 entries, 2 of them erased.\n"


def test_upgrade_carries_an_older_ledger_forward(path, ask_ledger):
    a_first_ledger(path, answers=4)
    code, said = ask_ledger("upgrade")
    assert code == 0
    assert "4 entries" in said


def test_export_writes_a_cohort_that_can_be_read(path, ask_ledger, release_directory, tmp_path):
    (tmp_path / "requests.json").write_text(json.dumps([a_request()] * 2))
    place = ["--release", str(release_directory), "--ledger", str(path)]
    assert main(["score", str(tmp_path / "requests.json"), "--demo", *place]) == 0
    code, said = ask_ledger("export", tmp_path / "seen")
    assert code == 0
    assert "2 courses" in said
    assert len(read_cohort(tmp_path / "seen").courses) == 2


def test_a_password_in_an_address_is_never_said(ask_ledger, capsys):
    address = "postgresql://user:s3cret@/nowhere?host=/nowhere"
    assert main(["ledger", "verify", "--ledger", address]) != 0
    said = capsys.readouterr()
    assert "s3cret" not in said.out + said.err

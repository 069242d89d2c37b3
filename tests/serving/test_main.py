import json
import re
import socket

import pytest

from serving.__main__ import main
from serving.ledger import Ledger
from serving.messages import EXAMPLE_REQUEST


@pytest.fixture
def ledger(tmp_path):
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def score(release_directory, ledger, tmp_path):
    def scoring(content, *more):
        file = tmp_path / "request.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        place = ["--release", str(release_directory), "--ledger", str(ledger)]
        return main(["score", str(file), *place, *more])

    return scoring


def test_score_prints_the_answer_as_a_person_reads_it_and_records_it(score, capsys, ledger):
    assert score(EXAMPLE_REQUEST, "--demo") == 0
    said = capsys.readouterr().out
    for words in (
        "axicabtagene ciloleucel, day 2", "DEMONSTRATION", "CRS of grade 3 or more within 72 hours",
        "Tier ", "CRP, last: 84 mg/L", "everything else", "No estimate:", "Not covered: infection",
        "the disease itself\nA low estimate is never",
        "the risk of the average training patient of any product and day",
        "the mean of the estimates of training patients of this product",
        "recorded as", "CRS grade 1: fever; up to 2 possible, missing: Systolic pressure",
        "s-EASIX (now): not read. s-EASIX is read in the 14 days before lymphodepletion starts",
        "Measured now, one of these alone could give", "Monitoring, level ",
        "ASCO 2021, 10.1200/JCO.21.01992", "proposal that a clinician must sign",
        "At temperature 38.0 °C or more: grade CRS now", "Not shown: IEC-HS",
    ):  # fmt: skip
        assert words in said
    one = Ledger(ledger)
    assert one.verify().entries == 1
    one.close()


def test_score_takes_a_list_and_prints_json_lines(score, capsys):
    assert score([EXAMPLE_REQUEST, EXAMPLE_REQUEST], "--demo", "--json") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert all(json.loads(line)["ledger_id"] for line in lines)


def test_score_without_demo_abstains_for_a_synthetic_model(score, capsys):
    assert score(EXAMPLE_REQUEST) == 0
    said = capsys.readouterr().out
    assert "demonstration mode only" in said
    assert not re.search(r"^ +[\d.]+ % ", said, re.M), "no estimate stands on a line of its own"
    assert "Associated with it" not in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "no readable JSON"),
        ('{"course": {"age_years": 4711}}', "course.age_years"),
        ("[]", ""),
    ],
)
def test_score_says_what_is_wrong_with_a_file_without_its_values(score, capsys, content, words):
    code = score(content, "--demo")
    said = capsys.readouterr()
    assert (code == 0) == (words == "")
    assert words in said.err
    assert "4711" not in said.err + said.out


def test_score_of_a_file_that_is_not_there(capsys):
    assert main(["score", "/nowhere/request.json"]) != 0
    assert "request.json cannot be read" in capsys.readouterr().err


def test_score_against_a_service_that_is_not_there(score, capsys):
    assert score(EXAMPLE_REQUEST, "--url", "http://127.0.0.1:9") != 0
    assert "serving serve" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "0"], "VIGICELL_PORT"),
        (["--host", "localhost"], "VIGICELL_HOST"),
        (["--release", "/nowhere"], "VIGICELL_RELEASE"),
    ],
)
def test_serve_does_not_start_with_a_wrong_setting(arguments, words, ledger, capsys):
    assert main(["serve", "--ledger", str(ledger), *arguments]) != 0
    assert words in capsys.readouterr().err


def test_serve_on_a_port_in_use_says_so_and_ends(release_directory, ledger, capsys):
    place = ["--release", str(release_directory), "--ledger", str(ledger)]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["serve", *place, "--port", str(port)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"Port {port} at 127.0.0.1 is in use" in said


def test_serve_on_an_address_of_another_machine_says_so(release_directory, ledger, capsys):
    place = ["--release", str(release_directory), "--ledger", str(ledger)]
    assert main(["serve", *place, "--host", "192.0.2.1"]) == 2
    assert "cannot be listened on" in capsys.readouterr().err


def test_serve_does_not_start_with_half_a_release(tmp_path, ledger, capsys):
    assert main(["serve", "--ledger", str(ledger), "--release", str(tmp_path)]) != 0
    assert "release.json" in capsys.readouterr().err

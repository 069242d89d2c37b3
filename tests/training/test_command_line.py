"""The command line: every verb has help, messages instead of tracebacks, exit codes as promised."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from features.cohort_files import read_cohort, write_cohort
from features.errors import AuditRefusal, PromotionRefused, TrackingError, VigiCellError
from training import __main__ as command_line
from training.__main__ import VERBS, main
from training.arguments import parser

VERBS_OF_THE_BRIEF = {
    "import", "example", "synthesize", "check", "audit", "matrix", "tune", "fit", "predict",
    "evaluate", "promote", "export", "demo",
}  # fmt: skip

SMALL_PLAN = """
[plan]
name = "small"
question = {question}
[trees]
max_rounds = 0
[folds]
outer = 2
inner = 2
[interval]
refits = 10
[evaluation]
bootstrap = 50
"""


@pytest.fixture(autouse=True)
def own_work_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGICELL_WORK", str(tmp_path / "work"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("command-line")
    assert main(["example", "csv", str(place / "records"), "--courses", "80"]) == 0
    assert main(["import", "csv", str(place / "records"), str(place / "cohort")]) == 0
    return place / "cohort"


def a_plan(place: Path, question: str = '"severe-crs-72h"', more: str = "") -> Path:
    path = place / "plan.toml"
    path.write_text(SMALL_PLAN.format(question=question) + more, encoding="utf-8")
    return path


def test_the_verbs_are_those_that_were_asked_for() -> None:
    assert set(VERBS) >= VERBS_OF_THE_BRIEF


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([verb, "--help"])
    assert left.value.code == 0
    assert f"python -m training {verb}" in capsys.readouterr().out


def test_the_one_help_names_every_verb_and_the_order(capsys: pytest.CaptureFixture[str]) -> None:
    help_text = parser().format_help()
    assert all(verb in help_text for verb in VERBS)
    order = [help_text.index(f"\n  {verb} ") for verb in ("import", "check", "audit", "promote")]
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (VigiCellError("mend this"), 2),
        (TrackingError("no store"), 2),
        (AuditRefusal("a leak"), 3),
        (PromotionRefused("not better"), 4),
        (OSError(errno.ENOSPC, "the disk of the machine"), 2),
        (KeyboardInterrupt(), 130),
    ],
)
def test_what_stops_a_verb_is_a_message_and_an_exit_code(
    error: BaseException,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stopped(*_: object) -> None:
        raise error

    monkeypatch.setitem(command_line.VERBS, "check", stopped)
    assert main(["check", "somewhere"]) == code
    said = capsys.readouterr().err
    assert (os.strerror(error.errno) if isinstance(error, OSError) else str(error)) in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "arguments",
    [
        ["synthesize", "x", "--seed", "-1"],
        ["synthesize", "x", "--courses", "0"],
        ["fit", "--question", "severe-crs-72h", "--workers", "0"],
        ["ui", "--port", "99999"],
        ["demo", "--courses", "many"],
    ],
    ids=" ".join,
)
def test_a_number_out_of_its_range_is_refused_with_the_legal_ones(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert f"{arguments[-1]} is no whole number from" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error(cohort: Path) -> None:
    asked = [sys.executable, "-m", "training", "check", str(cohort)]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout
        assert running.stderr
        running.stdout.close()  # before anything was said
        assert running.stderr.read() == b""
    assert running.returncode == 141


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "no-such-folder"],
        ["audit", "no-such-folder"],
        ["fit", "--plan", "no-such-plan.toml"],
        ["fit", "--question", "no-such-question"],
        ["fit", "--question", "severe-crs-72h"],
        ["predict", "--model", "none", "--cohort", "none", "--out", "x.csv"],
        ["import", "no-such-source", "a", "b"],
        ["import", "csv", "a", "b", "--option", "nonsense"],
        ["compare", "no-such-model", "severe-crs-72h@champion"],
        ["compare", "severe-crs-72h@champion"],
        ["compare", "a", "b", "--cohort", "c"],
        ["promote", "--who", "somebody", "--why", "a reason"],
        ["promote", "severe-crs-72h", "--back", "--who", "somebody", "--why", "a reason"],
        ["promote", "--back", "--unseen", "--who", "somebody", "--why", "a reason"],
        ["history", "--on", "3 March"],
    ],
    ids=" ".join,
)
def test_bad_arguments_are_said_in_words(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2


def test_a_plan_with_an_unknown_key_names_it(
    tmp_path: Path, cohort: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = a_plan(tmp_path, more="\n[tuning]\ntrails = 3\n")
    assert main(["fit", "--plan", str(plan), "--cohort", str(cohort)]) == 2
    said = capsys.readouterr().err
    assert "trails" in said
    assert "trials" in said


def test_a_store_that_is_away_stops_before_the_fit(
    tmp_path: Path,
    cohort: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    plan = a_plan(tmp_path)
    assert main(["fit", "--plan", str(plan), "--cohort", str(cohort)]) == 2
    assert "TrackingError" in capsys.readouterr().err


def test_check_and_audit_and_matrix_read_what_import_wrote(
    tmp_path: Path, cohort: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(cohort)]) == 0
    assert "80 courses" in capsys.readouterr().out
    asked = [str(cohort), "--question", "severe-crs-72h"]
    assert main(["audit", *asked, "--json", str(tmp_path / "audit.json")]) in (0, 3)
    assert json.loads((tmp_path / "audit.json").read_text())["question"] == "severe-crs-72h"
    assert main(["matrix", *asked, "--out", str(tmp_path / "matrix.parquet")]) == 0
    matrix = pd.read_parquet(tmp_path / "matrix.parquet")
    assert set(matrix["outcome"]) <= {0.0, 1.0}
    assert main(["matrix", *asked, "--out", str(tmp_path / "matrix.xlsx")]) == 2


@pytest.mark.slow
def test_from_example_files_to_a_served_release(
    tmp_path: Path, cohort: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    question = (
        '{name = "crs-2-72h", toxicity = "CRS", min_grade = 2, '
        "landmark_days = [0, 1, 2, 3, 4, 5], horizon_days = 3}"
    )
    plan = str(a_plan(tmp_path, question))
    assert main(["tune", "--plan", plan, "--cohort", str(cohort)]) == 0
    assert main(["fit", "--plan", plan, "--cohort", str(cohort), "--workers", "1"]) == 0
    said = capsys.readouterr().out
    assert "crs-2-72h version 1, challenger" in said
    model = tmp_path / "work" / "models" / "small" / "risk_model"
    out = tmp_path / "risks.csv"
    asked = ["--model", str(model), "--cohort", str(cohort)]
    assert main(["predict", *asked, "--out", str(out)]) == 0
    assert pd.read_csv(out)["risk"].between(0, 1).all()
    assert main(["evaluate", *asked]) == 2, "it learnt from these patients"
    capsys.readouterr()
    decided = ["--who", "the board", "--why", "a test of the chain"]
    promoted = main(["promote", "crs-2-72h", *decided])
    assert promoted in (0, 4)
    if promoted == 4:
        rules = [
            line.split(":")[0][2:]
            for line in capsys.readouterr().err.splitlines()
            if line.startswith("- ")
        ]
        overrides = [part for rule in rules for part in ("--override", rule)]
        assert main(["promote", "crs-2-72h", *decided, *overrides]) == 0
    assert main(["export", *decided, "--to", str(tmp_path / "release")]) == 0
    assert (tmp_path / "release" / "release.json").is_file()


def ordered_by_outcome(cohort: Path, renamed: Path) -> Path:
    """Write the cohort again with course ids numbered by the highest CRS grade."""
    tables = read_cohort(cohort)
    crs = tables.grades[tables.grades["toxicity"] == "CRS"]
    worst = crs.groupby("course_id")["grade"].max().reindex(tables.courses["course_id"]).fillna(0)
    number = {course: f"k{at:03d}" for at, course in enumerate(worst.sort_values().index)}
    for name in ("courses", "measurements", "treatments", "grades"):
        frame = tables.table(name)
        frame["course_id"] = frame["course_id"].map(number)
    tables.courses["patient_id"] = tables.courses["course_id"]
    tables.courses = tables.courses.sort_values("course_id", ignore_index=True)
    return write_cohort(tables, renamed)


def test_a_refusal_stops_with_its_own_exit_code_unless_the_plan_answers_for_it(
    tmp_path: Path, cohort: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leaky = ordered_by_outcome(cohort, tmp_path / "leaky")
    plan = tmp_path / "plan.toml"
    rule = "row_order_predicts_the_outcome"

    def audits(override: str) -> int:
        plan.write_text(f'[plan]\nname = "a"\nquestion = "grade-2-crs-72h"\n{override}')
        return main(["audit", str(leaky), "--plan", str(plan), "--html", str(tmp_path / "a.html")])

    assert audits("") == 3
    said = capsys.readouterr()
    assert f"grade-2-crs-72h on SYNTHETIC example: {rule}." in said.err
    assert f"refuse {rule}: " in said.out
    assert "Way out" not in said.err  # the evidence is told once
    assert rule in (tmp_path / "a.html").read_text()
    reason = "ids were given by the registry in order of severity"
    assert audits(f'[audit.override]\n{rule} = "{reason}"') == 0
    assert reason in (tmp_path / "a.html").read_text()
    assert audits('[audit.override]\nno_such_rule = "because it is so"') == 2
    assert "'no_such_rule', which does not exist" in capsys.readouterr().err
    assert audits(f'[audit.override]\n{rule} = "x"') == 2
    assert "say the reason in words" in capsys.readouterr().err

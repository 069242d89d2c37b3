"""What a person sees who gives bad input: a message and an exit code, never a traceback."""

import csv
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from models.risk_model import RiskModel
from serving.__main__ import main as serving
from training.__main__ import main as training

Rows = list[dict[str, str]]
OF_A_PATIENT = "Zaphod"
PLAN = """
[plan]
name = "small"
question = "grade-2-crs-72h"
{plan}
[trees]
max_rounds = 0
[folds]
outer = 2
inner = 2
[tuning]
trials = 0
[interval]
refits = 10
[evaluation]
bootstrap = 50
{more}
"""


@pytest.fixture(autouse=True)
def own_work_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGICELL_WORK", str(tmp_path / "work"))
    monkeypatch.setenv("VIGICELL_LEDGER", str(tmp_path / "ledger.sqlite"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture(scope="session")
def sound_records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad-input") / "records"
    assert training(["example", "csv", str(folder), "--courses", "50"]) == 0
    return folder


class Site:
    """A site's folder of CSV files, one thing wrong in it, and what the command line says."""

    def __init__(self, place: Path, records: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.records, self.cohort = place / "records", place / "cohort"
        self.place, self.capsys = place, capsys
        shutil.copytree(records, self.records)

    def change(self, table: str, how: Callable[[Rows], Rows | None]) -> None:
        path = self.records / f"{table}.csv"
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows, columns = list(reader), reader.fieldnames or []
        changed = how(rows)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows if changed is None else changed)

    def says(self, *arguments: object, code: int = 0, of: Callable[..., int] = training) -> str:
        """Run one command, expect its exit code, and return what is shown."""
        found = of([str(one) for one in arguments])
        shown = self.capsys.readouterr()
        said = shown.out + shown.err
        assert found == code, said
        assert "Traceback" not in said
        assert OF_A_PATIENT not in said, "a patient's value is shown"
        if code:
            assert not shown.err.strip() == ""
        return said

    def imports(self, code: int = 0) -> str:
        said = self.says("import", "csv", self.records, self.cohort, code=code)
        assert self.cohort.exists() == (code == 0)
        return said

    def fits(self, code: int, *more: object, plan: str = "", sections: str = "") -> str:
        file = self.place / "plan.toml"
        file.write_text(PLAN.format(plan=plan, more=sections), encoding="utf-8")
        return self.says("fit", "--plan", file, "--cohort", self.cohort, *more, code=code)


@pytest.fixture
def site(tmp_path: Path, sound_records: Path, capsys: pytest.CaptureFixture[str]) -> Site:
    return Site(tmp_path, sound_records, capsys)


def every(column: str, cell: str) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        for row in rows:
            row[column] = cell

    return change


def first(**cells: str) -> Callable[[Rows], None]:
    return lambda rows: rows[0].update(cells)


def second_patient_is_the_first_elsewhere(rows: Rows) -> None:
    rows[0]["site"], rows[1]["site"] = "north", "south"
    rows[1]["patient_id"] = rows[0]["patient_id"]


LEFT_OUT = [
    ("courses", second_patient_is_the_first_elsewhere, "courses.patient_belongs_to_one_site", 2),
    ("courses", first(product=OF_A_PATIENT), "courses.product_is_in_the_catalogue", 1),
    ("courses", first(product="Blincyto"), "courses.product_is_a_car_t", 1),
    ("courses", first(age_years=OF_A_PATIENT), "courses.age_years_is_a_number (cell)", 1),
    ("courses", first(diagnosis=OF_A_PATIENT), "courses.diagnosis_is_legal (cell)", 1),
    ("courses", first(death_day="40"), "courses.death_is_within_follow_up", 1),
    ("grades", first(day="-1", known_day="-1", grade="3"),
     "grades.grade_is_not_before_infusion", 1),
    ("grades", first(day="400", known_day="400"), "grades.day_is_within_follow_up", 1),
    ("measurements", lambda rows: rows + rows[:5], "measurements.row_is_not_repeated", 5),
    ("measurements", first(unit=OF_A_PATIENT), "measurements.unit_is_one_of_its_input", 1),
    ("measurements", first(value=OF_A_PATIENT), "measurements.value_is_a_number", 1),
]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "change", "rule", "count"), LEFT_OUT, ids=[x[2] for x in LEFT_OUT]
)
def test_bad_rows_are_counted_by_rule_and_listed(
    site: Site, table: str, change: Callable[[Rows], Rows | None], rule: str, count: int
) -> None:
    site.change(table, change)
    for said in (site.imports(), site.says("check", site.cohort)):
        assert f"{count} {rule}\n" in said
        assert str(site.cohort / "rejected.csv") in said
    listed = (site.cohort / "rejected.csv").read_text()
    assert listed.count(rule.partition(".")[2]) == count
    assert OF_A_PATIENT not in listed
    list_of_check = site.place / "list.csv"
    said = site.says("check", site.records, "--rejected", list_of_check)
    assert f"{rule.replace('.', ': ')}: row " in said
    assert str(list_of_check) in said
    assert list_of_check.read_text() == listed


def test_a_cohort_without_courses_is_refused(site: Site) -> None:
    site.change("courses", lambda rows: [])
    assert "no rows" in site.imports(code=2)


def test_a_cohort_of_another_kind_of_product_is_refused_by_name(site: Site) -> None:
    site.change("courses", every("product", "Tecelra"))
    assert "Tecelra is no CAR-T product" in site.imports(code=2)


def test_ids_written_in_two_ways_stop_the_import(site: Site) -> None:
    def as_a_spreadsheet_writes_them(rows: Rows) -> None:
        for row in rows:
            row["course_id"] = f"{int(row['course_id'].lstrip('C'))}.0"

    site.change("measurements", as_a_spreadsheet_writes_them)
    assert "Write ids the same in every file" in site.imports(code=2)


def test_letters_of_another_encoding_are_placed(site: Site) -> None:
    (site.records / "courses.csv").write_bytes("course_id,site\nC1,Köln\n".encode("latin-1"))
    assert "courses.csv, line 2: not UTF-8" in site.imports(code=2)


def test_one_class_only_is_refused(site: Site) -> None:
    site.change("grades", every("grade", "0"))
    site.imports()
    assert "too_few_event_patients" in site.says("audit", site.cohort, code=3)
    assert "0 patients with an event" in site.fits(3, "--no-tracking")
    plan = site.place / "plan.toml"
    assert "two of each" in site.says("tune", "--plan", plan, "--cohort", site.cohort, code=2)


def test_no_gradings_at_all_are_not_assessable(site: Site) -> None:
    (site.records / "grades.csv").unlink()
    assert "grades.csv was not there" in site.imports()
    assert "Check the grades table" in site.says("audit", site.cohort, code=2)
    assert "Check the grades table" in site.fits(2, "--no-tracking")


def test_ten_events_and_a_lab_nobody_measured_are_fitted_with_a_warning(site: Site) -> None:
    def ten_events(rows: Rows) -> None:
        of_crs = [row for row in rows if row["toxicity"] == "CRS"]
        ever = list(dict.fromkeys(row["course_id"] for row in of_crs if row["grade"] > "1"))
        for row in of_crs:
            row["grade"] = min(row["grade"], "5" if row["course_id"] in ever[:10] else "1")

    site.change("grades", ten_events)
    site.change("measurements", lambda rows: [r for r in rows if r["input"] != "crp_mg_l"])
    site.imports()
    said = site.fits(0, "--no-tracking")
    assert "too_few_event_patients" in said
    assert "10 patients have the event; at least 20 are asked for" in said
    assert "more patients needed" in said


@pytest.fixture
def sound(site: Site) -> Site:
    site.imports()
    return site


def test_a_misspelt_plan_is_corrected(sound: Site) -> None:
    said = sound.fits(2, sections="[calibration]\nknid = 'none'")
    assert "Did you mean kind?" in said
    assert "Legal keys" in said


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["check", "{place}/nowhere"], 2, "python -m training import"),
        (["check", "{records}/courses.csv"], 2, "is a file"),
        (["check", "{records}", "--rejected", "{place}/nowhere/list.csv"], 2, "No such file"),
        (["audit", "{cohort}", "--question", "no-such"], 2, "severe-crs-72h"),
        (["audit", "{cohort}", "--html", "{place}/nowhere/page.html"], 2, "nowhere/page.html"),
        (["matrix", "{cohort}", "--out", "{place}/nowhere/m.csv"], 2, "nowhere/m.csv"),
        (["import", "csv", "{place}/nowhere", "{place}/new"], 2, "is no folder"),
        (["import", "csv", "{records}", "{records}"], 2, "not empty"),
        (["import", "csv", "{records}", "{place}/new", "--option", "synthetic=yes"], 2, "true or"),
        (
            ["import", "csv", "{records}", "{place}/new", "--option", "as_published=1"],
            2,
            "as_published is true or false",
        ),
        (["fit", "--question", "severe-crs-72h", "--cohort", "{place}/nowhere"], 2, "no cohort"),
        (["predict", "--model", "{cohort}", "--cohort", "{cohort}", "--out", "x"], 2, "files.json"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_a_wrong_word_on_the_command_line_is_said(
    sound: Site, arguments: list[str], code: int, words: str
) -> None:
    places = {"place": sound.place, "records": sound.records, "cohort": sound.cohort}
    before = sorted(sound.place.rglob("*"))
    assert words in sound.says(*(one.format(**places) for one in arguments), code=code)
    assert sorted(sound.place.rglob("*")) == before, "something was left behind"


def test_nothing_fitted_cannot_be_promoted_or_exported(site: Site) -> None:
    decided = ("--who", "the board", "--why", "a test")
    assert "Fit a plan first" in site.says("promote", "all", *decided, code=4)
    assert "Fit a plan first" in site.says("promote", "severe-crs-72h", *decided, code=4)
    assert "No champion" in site.says("export", *decided, code=2)
    assert "Nothing was released yet" in site.says("promote", "--back", *decided, code=2)


def test_a_store_that_cannot_be_reached_or_written_is_said_before_the_fit(
    sound: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:{OF_A_PATIENT}@127.0.0.1:9")
    assert "Start the server" in sound.fits(2)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    monkeypatch.setenv("VIGICELL_WORK", str(sound.records / "courses.csv"))
    assert "Set VIGICELL_WORK" in sound.fits(2)
    assert "courses.csv" in sound.fits(2, "--no-tracking")


def test_a_full_disk_leaves_the_old_cohort_and_the_old_model_whole(
    sound: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound.fits(0, "--no-tracking")
    place = sound.place / "work" / "models" / "small"
    model = RiskModel.load(place / "risk_model").digest
    before = {path: path.read_bytes() for path in sound.place.rglob("*") if path.is_file()}
    write = Path.write_bytes

    def disk_is_full(self: Path, content: bytes) -> int:
        if self.name == "refits.json":
            write(self, content[:100])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, content)

    monkeypatch.setattr(Path, "write_bytes", disk_is_full)
    said = sound.fits(2, "--no-tracking", plan="seed = 9")
    assert "No space left on device. What was there before is unchanged." in said
    monkeypatch.setattr("pandas.DataFrame.to_parquet", _no_room)
    said = sound.says("import", "csv", sound.records, sound.cohort, code=2)
    assert "No space left on device. What was there before is unchanged." in said
    monkeypatch.undo()
    assert RiskModel.load(place / "risk_model").digest == model
    of_this_fit = {sound.place / "plan.toml", place / "audit.json", place / "audit.html"}
    after = {path: path.read_bytes() for path in sound.place.rglob("*") if path.is_file()}
    assert set(after) == set(before)
    assert {path for path in after if after[path] != before[path]} <= of_this_fit


def _no_room(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_model_of_a_newer_format_is_refused_by_both_sides(sound: Site) -> None:
    sound.fits(0, "--no-tracking")
    model = sound.place / "work" / "models" / "small" / "risk_model"
    seal = model / "files.json"
    seal.write_text(json.dumps(json.loads(seal.read_text()) | {"format_version": 99}))
    out = sound.place / "risks.csv"
    asked = ("--model", model, "--cohort", sound.cohort)
    said = sound.says("predict", *asked, "--out", out, code=2)
    assert "format 99" in said
    assert "Update VigiCell" in said
    assert not out.exists()
    assert "format 99" in sound.says("evaluate", *asked, code=2)
    release = sound.place / "release"
    release.mkdir()
    (release / "release.json").write_text(
        json.dumps({"format": "vigicell-release", "format_version": 99})
    )
    request = sound.place / "request.json"
    request.write_text("{}")
    asked = ("score", request, "--release", release)
    assert "format 99" in sound.says(*asked, code=2, of=serving)


LONGER = """
[plan]
name = "longer"
question = "grade-2-crs-72h"
[trees]
max_rounds = 60
[folds]
outer = 2
inner = 2
[tuning]
trials = 8
[interval]
refits = 10
[evaluation]
bootstrap = 50
"""


@pytest.mark.slow
def test_a_fit_that_was_killed_or_stopped_by_hand_goes_on(sound: Site) -> None:
    plan = sound.place / "longer.toml"
    plan.write_text(LONGER)
    asked = ["fit", "--plan", str(plan), "--cohort", str(sound.cohort), "--no-tracking"]
    assert _stopped(sound, asked, signal.SIGKILL)[0] == -signal.SIGKILL
    kept = _journals(sound)
    assert kept
    code, said = _stopped(sound, asked, signal.SIGINT)
    assert code == 130, said
    assert "the same command goes on" in said
    assert "Traceback" not in said, "nor do the workers complain"
    assert not (sound.place / "work" / "models" / "longer" / "risk_model").exists()
    for journal, content in kept.items():
        whole = content[: content.rindex(b"\n") + 1]
        assert journal.read_bytes().startswith(whole), "what was tried is kept"
    sound.says(*asked, "--workers", "1")
    RiskModel.load(sound.place / "work" / "models" / "longer" / "risk_model")


def _journals(site: Site) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in site.place.glob("work/studies/*/*.journal")}


def _stopped(site: Site, asked: list[str], sign: signal.Signals) -> tuple[int, str]:
    """Start the command line, send a signal as a terminal would once the search writes more."""
    before = _journals(site)
    running = subprocess.Popen(
        [sys.executable, "-m", "training", *asked, "--workers", "2"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    with running:
        while running.poll() is None and _journals(site) == before:
            time.sleep(0.02)
        if sign == signal.SIGKILL:  # as when memory runs out: the workers are left alone
            os.kill(running.pid, sign)
        else:
            os.killpg(running.pid, sign)
        said = running.communicate(timeout=60)[0]
    return running.returncode, said

"""Which model could answer on 3 March has an answer, and an edited record has none."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from features.errors import ReleaseError
from models.release import build_release
from tests.training.test_gate import an_evaluation, estimate
from tests.training.test_promote import ASKED, a_challenger, decide
from tests.training.tiny_models import a_model_directory
from training.__main__ import main
from training.chained_record import append_entry
from training.export import export_champions
from training.history import answering_lines, could_answer, history, history_lines
from training.restore import bring_back
from training.tracking_store import TrackingStore
from training.work_folder import WorkFolder

pytestmark = pytest.mark.usefixtures("own_model_store")
FIRST_DAY = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def two_releases(folder: WorkFolder, tmp_path: Path) -> list[str]:
    """Two releases of one model each: from 1 March 09:00, and from 3 March 09:00 (UTC)."""
    digests: list[str] = []
    before = None
    for number, when in enumerate((FIRST_DAY, FIRST_DAY + timedelta(days=2))):
        model = a_model_directory(tmp_path, ASKED, -2.0 + number)
        place = folder.releases / f"{number:04d}"
        made = build_release(place, {ASKED: model}, "the board", "a reason", when, before)
        said = {"release": made.digest, "models": dict(made.model_digests), "brings_back": ""}
        decided = {"who": made.who, "why": made.why, "when": made.when}
        append_entry(folder.gate_record, {"what": "released", **said, **decided})
        digests.append(made.digest)
        before = place
    return digests


@pytest.mark.parametrize(
    ("on", "which"),
    [
        ("2026-02-28", []),
        ("2026-03-01", [0]),
        ("2026-03-02", [0]),
        ("2026-03-03", [0, 1]),
        ("2026-03-04", [1]),
        ("2026-03-01T08:59:59+00:00", []),
        ("2026-03-01T09:00:00+00:00", [0]),
        ("2026-03-03T09:59:00+01:00", [0]),
        ("2026-03-03T10:00:00+01:00", [1]),
    ],
)
def test_which_release_could_answer(
    folder: WorkFolder, two_releases: list[str], on: str, which: list[int]
) -> None:
    found = [reign.release.digest for reign in could_answer(folder, on)]
    assert found == [two_releases[number] for number in which]


def test_it_is_said_with_digests_from_when_to_when_and_by_whom(
    folder: WorkFolder, two_releases: list[str]
) -> None:
    reigns = could_answer(folder, "2026-03-03")
    said = "\n".join(answering_lines("2026-03-03", reigns))
    for reign in reigns:
        assert reign.release.digest in said
        assert reign.release.model_digests[ASKED] in said
    assert "from 2026-03-01T09:00:00+00:00 to 2026-03-03T09:00:00+00:00" in said
    assert "to this day" in said
    assert "SYNTHETIC" in said
    assert "no release" in answering_lines("2026-02-28", [])[0]


@pytest.mark.parametrize(
    ("on", "words"),
    [
        ("3 March", "no day and no instant"),
        ("2026-03-03T09:00", "no zone"),
        ("2999-01-01", "future"),
    ],
)
def test_a_time_that_cannot_be_meant_is_refused(folder: WorkFolder, on: str, words: str) -> None:
    with pytest.raises(ReleaseError, match=words):
        could_answer(folder, on)


def test_every_decision_is_listed_with_who_why_and_which_hash(
    store: TrackingStore, folder: WorkFolder, tmp_path: Path
) -> None:
    rule = "calibration_slope_interval_holds_one"
    first = a_challenger(store, tmp_path, evaluation=an_evaluation(slope=estimate(0.5)))
    decide(store, folder)
    decide(store, folder, overrides=[rule])
    export_champions(store, folder, "the board", "first use")
    said = "\n".join(history_lines(history(folder)))
    assert [event.what for event in history(folder)] == ["refused", "promoted", "released"]
    assert f"{rule} refuses: " in said
    assert f"{rule} overridden: " in said
    assert said.count("by the CAR-T board: better on our patients") == 2
    assert first.digest[:16] in said
    assert said.endswith("3 decisions, none edited.")


def test_a_return_is_called_one(store: TrackingStore, folder: WorkFolder, tmp_path: Path) -> None:
    for intercept in (-2.0, -1.0):
        a_challenger(store, tmp_path, intercept)
        decide(store, folder, overrides=["log_loss_is_below_the_champion"])
        export_champions(store, folder, "the board", "first use")
    back = bring_back(store, folder, "the board", "alarms on the ward")
    last = history(folder)[-1]
    assert (last.what, last.why) == ("brought back", "alarms on the ward")
    assert last.digest == back.record.digest


def edited(folder: WorkFolder) -> None:
    text = folder.gate_record.read_text(encoding="utf-8")
    folder.gate_record.write_text(text.replace("a reason", "another"), encoding="utf-8")


def cut(folder: WorkFolder) -> None:
    lines = folder.gate_record.read_text(encoding="utf-8").splitlines(keepends=True)
    folder.gate_record.write_text("".join(lines[:-1]), encoding="utf-8")


def deleted(folder: WorkFolder) -> None:
    folder.gate_record.unlink()


def nonsense(folder: WorkFolder) -> None:
    folder.gate_record.write_text("no json\n", encoding="utf-8")


def release_edited(folder: WorkFolder) -> None:
    place = next(folder.releases.glob("0001/release.json"))
    said = json.loads(place.read_text(encoding="utf-8"))
    place.write_text(json.dumps(said | {"who": "somebody else"}), encoding="utf-8")


@pytest.mark.parametrize("harm", [edited, cut, deleted, nonsense, release_edited])
@pytest.mark.parametrize("ask", [history, lambda folder: could_answer(folder, "2026-03-03")])
def test_a_broken_record_gives_no_answer(
    folder: WorkFolder, two_releases: list[str], harm: Any, ask: Any
) -> None:
    assert ask(folder)
    harm(folder)
    with pytest.raises(ReleaseError, match=r"gate\.jsonl"):
        ask(folder)


def test_the_command_line_answers_and_says_where_nothing_happened(
    folder: WorkFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VIGICELL_WORK", str(folder.root))
    assert main(["history"]) == 0
    assert main(["history", "--on", "2026-03-03"]) == 0
    assert main(["history", "--on", "yesterday"]) == 2
    said = capsys.readouterr()
    assert "Nothing was promoted" in said.out
    assert "no release of this work folder" in said.out
    assert "Write a day" in said.err

"""The record of the gate: what was written stays written, or reading it fails."""

from pathlib import Path

import pytest

from features.errors import ReleaseError
from training.chained_record import append_entry, read_entries


def three_entries(path: Path) -> list[str]:
    for what in ("refused", "overridden", "promoted"):
        append_entry(path, {"what": what, "who": "the safety board"})
    return path.read_text(encoding="utf-8").splitlines()


def test_entries_come_back_in_order_and_each_names_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "gate.jsonl"
    three_entries(path)
    entries = read_entries(path)
    assert [entry["what"] for entry in entries] == ["refused", "overridden", "promoted"]
    assert [entry["previous"] for entry in entries[1:]] == [e["hash"] for e in entries[:-1]]


def test_no_file_is_an_empty_record(tmp_path: Path) -> None:
    assert read_entries(tmp_path / "none.jsonl") == []


@pytest.mark.parametrize("edit", ["changed", "removed", "swapped", "cut"])
def test_an_edited_record_is_noticed_and_not_written_to(tmp_path: Path, edit: str) -> None:
    path = tmp_path / "gate.jsonl"
    lines = three_entries(path)
    edited = {
        "changed": [lines[0].replace("refused", "promoted"), *lines[1:]],
        "removed": lines[1:],
        "swapped": [lines[1], lines[0], lines[2]],
        "cut": [lines[0][:20], *lines[1:]],
    }[edit]
    path.write_text("\n".join(edited) + "\n", encoding="utf-8")
    with pytest.raises(ReleaseError, match="line 1"):
        read_entries(path)
    with pytest.raises(ReleaseError):
        append_entry(path, {"what": "promoted"})

"""Options of the sources: one table is read, refused and explained."""

from pathlib import Path

import pytest

from features.errors import CohortError
from features.sources import SOURCES, load, options_of
from features.sources.options import checked, option_lines, with_defaults
from training.arguments import parser

LIMITED = [
    (source, one)
    for source in SOURCES
    for one in options_of(source)
    if one.legal and not one.is_flag
]


@pytest.mark.parametrize("source", SOURCES)
def test_every_option_says_what_it_is_and_what_happens_without_it(source: str) -> None:
    table = options_of(source)
    assert len({one.name for one in table}) == len(table)
    for one, line in zip(table, option_lines(table), strict=True):
        assert line.startswith(f"{one.name}=")
        assert one.meaning in line
        assert all(word in line for word in one.legal)
        assert "default" in line or one.default is None


@pytest.mark.parametrize("source", SOURCES)
def test_a_strange_option_is_answered_with_the_legal_ones(source: str, tmp_path: Path) -> None:
    with pytest.raises(CohortError, match=f"source '{source}' has no option 'colour'") as refused:
        load(source, tmp_path / "absent", colour="red")
    assert all(one.name in str(refused.value) for one in options_of(source))


@pytest.mark.parametrize(("source", "one"), LIMITED, ids=lambda cell: getattr(cell, "name", cell))
def test_an_illegal_value_is_answered_with_the_legal_ones(
    source: str, one: object, tmp_path: Path
) -> None:
    name, legal = one.name, one.legal  # type: ignore[attr-defined]
    with pytest.raises(CohortError, match=f"option {name} = 'elsewhere' is not one of") as refused:
        load(source, tmp_path / "absent", **{name: "elsewhere"})
    assert all(word in str(refused.value) for word in legal)


def test_what_is_not_said_is_the_default_of_the_table() -> None:
    table = options_of("omop")
    made = with_defaults(table, checked("omop", table, {"schema": None, "synthetic": "true"}))
    assert made["schema"] == "public"
    assert made["synthetic"] is True
    assert made["grading_system"] == "unknown"
    assert made["mapping"] is None


@pytest.mark.parametrize("source", SOURCES)
def test_the_help_of_a_source_lists_its_options_and_no_others(
    source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="0"):
        parser().parse_args(["import", source, "--help"])
    said = capsys.readouterr().out
    assert [line for line in said.splitlines() if line.startswith("--option of")] == [
        f"--option of {source}:"
    ]
    assert all(line in said for line in option_lines(options_of(source)))


@pytest.mark.parametrize("typed", [["import", "--help"], ["import", "nowhere", "-h"]])
def test_the_help_without_a_source_lists_those_of_all(
    typed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="0"):
        parser().parse_args(typed)
    said = capsys.readouterr().out
    assert all(f"--option of {source}:" in said for source in SOURCES)

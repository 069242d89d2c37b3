"""One spelling of a unit, two tests: what it means is said for each, and never assumed."""

import tomllib
from pathlib import Path

import pytest

from features.sources.csv.mapping_draft import draft_files
from features.sources.csv.mapping_text import mapping_text
from features.tables import Cohort
from tests.mapped_folder import MAPPING, P1, Site, rejected
from tests.three_shapes import write_lines

AT = "2025-03-05 10:00"
RULE = "unit_is_the_one_stated_for_its_test"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def with_d_dimer(keys: str) -> str:
    entry = f'"DD" = {{{{ is = "d_dimer_ng_ml_feu"{keys} }}}}'
    return MAPPING.replace("[file.tests]", f"[file.tests]\n{entry}")


def results(*d_dimer_units: str) -> list[list[object]]:
    crp: list[list[object]] = [["P1", AT, "CRP", "12", "mg/l", ""]]
    return crp + [["P1", AT, "DD", str(n), unit, ""] for n, unit in enumerate(d_dimer_units, 2)]


def values(cohort: Cohort) -> list[float]:
    return cohort.measurements.sort_values("source_row")["value"].tolist()


def test_the_units_of_a_test_win_over_those_of_the_file(site: Site) -> None:
    own = ', units = {{ "mg/l" = "mg/L{{FEU}}" }}'
    mapping = with_d_dimer(own) + '"mg/l" = "mg/L"\n'
    cohort, failures = site.read(results("mg/l"), mapping=mapping)
    assert len(failures) == 0
    assert values(cohort) == [12, 2000]
    assert cohort.measurements["source_unit"].tolist() == ["mg/l", "mg/l"]


def test_a_stated_unit_holds_for_rows_that_name_none_or_the_same(site: Site) -> None:
    written = ("", "mg/L FEU", "ug/mL FEU", "mg/l", "mg/L DDU")
    mapping = with_d_dimer(', unit = "mg/L{{FEU}}"')
    cohort, failures = site.read(results(*written), mapping=mapping)
    assert values(cohort) == [12, 2000, 3000, 4000]
    assert rejected(failures) == {("measurements", "results.csv", row, RULE) for row in (6, 7)}
    assert failures.rows["legal"].str.contains("the unit that the mapping states").all()


def test_a_unit_that_the_test_explains_is_no_contradiction(site: Site) -> None:
    keys = ', unit = "mg/L{{FEU}}", units = {{ "mg/l" = "mg/L{{DDU}}" }}'
    cohort, failures = site.read(results("mg/l", ""), mapping=with_d_dimer(keys))
    assert len(failures) == 0
    assert values(cohort) == [12, 4000, 3000]


def test_a_stated_unit_that_rows_contradict_is_not_read_as_published(site: Site) -> None:
    mapping = with_d_dimer(', unit = "mg/L{{FEU}}"')
    cohort, failures = site.read(results("ug/L FEU"), mapping=mapping, as_published="true")
    assert cohort.measurements["input"].tolist() == ["crp_mg_l"]
    assert set(failures.rows["rule"]) == {RULE}


@pytest.mark.parametrize(
    ("keys", "of_file", "said"),
    [
        ("", "", "is no unit of d_dimer_ng_ml_feu"),
        (
            "",
            '"mg/l" = "mg/L"\n',
            "means 'mg/L' by [file.units], which is no unit of d_dimer",
        ),
        (', unit = "mg/L{{FEU}}"', "", "is not the stated unit = 'mg/L{FEU}', and its rows are "),
    ],
)
def test_the_note_names_the_test_and_the_key_that_mends_it(
    site: Site, keys: str, of_file: str, said: str
) -> None:
    facts = [[f"P{n}", *P1[1:]] for n in range(1, 4)]
    rows: list[list[object]] = [[f"P{n}", AT, "DD", n, "mg/l", ""] for n in range(1, 4)]
    rows += [["P1", AT, "WBC", "3", "10^9/L", ""]]
    cohort, _ = site.read(rows, facts, mapping=with_d_dimer(keys) + of_file)
    note = next(one for one in cohort.manifest.notes if "'DD'" in one)
    assert f"test 'DD': unit 'mg/l' (3 rows) {said}" in note
    assert 'units = { "mg/l" = "..." }; legal: ng/mL{FEU} | ' in note


def test_the_draft_asks_for_each_test_where_one_answer_cannot_fit_all(tmp_path: Path) -> None:
    units = [
        ("CRP", "mg/l"), ("D-dimer", "mg/l"), ("CRP", "ug/mL"), ("Creatinine", "ug/mL"),
        ("LDH", "E/l"), ("AST", "E/l"),
    ]  # fmt: skip
    rows = [[f"P{n}", "2025-03-04", test, n, unit] for n in range(4) for test, unit in units]
    write_lines(tmp_path / "a.csv", [["ID", "Date", "Test", "Result", "Unit"], *rows], ",", "utf-8")
    text = mapping_text("a.csv", "a", draft_files([tmp_path / "a.csv"]))
    file = tomllib.loads(text)["file"][0]
    assert file["tests"]["D-dimer"] == {"is": "d_dimer_ng_ml_feu", "units": {"mg/l": ""}}
    assert file["tests"]["Creatinine"]["units"] == {"ug/mL": ""}, "a unit of CRP"
    assert file["tests"]["CRP"] == {"is": "crp_mg_l"}
    assert file["units"] == {"E/l": ""}
    assert '"mg/l" in 4 rows; fill units: ng/mL{FEU} | ' in text
    assert "8 rows of ast_u_l, ldh_u_l; legal: U/L | ukat/L" in text

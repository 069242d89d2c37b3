"""The template of CSV files: every column and input, and what it asks for."""

from pathlib import Path

import pandas as pd
import pytest

from features.errors import CohortError
from features.inputs import INPUTS
from features.sources.csv.template import template_columns, write_template
from features.tables import TABLES
from tests.csv_folder import read_csv


def test_the_template_names_the_products_the_units_and_the_hours(tmp_path: Path) -> None:
    write_template(tmp_path)
    columns = pd.read_csv(tmp_path / "columns.csv").set_index(["table", "column"])
    assert "axicabtagene ciloleucel (axi-cel)" in columns.loc[("courses", "product"), "legal"]
    unit = columns.loc[("measurements", "unit")]
    assert "required with every numeric measurement" in unit["meaning"]
    assert "crp_mg_l: mg/L | ug/mL | mg/dL | nmol/L; " in unit["legal"]
    readme = (tmp_path / "README.txt").read_text(encoding="utf-8")
    assert "ciltacabtagene autoleucel (cilta-cel)" in readme
    settings = (tmp_path / "cohort.toml").read_text(encoding="utf-8").replace("\n# ", " ")
    for text in (readme, settings):
        assert "day 2.5 is 60 hours after the start of the infusion" in text


def test_the_template_says_every_column_and_input(tmp_path: Path) -> None:
    write_template(tmp_path)
    for table in TABLES.values():
        header = pd.read_csv(tmp_path / f"{table.name}.csv").columns.tolist()
        assert header == [column.name for column in template_columns(table)]
    inputs = pd.read_csv(tmp_path / "inputs.csv")
    assert inputs["input"].tolist() == list(INPUTS)
    columns = pd.read_csv(tmp_path / "columns.csv")
    assert len(columns) == sum(len(template_columns(table)) for table in TABLES.values())


def test_the_template_as_written_asks_for_courses_and_resolution(tmp_path: Path) -> None:
    write_template(tmp_path)
    with pytest.raises(CohortError, match="say whether the days carry hours"):
        read_csv(tmp_path)
    with pytest.raises(CohortError, match="has no rows"):
        read_csv(tmp_path, resolution="instant")

"""OMOP rows: results, delays, infusions, codes and units."""

from pathlib import Path

import pandas as pd
import pytest

from tests.features.sources.records.omop_rows import (
    AXI_CEL,
    a_database,
    a_result,
    measured,
    read_omop,
)
from tests.omop_database import DAY, DAY_0


@pytest.mark.parametrize(
    ("cells", "comparator", "value"),
    [
        ({"operator_concept_id": 4171756}, "<", 2.0),
        ({"operator_concept_id": 4172704}, ">", 2.0),
        ({"operator_concept_id": 4171754}, "<=", 2.0),
        ({"operator_concept_id": 4171755}, ">=", 2.0),
        ({"operator_concept_id": 4172703}, None, 2.0),
        ({"value_source_value": "<2"}, "<", 2.0),
        ({"value_as_number": None, "value_source_value": "> 400"}, ">", 400.0),
    ],
)
def test_censored_results_keep_their_comparator(
    tmp_path: Path, cells: dict[str, object], comparator: str | None, value: float
) -> None:
    made = a_database()
    a_result(made, 1, day=2.0, **{"value": 2.0, **cells})
    row = measured(read_omop(made.write(tmp_path / "cdm"))[0]).iloc[1]
    assert row["value"] == value
    assert row["comparator"] == comparator or (comparator is None and pd.isna(row["comparator"]))


def test_a_result_of_a_date_alone_is_known_at_the_end_of_its_day(tmp_path: Path) -> None:
    made = a_database()
    for at in (None, DAY_0.normalize() + 3 * DAY):  # no instant, and one that is midnight
        day = {"measurement_date": (DAY_0 + 3 * DAY).date(), "measurement_datetime": at}
        a_result(made, 1, day=3.0, value=31.0 + float(at is None), **day)
    cohort, _ = read_omop(made.write(tmp_path / "cdm"))
    end_of_day = (DAY_0.normalize() + 4 * DAY - DAY_0) / DAY
    rows = measured(cohort).iloc[1:3]
    assert rows["day"].tolist() == pytest.approx([end_of_day] * 2)
    assert (rows["known_day"] >= end_of_day).all()


def test_a_delay_is_declared_for_every_laboratory_value(tmp_path: Path) -> None:
    cohort, _ = read_omop(a_database().write(tmp_path / "cdm"))
    row = cohort.measurements.iloc[0]
    assert row["known_day"] - row["day"] == pytest.approx(2 / 24)
    assert cohort.manifest.delays["il6_pg_ml"] == 1.0
    mapping = tmp_path / "site.toml"
    mapping.write_text("[delays]\ncrp_mg_l = 0.25\n")
    declared, _ = read_omop(tmp_path / "cdm", mapping=str(mapping))
    row = declared.measurements.iloc[0]
    assert row["known_day"] - row["day"] == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("table", "cells"),
    [
        ("procedure_occurrence", {"procedure_source_value": "XW033H7"}),
        ("procedure_occurrence", {"procedure_source_concept_id": 2_000_000_900}),
        ("drug_exposure", {"drug_source_concept_id": AXI_CEL}),
    ],
)
def test_an_infusion_is_found_by_its_source_code(
    tmp_path: Path, table: str, cells: dict[str, object]
) -> None:
    made = a_database()
    made.concept("ICD10PCS", "XW043H7", 2_000_000_900)
    start = "procedure" if table.startswith("procedure") else "drug_exposure_start"
    kind = table.split("_")[0]
    made.add(
        table, person_id=3,
        **{f"{kind}_concept_id": 0, f"{start}_date": DAY_0.date(), f"{start}_datetime": DAY_0},
        **cells,
    )  # fmt: skip
    cohort, _ = read_omop(made.write(tmp_path / "cdm"))
    assert list(cohort.courses["patient_id"]) == ["1", "2", "3"]


def test_displays_never_match(tmp_path: Path) -> None:
    made = a_database()
    concept = made.concept("LOINC", "0000-0")
    a_result(made, 1, day=2.0, value=9.0, measurement_concept_id=concept)
    frames = made.frames()
    frames["concept"].loc[:, "concept_name"] = "C reactive protein [Mass/volume]"
    folder = made.write(tmp_path / "cdm")
    frames["concept"].to_parquet(folder / "concept.parquet")
    cohort, failures = read_omop(folder)
    assert len(cohort.measurements) == 2
    assert failures.unmapped[["system", "code", "count"]].to_numpy().tolist() == [
        ["LOINC", "0000-0", 1]
    ]


def test_units_nobody_knows_are_listed_with_counts(tmp_path: Path) -> None:
    made = a_database()
    for day in (2.0, 3.0):
        a_result(made, 1, day=day, value=9.0, unit_concept_id=0, unit_source_value="stones")
    _, failures = read_omop(made.write(tmp_path / "cdm"))
    row = failures.unmapped.iloc[0]
    assert (row["kind"], row["unit"], row["count"]) == ("unit", "stones", 2)
    assert failures.counts() == {"measurements.unit_is_one_of_its_input": 2}

"""Small workbooks in the published layout of the BWH cohort, and what is read of a cohort."""

from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl import Workbook

from features.sources import load
from features.sources.bwh_rows import COLUMNS
from features.tables import Cohort

Row = dict[str, Any]


def a_record(sid: int, days: range, temperature: float, **cells: Any) -> list[Row]:
    """Daily rows of one patient; a list is one value a day, anything else stands on every day."""
    rows = []
    for at, day in enumerate(days):
        row: Row = {"SID": sid, "Age": 60, "Sex": "M", "Subtype": "DLBCL", "HospitalDay": day}
        row |= {"Temp": temperature + at / 10, "meanscore": 0, "WBC": 4.0 + sid / 100}
        row |= {
            name: cell[at] if isinstance(cell, list) else cell
            for name, cell in cells.items()
            if not name.startswith("CRS")
        }
        if day == 0:
            row |= {name: cell for name, cell in cells.items() if name.startswith("CRS")}
        rows.append(row)
    return rows


def crs(peak: int, onset: int | None = None, day: int | None = None) -> Row:
    return {"CRS Peak Severity": peak, "CRS Onset Day": onset, "CRS Peak Day": day}


def in_first(sid: int, **cells: Any) -> list[Row]:
    """A patient of the first source: Celsius, days 0 to 14, Diagnosis filled."""
    return a_record(sid, range(15), 36.5, **{"Diagnosis": "Lymphoma", **cells})


def in_second(sid: int, days: range = range(-1, 5), **cells: Any) -> list[Row]:
    """A patient of the second source: Fahrenheit, days of the stay."""
    return a_record(sid, days, 98.6, **cells)


def a_workbook(folder: Path, *records: list[Row], name: str = "a.xlsx") -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(COLUMNS))
    for record in records:
        for row in record:
            sheet.append([row.get(column) for column in COLUMNS])
    book.save(folder / name)
    return folder / name


def loaded(folder: Path, *records: list[Row], **options: Any) -> Cohort:
    return load("bwh", a_workbook(folder, *records), **options)


def results(cohort: Cohort, name: str) -> pd.DataFrame:
    return cohort.measurements[cohort.measurements["input"] == name].reset_index(drop=True)


def gradings(cohort: Cohort, toxicity: str) -> list[tuple[float, float]]:
    rows = cohort.grades[cohort.grades["toxicity"] == toxicity]
    return list(zip(rows["day"], rows["grade"], strict=True))


def highest(cohort: Cohort, toxicity: str = "ICANS") -> pd.Series:
    rows = cohort.grades[cohort.grades["toxicity"] == toxicity]
    return rows.groupby("course_id")["grade"].max()

"""Infusions of CAR-T in a stream of events, and the courses they make.

One infusion may be recorded as a procedure and as a medication: records of one person within
:data:`SAME_INFUSION` are one infusion. Doses of a product that is given as a split dose are one
course when they follow within :data:`SPLIT_DOSE`; every other infusion is a course of its own.
"""

from dataclasses import dataclass

import pandas as pd

from features.products import PRODUCTS
from features.sources.records.codes import Meaning
from features.sources.records.event_failures import Broken

SAME_INFUSION = pd.Timedelta(days=1)
"""Records this close together tell of one infusion [A]."""
SPLIT_DOSE = pd.Timedelta(days=21)
"""How long after the first the further doses of a split dose may follow [A]."""
LOOK_BACK = pd.Timedelta(days=90)
"""How long before day 0 a record still belongs to a course [A]."""

_NEVER = pd.Timestamp("2200-01-01", tz="UTC")
_CELL_UNITS = {
    "{cells}": 1.0, "cells": 1.0, "10*6.{cells}": 1e6, "10*6{cells}": 1e6, "10*8.{cells}": 1e8,
}  # fmt: skip
_COURSE_COLUMNS = (
    "course_id", "subject", "patient_id", "site", "product", "day_0", "date_only", "since", "until",
    "second_dose", "dose_car_t_cells", "source_row", "source_file",
)  # fmt: skip


@dataclass
class _Infusion:
    product: str
    at: pd.Timestamp
    date_only: bool
    cells: float
    site: str | None
    row: float
    file: str | None


def is_infusion(meaning: Meaning | None) -> bool:
    """Whether a code stands for an infusion of CAR-T cells."""
    return meaning is not None and meaning.is_infusion


def courses_of(infusions: pd.DataFrame) -> tuple[pd.DataFrame, list[Broken]]:
    """Return the courses that these infusion events make.

    Parameters
    ----------
    infusions : DataFrame
        Sound events with ``meaning``, all of them dated.

    Returns
    -------
    courses : DataFrame
        ``course_id`` (patient and number), ``subject``, ``product``, ``day_0`` (instant of the
        first dose), ``second_dose``, ``dose_car_t_cells`` and the span ``since``
        (included) to ``until`` (excluded) in which a person's records belong to the course.
    broken : list
        Infusions that could not become a course:
        ``infusion_names_its_product`` and ``infusion_names_one_product``.
    """
    rows: list[dict[str, object]] = []
    broken: list[Broken] = []
    for subject, mine in infusions.groupby("subject", sort=True):
        found = _each_once(mine.sort_values("start", kind="stable"), broken)
        courses = _joined(found)
        for number, doses in enumerate(courses, start=1):
            later = courses[number][0].at if number < len(courses) else _NEVER
            rows.append(_course(str(subject), number, doses, later))
    courses_frame = pd.DataFrame(rows, columns=list(_COURSE_COLUMNS))
    for name in ("day_0", "since", "until", "second_dose"):
        courses_frame[name] = pd.to_datetime(courses_frame[name], utc=True).astype(
            "datetime64[us, UTC]"
        )
    return courses_frame, broken


def _course(
    subject: str, number: int, doses: list[_Infusion], later: pd.Timestamp
) -> dict[str, object]:
    first = doses[0]
    return {
        "course_id": f"{subject}-{number}",
        "subject": subject,
        "patient_id": subject,
        "site": first.site,
        "product": first.product,
        "day_0": first.at,
        "date_only": first.date_only,
        "since": first.at - LOOK_BACK,
        "until": later,
        "second_dose": doses[1].at if len(doses) > 1 else None,
        "dose_car_t_cells": sum(one.cells for one in doses),
        "source_row": first.row,
        "source_file": first.file,
    }


def _each_once(rows: pd.DataFrame, broken: list[Broken]) -> list[_Infusion]:
    """Return the infusions of one person in order, each once."""
    made = []
    for _, records in rows.groupby(_groups(rows["start"].tolist()), sort=True):
        products = {one.name for one in records["meaning"] if one.what == "product"}
        if len(products) != 1:
            rule = "infusion_names_one_product" if products else "infusion_names_its_product"
            first = records.iloc[0]
            broken.append((float(first["source_row"]), rule, first["source_file"]))
            continue
        told = records.sort_values("kind", kind="stable")  # medications tell the hour, and the dose
        timed = told[~told["date_only"]]
        start = (timed if len(timed) else told).iloc[0]
        sites = records["site"].dropna()
        made.append(
            _Infusion(
                products.pop(),
                start["start"],
                bool(start["date_only"]),
                _cells(records),
                sites.iloc[0] if len(sites) else None,
                float(start["source_row"]),
                start["source_file"],
            )
        )
    return made


def _groups(starts: list[pd.Timestamp]) -> list[int]:
    """Return a number for each instant, in order; those close to the first of a group share it."""
    numbers: list[int] = []
    opened = None
    for at in starts:
        if opened is None or at - opened >= SAME_INFUSION:
            numbers.append(numbers[-1] + 1 if numbers else 0)
            opened = at
        else:
            numbers.append(numbers[-1])
    return numbers


def _cells(records: pd.DataFrame) -> float:
    for dose, unit in zip(records["dose"], records["dose_unit"], strict=True):
        factor = _CELL_UNITS.get(unit) if isinstance(unit, str) else None
        if factor is not None and pd.notna(dose):
            return float(dose) * factor
    return float("nan")


def _joined(infusions: list[_Infusion]) -> list[list[_Infusion]]:
    """Join the doses of split products into courses."""
    courses: list[list[_Infusion]] = []
    for one in infusions:
        first = courses[-1][0] if courses else None
        if (
            first is not None
            and first.product == one.product
            and PRODUCTS[one.product].split_dose
            and one.at - first.at <= SPLIT_DOSE
        ):
            courses[-1].append(one)
        else:
            courses.append([one])
    return courses

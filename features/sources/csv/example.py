"""A small synthetic cohort as a site would send it: CSV files, units as two laboratories use them.

It shows the format and lets every command be tried. It is drawn from a few lines of made-up rules
and claims no likeness to patients; for that there is the synthetic cohort.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from features.sources.csv.example_findings import findings_at_gradings, pressors_at_gradings
from features.sources.csv.settings import SETTINGS_FILE
from features.sources.csv.template import template_columns, write_dictionary, write_rows
from features.tables import TABLES

LAST_INPATIENT_DAY = 14
LAST_CONTACT_DAY = 28
_PRODUCTS = {
    "axicabtagene ciloleucel": ("LBCL", 0.5),
    "tisagenlecleucel": ("B-ALL", 0.3),
    "lisocabtagene maraleucel": ("LBCL", -0.5),
    "ciltacabtagene autoleucel": ("MM", -0.3),
}
# input: median at rest, factor per unit of inflammation, log spread, unit (north), unit (south),
# number in the south's unit for one in the north's, share measured a day
_LABS = {
    "crp_mg_l": (8.0, 3.0, 0.5, "mg/L", "mg/dL", 0.1, 0.9),
    "ferritin_ng_ml": (500.0, 2.0, 0.5, "ng/mL", "ug/L", 1.0, 0.8),
    "il6_pg_ml": (8.0, 4.0, 0.8, "pg/mL", "ng/L", 1.0, 0.5),
    "ldh_u_l": (230.0, 1.25, 0.25, "U/L", "U/L", 1.0, 0.9),
    "creatinine_mg_dl": (70.0, 1.1, 0.25, "umol/L", "mg/dL", 0.01131, 0.9),
    "platelets_10e9_l": (90.0, 0.75, 0.5, "10*9/L", "/uL", 1000.0, 0.9),
    "anc_10e9_l": (0.8, 0.9, 0.8, "10*9/L", "10*3/uL", 1.0, 0.8),
    "fibrinogen_mg_dl": (3.8, 0.9, 0.2, "g/L", "mg/dL", 100.0, 0.6),
    "d_dimer_ng_ml_feu": (0.9, 1.5, 0.5, "mg/L{FEU}", "ng/mL{FEU}", 1000.0, 0.5),
}
_HIGHEST_FOLD = 60.0
_LOWEST_FEVER_C, _HIGHEST_WITHOUT_FEVER_C = 38.1, 37.8
_LOWEST_REPORTED = {"il6_pg_ml": 2.0}


@dataclass
class _Rows:
    """Rows by table, as mappings from column to cell."""

    tables: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {name: [] for name in TABLES}
    )

    def add(self, table: str, **cells: Any) -> None:
        self.tables[table].append(cells)


def write_example(folder: Path, courses: int, seed: int) -> None:
    """Write the tables of `courses` made-up courses, their dictionary and ``cohort.toml``."""
    rng = np.random.default_rng(seed)
    rows = _Rows()
    graded = [_add_course(rows, number, rng) for number in range(1, courses + 1)]
    of_findings = np.random.default_rng([seed, 1]).spawn(courses)  # a stream of their own
    for one, stream in zip(graded, of_findings, strict=True):
        _add_findings(rows, one, stream)
    for name, table in TABLES.items():
        header = [column.name for column in template_columns(table)]
        cells = ([row.get(column, "") for column in header] for row in rows.tables[name])
        write_rows(folder / f"{name}.csv", header, cells)
    write_dictionary(folder)
    (folder / SETTINGS_FILE).write_text(
        f'# Made-up courses, seed {seed}; days carry hours.\nname = "example"\n'
        'resolution = "instant"\nend_of_record = "censored"\ngrading_system = "ASTCT"\n'
        "synthetic = true\n",
        encoding="utf-8",
    )


@dataclass(frozen=True)
class _GradedCourse:
    course: str
    site: str
    crs: np.ndarray[Any, Any]
    icans: np.ndarray[Any, Any]


def _add_findings(rows: _Rows, one: _GradedCourse, rng: np.random.Generator) -> None:
    """Add what the gradings rest on below what was there: see ``example_findings.py``."""
    for pressor in pressors_at_gradings(one.crs):
        known = pressor["start_day"]
        rows.add(
            "treatments", course_id=one.course, known_day=known, route="iv", intent="treatment",
            **pressor,
        )  # fmt: skip
    for found in findings_at_gradings(one.crs, one.icans, LAST_CONTACT_DAY, one.site, rng):
        rows.add("measurements", course_id=one.course, known_day=found["day"], **found)


def _add_course(rows: _Rows, number: int, rng: np.random.Generator) -> _GradedCourse:
    course = f"C{number:04d}"
    site = str(rng.choice(["north", "south"]))
    product = str(rng.choice(list(_PRODUCTS)))
    diagnosis, product_effect = _PRODUCTS[product]
    burden = float(rng.beta(1.2, 3.0))
    tendency = product_effect + 1.5 * (burden - 0.3) + rng.normal(0, 1)
    crs = _grade_course(tendency, float(rng.lognormal(0.9, 0.5)), rng)
    icans_tendency = 0.7 * tendency - 0.1 + rng.normal(0, 0.8)
    icans = _grade_course(icans_tendency, float(rng.lognormal(1.6, 0.3)), rng)
    icans = icans if crs.max() > 0 else np.zeros_like(icans)
    rows.add(
        "courses", course_id=course, patient_id=f"P{number:04d}", site=site,
        age_years=int(rng.integers(18, 80)), sex=str(rng.choice(["female", "male"])),
        diagnosis=diagnosis, product=product, lymphodepletion_day=-5,
        lymphodepletion="fludarabine_cyclophosphamide", prior_lines=int(rng.integers(1, 6)),
        ecog=int(rng.integers(0, 3)), tumour_burden_fraction=round(burden, 3),
        discharge_day=LAST_INPATIENT_DAY + 0.5, follow_up_days=LAST_CONTACT_DAY + 0.5,
    )  # fmt: skip
    _add_gradings(rows, course, {"CRS": crs, "ICANS": icans})
    _add_treatments(rows, course, crs, icans)
    _add_results(rows, course, site, crs, tendency, rng)
    return _GradedCourse(course, site, crs, icans)


def _grade_course(tendency: float, onset: float, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Return the grade of days 0 to 14: up one grade a day to the peak, down after it."""
    peak = int(np.searchsorted([-0.3, 0.8, 1.6, 2.6], tendency))
    length = max(1, int(rng.poisson(2 + peak)))
    days = np.arange(LAST_INPATIENT_DAY + 1)
    rising = days - int(onset) + 1
    falling = int(onset) + peak + length - days
    return np.clip(np.minimum(rising, falling), 0, peak)


def _add_gradings(rows: _Rows, course: str, grades: dict[str, np.ndarray[Any, Any]]) -> None:
    for toxicity, daily in grades.items():
        common = {"course_id": course, "toxicity": toxicity, "system": "ASTCT"}
        for day, grade in enumerate(daily):
            at = day + 0.375
            rows.add(
                "grades", **common, day=at, known_day=at, grade=int(grade), contact="inpatient"
            )
        at = LAST_CONTACT_DAY + 0.5
        rows.add("grades", **common, day=at, known_day=at, grade=0, contact="visit")


def _add_treatments(
    rows: _Rows, course: str, crs: np.ndarray[Any, Any], icans: np.ndarray[Any, Any]
) -> None:
    doses = (
        ("tocilizumab", crs >= 2, 8, "mg/kg", 2),
        ("corticosteroid", icans >= 2, 10, "mg", LAST_INPATIENT_DAY),
        ("vasopressor", crs >= 3, "", "", LAST_INPATIENT_DAY),
    )
    for agent, when, dose, unit, most in doses:
        for day in np.flatnonzero(when)[:most]:
            stop = round(day + 0.45 + 0.9, 3) if agent == "vasopressor" else ""
            rows.add(
                "treatments", course_id=course, start_day=day + 0.45, known_day=day + 0.45,
                stop_day=stop, agent=agent, dose=dose, dose_unit=unit, route="iv",
                intent="treatment",
            )  # fmt: skip


def _add_results(
    rows: _Rows, course: str, site: str, crs: np.ndarray[Any, Any], tendency: float,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    for day in range(-5, LAST_INPATIENT_DAY + 1):
        now, soon = _grade_of(crs, day), _grade_of(crs, day + 1)
        inflammation = 0.5 * (now + soon) + 0.2 * tendency
        for name, (median, factor, spread, north, south, ratio, share) in _LABS.items():
            if rng.random() > share:
                continue
            number = median * factor**inflammation * float(np.exp(rng.normal(0, spread)))
            number = min(number, _HIGHEST_FOLD * median)
            cell = f"{number * (ratio if site == 'south' else 1.0):.4g}"
            if number < _LOWEST_REPORTED.get(name, 0.0):
                cell = f"<{_LOWEST_REPORTED[name]:g}"
            rows.add(
                "measurements", course_id=course, day=day + 0.25, known_day=day + 0.33, input=name,
                value=cell, unit=south if site == "south" else north,
            )  # fmt: skip
        _add_temperatures(rows, course, day, site, (now, soon), rng)


def _grade_of(daily: np.ndarray[Any, Any], day: int) -> int:
    """Return the grade of a day: 0 before the infusion, the last one after the stay."""
    return 0 if day < 0 else int(daily[min(day, LAST_INPATIENT_DAY)])


def _add_temperatures(
    rows: _Rows, course: str, day: int, site: str, grades: tuple[int, int],
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Add the morning's and the evening's temperature.

    CRS is graded at nine in the morning by the 24 h before: the morning goes with the grade of the
    day, the evening with that of the next.
    """
    for hour, grade in zip((8, 20), grades, strict=True):
        number = (37.4 if grade else 36.7) + 0.4 * grade + float(rng.normal(0, 0.3))
        number = max(number, _LOWEST_FEVER_C) if grade else min(number, _HIGHEST_WITHOUT_FEVER_C)
        unit = "[degF]" if site == "south" else "Cel"
        cell = f"{number * 1.8 + 32 if site == 'south' else number:.1f}"
        at = round(day + hour / 24, 3)
        rows.add(
            "measurements", course_id=course, day=at, known_day=at, input="temperature_c",
            value=cell, unit=unit,
        )  # fmt: skip

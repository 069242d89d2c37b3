"""The CD19 CAR-T cohort in B-ALL published with PrCRS (Wei et al., BMC Bioinformatics 2024).

Where it is: repository wzy38828201/PrCRS, ``main/data/CAR-T.xlsx``; doi 10.1186/s12859-024-05804-8.
One sheet: a title row, a header row, then one row per patient and day; a new patient starts where
``Relative date`` is 0 and nowhere else (one patient's age is inconsistent).

What is wrong with it, and what is done here:

- Gaps were filled with the median of *that day's CRS grade*, so a filled value tells the outcome.
  The fills are found in the values (:mod:`features.sources.fills`) and become missing.
- The digit 0 was dropped inside numbers ("139.0" became 13.9). Values outside the hard range become
  missing, and so do values below the plausible range that ten times over would lie inside it.
  Shorter numbers that still look possible (205 as 25) cannot be told from true ones and stay.
- Dose, lines, burden, blasts and age vary within some patients: day 0 counts.
- Records end on the day of the peak grade: ``end_of_record`` is ``ended_at_peak``. Severe patients
  stand last: the id of a course is a hash of its own rows, and tables are ordered by it.

Units are not in the file. They are the usual ones of Chinese laboratories and fit the values;
D-dimer is taken as mg/L FEU. The grading system is not stated in the file.
"""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from features.errors import CohortError
from features.inputs import INPUTS
from features.sources.course_ids import hashed_ids, ids_by_position
from features.sources.fills import fill_values
from features.sources.options import AS_PUBLISHED
from features.sources.spreadsheet import SOURCE_ROW, numbers, read_spreadsheet
from features.tables import Cohort, Manifest, cohort_of
from features.units import conversion

OPTIONS = (AS_PUBLISHED,)
HEADER_ROW = 2
DAY = "Relative date"
GRADE = "CRS"
LABS: dict[str, tuple[str, str]] = {
    "D-dimer": ("d_dimer_ng_ml_feu", "mg/L{FEU}"),
    "Procalcitonin": ("procalcitonin_ng_ml", "ng/mL"),
    "Type B natriuretic peptide": ("bnp_pg_ml", "pg/mL"),
    "Alpha hydroxybutyrate dehydrogenase": ("hbdh_u_l", "U/L"),
    "prealbumin": ("prealbumin_mg_dl", "mg/L"),
    "Plasma prothrombin time": ("pt_s", "s"),
    "Activated partial prothrombin time": ("aptt_s", "s"),
    "fibrinogen": ("fibrinogen_mg_dl", "g/L"),
    "red blood cell": ("rbc_10e12_l", "10*12/L"),
    "hemoglobin": ("haemoglobin_g_dl", "g/L"),
    "leukocyte": ("wbc_10e9_l", "10*9/L"),
    "Neutrophil percentage": ("neutrophils_percent", "1"),
    "Neutrophil count": ("anc_10e9_l", "10*9/L"),
    "Lymphocyte percentage": ("lymphocytes_percent", "1"),
    "Lymphocyte count": ("alc_10e9_l", "10*9/L"),
    "platelet": ("platelets_10e9_l", "10*9/L"),
    "Monocyte percentage": ("monocytes_percent", "1"),
    "Monocyte count": ("monocytes_10e9_l", "10*9/L"),
    "sodium": ("sodium_mmol_l", "mmol/L"),
    "potassium": ("potassium_mmol_l", "mmol/L"),
    "chlorine": ("chloride_mmol_l", "mmol/L"),
    "calcium": ("calcium_mmol_l", "mmol/L"),
    "Uric acid": ("uric_acid_umol_l", "umol/L"),
    "glucose": ("glucose_mmol_l", "mmol/L"),
    "triglyceride": ("triglycerides_mg_dl", "mmol/L"),
    "albumin": ("albumin_g_dl", "g/L"),
    "Glutamic pyruvic transaminase": ("alt_u_l", "U/L"),
    "Glutamic oxalacetic transaminase": ("ast_u_l", "U/L"),
    "Alkaline phosphatase": ("alp_u_l", "U/L"),
    "gamma glutamyl transpeptidase": ("ggt_u_l", "U/L"),
    "Lactate dehydrogenase": ("ldh_u_l", "U/L"),
    "creatinine": ("creatinine_mg_dl", "umol/L"),
    "C-reactive protein": ("crp_mg_l", "mg/L"),
    "ferritin": ("ferritin_ng_ml", "ng/mL"),
    "IL2": ("il2_pg_ml", "pg/mL"),
    "IL4": ("il4_pg_ml", "pg/mL"),
    "IL6": ("il6_pg_ml", "pg/mL"),
    "IL10": ("il10_pg_ml", "pg/mL"),
    "TNFα": ("tnf_pg_ml", "pg/mL"),
    "IFNγ": ("ifn_gamma_pg_ml", "pg/mL"),
    "IL17A": ("il17a_pg_ml", "pg/mL"),
}
FACTS = {
    "age": "age_years",
    "problast": "marrow_blasts_fraction",
    "Tumor burden": "tumour_burden_fraction",
    "dose": "dose_car_t_cells",
    "Multiline treatment": "prior_lines",
}
_FILLED_FACTS = ("problast", "Tumor burden", "Multiline treatment")
COLUMNS = ("sex", DAY, GRADE, *LABS, *FACTS)
_SEXES = {
    "female": "female",
    "male": "male",
    "f": "female",
    "m": "male",
    "女": "female",
    "男": "male",
}
_NOTES = (
    "Wei et al., BMC Bioinformatics 2024, doi 10.1186/s12859-024-05804-8; layout as published.",
    "Records end on the day of the peak grade: risks do not transport to resolving CRS, and "
    "'within 30 days' was not observed ('ever severe in the record').",
    "Units are not in the file; usual units of Chinese laboratories are assumed, D-dimer as FEU.",
    "The file does not say by which system CRS was graded.",
    "The file does not say whether the dose is in cells or cells/kg; the number is as published.",
    "The digit 0 was dropped inside numbers; those that still look possible cannot be found.",
)


def load(path: Path, *, as_published: bool = False) -> Cohort:
    """Read the workbook at `path`, whole or in part.

    Parameters
    ----------
    as_published : bool
        Keep fills, impossible values and the order of the patients, which the ids then carry, for
        the leakage audit. Days and units are as in the cleaned cohort.

    Returns
    -------
    Cohort
        Day-resolved: what carries the label of day d is known at d + 1.

    Raises
    ------
    CohortError
        No workbook, another layout, or no patient in it.
    """
    cells = read_spreadsheet(path, COLUMNS, HEADER_ROW)
    excluded: Counter[str] = Counter()
    days = _patient_days(cells, excluded, as_published=as_published)
    if days.empty:
        raise CohortError(f"{path.name}: no row follows a day 0, where a patient would start.")
    manifest = Manifest(
        name="unicar as published" if as_published else "unicar",
        origin="unicar",
        resolution="day",
        end_of_record="ended_at_peak",
        grading_system="unknown",
        notes=list(_NOTES),
        known_faults=[] if as_published else ["row_order", "number_format"],
    )
    cohort = cohort_of(
        manifest,
        courses=_courses(days, excluded, as_published=as_published),
        measurements=_measurements(days, excluded, as_published=as_published),
        grades=_grades(days),
    )
    manifest.exclusions.update({rule: count for rule, count in excluded.items() if count})
    return cohort


def _patient_days(
    cells: pd.DataFrame, excluded: Counter[str], *, as_published: bool
) -> pd.DataFrame:
    """Return one row per patient and day with ``course_id``, ordered by it and by day."""
    days = cells.assign(day=numbers(cells[DAY]), grade=numbers(cells[GRADE]))
    usable = days["day"].notna() & days["grade"].isin(range(6))
    excluded["grades.day_and_grade_are_numbers"] += int((~usable).sum())
    days = days[usable]
    patient = (days["day"] == 0).cumsum()
    highest_before = days["day"].groupby(patient).transform(lambda day: day.cummax().shift())
    in_order = (patient > 0) & ~(days["day"] <= highest_before)
    excluded["grades.day_follows_the_day_before"] += int((~in_order).sum())
    days, patient = days[in_order], patient[in_order]
    if as_published:
        ids = ids_by_position(patient, "unicar")
    else:
        ids = hashed_ids(days[list(COLUMNS)], patient, "unicar")
    days = days.assign(course_id=ids)
    return days.sort_values(["course_id", "day"], kind="stable").reset_index(drop=True)


def _courses(days: pd.DataFrame, excluded: Counter[str], *, as_published: bool) -> pd.DataFrame:
    first = days[days["day"] == 0].set_index("course_id")
    courses = pd.DataFrame(index=first.index)
    for column, field in FACTS.items():
        values = numbers(days[column])
        at_day_0 = numbers(first[column])
        later = days["day"] > 0
        differs = later & (values != days["course_id"].map(at_day_0)) & values.notna()
        excluded[f"courses.fact_is_the_one_of_day_0: {field}"] += int(differs.sum())
        if column in _FILLED_FACTS and not as_published:
            filled = _filled_facts(days, values, first, at_day_0)
            excluded[f"courses.value_is_no_fill_of_its_grade: {field}"] += int(filled.sum())
            at_day_0 = at_day_0.mask(filled)
        courses[field] = at_day_0
    sex = first["sex"].astype(str).str.strip().str.lower().map(_SEXES)
    last_day = days.groupby("course_id")["day"].max()
    return courses.assign(
        patient_id=courses.index, site="unicar", sex=sex, diagnosis="B-ALL",
        product="investigational CD19 CAR-T", follow_up_days=last_day,
    ).reset_index()  # fmt: skip


def _filled_facts(
    days: pd.DataFrame, values: pd.Series, first: pd.DataFrame, at_day_0: pd.Series
) -> pd.Series:
    """Say which facts of day 0 are fills; a fact repeated along a patient counts once a grade."""
    once = days.assign(value=values).drop_duplicates(["course_id", "grade", "value"])
    fills = fill_values(once["value"].to_numpy(dtype=float), once["grade"].to_numpy(dtype=float))
    return at_day_0 == first["grade"].map(fills)


def _measurements(
    days: pd.DataFrame, excluded: Counter[str], *, as_published: bool
) -> pd.DataFrame:
    parts = [_results(days, header, excluded, as_published=as_published) for header in LABS]
    every = pd.concat(parts, ignore_index=True)
    return every.sort_values(["course_id", "day", "input"], kind="stable").reset_index(drop=True)


def _results(
    days: pd.DataFrame, header: str, excluded: Counter[str], *, as_published: bool
) -> pd.DataFrame:
    name, unit = LABS[header]
    turn = conversion(name, unit)
    source = numbers(days[header])
    value = source * turn.factor + turn.offset
    excluded[f"measurements.value_is_a_number: {name}"] += int(
        (source.isna() & days[header].notna()).sum()
    )
    kept = source.notna()
    if not as_published:
        for rule, broken in _broken_rules(name, source, value, days["grade"]).items():
            excluded[f"measurements.{rule}: {name}"] += int((broken & kept).sum())
            kept &= ~broken
    return pd.DataFrame(
        {
            "course_id": days["course_id"],
            "day": days["day"],
            "input": name,
            "value": value,
            "unit": INPUTS[name].unit,
            "source_value": days[header].map(str),
            "source_unit": unit,
            "source_row": days[SOURCE_ROW],
        }
    )[kept]


def _broken_rules(
    name: str, source: pd.Series, value: pd.Series, grade: pd.Series
) -> dict[str, pd.Series]:
    low, high = INPUTS[name].plausible
    fills = fill_values(source.to_numpy(dtype=float), grade.to_numpy(dtype=float))
    return {
        "value_is_no_fill_of_its_grade": source == grade.map(fills),
        "value_is_possible": ~value.between(*INPUTS[name].hard),
        "value_has_lost_no_zero": (value < low) & (value * 10).between(low, high),
    }


def _grades(days: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "course_id": days["course_id"],
            "day": days["day"],
            "toxicity": "CRS",
            "grade": days["grade"].astype(np.float64),
            "system": "unknown",
            "contact": "inpatient",
        }
    )

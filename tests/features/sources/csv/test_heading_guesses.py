"""Headings in English and Chinese, with the unit in brackets of any width, and what misleads."""

import pytest

from features.inputs import COURSE_FIELDS, INPUTS
from features.sources.csv import headings
from features.sources.csv.heading_guesses import legal_unit, of_patients, of_rows, of_tests
from features.sources.csv.headings import key_of
from features.sources.csv.headings_of_rows import HEADINGS_OF_ROWS


@pytest.mark.parametrize(
    ("heading", "meaning", "unit"),
    [
        ("白细胞", "wbc_10e9_l", ""), ("WBC", "wbc_10e9_l", ""),
        ("白细胞计数(10^9/L)", "wbc_10e9_l", "10*9/L"),
        ("ＷＢＣ（×10⁹/L）", "wbc_10e9_l", "10*9/L"),
        ("C反应蛋白", "crp_mg_l", ""), ("CRP [mg/l]", "crp_mg_l", "mg/L"),
        ("CRP mg/L", "crp_mg_l", "mg/L"), ("LDH, U/L", "ldh_u_l", "U/L"),
        ("乳酸脱氢酶", "ldh_u_l", ""), ("肌酐(μmol/L)", "creatinine_mg_dl", "umol/L"),
        ("血小板【10E9/L】", "platelets_10e9_l", "10*9/L"), ("体温(℃)", "temperature_c", "Cel"),
        ("白介素6", "il6_pg_ml", ""), ("IL-6 (pg/ml)", "il6_pg_ml", "pg/mL"),
        ("D-二聚体(mg/L FEU)", "d_dimer_ng_ml_feu", "mg/L{FEU}"),
        ("D-二聚体(mg/L)", "d_dimer_ng_ml_feu", ""), ("纤维蛋白原(g/L)", "fibrinogen_mg_dl", "g/L"),
        ("铁蛋白", "ferritin_ng_ml", ""), ("淋巴细胞(%)", "lymphocytes_percent", "%"),
        ("LYM%", "lymphocytes_percent", "%"), ("LYM#", "alc_10e9_l", ""),
        ("ferritin_ng_ml", "ferritin_ng_ml", "ng/mL"), ("CRS分级", "crs_grade", ""),
        ("采样日期", "day", ""), ("Sample time", "day", ""), ("患者编号", "patient_id", ""),
        ("Visit date", "day", ""), ("Date of assessment", "day", ""),
        ("Systolic BP", "sbp_mmhg", ""),
        *((heading, "day", "") for heading in (
            "Date of visit", "Collection date/time", "Collection Date", "Sample date",
            "Sampled on", "Date sampled", "Specimen collected", "Date of blood draw",
            "Collected (dd/mm/yyyy)", "Recorded at", "检查日期", "采样时间", "就诊日期", "采血时间",
            "标本采集日期", "检验时间", "测量时间",
        )),
        *((heading, "known_day", "") for heading in (
            "Report date/time", "Resulted", "Verified at", "报告时间", "报告日期", "审核时间",
        )),
        *((heading, "patient_id", "") for heading in (
            "Hospital number", "Medical record no.", "Pt ID", "USUBJID", "病案号", "登记号",
            "受试者编号", "Patient",
        )),
    ],
)  # fmt: skip
def test_a_heading_is_understood(heading: str, meaning: str, unit: str) -> None:
    found = of_rows(heading)
    assert found is not None
    assert (found.meaning, found.unit) == (meaning, unit)
    assert found.reason


@pytest.mark.parametrize("heading", ["IL-2R", "备注", "phone", "WBC of urine", "CRP ratio", ""])
def test_what_is_merely_alike_is_not_understood(heading: str) -> None:
    assert of_rows(heading) is None
    assert of_patients(heading) is None
    assert of_tests(heading) is None


@pytest.mark.parametrize("heading", ["hs-CRP(mg/L)", "PCT", "D-dimer (mg/L)", "淋巴细胞", "CR"])
def test_a_name_that_misleads_is_flagged(heading: str) -> None:
    found = of_rows(heading)
    assert found is not None
    assert found.caution


def test_weight_is_a_fact_of_patients_and_a_measurement_of_days() -> None:
    for heading in ("体重", "weight"):
        of_one, of_many = of_patients(heading), of_rows(heading)
        assert of_one is not None
        assert of_many is not None
        assert (of_one.meaning, of_many.meaning) == ("weight_kg", "body_weight_kg")


def test_a_test_is_an_input_or_a_grade() -> None:
    assert of_tests("date") is None
    found = of_tests("ICANS")
    assert found is not None
    assert found.meaning == "icans_grade"


@pytest.mark.parametrize("name", INPUTS)
def test_every_input_is_known_by_its_labels_and_keeps_its_units(name: str) -> None:
    one = INPUTS[name]
    for label in (one.label, one.label_zh, name):
        found = of_tests(label)
        assert found is not None
        assert found.meaning == name
    assert {legal_unit(one, unit) for unit in one.accepted} == set(one.accepted)
    assert legal_unit(one, "stones") == ""


@pytest.mark.parametrize("name", COURSE_FIELDS)
def test_every_fact_is_known_by_its_labels(name: str) -> None:
    one = COURSE_FIELDS[name]
    for label in (one.label, one.label_zh, name):
        found = of_patients(label)
        assert found is not None
        assert found.meaning == name


@pytest.mark.parametrize(
    "names", [headings._LABELLED_INPUTS, headings._LABELLED_COURSES, HEADINGS_OF_ROWS]
)
def test_no_name_means_two_things(names: dict[str, tuple[str, ...]]) -> None:
    meanings: dict[str, set[str]] = {}
    for meaning, every in names.items():
        for name in every:
            meanings.setdefault(key_of(name), set()).add(meaning)
    assert {key: found for key, found in meanings.items() if len(found) > 1} == {}


def test_every_caution_is_about_a_known_name() -> None:
    known = {**headings.INPUT_NAMES, **headings.COURSE_NAMES, **headings.ROW_NAMES}
    assert set(headings.CAUTIONS) <= set(known)

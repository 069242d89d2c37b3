import pytest

from features.child_ranges import CHILD_RANGES
from features.inputs import COURSE_FIELDS, INPUTS, OTHER_CAUSE


def loinc_check_digit(code: str) -> bool:
    """LOINC's modulus-10 check: double every other digit from the right, as one number."""
    body, _, check = code.partition("-")
    odd = body[::-1][0::2][::-1]
    even = body[::-1][1::2][::-1]
    total = sum(int(digit) for digit in even + str(int(odd) * 2))
    return (10 - total % 10) % 10 == int(check)


@pytest.mark.parametrize("one", INPUTS.values(), ids=list(INPUTS))
def test_every_input_is_complete(one):
    assert one.label
    assert one.label_zh
    assert one.hard[0] <= one.plausible[0] < one.plausible[1] <= one.hard[1]
    if one.is_text:
        assert len(one.levels) >= 2
        assert list(one.levels.values()) == sorted(one.levels.values())
    else:
        assert one.accepted[one.unit].factor == 1
        assert one.accepted[one.unit].offset == 0


@pytest.mark.parametrize("code", sorted({c for one in INPUTS.values() for c in one.loinc}))
def test_loinc_codes_pass_their_check_digit(code):
    assert loinc_check_digit(code)


def test_the_check_digit_notices_a_typing_error():
    assert not loinc_check_digit("1988-6")


def test_no_code_names_two_inputs():
    codes = [code for one in INPUTS.values() for code in one.loinc]
    assert len(codes) == len(set(codes))


def test_what_is_learnt_after_infusion_is_no_predictor():
    afterwards = {"follow_up_days", "discharge_day", "readmission_day", "death_day", "death_cause"}
    assert {n for n, one in COURSE_FIELDS.items() if one.role == "afterwards"} == afterwards


def test_identifiers_are_no_predictors():
    assert {n for n, one in COURSE_FIELDS.items() if one.role == "identifier"} == {
        "course_id",
        "patient_id",
        "vector_lot",
    }


@pytest.mark.parametrize(
    "name", [n for n, one in INPUTS.items() if one.is_text and one.group == "neurological"]
)
def test_a_neurological_finding_can_have_another_cause_and_is_no_worse_than_normal_then(name):
    levels = INPUTS[name].levels
    assert levels[OTHER_CAUSE] == 0
    assert next(iter(levels)) != OTHER_CAUSE


# The analyte table that hospitals' codes were taken from, row by row: input -> LOINC, then units.
TABLE = {
    "crp_mg_l": ("1988-5 30522-7", "mg/L mg/dL nmol/L"),
    "ferritin_ng_ml": ("2276-4", "ng/mL ug/L pmol/L mg/L"),
    "ldh_u_l": ("2532-0 14804-9 14805-6", "U/L ukat/L"),
    "platelets_10e9_l": ("777-3 26515-7", "10*3/uL 10*9/L /uL"),
    "anc_10e9_l": ("751-8 26499-4 753-4", "10*3/uL /uL"),
    "neutrophils_percent": ("770-8", "%"),
    "wbc_10e9_l": ("6690-2", "10*3/uL /uL"),
    "alc_10e9_l": ("731-0 26474-7 732-8", "10*3/uL /uL"),
    "lymphocytes_percent": ("736-9", "%"),
    "haemoglobin_g_dl": ("718-7", "g/dL g/L mmol/L"),
    "creatinine_mg_dl": ("2160-0 38483-4 14682-9", "mg/dL umol/L"),
    "ast_u_l": ("1920-8 30239-8", "U/L ukat/L"),
    "alt_u_l": ("1742-6 1743-4", "U/L ukat/L"),
    "bilirubin_mg_dl": ("1975-2 14631-6", "mg/dL umol/L"),
    "d_dimer_ng_ml_feu": (
        "48065-7 48066-5 48067-3 30240-6",
        "ng/mL{FEU} mg/L{FEU} ug/mL{FEU} ng/mL{DDU}",
    ),
    "fibrinogen_mg_dl": ("3255-7 3256-5", "mg/dL g/L umol/L"),
    "pt_s": ("5902-2", "s"),
    "inr": ("6301-6 34714-6", "{INR}"),
    "aptt_s": ("14979-9 3173-2", "s"),
    "il6_pg_ml": ("26881-3", "pg/mL ng/L"),
    "il10_pg_ml": ("26848-2", "pg/mL"),
    "ifn_gamma_pg_ml": ("27415-9", "pg/mL"),
    "tnf_pg_ml": ("3074-2", "pg/mL"),
    "sil2r_pg_ml": ("76039-7", "pg/mL"),
    "procalcitonin_ng_ml": ("33959-8 75241-0", "ng/mL ug/L"),
    "albumin_g_dl": ("1751-7", "g/dL g/L umol/L"),
    "triglycerides_mg_dl": ("2571-8", "mg/dL mmol/L"),
    "temperature_c": ("8310-5 8331-1", "Cel [degF]"),
    "sbp_mmhg": ("8480-6 76534-7", "mm[Hg] kPa"),
    "dbp_mmhg": ("8462-4 76535-4", "mm[Hg] kPa"),
    "map_mmhg": ("8478-0 76536-2", "mm[Hg] kPa"),
    "spo2_percent": ("59408-5 2708-6", "% 1"),
    "heart_rate_per_min": ("8867-4", "/min"),
    "respiratory_rate_per_min": ("9279-1", "/min"),
    "fio2_percent": ("3150-0", "% 1"),
    "oxygen_flow_l_min": ("3151-8", "L/min"),
    "gcs_eye": ("9267-6", "{score}"),
    "gcs_verbal": ("9270-0", "{score}"),
    "gcs_motor": ("9268-4", "{score}"),
    "body_weight_kg": ("29463-7", "kg [lb_av]"),
    "height_cm": ("8302-2", "cm [in_i]"),
}
NEVER_ACCEPTED = {
    "7799-0": "deprecated D-dimer code without its unit",
    "12729-0": "interferon-gamma in units of activity",
    "99103-4": "TNF-alpha in units of activity",
}


@pytest.mark.parametrize("name", TABLE)
def test_every_code_and_unit_of_the_table_is_accepted(name):
    codes, units = TABLE[name]
    assert set(codes.split()) <= set(INPUTS[name].loinc)
    assert INPUTS[name].loinc[0] == codes.split()[0]
    assert set(units.split()) <= set(INPUTS[name].accepted)


@pytest.mark.parametrize("code", NEVER_ACCEPTED)
def test_codes_of_another_kind_of_unit_are_no_code_of_an_input(code):
    assert loinc_check_digit(code)
    assert all(code not in one.loinc for one in INPUTS.values())


@pytest.mark.parametrize("name", CHILD_RANGES)
def test_the_ranges_of_children_are_ordered_possible_and_say_their_source(name):
    one = INPUTS[name]
    assert one.by_age == CHILD_RANGES[name]
    ages = [band.under_years for band in one.by_age]
    assert ages == sorted(set(ages))
    assert ages[-1] <= 18
    for band in one.by_age:
        assert one.hard[0] <= band.plausible[0] < band.plausible[1] <= one.hard[1]
        assert band.source == "A"
        assert one.plausible_at(band.under_years - 0.1) == band.plausible
        low, high = one.plausible_at_any_age
        assert low <= band.plausible[0] < band.plausible[1] <= high
    assert one.plausible_at(ages[-1]) == one.plausible == one.plausible_at(None)

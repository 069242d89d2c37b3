import pytest

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

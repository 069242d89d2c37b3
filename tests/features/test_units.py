import pytest

from features.errors import UnitError
from features.inputs import INPUTS
from features.units import to_canonical

CASES = [
    # input, value, unit, canonical value (molar masses and definitions, by hand)
    ("creatinine_mg_dl", 88.4, "umol/L", 1.0),
    ("crp_mg_l", 2.5, "mg/dL", 25.0),
    ("haemoglobin_g_dl", 105, "g/L", 10.5),
    ("platelets_10e9_l", 150000, "/uL", 150.0),
    ("platelets_10e9_l", 150, "10^9/L", 150.0),
    ("platelets_10e9_l", 150, "G/l", 150.0),
    ("fibrinogen_mg_dl", 3.1, "g/L", 310.0),
    ("triglycerides_mg_dl", 2.0, "mmol/L", 177.14),
    ("ldh_u_l", 5.0, "ukat/L", 300.0),
    ("d_dimer_ng_ml_feu", 0.5, "mg/L FEU", 500.0),
    ("temperature_c", 101.3, "°F", 38.5),
    ("spo2_percent", 0.97, "1", 97.0),
    ("ferritin_ng_ml", 1.2, "mg/L", 1200.0),
    ("calcium_mmol_l", 9.5, "mg/dL", 2.37),
    ("glucose_mmol_l", 100, "mg/dL", 5.551),
    ("il6_pg_ml", 40, "ng/L", 40.0),
    ("ice_score", 9, None, 9.0),
]


@pytest.mark.parametrize(("name", "value", "unit", "canonical"), CASES)
def test_known_conversions(name, value, unit, canonical):
    assert to_canonical(name, value, unit) == pytest.approx(canonical, rel=1e-3)


@pytest.mark.parametrize("one", [i for i in INPUTS.values() if not i.is_text], ids=lambda i: i.name)
def test_the_canonical_unit_changes_nothing(one):
    value = sum(one.plausible) / 2
    assert to_canonical(one.name, value, one.unit) == value


def test_a_missing_unit_is_refused_and_legal_ones_are_named():
    with pytest.raises(UnitError, match=r"without a unit.*mg/dL"):
        to_canonical("crp_mg_l", 5, "")


def test_an_unknown_unit_is_refused():
    with pytest.raises(UnitError, match="not accepted for crp_mg_l"):
        to_canonical("crp_mg_l", 5, "furlong")


def test_a_value_that_fits_another_unit_is_refused_with_that_suggestion():
    with pytest.raises(UnitError, match="Did you mean umol/L") as caught:
        to_canonical("creatinine_mg_dl", 88.0, "mg/dL")
    assert "88" not in str(caught.value)


def test_an_unknown_input_names_near_ones():
    with pytest.raises(UnitError, match="crp_mg_l"):
        to_canonical("crp_mgl", 5, "mg/L")

import numpy as np
import pytest
from ucumvert import PintUcumRegistry

from features.errors import UnitError
from features.inputs import INPUTS
from features.units import all_misread, misread_as, suggested_units, to_canonical

NUMBERS = [one for one in INPUTS.values() if not one.is_text]

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
    ("d_dimer_ng_ml_feu", 250, "ng/mL DDU", 500.0),  # assay dependent, flagged as approximate
    ("crp_mg_l", 12, "µg/mL", 12.0),
    ("body_weight_kg", 154, "lb", 69.85),
    ("height_cm", 67, "in", 170.2),
    ("gcs_motor", 6, "{score}", 6.0),
]


@pytest.mark.parametrize(("name", "value", "unit", "canonical"), CASES)
def test_known_conversions(name, value, unit, canonical):
    assert to_canonical(name, value, unit) == pytest.approx(canonical, rel=1e-3)


@pytest.mark.parametrize("one", NUMBERS, ids=lambda one: one.name)
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


HONEST_EXTREMES = [
    # possible in a very ill patient, however unusual: kept, never refused as another unit
    ("ferritin_ng_ml", 120000, "ng/mL"), ("ferritin_ng_ml", 900000, "ng/mL"),
    ("ferritin_ng_ml", 2, "ng/mL"), ("crp_mg_l", 450, "mg/L"), ("crp_mg_l", 700, "mg/L"),
    ("crp_mg_l", 0.06, "mg/L"), ("crp_mg_l", 45, "mg/dL"), ("ldh_u_l", 9000, "U/L"),
    ("ldh_u_l", 30000, "U/L"), ("ldh_u_l", 60, "U/L"), ("platelets_10e9_l", 3, "10*9/L"),
    ("platelets_10e9_l", 0, "10*9/L"), ("platelets_10e9_l", 1500, "10*9/L"),
    ("il6_pg_ml", 30000, "pg/mL"), ("il6_pg_ml", 400000, "pg/mL"),
    ("creatinine_mg_dl", 12, "mg/dL"), ("creatinine_mg_dl", 18, "mg/dL"),
    ("creatinine_mg_dl", 10, "umol/L"), ("wbc_10e9_l", 0.05, "10*9/L"),
    ("wbc_10e9_l", 0, "10*9/L"), ("wbc_10e9_l", 30, "/uL"), ("wbc_10e9_l", 350, "10*9/L"),
    ("alc_10e9_l", 300, "10*9/L"), ("anc_10e9_l", 0, "/uL"), ("anc_10e9_l", 100, "10*9/L"),
    ("bilirubin_mg_dl", 35, "mg/dL"), ("bilirubin_mg_dl", 48, "mg/dL"),
    ("d_dimer_ng_ml_feu", 80000, "ng/mL FEU"), ("d_dimer_ng_ml_feu", 300000, "ng/mL FEU"),
    ("d_dimer_ng_ml_feu", 120, "mg/L FEU"), ("fibrinogen_mg_dl", 60, "mg/dL"),
    ("fibrinogen_mg_dl", 20, "mg/dL"), ("fibrinogen_mg_dl", 0.2, "g/L"),
    ("haemoglobin_g_dl", 3, "g/dL"), ("haemoglobin_g_dl", 21, "g/dL"),
    ("glucose_mmol_l", 55, "mmol/L"), ("glucose_mmol_l", 20, "mg/dL"),
    ("uric_acid_umol_l", 12, "umol/L"), ("uric_acid_umol_l", 25, "mg/dL"),
    ("triglycerides_mg_dl", 5000, "mg/dL"), ("triglycerides_mg_dl", 40, "mmol/L"),
    ("ast_u_l", 3, "U/L"), ("alt_u_l", 2, "U/L"), ("ast_u_l", 20000, "U/L"),
    ("albumin_g_dl", 1.0, "g/dL"), ("calcium_mmol_l", 4.5, "mmol/L"), ("sbp_mmhg", 35, "mm[Hg]"),
    ("dbp_mmhg", 15, "mm[Hg]"), ("temperature_c", 30, "Cel"), ("temperature_c", 107, "[degF]"),
    ("spo2_percent", 45, "%"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "unit"), HONEST_EXTREMES)
def test_an_honest_extreme_is_kept(name, value, unit):
    assert np.isfinite(to_canonical(name, value, unit))
    assert misread_as(name, value, unit, age_years=60.0) == []


@pytest.mark.parametrize("one", NUMBERS, ids=lambda one: one.name)
@pytest.mark.parametrize("age_years", [None, 1.0, 8.0, 15.0, 60.0])
def test_nothing_plausible_is_ever_refused(one, age_years):
    for share in (0.0, 0.1, 0.5, 1.0):
        low, high = one.plausible_at(age_years)
        canonical = low + share * (high - low)
        for unit, turn in one.accepted.items():
            value = (canonical - turn.offset) / turn.factor
            assert misread_as(one.name, value, unit, age_years) == []


MISREAD = [
    ("creatinine_mg_dl", 26, "mg/dL", "umol/L"),
    ("ferritin_ng_ml", 0.8, "ng/mL", "mg/L"),
    ("ldh_u_l", 30, "U/L", "ukat/L"),
    ("wbc_10e9_l", 600, "10*9/L", "/uL"),
    ("crp_mg_l", 0.02, "mg/L", "mg/dL"),
    ("crp_mg_l", 0.06, "mg/L", None),  # unusual, not far from usual
    ("il6_pg_ml", 900000, "pg/mL", None),  # far, and no other unit fits better
    ("inr", 29, "{INR}", None),
    ("albumin_g_dl", 5.5, "g/L", "g/dL"),
    ("d_dimer_ng_ml_feu", 9, "ng/mL FEU", "mg/L{FEU}"),
    ("d_dimer_ng_ml_feu", 9, "ng/mL DDU", "mg/L{DDU}"),
    ("bilirubin_mg_dl", 0.6, "umol/L", "mg/dL"),
]


@pytest.mark.parametrize(("name", "value", "unit", "better"), MISREAD)
def test_a_possible_value_is_refused_only_where_it_fits_another_unit(name, value, unit, better):
    found = misread_as(name, value, unit)
    assert found == ([better] if better else [])
    assert all_misread(name, np.array([value, np.nan]), unit).tolist() == [bool(better), False]
    if better:
        with pytest.raises(UnitError, match=r"far from usual.*Did you mean") as caught:
            to_canonical(name, value, unit)
        assert str(value) not in str(caught.value)


def test_an_infants_creatinine_in_the_wrong_unit_is_found_where_the_age_is_known():
    assert misread_as("creatinine_mg_dl", 18, "mg/dL", age_years=60.0) == []
    assert misread_as("creatinine_mg_dl", 18, "mg/dL", age_years=3.0) == ["umol/L"]
    assert misread_as("creatinine_mg_dl", 6, "umol/L", age_years=60.0) == ["mg/dL"]
    assert misread_as("creatinine_mg_dl", 6, "umol/L", age_years=1.0) == []
    assert misread_as("sbp_mmhg", 24, "mm[Hg]", age_years=60.0) == ["kPa"]
    assert misread_as("sbp_mmhg", 24, "mm[Hg]", age_years=0.5) == []


def test_names_of_one_unit_are_no_suggestion_of_each_other():
    for name, unit in (("crp_mg_l", "ug/mL"), ("ferritin_ng_ml", "ug/L"), ("wbc_10e9_l", "10*9/L")):
        one = INPUTS[name]
        for value in (1e-6, 1e-3, 1e6):
            hints = misread_as(name, value, unit)
            assert all(one.accepted[hint] != one.accepted[unit] for hint in hints)


@pytest.mark.parametrize(
    ("name", "unit", "reason"),
    [
        ("il6_pg_ml", "IU/mL", "activity"),
        ("sil2r_pg_ml", "U/mL", "activity"),
        ("ifn_gamma_pg_ml", "[iU]/mL", "activity"),
        ("crp_mg_l", "U/L", "activity"),
        ("ldh_u_l", "ng/mL", "a mass has no fixed factor"),
        ("d_dimer_ng_ml_feu", "ng/mL", "FEU or in DDU"),
        ("d_dimer_ng_ml_feu", "mg/L", "FEU or in DDU"),
    ],
)
def test_units_that_are_never_mixed_are_refused_with_the_reason(name, unit, reason):
    with pytest.raises(UnitError, match=reason):
        to_canonical(name, 10.0, unit)


@pytest.mark.parametrize("kind", ["FEU", "DDU"])
@pytest.mark.parametrize(
    ("value", "unit"), [(1.0, "ng/mL"), (9.0, "ug/L"), (1000.0, "mg/L"), (9e4, "ug/mL")]
)
def test_feu_and_ddu_are_never_suggested_for_each_other(kind, value, unit):
    one = INPUTS["d_dimer_ng_ml_feu"]
    found = suggested_units(one, value, f"{unit} {kind}")
    assert found
    assert all(better.endswith(f"{{{kind}}}") for better in found)


def test_only_ddu_is_approximate():
    for one in NUMBERS:
        for unit, turn in one.accepted.items():
            assert turn.approximate == unit.endswith("{DDU}")


MOLAR = {
    # g/mol of what one mole is counted as; molar mass is no matter of units, so not of UCUM
    "haemoglobin_g_dl": 16114.0,  # monomer
    "creatinine_mg_dl": 113.12,
    "bilirubin_mg_dl": 584.66,
    "albumin_g_dl": 66500.0,
    "calcium_mmol_l": 40.078,
    "uric_acid_umol_l": 168.11,
    "glucose_mmol_l": 180.156,
    "triglycerides_mg_dl": 885.7,
    "fibrinogen_mg_dl": 340000.0,
    "crp_mg_l": 105000.0,
    "ferritin_ng_ml": 445000.0,
}
UCUM = PintUcumRegistry()


def _in_ucum(unit, one):
    """Return the size and the zero of `unit` in the canonical unit, by another's UCUM library."""
    source, target = UCUM.from_ucum(unit), UCUM.from_ucum(one.unit)
    zero = UCUM.Quantity(0.0, source)
    size = UCUM.Quantity(1.0, source)
    if source.dimensionality != target.dimensionality:
        molar = UCUM.Quantity(MOLAR[one.name], "g/mol")
        molar = molar if "[substance]" in source.dimensionality else 1 / molar
        zero, size = zero * molar, size * molar
    return size.to(target).magnitude, zero.to(target).magnitude


PAIRS = [(one, unit) for one in NUMBERS for unit in one.accepted if unit != one.unit]


@pytest.mark.parametrize(("one", "unit"), PAIRS, ids=lambda part: getattr(part, "name", part))
def test_ucumvert_agrees_on_every_factor(one, unit):
    turn = one.accepted[unit]
    size, zero = _in_ucum(unit, one)
    # UCUM drops annotations: it reads FEU and DDU as one unit, which is why it is only the oracle.
    assay = 2.0 if unit.endswith("{DDU}") else 1.0
    assert turn.factor == pytest.approx(assay * (size - zero), rel=1e-3)
    assert turn.offset == pytest.approx(zero, abs=1e-6)

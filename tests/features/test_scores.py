import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.inputs import INPUTS
from features.score_reading import read_score, timing_words
from features.scores import SCORES, car_hematotox, easix, hscore, m_easix, s_easix
from features.units import to_canonical

positive = st.floats(0.01, 1e4)


def test_easix_by_hand() -> None:
    # LDH 400 U/L, creatinine 1.2 mg/dL, platelets 60: 480 / 60.
    assert easix(400.0, 1.2, 60.0) == pytest.approx(8.0)
    assert s_easix(400.0, 60.0) == pytest.approx(400 / 60)


def test_crp_enters_m_easix_in_mg_per_dl() -> None:
    # CRP 50 mg/L is 5 mg/dL: 300 x 5 / 100. In mg/L it would be tenfold.
    assert m_easix(300.0, 50.0, 100.0) == pytest.approx(15.0)


@pytest.mark.parametrize("reported", [0.0, 0.4, 1.0])
def test_platelets_below_one_count_as_one(reported: float) -> None:
    assert easix(400.0, 1.0, reported) == 400.0


@pytest.mark.parametrize(
    ("platelets", "anc", "haemoglobin", "crp_mg_l", "ferritin", "points"),
    [
        (176, 1.3, 9.1, 29.9, 649, 0),
        (175, 1.3, 9.1, 29.9, 649, 1),
        (75, 1.3, 9.1, 29.9, 649, 1),
        (74, 1.3, 9.1, 29.9, 649, 2),
        (176, 1.2, 9.1, 29.9, 649, 1),
        (176, 1.3, 9.0, 29.9, 649, 1),
        (176, 1.3, 9.1, 30.0, 649, 1),
        (176, 1.3, 9.1, 29.9, 650, 1),
        (176, 1.3, 9.1, 29.9, 2000, 1),
        (176, 1.3, 9.1, 29.9, 2001, 2),
        (20, 0.1, 7.0, 150, 9000, 7),
    ],
)
def test_car_hematotox_at_every_edge(
    platelets: float, anc: float, haemoglobin: float, crp_mg_l: float, ferritin: float, points: int
) -> None:
    assert car_hematotox(platelets, anc, haemoglobin, crp_mg_l, ferritin) == points


WELL = {
    "immunosuppressed": 0, "temperature_c": 37.0, "enlarged_organs": 0, "haemoglobin_g_dl": 13.0,
    "wbc_10e9_l": 6.0, "platelets_10e9_l": 200.0, "ferritin_ng_ml": 100.0,
    "triglycerides_mg_dl": 100.0, "fibrinogen_mg_dl": 300.0, "ast_u_l": 20.0,
    "haemophagocytosis": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "points"),
    [
        ({}, 0),
        ({"immunosuppressed": 1}, 18),
        ({"temperature_c": 38.4}, 33),
        ({"temperature_c": 39.4}, 33),
        ({"temperature_c": 39.5}, 49),
        ({"enlarged_organs": 1}, 23),
        ({"enlarged_organs": 2}, 38),
        ({"haemoglobin_g_dl": 9.2}, 0),
        ({"haemoglobin_g_dl": 9.2, "wbc_10e9_l": 5.0}, 24),
        ({"haemoglobin_g_dl": 9.2, "wbc_10e9_l": 5.0, "platelets_10e9_l": 110.0}, 34),
        ({"ferritin_ng_ml": 2000.0}, 35),
        ({"ferritin_ng_ml": 6000.0}, 35),
        ({"ferritin_ng_ml": 6001.0}, 50),
        ({"triglycerides_mg_dl": 133.0}, 44),
        ({"triglycerides_mg_dl": 355.0}, 64),
        ({"fibrinogen_mg_dl": 250.0}, 30),
        ({"ast_u_l": 30.0}, 19),
        ({"haemophagocytosis": 1}, 35),
    ],
)
def test_every_item_of_the_hscore(changed: dict[str, float], points: int) -> None:
    assert hscore(**{**WELL, **changed}) == points


def test_the_largest_hscore_is_337() -> None:
    worst = dict(
        immunosuppressed=1, temperature_c=41.0, enlarged_organs=2, haemoglobin_g_dl=6.0,
        wbc_10e9_l=0.2, platelets_10e9_l=8.0, ferritin_ng_ml=1e5, triglycerides_mg_dl=900.0,
        fibrinogen_mg_dl=80.0, ast_u_l=900.0, haemophagocytosis=1,
    )  # fmt: skip
    assert hscore(**worst) == 337


@pytest.mark.parametrize("name", SCORES)
def test_every_score_is_described_and_missing_where_a_reading_is(name: str) -> None:
    score = SCORES[name]
    needed = (*score.inputs, *score.findings)
    assert set(needed) == set(inspect.signature(score.compute).parameters)
    assert set(score.inputs) <= set(INPUTS)
    assert score.doi in (score.compute.__doc__ or "")
    assert score.made_for
    assert score.population
    assert score.caution
    assert score.timing.any_day or score.timing.before_lymphodepletion
    complete = dict.fromkeys(needed, np.array([2.0]))
    assert np.isfinite(score.of(complete)).all()
    for absent in needed:
        assert np.isnan(score.of({**complete, absent: np.array([np.nan])})).all()
        assert np.isnan(
            score.of({key: one for key, one in complete.items() if key != absent})
        ).all()


@given(positive, positive, st.floats(1, 1000))
def test_doubling_ldh_doubles_the_easix_family(ldh: float, other: float, platelets: float) -> None:
    assert easix(2 * ldh, other, platelets) == pytest.approx(2 * easix(ldh, other, platelets))
    assert m_easix(2 * ldh, other, platelets) == pytest.approx(2 * m_easix(ldh, other, platelets))
    assert s_easix(2 * ldh, platelets) == pytest.approx(2 * s_easix(ldh, platelets))


# One made-up patient as three laboratories would report the same blood (units permuted).
IN_OTHER_UNITS = {
    "usual": {
        "ldh_u_l": (480.0, "U/L"), "creatinine_mg_dl": (1.131, "mg/dL"),
        "platelets_10e9_l": (80.0, "10*9/L"), "crp_mg_l": (45.0, "mg/L"),
        "anc_10e9_l": (1.5, "10*9/L"), "haemoglobin_g_dl": (8.5, "g/dL"),
        "ferritin_ng_ml": (2670.0, "ng/mL"), "temperature_c": (39.5, "Cel"),
        "wbc_10e9_l": (2.0, "10*9/L"), "triglycerides_mg_dl": (265.71, "mg/dL"),
        "fibrinogen_mg_dl": (180.0, "mg/dL"), "ast_u_l": (60.0, "U/L"),
    },
    "SI": {
        "ldh_u_l": (8.0, "ukat/L"), "creatinine_mg_dl": (100.0, "umol/L"),
        "platelets_10e9_l": (80.0, "G/L"), "crp_mg_l": (4.5, "mg/dL"),
        "anc_10e9_l": (1.5, "10*3/uL"), "haemoglobin_g_dl": (85.0, "g/L"),
        "ferritin_ng_ml": (6000.0, "pmol/L"), "temperature_c": (103.1, "[degF]"),
        "wbc_10e9_l": (2.0, "K/uL"), "triglycerides_mg_dl": (3.0, "mmol/L"),
        "fibrinogen_mg_dl": (1.8, "g/L"), "ast_u_l": (1.0, "ukat/L"),
    },
    "counts per uL": {
        "ldh_u_l": (480.0, "IU/L"), "creatinine_mg_dl": (100.0, "µmol/L"),
        "platelets_10e9_l": (80000.0, "/uL"), "crp_mg_l": (45.0, "ug/mL"),
        "anc_10e9_l": (1500.0, "/uL"), "haemoglobin_g_dl": (85.0, "g/L"),
        "ferritin_ng_ml": (2.67, "mg/L"), "temperature_c": (39.5, "°C"),
        "wbc_10e9_l": (2000.0, "cells/uL"), "triglycerides_mg_dl": (3.0, "mmol/L"),
        "fibrinogen_mg_dl": (1.8, "g/L"), "ast_u_l": (1.0, "ukat/L"),
    },
}  # fmt: skip
FOUND = {"immunosuppressed": 0.0, "enlarged_organs": 1.0, "haemophagocytosis": 0.0}
BY_HAND = {
    "easix": 6.786,  # 480 x 1.131 / 80
    "s_easix": 6.0,  # 480 / 80
    "m_easix": 27.0,  # CRP 45 mg/L is 4.5 mg/dL: 480 x 4.5 / 80
    # platelets 80: 1; ANC 1.5: 0; Hb 8.5: 1; CRP 45 mg/L: 1; ferritin 2670: 2
    "car_hematotox": 5.0,
    # 39.5 degrees: 49; one organ: 23; Hb, WBC and platelets low: 34; ferritin 2670: 35;
    # triglycerides 3 mmol/L: 44; fibrinogen 1.8 g/L: 30; AST 60: 19
    "hscore": 234.0,
}


def canonical(reported: dict[str, tuple[float, str]]) -> dict[str, float]:
    return {name: to_canonical(name, *value) for name, value in reported.items()} | FOUND


@pytest.mark.parametrize("laboratory", IN_OTHER_UNITS)
@pytest.mark.parametrize("name", BY_HAND)
def test_the_units_of_the_laboratory_change_no_score(name: str, laboratory: str) -> None:
    readings = canonical(IN_OTHER_UNITS[laboratory])
    assert float(SCORES[name].of(readings)) == pytest.approx(BY_HAND[name], rel=1e-9)


def test_platelets_reported_as_zero_give_a_finite_score() -> None:
    readings = canonical(IN_OTHER_UNITS["usual"]) | {"platelets_10e9_l": 0.0}
    read = read_score("m_easix", 1.5, readings)
    assert read.points == pytest.approx(2160.0)  # 480 x 4.5 / 1


@pytest.mark.parametrize(
    ("name", "day", "lymphodepletion_day", "allowed"),
    [
        ("car_hematotox", -6.0, -5.0, True),
        ("car_hematotox", -3.9, -5.0, False),  # after lymphodepletion began the marrow is empty
        ("car_hematotox", 0.0, -5.0, False),
        ("car_hematotox", -4.6, -5.0, True),  # still the day on which it starts
        ("car_hematotox", -6.0, None, False),
        ("car_hematotox", -30.0, -5.0, False),  # too old
        ("m_easix", -6.0, -5.0, True),
        ("m_easix", -3.0, -5.0, False),
        ("m_easix", -0.5, -5.0, True),
        ("m_easix", -0.5, None, True),
        ("m_easix", 0.5, -5.0, False),
        ("m_easix", 1.9, -5.0, True),
        ("m_easix", 2.0, -5.0, False),
        ("s_easix", 3.2, -5.0, True),
        ("s_easix", 4.0, -5.0, False),
        ("easix", -6.0, -5.0, True),
        ("easix", -2.0, -5.0, False),
        ("easix", 7.0, -5.0, True),
        ("easix", 31.0, -5.0, False),
        ("hscore", -20.0, None, True),
        ("hscore", 200.0, None, True),
    ],
)
def test_a_score_is_read_only_on_the_days_it_was_studied_on(
    name: str, day: float, lymphodepletion_day: float | None, allowed: bool
) -> None:
    readings = canonical(IN_OTHER_UNITS["SI"])
    read = read_score(name, day, readings, lymphodepletion_day=lymphodepletion_day)
    assert (read.points is not None) == allowed
    assert bool(read.refused) != allowed
    if not allowed:
        assert timing_words(SCORES[name]) in read.refused
        assert read.high is None
        assert ("lymphodepletion_day" in read.refused) == (lymphodepletion_day is None)


@pytest.mark.parametrize("name", SCORES)
def test_what_is_missing_is_named_and_nothing_is_computed(name: str) -> None:
    score = SCORES[name]
    readings = canonical(IN_OTHER_UNITS["usual"])
    for absent in (*score.inputs, *score.findings):
        for nothing in (None, float("nan")):
            read = read_score(name, -6.0, readings | {absent: nothing}, lymphodepletion_day=-5.0)
            assert read.missing == (absent,)
            assert read.points is None
            assert not read.refused


def test_a_cut_off_is_shown_only_where_its_source_was_read_and_for_its_moment() -> None:
    readings = canonical(IN_OTHER_UNITS["usual"])
    before = read_score("easix", -6.0, readings, lymphodepletion_day=-5.0)
    assert before.cut_off is not None
    assert before.high is True
    assert read_score("easix", 5.0, readings, lymphodepletion_day=-5.0).cut_off is None
    assert read_score("hscore", 5.0, readings).cut_off is None  # 169 was not read in its source
    assert read_score("hscore", 5.0, readings).high is None
    assert read_score("m_easix", 1.0, readings).cut_off is None  # none was published
    hematotox = read_score("car_hematotox", -6.0, readings, lymphodepletion_day=-5.0)
    assert hematotox.high is True
    assert any("not verified" in caution for caution in hematotox.cautions)


@pytest.mark.parametrize("name", [n for n, one in SCORES.items() if one.cut_off])
def test_an_unread_cut_off_is_never_shown(name: str) -> None:
    cut_off = SCORES[name].cut_off
    assert cut_off is not None
    assert cut_off.verified == (cut_off.tag in ("L", "L2"))
    read = read_score(name, -6.0, canonical(IN_OTHER_UNITS["usual"]), lymphodepletion_day=-5.0)
    assert (read.cut_off is not None) == cut_off.verified


def test_the_cut_off_of_easix_is_above_and_that_of_car_hematotox_from() -> None:
    easix_cut, hematotox_cut = SCORES["easix"].cut_off, SCORES["car_hematotox"].cut_off
    assert easix_cut is not None
    assert hematotox_cut is not None
    assert not easix_cut.reached(4.67)
    assert easix_cut.reached(4.68)
    assert hematotox_cut.reached(2.0)
    assert not hematotox_cut.reached(1.0)


def test_scores_say_what_they_were_not_made_for() -> None:
    readings = canonical(IN_OTHER_UNITS["usual"])
    assert any("not for CAR-T" in one for one in read_score("hscore", 3.0, readings).cautions)
    elsewhere = read_score(
        "car_hematotox", -6.0, readings, lymphodepletion_day=-5.0, diagnosis="B-ALL", age_years=9
    )
    assert any("not for CRS or ICANS" in one for one in elsewhere.cautions)
    assert any("Not made in B-ALL" in one for one in elsewhere.cautions)
    assert any("Not made in children" in one for one in elsewhere.cautions)

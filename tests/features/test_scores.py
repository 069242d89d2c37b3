import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.inputs import INPUTS
from features.scores import SCORES, car_hematotox, easix, hscore, m_easix, s_easix

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
    assert score.earliest_day < score.latest_day
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

"""What a column of the feature matrix says, by small records with their answer."""

import math

import numpy as np
import pytest

from features.inputs import INPUTS
from features.matrix import (
    describe,
)
from features.scores import easix
from tests.builders import (
    a_measurement,
    a_treatment,
    an_infusion,
    gradings,
)
from tests.landmarks import seen_at


def test_summaries_of_a_linear_input() -> None:
    readings = {-2.0: 36.5, 0.0: 36.8, 1.0: 38.0, 2.0: 39.0, 2.5: 38.5}
    rows = [a_measurement("A", day, "temperature_c", one) for day, one in readings.items()]
    row = seen_at(3.0, an_infusion(), rows)
    assert row["temperature_c__last"] == 38.5
    assert row["temperature_c__max"] == 39.0
    assert row["temperature_c__min"] == 36.8
    assert row["temperature_c__change"] == pytest.approx(1.7)
    assert row["temperature_c__hours_since"] == 12.0
    expected = np.polyfit([0.0, 1.0, 2.0, 2.5], [36.8, 38.0, 39.0, 38.5], 1)[0]
    assert row["temperature_c__slope"] == pytest.approx(expected)


def test_an_input_read_as_ratios_is_in_log2() -> None:
    rows = [a_measurement("A", day, "crp_mg_l", one) for day, one in {-1.0: 7, 1.0: 31}.items()]
    row = seen_at(2.0, an_infusion(), rows)
    assert row["crp_mg_l__last"] == 5.0
    assert row["crp_mg_l__change"] == 2.0
    assert describe("crp_mg_l__last").transform == "log2(1+x)"
    assert describe("crp_mg_l__hours_since").transform == ""


def test_what_cannot_be_said_is_missing() -> None:
    one = seen_at(5.0, an_infusion(), a_measurement("A", 4, "spo2_percent", 96))
    assert math.isnan(one["spo2_percent__slope"])  # needs two instants
    assert math.isnan(one["spo2_percent__change"])  # no baseline
    before = seen_at(5.0, an_infusion(), a_measurement("A", -1, "spo2_percent", 96))
    assert math.isnan(before["spo2_percent__max"])
    assert math.isnan(before["spo2_percent__change"])  # nothing since
    assert before["spo2_percent__last"] == 96
    twice = [a_measurement("A", 4, "spo2_percent", one) for one in (96, 97)]
    assert math.isnan(seen_at(5.0, an_infusion(), twice)["spo2_percent__slope"])


def test_a_flat_series_has_a_slope_of_exactly_zero() -> None:
    flat = [a_measurement("A", day, "sodium_mmol_l", 139.1) for day in (1.1, 2.3, 2.7)]
    assert seen_at(3.0, an_infusion(), flat)["sodium_mmol_l__slope"] == 0.0


def test_an_amended_result_replaces_the_first_one_once_it_is_known() -> None:
    rows = (
        a_measurement("A", 1.0, "sodium_mmol_l", 120, known_day=1.1),
        a_measurement("A", 1.0, "sodium_mmol_l", 140, known_day=2.0),
    )
    assert seen_at(1.5, an_infusion(), *rows)["sodium_mmol_l__last"] == 120
    assert seen_at(2.0, an_infusion(), *rows)["sodium_mmol_l__last"] == 140


def test_texts_are_read_by_their_rank() -> None:
    row = seen_at(2.0, an_infusion(), a_measurement("A", 1, "oxygen_device", "cpap"))
    assert row["oxygen_device__last"] == INPUTS["oxygen_device"].levels["cpap"]


def test_grade_course() -> None:
    row = seen_at(4.0, an_infusion(), gradings("A", {0: 0, 1: 1, 2: 2, 2.5: 3, 3.25: 1}))
    assert row["crs_grade"] == 1
    assert row["crs_highest"] == 3
    assert row["crs_days_since_onset"] == 3.0
    assert row["crs_change_24h"] == -1  # against the grading of day 2, the last a day earlier
    assert row["crs_hours_since_grading"] == 18.0
    assert math.isnan(row["icans_grade"])


def test_fever_course() -> None:
    temperatures = {-1.0: 39.0, 1.0: 38.0, 2.0: 39.1, 2.75: 37.2}
    rows = [a_measurement("A", day, "temperature_c", one) for day, one in temperatures.items()]
    row = seen_at(3.0, an_infusion(), rows)
    assert row["days_since_fever_onset"] == 2.0
    assert row["hours_since_fever"] == 24.0
    assert row["fever_24h"] == 1.0
    assert seen_at(3.5, an_infusion(), rows)["fever_24h"] == 0.0
    assert math.isnan(seen_at(5.0, an_infusion(), rows)["fever_24h"])


def test_treatments_so_far() -> None:
    row = seen_at(
        4.0,
        an_infusion(),
        a_treatment("A", 2.0),
        a_treatment("A", 2.5),
        a_treatment("A", 2.5),  # the same dose, entered twice
        a_treatment("A", 2.2, "corticosteroid", stop_day=3.4),
        a_treatment("A", 3.0, "vasopressin"),
        a_treatment("A", 1.0, "intubation", stop_day=2.0),
    )
    assert row["tocilizumab_doses"] == 2
    assert row["hours_since_tocilizumab"] == 36.0
    assert row["corticosteroid_days"] == 2  # days 2 and 3
    assert row["corticosteroid_now"] == 0
    assert row["vasopressor_now"] == 1
    assert row["ventilation_now"] == 0
    assert row["oxygen_days"] == 2
    assert row["siltuximab_doses"] == 0


def test_readings_taken_under_a_treatment_are_marked() -> None:
    rows = (
        an_infusion(),
        a_treatment("A", 2.0),
        a_treatment("A", 1.0, "oxygen", stop_day=1.5),
        a_measurement("A", 1.9, "crp_mg_l", 90),
        a_measurement("A", 2.1, "il6_pg_ml", 900),
        a_measurement("A", 1.2, "spo2_percent", 97),
    )
    row = seen_at(3.0, *rows)
    assert row["il6_pg_ml__after_tocilizumab"] == 1
    assert row["crp_mg_l__after_tocilizumab"] == 0
    assert math.isnan(row["temperature_c__after_tocilizumab"])
    assert row["spo2_percent__after_oxygen"] == 1
    later = seen_at(3.0, *rows, a_measurement("A", 2.9, "spo2_percent", 95))
    assert later["spo2_percent__after_oxygen"] == 0


def test_scores_use_the_last_readings_and_car_hematotox_the_baseline() -> None:
    before = {
        "ldh_u_l": 200, "creatinine_mg_dl": 1.0, "platelets_10e9_l": 180, "anc_10e9_l": 3.0,
        "haemoglobin_g_dl": 10.0, "crp_mg_l": 5.0, "ferritin_ng_ml": 300,
    }  # fmt: skip
    row = seen_at(
        3.0,
        an_infusion(),
        [a_measurement("A", -1, name, one) for name, one in before.items()],
        a_measurement("A", 2.5, "platelets_10e9_l", 25),
    )
    assert row["easix"] == pytest.approx(float(np.log2(easix(200, 1.0, 25))))
    assert row["car_hematotox"] == 0


def test_split_dosing_is_seen_once_it_has_happened() -> None:
    assert seen_at(9.0, an_infusion(second_dose_day=10.0))["days_since_last_dose"] == 9.0
    assert seen_at(12.0, an_infusion(second_dose_day=10.0))["days_since_last_dose"] == 2.0


def test_product_facts_and_an_unknown_product() -> None:
    known = seen_at(0.0, an_infusion(product="Kymriah", diagnosis="B-ALL"))
    assert known["prior_logit_crs_3"] == pytest.approx(math.log(0.164 / 0.836))
    assert known["costimulation=4-1BB"] == 1.0
    unknown = seen_at(0.0, an_infusion(product="something new"))
    assert unknown[[name for name in unknown.index if name.startswith("prior_")]].isna().all()
    assert math.isnan(unknown["target=CD19"])


def test_facts_of_the_course() -> None:
    row = seen_at(0.0, an_infusion(age_years=61.0, bridging=True, sex="male", dose_car_t_cells=1e8))
    assert row["age_years"] == 61.0
    assert row["bridging"] == 1.0
    assert row["sex=male"] == 1.0
    assert row["sex=female"] == 0.0
    assert row["dose_car_t_cells"] == 8.0
    assert math.isnan(row["weight_kg"])
    assert math.isnan(row["lymphodepletion=none"])

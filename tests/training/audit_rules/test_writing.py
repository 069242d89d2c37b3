"""Units and number formats, fills, fields in the wrong column, grading systems and times."""

import numpy as np
import pandas as pd
import pytest

from tests.training.audited import Audited, patients_with_the_event
from training.audit_rules.counts import the_horizon_is_not_observed
from training.audit_rules.fields import a_column_holds_another_field, hindsight
from training.audit_rules.fills import repeated_values_follow_the_outcome
from training.audit_rules.formats import units_or_number_format_predict_the_outcome
from training.audit_rules.gradings import the_grading_system_changes
from training.audit_rules.times import (
    result_times_are_not_recorded,
    rows_are_dated_after_the_end,
)


def written(made: Audited, of_events: str = "{:.1f}", of_others: str = "{:.1f}") -> Audited:
    ever = patients_with_the_event(made)
    values = made.measurements["value"]
    text = [
        (of_events if one else of_others).format(v) for one, v in zip(ever, values, strict=True)
    ]
    made.measurements = made.measurements.assign(source_value=text, source_unit="mg/L")
    return made


def test_numbers_written_alike_are_a_note() -> None:
    evidence = written(Audited()).evidence()
    assert units_or_number_format_predict_the_outcome(evidence).severity == "note"


def test_numbers_without_their_zeros_are_a_note_if_all_are() -> None:
    evidence = written(Audited(), "{:g}", "{:g}").evidence()
    assert units_or_number_format_predict_the_outcome(evidence).severity == "note"


@pytest.mark.parametrize("of_events", ["{:.0f}", "{:.2f}", "{:.1e}"])
def test_numbers_written_otherwise_for_events_are_refused(of_events: str) -> None:
    finding = units_or_number_format_predict_the_outcome(written(Audited(), of_events).evidence())
    assert finding.severity == "refuse"


def test_another_unit_for_events_is_refused_and_named() -> None:
    made = written(Audited())
    ever = patients_with_the_event(made)
    made.measurements["source_unit"] = np.where(ever, "mg/dL", "mg/L")
    finding = units_or_number_format_predict_the_outcome(made.evidence())
    assert finding.severity == "refuse"
    assert finding.columns[0].endswith(("unit mg/L", "unit mg/dL"))


def test_a_declared_number_format_is_a_warning() -> None:
    evidence = written(Audited(), "{:.0f}").evidence(known_faults=["number_format"])
    assert units_or_number_format_predict_the_outcome(evidence).severity == "warn"


def test_gaps_filled_by_outcome_are_refused() -> None:
    made = Audited()
    ever, measured = patients_with_the_event(made), made.measurements
    filled = (made.rng.random(len(measured)) < 0.5) & (measured["input"] == "crp_mg_l").to_numpy()
    value = np.where(ever, 61.35, 24.15)
    made.measurements = measured.assign(value=np.where(filled, value, measured["value"]))
    finding = repeated_values_follow_the_outcome(made.evidence())
    assert finding.severity == "refuse"
    assert finding.columns == ("crp_mg_l",)


def test_no_fill_is_a_note() -> None:
    assert repeated_values_follow_the_outcome(Audited().evidence()).severity == "note"


def test_a_column_that_holds_the_highest_grade_on_one_day_is_refused() -> None:
    made = Audited()
    made.grades["grade"] = made.rng.integers(0, 5, len(made.grades)).astype(float)
    highest = hindsight(made.grades)["highest CRS grade"]
    on_day_2 = made.measurements["day"].between(2, 3) & (made.measurements["input"] == "crp_mg_l")
    repeats = made.measurements["course_id"].map(highest)
    made.measurements["value"] = made.measurements["value"].mask(on_day_2, repeats)
    finding = a_column_holds_another_field(made.evidence())
    assert finding.severity == "refuse"
    assert finding.columns == ("crp_mg_l on day 2",)
    assert "highest CRS grade" in finding.text


def test_equal_constants_are_no_other_field() -> None:
    made = Audited()
    made.grades["grade"] = 0.0
    made.measurements["value"] = 0.0
    assert a_column_holds_another_field(made.evidence()).severity == "note"


def systems(declared: str, share_lee: float, *, by_outcome: bool = False) -> str:
    made = Audited()
    ever = set(made.rows.loc[made.rows["outcome"] == 1, "course_id"])
    lee = made.rng.random(len(made.grades)) < share_lee
    if by_outcome:
        lee = made.grades["course_id"].isin(ever).to_numpy()
    made.grades["system"] = np.where(lee, "Lee", "ASTCT")
    return the_grading_system_changes(made.evidence(grading_system=declared)).severity


@pytest.mark.parametrize(
    ("declared", "share_lee", "by_outcome", "expected"),
    [
        ("ASTCT", 0.0, False, "note"),
        ("ASTCT", 0.01, False, "note"),
        ("ASTCT", 0.2, False, "warn"),
        ("ASTCT", 0.2, True, "refuse"),
        ("unknown", 0.2, False, "refuse"),
    ],
)
def test_a_mixture_of_grading_systems(
    declared: str, share_lee: float, by_outcome: bool, expected: str
) -> None:
    assert systems(declared, share_lee, by_outcome=by_outcome) == expected


def test_results_known_at_once_are_a_warning() -> None:
    made = Audited()
    made.measurements["known_day"] = made.measurements["day"]
    assert result_times_are_not_recorded(made.evidence()).severity == "warn"
    assert result_times_are_not_recorded(Audited().evidence()).severity == "note"
    assert result_times_are_not_recorded(made.evidence(resolution="day")).severity == "note"


def test_rows_after_death_are_counted() -> None:
    made = Audited()
    made.courses = made.courses.assign(death_day=2.0)
    finding = rows_are_dated_after_the_end(made.evidence())
    assert finding.row_counts == {"measurements": 800, "treatments": 0, "grades": 200}
    assert finding.severity == "warn"


@pytest.mark.parametrize(("cut", "expected"), [(0.1, "note"), (0.5, "warn"), (0.95, "refuse")])
def test_a_horizon_that_is_hardly_observed(cut: float, expected: str) -> None:
    made = Audited()
    free = np.flatnonzero(made.rows["status"] == "event_free")
    status = made.rows["status"].to_numpy(dtype=object).copy()
    status[free[: round(cut * len(free))]] = "censored"
    made.rows["status"] = status
    finding = the_horizon_is_not_observed(made.evidence())
    assert finding.severity == expected


def test_labels_without_a_status_are_not_judged() -> None:
    made = Audited()
    made.rows = made.rows.drop(columns="status")
    assert the_horizon_is_not_observed(made.evidence()).severity == "note"
    assert isinstance(made.rows, pd.DataFrame)

"""Records that stop at the outcome, are of one length, are denser or ordered by outcome."""

import numpy as np
import pandas as pd
import pytest

from features.errors import CohortError
from tests.training.audited import Audited, patients_with_the_event
from training.audit_rules.endings import (
    one_outcome_has_records_of_one_length,
    records_stop_at_the_outcome,
    records_stop_at_the_peak_grade,
)
from training.audit_rules.order import row_order_predicts_the_outcome
from training.audit_rules.rhythm import (
    number_and_spacing_of_results_predict_the_outcome,
    rhythm_of_results,
)


def a_long_record(seed: int = 0) -> Audited:
    """Every patient has results and gradings up to day 14; events happen on day 4."""
    made = Audited(seed)
    later = [
        made.measurements[["course_id", "input", "value"]]
        .drop_duplicates(["course_id", "input"])
        .assign(day=float(day), known_day=float(day))
        for day in (7, 10, 14)
    ]
    made.measurements = pd.concat([made.measurements, *later], ignore_index=True)
    return made


def test_records_that_go_on_are_a_note() -> None:
    assert records_stop_at_the_outcome(a_long_record().evidence()).severity == "note"


def records_cut_at_the_event(made: Audited) -> Audited:
    cut = patients_with_the_event(made) & (made.measurements["day"] > 4.9).to_numpy()
    made.measurements = made.measurements[~cut]
    return made


def test_records_that_stop_at_the_event_are_refused() -> None:
    finding = records_stop_at_the_outcome(records_cut_at_the_event(a_long_record()).evidence())
    assert finding.severity == "refuse"
    assert finding.row_counts["that_stop_at_the_event"] == finding.row_counts["event_courses"]


def test_a_declared_end_of_record_is_a_warning_that_says_so() -> None:
    made = records_cut_at_the_event(a_long_record())
    finding = records_stop_at_the_outcome(made.evidence(end_of_record="ended_at_peak"))
    assert finding.severity == "warn"
    assert "ended_at_peak" in finding.text


def test_deaths_on_the_day_of_the_event_do_not_count() -> None:
    made = records_cut_at_the_event(a_long_record())
    made.courses = made.courses.assign(death_day=4.2)
    finding = records_stop_at_the_outcome(made.evidence())
    assert not finding.assessable


def test_all_records_ending_at_the_peak_are_refused() -> None:
    made = a_long_record()
    ends = dict(
        zip(made.courses["course_id"], made.rng.integers(2, 12, len(made.courses)), strict=True)
    )
    made.measurements = made.measurements[
        made.measurements["day"] <= made.measurements["course_id"].map(ends)
    ]
    peaks = pd.DataFrame({"course_id": list(ends), "day": list(map(float, ends.values()))})
    made.grades = peaks.assign(known_day=peaks["day"], toxicity="CRS", grade=2.0)
    assert records_stop_at_the_peak_grade(made.evidence()).severity == "refuse"


def test_a_study_that_ends_for_all_on_one_day_is_no_peak() -> None:
    made = a_long_record()
    made.grades = made.courses[["course_id"]].assign(
        day=14.0, known_day=14.0, toxicity="CRS", grade=1.0
    )
    assert records_stop_at_the_peak_grade(made.evidence()).severity == "note"


@pytest.mark.parametrize("constant_for_events", [True, False])
def test_records_of_one_length_for_one_outcome_are_refused(constant_for_events: bool) -> None:
    made = a_long_record()
    ever = set(made.measurements.loc[patients_with_the_event(made), "course_id"])
    length = {
        course: 14 if (course in ever) == constant_for_events else int(made.rng.integers(5, 14))
        for course in made.courses["course_id"]
    }
    days = made.measurements["course_id"].map(length)
    last = made.courses[["course_id"]].assign(input="crp_mg_l", value=9.0)
    last = last.assign(day=last["course_id"].map(length).astype(float))
    made.measurements = pd.concat([made.measurements[made.measurements["day"] < days], last])
    assert one_outcome_has_records_of_one_length(made.evidence()).severity == "refuse"


def test_equal_lengths_for_all_are_a_note() -> None:
    assert one_outcome_has_records_of_one_length(a_long_record().evidence()).severity == "note"


def test_denser_records_of_event_patients_are_refused() -> None:
    made = Audited()
    dense = made.measurements[patients_with_the_event(made)]
    extra = [
        dense.assign(day=dense["day"] + step, value=dense["value"] + step) for step in (0.02, 0.04)
    ]
    made.measurements = pd.concat([made.measurements, *extra], ignore_index=True)
    finding = number_and_spacing_of_results_predict_the_outcome(made.evidence())
    assert finding.severity == "refuse"
    assert finding.columns[0] in {
        "results",
        "sampling_times",
        "results_of_24_h",
        "sampling_times_of_24_h",
    }


def test_an_even_schedule_is_a_note() -> None:
    finding = number_and_spacing_of_results_predict_the_outcome(Audited().evidence())
    assert finding.severity == "note"


def test_the_rhythm_counts_only_what_was_known() -> None:
    measurements = pd.DataFrame(
        {
            "course_id": ["a", "a", "a", "b", "a"],
            "day": [-2.0, 0.0, 0.0, 1.0, 3.0],
            "known_day": [-1.9, 0.1, 0.1, 1.1, 3.1],
            "input": ["crp_mg_l", "crp_mg_l", "ldh_u_l", "crp_mg_l", "crp_mg_l"],
            "value": [1.0, 2.0, 3.0, 4.0, 5.0],
        }
    )
    rows = pd.DataFrame({"course_id": ["a", "a", "b", "c"], "instant": [1.0, -1.95, 1.05, 1.0]})
    made = rhythm_of_results(measurements, rows)
    assert made.loc[0, ["results", "sampling_times", "inputs"]].tolist() == [3, 2, 2]
    assert made.loc[0, "results_of_24_h"] == 2
    assert made.loc[0, "mean_gap_days"] == 2.0
    assert made.loc[0, "first_day"] == -2
    assert made.loc[1:].isna().all(axis=None)


def ordered_by_outcome(made: Audited) -> Audited:
    """Renumber ids and courses so that event patients stand last."""
    ever = made.rows.groupby("course_id")["outcome"].max()
    order = ever.sort_values(kind="stable").index
    number = {course: f"k{at:03d}" for at, course in enumerate(order)}
    for frame in (made.rows, made.courses, made.measurements, made.grades):
        frame["course_id"] = frame["course_id"].map(number)
    made.rows["patient_id"] = made.rows["course_id"]
    made.courses["patient_id"] = made.courses["course_id"]
    made.courses = made.courses.sort_values("course_id")
    return made


def test_event_patients_last_in_the_file_are_refused() -> None:
    finding = row_order_predicts_the_outcome(ordered_by_outcome(Audited()).evidence())
    assert finding.severity == "refuse"


def in_source_rows_only() -> Audited:
    made = Audited()
    ever = patients_with_the_event(made)
    rows = np.argsort(np.argsort(ever, kind="stable"), kind="stable")
    made.measurements = made.measurements.assign(source_row=rows.astype(float))
    return made


def test_an_order_that_only_the_source_knows_is_refused() -> None:
    finding = row_order_predicts_the_outcome(in_source_rows_only().evidence())
    assert (finding.severity, finding.columns) == ("refuse", ("the rows of the source",))


def test_an_order_that_the_loader_declares_is_a_warning() -> None:
    evidence = in_source_rows_only().evidence(known_faults=["row_order"])
    finding = row_order_predicts_the_outcome(evidence)
    assert finding.severity == "warn"
    assert "declares" in finding.text


def test_an_order_in_the_ids_cannot_be_declared_away() -> None:
    evidence = ordered_by_outcome(Audited()).evidence(known_faults=["row_order"])
    assert row_order_predicts_the_outcome(evidence).severity == "refuse"


def test_a_fault_nobody_knows_cannot_be_declared() -> None:
    with pytest.raises(CohortError, match="known_faults"):
        Audited().cohort(known_faults=["missingness"])

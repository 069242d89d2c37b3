"""What the audit says of the public cohorts, of synthetic ones, and of input that is hardly any."""

import time
import warnings

import numpy as np
import pandas as pd
import pytest

from features.checks import check_cohort
from features.questions import Question, question
from features.sources import load
from features.sources.synthetic import synthesize
from features.tables import Cohort
from tests.real_data import bwh_path, nulisa_path, unicar_path
from tests.training.audited import QUESTION, Audited
from training.audit import AuditReport, audit
from training.default_plans import default_plan
from training.task import prepare

DAYS = tuple(float(day) for day in range(15))
WHO_GETS_ICANS = Question("any-icans-72h", "ICANS", 1, DAYS, horizon_days=3.0)
COURSE_OF_ICANS = Question(
    "severe-icans-course-72h", "ICANS", 3, DAYS, horizon_days=3.0, from_grade=1
)


def audited(cohort: Cohort, asked: str | Question) -> AuditReport:
    task = prepare(cohort, default_plan(question(asked)))
    X = pd.DataFrame(task.rows.X.numbers, columns=list(task.rows.X.names))
    return audit(cohort, task.question, X, task.labels, task.asked)


def refused_by(report: AuditReport) -> set[str]:
    return {finding.rule for finding in report.refusals}


def columns_of(report: AuditReport, rule: str) -> tuple[str, ...]:
    return next(finding.columns for finding in report.findings if finding.rule == rule)


@pytest.mark.real
@pytest.mark.parametrize("asked", [WHO_GETS_ICANS, "grade-2-icans-72h"])
def test_bwh_as_published_is_refused_for_who_gets_icans(asked: str | Question) -> None:
    report = audited(load("bwh", bwh_path(), as_published=True), asked)
    assert refused_by(report) >= {
        "units_are_mixed",
        "missingness_alone_predicts_the_outcome",
        "a_column_holds_another_field",
        "row_order_predicts_the_outcome",
        "one_predictor_nearly_determines_the_outcome",
    }
    assert columns_of(report, "units_are_mixed")[0] == "temperature_c"
    assert set(columns_of(report, "a_column_holds_another_field")) == {
        "procalcitonin_ng_ml on day 0",
        "wbc_10e9_l on day 0",
        "il6_pg_ml on day 0",
    }
    assert "courses_are_duplicated" in refused_by(report)


@pytest.mark.real
def test_bwh_is_refused_for_who_gets_icans_though_its_values_are_mended() -> None:
    report = audited(load("bwh", bwh_path()), WHO_GETS_ICANS)
    assert "missingness_alone_predicts_the_outcome" in refused_by(report)
    assert "site_alone_predicts_the_outcome" in refused_by(report)


@pytest.mark.real
def test_the_course_of_icans_within_one_source_of_bwh_is_allowed() -> None:
    report = audited(load("bwh", bwh_path(), part="second"), COURSE_OF_ICANS)
    report.raise_if_refused()
    assert report.n_event_patients > 20


@pytest.mark.real
def test_unicar_as_published_is_refused() -> None:
    report = audited(load("unicar", unicar_path(), as_published=True), "severe-crs-72h")
    assert refused_by(report) >= {"row_order_predicts_the_outcome", "impossible_values_cluster"}
    warned = {finding.rule for finding in report.warnings}
    assert "repeated_values_follow_the_grade" in warned  # the grade is known at the landmark
    assert "digits_are_lost" in warned


@pytest.mark.real
def test_unicar_as_cleaned_passes_with_its_limits() -> None:
    cohort = check_cohort(load("unicar", unicar_path()))[0]
    report = audited(cohort, "severe-crs-72h")
    report.raise_if_refused()
    said = " ".join(report.limitations)
    assert "end of record is ended_at_peak" in said
    assert "put together by outcome" in said


@pytest.mark.real
def test_nulisa_passes() -> None:
    cohort = check_cohort(load("nulisa", nulisa_path()))[0]
    audited(cohort, "grade-2-icans-72h").raise_if_refused()


@pytest.mark.parametrize("asked", ["severe-crs-72h", "severe-icans-72h", "severe-crs-30d"])
def test_the_synthetic_cohort_passes_with_notes(asked: str) -> None:
    report = audited(synthesize(400, 11).cohort, asked)
    report.raise_if_refused()
    assert {finding.rule for finding in report.warnings} <= {"too_few_event_patients"}


@pytest.mark.slow
def test_five_hundred_patients_and_a_hundred_columns_take_less_than_a_minute() -> None:
    cohort = synthesize(500, 4).cohort
    task = prepare(cohort, default_plan(question("severe-crs-72h")))
    X = pd.DataFrame(task.rows.X.numbers, columns=list(task.rows.X.names)).iloc[:, :100]
    start = time.process_time()
    audit(cohort, task.question, X, task.labels, task.asked)
    assert time.process_time() - start < 60.0


def without_measurements(made: Audited) -> None:
    made.measurements = made.measurements.iloc[:0]
    made.X = made.X[["day"]]


def one_column(made: Audited) -> None:
    made.X = made.X[["crp_mg_l__last"]]


def no_column(made: Audited) -> None:
    made.X = made.X[[]]


def all_values_equal(made: Audited) -> None:
    made.measurements = made.measurements.assign(value=150.0, source_value="150")
    made.X = made.X * 0.0 + 1.0


def one_site(made: Audited) -> None:
    made.rows["site"] = "here"


def no_site(made: Audited) -> None:
    made.rows["site"] = None


def two_thousand_columns(made: Audited) -> None:
    noise = made.rng.normal(size=(len(made.X), 2000))
    made.X = pd.DataFrame(noise, columns=[f"noise_{n}" for n in range(2000)])


def no_grades(made: Audited) -> None:
    made.grades = made.grades.iloc[:0]
    made.rows["current_grade"] = np.nan


def every_value_missing(made: Audited) -> None:
    made.X = made.X * np.nan
    made.measurements = made.measurements.assign(value=np.nan)


@pytest.mark.parametrize(
    "change",
    [
        without_measurements,
        one_column,
        no_column,
        all_values_equal,
        one_site,
        no_site,
        two_thousand_columns,
        no_grades,
        every_value_missing,
    ],
)
def test_hardly_any_input_is_answered_and_not_refused(change) -> None:
    made = Audited()
    change(made)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = audit(made.cohort(), QUESTION, made.X, made.rows)
    assert {finding.rule for finding in report.refusals} == set()


def test_a_hundred_columns_of_noise_are_no_leak_even_with_twelve_event_patients() -> None:
    made = Audited(3)
    kept = set(made.rows.loc[made.rows["outcome"] == 1, "course_id"].unique()[:12])
    made.rows.loc[~made.rows["course_id"].isin(kept), "outcome"] = 0.0
    noise = made.rng.normal(size=(len(made.X), 300))
    made.X = pd.DataFrame(noise, columns=[f"noise_{n}" for n in range(300)])
    assert audit(made.cohort(), QUESTION, made.X, made.rows).refusals == []

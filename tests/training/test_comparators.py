import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from models.columns import NamedMatrix
from models.logistic import sigmoid
from training.comparators import COMPARATORS as COMPARATORS_OF
from training.comparators import at_strength, compare
from training.plan_sections import COMPARATORS
from training.task import Rows


def rows(n=400, seed=0, **context):
    """Rows whose risk rises with the grade, the day and the first of three predictors."""
    rng = np.random.default_rng(seed)
    grade, day, x = rng.integers(0, 3, n), rng.integers(0, 8, n), rng.normal(size=(n, 3))
    logit = -3.0 + grade + 0.2 * day + x[:, 0]
    y = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(float)
    known = {
        "current_grade": grade.astype(float),
        "landmark_day": day.astype(float),
        "published_logit": np.where(x[:, 1] > 0, -1.0, -2.0),
        "easix": x[:, 0],
        "s_easix": np.full(n, np.nan),
        "m_easix": x[:, 0],
        "car_hematotox": x[:, 2],
    }
    frame = pd.DataFrame(known | context)
    patients = np.array([f"p{i // 4}" for i in range(n)], dtype=object)
    return Rows(NamedMatrix(("a", "b", "c"), x), y, np.ones(n), patients, frame)


@pytest.mark.parametrize("name", [name for name in COMPARATORS if name != "s_easix"])
def test_every_comparator_gives_a_risk_for_every_row(name):
    risks = compare(name, rows(), rows(seed=1)).risks
    assert risks.shape == (400,)
    assert ((risks > 0) & (risks < 1)).all()


@pytest.mark.parametrize("name", COMPARATORS)
def test_outcomes_of_the_rows_held_out_are_not_looked_at(name):
    train, held_out = rows(), rows(seed=1)
    poisoned = Rows(
        held_out.X, 1 - held_out.y, held_out.weight, held_out.patients, held_out.context
    )
    first, second = compare(name, train, held_out).risks, compare(name, train, poisoned).risks
    assert (first is None and second is None) or np.array_equal(first, second)


def test_the_current_grade_alone_is_the_event_rate_of_its_grade():
    train = rows(n=4000)
    risks = compare("current_grade", train, train).risks
    for grade in (0.0, 1.0, 2.0):
        mine = train.context["current_grade"] == grade
        assert risks[mine].std() < 1e-12
        assert risks[mine][0] == pytest.approx(train.y[mine].mean(), abs=0.01)


def test_weights_count_as_copies():
    train = rows()
    doubled = Rows(
        train.X, train.y, np.where(train.y == 1, 2.0, 1.0), train.patients, train.context
    )
    at = np.concatenate([np.arange(400), np.flatnonzero(train.y == 1)])
    copied = train.take(at)
    held_out = rows(seed=1)
    assert compare("grade_and_day", doubled, held_out).risks == pytest.approx(
        compare("grade_and_day", copied, held_out).risks, abs=1e-3
    )


def test_grade_and_day_depends_on_both():
    train, held_out = rows(n=2000), rows(seed=1)
    later = Rows(
        held_out.X, held_out.y, held_out.weight, held_out.patients,
        held_out.context.assign(landmark_day=held_out.context["landmark_day"] + 2),
    )  # fmt: skip
    assert (
        compare("grade_and_day", train, later).risks
        > compare("grade_and_day", train, held_out).risks
    ).all()


def test_a_grade_that_was_never_seen_counts_as_the_nearest_and_ungraded_stands_apart():
    train = rows(current_grade=np.where(np.arange(400) % 5 == 0, np.nan, np.arange(400) % 2))
    asked = rows(seed=1, current_grade=np.array([1.0, 4.0, np.nan, 0.0] * 100))
    risks = compare("current_grade", train, asked).risks
    assert risks[0] == risks[1]
    assert len({risks[0], risks[2], risks[3]}) == 3


@pytest.mark.parametrize(
    ("name", "context", "reason"),
    [
        ("s_easix", {}, "known for 0% of the rows"),
        ("easix", {"easix": np.where(np.arange(400) < 100, 1.0, np.nan)}, "known for 25%"),
        ("current_grade", {"current_grade": np.full(400, np.nan)}, "no current grade is known"),
    ],
)
def test_a_comparator_that_cannot_be_computed_says_why(name, context, reason):
    compared = compare(name, rows(**context), rows(seed=1, **context))
    assert compared.risks is None
    assert reason in compared.reason


def test_without_a_published_rate_the_base_rate_is_left_out():
    train, held_out = rows(), rows(seed=1)
    for part in (train, held_out):
        part.context.pop("published_logit")
    assert "nothing was published" in compare("product_base_rate", train, held_out).reason


@pytest.mark.parametrize("name", ["current_grade", "penalised_logistic", "easix"])
def test_one_class_is_said_and_not_fitted(name):
    train = rows()
    train.y[:] = 0.0
    assert "one class" in compare(name, train, rows(seed=1)).reason


@pytest.mark.parametrize("c", [0.01, 1.0])
def test_the_ridge_is_the_usual_pipeline_of_scikit_learn(c):
    """Median for what is missing, a flag that it was, every column standardised, ridge."""
    train, held_out = rows(), rows(seed=1)
    rng = np.random.default_rng(5)
    for part in (train, held_out):
        part.X.numbers[rng.random(part.X.numbers.shape) < 0.2] = np.nan
    usual = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True),
        StandardScaler(),
        LogisticRegression(C=c, tol=1e-8, max_iter=1000),
    ).fit(train.X.numbers, train.y)
    terms = COMPARATORS_OF["penalised_logistic"].terms(train.X)
    ours = at_strength(terms, train.X, train.y, train.weight, c)
    expected = usual.predict_proba(held_out.X.numbers)[:, 1]
    assert sigmoid(ours.margin(held_out.X)) == pytest.approx(expected, abs=1e-3)


def test_the_penalised_regression_survives_an_empty_column_and_one_empty_in_a_fold():
    train, held_out = rows(), rows(seed=1)
    train.X.numbers[:, 1] = np.nan
    train.X.numbers[8:, 2] = np.nan
    assert np.isfinite(compare("penalised_logistic", train, held_out).risks).all()

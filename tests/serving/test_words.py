import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.clinical_values import clinical_value
from features.columns import COLUMNS
from features.question_words import question_text
from features.questions import QUESTIONS
from features.tables import AGENTS
from serving.course import CourseSoFar
from serving.messages import Course
from serving.sentences import say
from serving.words import (
    action,
    language_of,
    not_covered,
    percent,
    shown_value,
)
from serving.words_of_drivers import explained
from tests.serving.small_release import a_model

SOMEBODY = CourseSoFar(Course(), None, "no_product", "", landmark=2.0, resolution="instant")
LADDERS = [(rank, of) for of in range(1, 6) for rank in range(1, of + 1)]


@pytest.mark.parametrize(("rank", "of"), LADDERS)
def test_every_action_only_adds_and_ends_in_the_local_protocol(rank, of):
    said = action(rank, of).text
    assert said.endswith("Assess by local protocol.")
    assert said.startswith("Add to label and protocol") or "takes nothing away" in said
    assert action(rank, of).source


@pytest.mark.parametrize(("rank", "of"), LADDERS)
def test_no_action_names_a_drug_or_a_dose(rank, of):
    said = action(rank, of).text.lower()
    devices = ("oxygen", "other")
    assert not any(agent in said for agent in AGENTS if agent not in devices)
    assert "mg" not in said.split()


def test_the_highest_tier_of_any_ladder_adds_the_most():
    assert len({action(of, of).text for of in range(1, 6)}) == 1
    assert action(1, 3) != action(2, 3) != action(3, 3)


def test_a_low_risk_is_never_a_reason_to_discharge():
    assert "never a reason to discharge" in say("said.caution")
    assert "绝不是出院的理由" in say("said.caution", "zh")
    covered = " ".join(not_covered())
    assert all(one in covered for one in ("infection", "IEC-HS", "delayed neurotoxicity"))


@pytest.mark.parametrize("name", list(QUESTIONS))
def test_every_question_has_words_of_its_own(name):
    text = question_text(QUESTIONS[name])
    assert str(QUESTIONS[name].min_grade) in text
    assert [question_text(one) for one in QUESTIONS.values()].count(text) == 1


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en,zh;q=0.9", "en"),
        ("fr", "en"),
        ("zh;q=0.1,en;q=0.2", "en"),
        ("de,zh;q=nonsense", "en"),
        (",;q=,;;", "en"),
    ],
)
def test_the_preferred_of_the_two_languages_is_spoken(header, language):
    assert language_of(header) == language


def test_a_small_share_is_not_shown_as_zero():
    assert [percent(one) for one in (0.0, 0.0004, 0.05, 0.2071)] == [
        "0.0 %", "0.04 %", "5.0 %", "20.7 %"
    ]  # fmt: skip


def test_a_value_is_shown_with_the_unit_a_person_reads():
    assert shown_value(38.7, "Cel") == "38.7 °C"
    assert shown_value(10.0, "{score}") == "10"
    assert shown_value(float("nan"), "mg/L") == "not measured"


@pytest.mark.parametrize(
    ("column", "number", "clinical"),
    [
        ("crp_mg_l__last", 5.0, 31.0),
        ("crp_mg_l__change", 1.0, 2.0),
        ("temperature_c__last", 38.7, 38.7),
        ("prior_logit_crs_3", 0.0, 0.5),
        ("dose_car_t_cells", 8.0, 1e8),
        ("easix", 3.0, 8.0),
    ],
)
def test_a_columns_number_becomes_the_one_a_clinician_knows(column, number, clinical):
    assert clinical_value(COLUMNS[column].description, number) == pytest.approx(clinical)


# --- contributions add up -------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-20, 20) | st.just(float("nan")), min_size=12, max_size=12),
    st.sampled_from(["en", "zh"]),
)
def test_base_drivers_and_rest_add_up_to_the_probability_whatever_the_row(numbers, language):
    model = a_model(QUESTIONS["severe-crs-72h"])
    names = model.predictors.names()
    row = np.full((1, len(names)), np.nan)
    row[0, :: len(names) // len(numbers)][: len(numbers)] = numbers
    explanation = model.explain(model.matrix(row))
    probability = float(explanation.probability[0])
    told = explained(explanation, row[0], probability, SOMEBODY, {}, language)
    parts = [one.contribution for one in told.drivers]
    assert told.base + sum(parts) + told.rest == pytest.approx(probability, abs=1e-9)
    # the parts that are not listed are small in number and size: each below every listed one
    left = np.sort(np.abs(explanation.rescaled_to_probability[0]))[: len(names) - len(parts)]
    assert left.max(initial=0.0) <= min(map(abs, parts), default=1.0) + 1e-12
    assert told.rest == pytest.approx(
        explanation.rescaled_to_probability[0].sum() - sum(parts), abs=1e-5
    )
    words = "关联" if language == "zh" else "associations"
    assert words in told.meaning

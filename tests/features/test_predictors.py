"""Which columns a model may read, in which words, and how a stored set is read back."""

import json

import pandas as pd
import pytest

from features import product_facts
from features.columns import COLUMNS, CONCEPTS, GROUPS
from features.errors import ModelFormatError, PlanError
from features.inputs import COURSE_FIELDS, INPUTS
from features.matrix import (
    PredictorSet,
    default_predictors,
    describe,
    feature_matrix,
)
from features.predictors import SURVEILLANCE_EXCLUDED
from features.questions import QUESTIONS
from tests.builders import (
    a_cohort,
    a_treatment,
    an_infusion,
    gradings,
)
from tests.landmarks import at, bits, seen_at


@pytest.mark.parametrize("name", COLUMNS)
def test_every_column_is_described_in_english_and_chinese(name: str) -> None:
    words = describe(name)
    assert words.name == name
    assert words.label
    assert words.label != name
    assert any("一" <= sign <= "鿿" for sign in words.label_zh)
    assert words.input is None or words.input in INPUTS


def test_no_fact_learnt_after_infusion_and_no_identifier_is_a_column() -> None:
    roles = {name: one.role for name, one in COURSE_FIELDS.items()}
    used = {column.static for column in COLUMNS.values()} - {None}
    assert {roles[name] for name in used} == {"predictor"}


def test_the_surveillance_reference_sees_no_product_and_nothing_after_infusion() -> None:
    names = PredictorSet(without=SURVEILLANCE_EXCLUDED).names()
    assert {"age_years", "tumour_burden_fraction", "ldh_u_l__last", "diagnosis=LBCL"} <= set(names)
    stems = (
        "prior_logit", "target", "costimulation", "dose", "lymphodepletion", "day", "crs_",
        "icans_", "fever", "tocilizumab", "corticosteroid",
    )  # fmt: skip
    assert not [name for name in names if name.startswith(stems)]
    assert not [name for name in names if name.endswith(("__max", "__min", "__change", "__slope"))]


@pytest.mark.parametrize("concept", CONCEPTS)
def test_leaving_a_concept_out_leaves_out_every_column_that_carries_it(concept: str) -> None:
    left = set(PredictorSet(without=(concept,)).names())
    assert left == {name for name, one in COLUMNS.items() if concept not in one.concepts}


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_can_stand_alone(group: str) -> None:
    alone = PredictorSet(inputs=(), statics=(), groups=(group,))
    assert alone.names()
    assert {COLUMNS[name].group for name in alone.names()} == {group}
    whole = seen_at(3.0, an_infusion(), gradings("A", {1: 2}), a_treatment("A", 1.0))
    cohort = a_cohort(an_infusion(), gradings("A", {1: 2}), a_treatment("A", 1.0))
    part = feature_matrix(cohort, at(("A", 3.0)), alone).iloc[0]
    assert bits(part) == bits(whole[list(alone.names())])


@pytest.mark.parametrize("name", QUESTIONS)
def test_default_predictors_survive_json_with_their_columns(name: str) -> None:
    chosen = default_predictors(QUESTIONS[name])
    again = PredictorSet.from_dict(json.loads(json.dumps(chosen.to_dict())))
    assert again.names() == chosen.names()
    assert len(set(chosen.names())) == len(chosen.names())
    if QUESTIONS[name].before_infusion:
        after = [one for one in chosen.names() if "after_infusion" in COLUMNS[one].concepts]
        assert not after


def test_a_stored_set_of_another_version_or_with_unknown_columns_is_refused() -> None:
    stored = PredictorSet(inputs=("crp_mg_l",)).to_dict()
    with pytest.raises(ModelFormatError, match="version 99"):
        PredictorSet.from_dict({**stored, "version": 99})
    with pytest.raises(ModelFormatError, match="columns"):
        PredictorSet.from_dict({**stored, "columns": ["shoe_size"]})
    with pytest.raises(ModelFormatError, match="unknown keys"):
        PredictorSet.from_dict({**stored, "colour": []})


def test_a_set_of_names_that_do_not_exist_is_refused() -> None:
    with pytest.raises(PlanError, match="crp_mg_l"):
        PredictorSet(inputs=("crp",))
    with pytest.raises(PlanError, match="hours_since"):
        PredictorSet(summaries=("median",))
    with pytest.raises(PlanError, match="no predictor"):
        describe("shoe_size")


def test_a_stored_set_keeps_the_published_rates_of_its_day(monkeypatch: pytest.MonkeyPatch) -> None:
    live = PredictorSet(inputs=(), statics=(), groups=("product",))
    stored = PredictorSet.from_dict(json.loads(json.dumps(live.to_dict())))
    cohort = a_cohort(an_infusion("a", product="tisa-cel", diagnosis="B-ALL"))
    at = pd.DataFrame({"course_id": ["a"], "instant": [0.0]})
    before = feature_matrix(cohort, at, live)
    pd.testing.assert_frame_equal(feature_matrix(cohort, at, stored), before)

    monkeypatch.setattr(product_facts, "_catalogue_row", lambda name, what: product_facts.UNKNOWN)
    pd.testing.assert_frame_equal(feature_matrix(cohort, at, stored), before)
    assert feature_matrix(cohort, at, live).isna().all().all()

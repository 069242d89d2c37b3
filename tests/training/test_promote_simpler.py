"""Where a comparator won, it can be promoted in the model's place, and is judged as what it is."""

import json

import numpy as np
import pytest

from features.errors import PromotionRefused
from features.sources.synthetic import synthesize
from models.release import load_release
from tests.training.made_up import a_plan
from training import registry
from training.export import export_to
from training.judging.rows import MODEL
from training.plan import EvaluationPlan
from training.promote import promote
from training.recorded_fit import SIMPLER_MODEL, fit_and_record
from training.references import referred
from training.registry import CHAMPION, SIMPLER
from training.verdict import SIMPLER as VERDICT
from training.work_folder import WorkFolder

QUESTION = "severe-crs-72h"
COHORT = synthesize(200, 3).cohort


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A fit whose verdict prefers a comparator: trees on noise alone."""
    from training.tracking_store import open_store

    folder = WorkFolder(tmp_path_factory.mktemp("work"))
    store = open_store(folder, {})
    plan = a_plan(
        evaluation=EvaluationPlan(bootstrap=60, worst_difference=-0.5, min_event_patients=2)
    )
    done = fit_and_record(plan, COHORT, folder, store)
    assert done.result.verdict.decision == VERDICT
    return folder, store, done


def test_the_fit_leaves_the_comparator_as_a_model_beside_its_own(fitted):
    _, store, done = fitted
    best = done.result.verdict.best_comparator
    simpler = registry.at_alias(store, QUESTION, SIMPLER)
    assert simpler is not None
    assert simpler.comparator == best
    assert simpler.run_id == done.version.run_id
    kept = referred(str(done.directory.with_name(SIMPLER_MODEL)), lambda: store).model
    assert kept.digest == simpler.digest
    assert registry.of_run(store, done.version.run_id) == done.version, "a run is its model"


def test_what_is_shown_of_the_comparator_is_its_own(fitted):
    """Its alias, its number and its directory name one model, and show its figures."""
    _, store, done = fitted
    best = done.result.verdict.best_comparator
    own = done.result.evaluation["comparators"][best]["auroc"]["estimate"]
    trees = done.result.evaluation["model"]["auroc"]["estimate"]
    assert own != pytest.approx(trees)
    simpler = registry.at_alias(store, QUESTION, SIMPLER)
    beside = str(done.directory.with_name(SIMPLER_MODEL))
    for said in (f"{QUESTION}@{SIMPLER}", f"{QUESTION}/{simpler.number}", beside):
        found = referred(said, lambda: store).documents[registry.EVALUATION]
        assert found["model"]["auroc"]["estimate"] == pytest.approx(own), said
    larger = referred(done.version.run_id, lambda: store).documents[registry.EVALUATION]
    assert larger["model"]["auroc"]["estimate"] == pytest.approx(trees)


def test_a_refused_model_says_that_its_comparator_can_take_its_place(fitted):
    folder, store, done = fitted
    outcome = promote(store, folder, QUESTION, "head of unit", "first model")
    assert not outcome.promoted
    with pytest.raises(PromotionRefused, match="--simpler") as refusal:
        outcome.raise_if_refused()
    assert done.result.verdict.best_comparator in str(refusal.value)


def test_the_comparator_passes_by_its_own_figures_and_is_released(fitted, tmp_path):
    folder, store, done = fitted
    best = done.result.verdict.best_comparator
    needless = {"calibration_slope_interval_holds_one", "no_subgroup_falls_through_a_floor"}
    outcome = promote(
        store, folder, QUESTION, "head of unit", "simpler is as good", sorted(needless),
        alias=SIMPLER,
    )  # fmt: skip
    assert outcome.promoted
    assert set(outcome.refused_by) <= needless
    champion = registry.at_alias(store, QUESTION, CHAMPION)
    assert champion.comparator == best
    exported = export_to(store, tmp_path / "release", "head of unit", "go")
    release = load_release(exported.record.directory)
    model = release.models[QUESTION]
    assert model.trees is None
    assert model.manifest["comparator"] == best
    told = release.record.facts[QUESTION]["model"]["auroc"]["estimate"]
    own = done.result.evaluation["comparators"][best]["auroc"]["estimate"]
    assert told == pytest.approx(own)
    last = json.loads(folder.gate_record.read_text().splitlines()[-1])
    assert (last["what"], last["digest"]) == ("promoted", champion.digest)
    X = done.result.task.frame
    risk = done.result.cross_fit.risks[best].mean(axis=0)
    assert np.corrcoef(model.predict(_columns(done, model)), risk)[0, 1] > 0.9
    assert len(X) == len(risk)
    assert MODEL in done.result.cross_fit.risks


def _columns(done, model):
    from features.matrix import feature_matrix

    keys = done.result.task.labels[["course_id", "instant"]]
    return feature_matrix(COHORT, keys, model.predictors)


def test_without_one_it_says_why(fitted):
    folder, store, _ = fitted
    with pytest.raises(PromotionRefused, match="did not prefer a comparator"):
        promote(store, folder, "severe-icans-72h", "head of unit", "because", alias=SIMPLER)

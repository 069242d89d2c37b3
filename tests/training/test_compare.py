"""Two runs on the same folds are better, worse or cannot be told; others are refused, and why."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.cohort_files import write_cohort
from features.errors import ModelFormatError, NotAssessable, TrackingError
from tests.training.made_up import a_plan, daily_courses
from training import registry
from training.__main__ import main
from training.compare import compare, overall, reading
from training.compare_page import comparison_lines, comparison_page
from training.plan import AuditPlan, FoldPlan, PredictorPlan, TreePlan, TuningPlan
from training.recorded_fit import fit_and_record
from training.run_description import NOTE
from training.tracking_store import open_store
from training.work_folder import WorkFolder

FAST = {"tuning": TuningPlan(trials=0), "folds": FoldPlan(2, 2)}
MADE_UP = "courses are made up in this order, with one input that tells"
FAST["audit"] = AuditPlan(
    {
        "row_order_predicts_the_outcome": MADE_UP,
        "one_predictor_nearly_determines_the_outcome": MADE_UP,
    }
)
NO_TREES = TreePlan(max_rounds=0)


def no_store():
    raise AssertionError("a directory needs no store")


@pytest.fixture(scope="module")
def fits(tmp_path_factory, empty_tables):
    """Three tracked fits of one cohort in one work folder: sees CRP, sees it, sees noise."""
    work = WorkFolder(tmp_path_factory.mktemp("compare"))
    work.tracking_database.write_bytes(empty_tables.read_bytes())
    store = open_store(work, {})
    cohort = daily_courses(patients=80, events=30)
    place = str(write_cohort(cohort, work.root / "cohort"))
    blind = PredictorPlan(
        inputs=("ferritin_ng_ml",), summaries=("last",), statics=(), groups=("course", "grades")
    )
    plans = {
        "sees": a_plan(**FAST),
        "blind": a_plan(**FAST, predictors=blind, trees=NO_TREES),
        "reseeded": a_plan(**FAST, trees=NO_TREES, seed=8),
    }
    done = {
        name: fit_and_record(
            replace(
                plan, name=name, cohort=place, evaluation=replace(plan.evaluation, bootstrap=400)
            ),
            cohort, work, store,
        )
        for name, plan in plans.items()
    }  # fmt: skip
    return work, store, done


def directories(fits, *names):
    return [str(fits[2][name].directory) for name in names]


def test_a_run_that_sees_more_is_better_and_the_other_way_round_worse(fits):
    table = compare(directories(fits, "blind", "sees"), no_store)
    (one,) = table["comparisons"]
    assert one["reading"] == "better"
    (back,) = compare(directories(fits, "sees", "blind"), no_store)["comparisons"]
    assert back["reading"] == "worse"
    for name, gap in one["figures"].items():
        assert gap["estimate"] == pytest.approx(-back["figures"][name]["estimate"])
        assert gap["low"] <= gap["estimate"] <= gap["high"]


def test_the_difference_is_that_of_the_two_evaluations(fits):
    (one,) = compare(directories(fits, "blind", "sees"), no_store)["comparisons"]
    own = {name: fits[2][name].result.evaluation["model"] for name in ("blind", "sees")}
    for name, gap in one["figures"].items():
        expected = own["sees"][name]["estimate"] - own["blind"][name]["estimate"]
        assert gap["estimate"] == pytest.approx(expected, abs=3e-6)


def test_a_run_an_alias_and_a_directory_are_compared_alike(fits):
    _, store, done = fits
    run = done["blind"].version.run_id
    alias = f"{done['sees'].version.question}/{done['sees'].version.number}"
    by_reference = compare([run, alias], lambda: store)["comparisons"][0]["figures"]
    by_directory = compare(directories(fits, "blind", "sees"), no_store)["comparisons"][0]
    assert by_reference == by_directory["figures"]


@pytest.mark.slow
def test_runs_on_other_folds_are_refused_and_a_refit_answers(fits):
    asked = directories(fits, "blind", "reseeded")
    with pytest.raises(NotAssessable, match=r"differ in the folds\. --refit"):
        compare(asked, no_store)
    table = compare(asked, no_store, refit=True)
    assert table["refit"]
    assert table["comparisons"][0]["figures"]["log_loss"]["low"] is not None
    assert "cross-fitted again" in table["how"]
    evaluation = fits[2]["blind"].result.evaluation
    assert table["judged"]["n_event_patients"] == evaluation["n_event_patients"]


@pytest.mark.slow
def test_several_runs_widen_the_intervals_and_say_so(fits):
    asked = directories(fits, "sees", "blind", "reseeded")
    (alone,) = compare(asked[:2], no_store, refit=True)["comparisons"]
    table = compare(asked, no_store, refit=True)
    both = table["comparisons"][0]["figures"]["log_loss"]
    assert both["estimate"] == alone["figures"]["log_loss"]["estimate"]
    assert both["high"] - both["low"] > (
        alone["figures"]["log_loss"]["high"] - alone["figures"]["log_loss"]["low"]
    )
    assert table["n_comparisons"] == 2
    assert "2 runs are held against the first: every interval is a 97.5 % one" in table["notes"][0]


@pytest.mark.parametrize(
    ("figure", "low", "high", "said"),
    [
        ("auroc", 0.01, 0.1, "better"),
        ("auroc", -0.1, -0.01, "worse"),
        ("auroc", -0.1, 0.1, "cannot tell"),
        ("log_loss", -0.1, -0.01, "better"),
        ("log_loss", 0.01, 0.1, "worse"),
        ("log_loss", 0.0, 0.0, "cannot tell"),
        ("brier", None, None, "cannot tell"),
    ],
)
def test_the_side_of_zero_decides(figure, low, high, said):
    assert reading(figure, low, high) == said


@pytest.mark.parametrize(
    ("loss", "ranks", "said"),
    [
        ("better", "better", "better"),
        ("better", "cannot tell", "better"),
        ("cannot tell", "better", "better"),
        ("better", "worse", "cannot tell"),
        ("cannot tell", "cannot tell", "cannot tell"),
        ("worse", "cannot tell", "worse"),
        ("worse", "worse", "worse"),
    ],
)
def test_log_loss_and_same_day_auroc_decide_together(loss, ranks, said):
    figures = {
        "log_loss": {"reading": loss},
        "same_day_auroc": {"reading": ranks},
        "auroc": {"reading": "worse"},
    }
    assert overall(figures)[0] == said
    at_once = {"log_loss": {"reading": loss}, "auroc": {"reading": ranks}}
    assert overall(at_once)[0] == said


def copied(fits, name, place, change=None):
    """Copy a fit with its documents, one of them changed."""
    source = fits[2][name].directory.parent
    place.mkdir()
    for path in source.glob("*.json"):
        (place / path.name).write_bytes(path.read_bytes())
    (place / "risk_model").mkdir()
    for path in (source / "risk_model").iterdir():
        (place / "risk_model" / path.name).write_bytes(path.read_bytes())
    if change:
        change(place)
    return str(place / "risk_model")


@pytest.mark.parametrize("which", ["fingerprint", "rows", "draws", "end_of_record", "cohort"])
def test_what_is_not_the_same_is_named(fits, tmp_path, which):
    def other(place):
        draws = json.loads((place / registry.DRAWS).read_text())
        draws["key"][which] = "another"
        (place / registry.DRAWS).write_text(json.dumps(draws))

    changed = copied(fits, "blind", tmp_path / "copy", other)
    from training.paired_draws import MUST_AGREE

    with pytest.raises(NotAssessable) as refused:
        compare([*directories(fits, "sees"), changed], no_store)
    assert f"They differ in {MUST_AGREE[which]}" in str(refused.value)


def test_bad_references_are_answered_in_words(fits, tmp_path):
    _, store, _ = fits
    sees = directories(fits, "sees")

    def without_draws(place):
        (place / registry.DRAWS).unlink()

    def broken_draws(place):
        (place / registry.DRAWS).write_text("[]")

    old = copied(fits, "blind", tmp_path / "old", without_draws)
    broken = copied(fits, "blind", tmp_path / "broken", broken_draws)
    for said, error, words in (
        ([*sees], NotAssessable, "Name two to 10"),
        ([*sees, *sees], NotAssessable, "same model"),
        ([*sees, old], NotAssessable, "before they were kept"),
        ([*sees, broken], ModelFormatError, "edited"),
        ([*sees, "0" * 32], TrackingError, "There is no run"),
        ([*sees, "severe-crs-72h@champion"], TrackingError, "Nothing is registered"),
        ([*sees, "severe-crs-72h@"], TrackingError, "no reference"),
        ([*sees, str(tmp_path)], ModelFormatError, "no risk-model directory"),
    ):
        with pytest.raises(error, match=words):
            compare(said, lambda: store)
    with pytest.raises(NotAssessable, match="--refit"):
        compare(directories(fits, "sees", "blind"), no_store, cohort=tmp_path)


def test_runs_of_different_questions_are_refused_with_or_without_a_refit(fits, tmp_path):
    from tests.training.tiny_models import a_model_directory

    other = str(a_model_directory(tmp_path, "severe-icans-72h"))
    for refit in (False, True):
        with pytest.raises(NotAssessable, match="different questions"):
            compare([*directories(fits, "sees"), other], no_store, refit=refit)


def test_a_store_that_goes_away_half_way_is_said(fits, monkeypatch):
    _, store, done = fits
    asked = [done["sees"].version.run_id, done["blind"].version.run_id]
    there = registry.documents
    answered = []

    def away(*given):
        if answered:
            raise TrackingError("The tracking store is away.")
        answered.append(given)
        return there(*given)

    monkeypatch.setattr(registry, "documents", away)
    with pytest.raises(TrackingError, match="away"):
        compare(asked, lambda: store)


def test_a_comparator_that_could_not_be_computed_is_said(fits):
    table = compare(directories(fits, "blind", "sees"), no_store)
    left_out = table["runs"][0]["left_out"]
    assert left_out
    name, why = next(iter(left_out.items()))
    assert f"left out: {name}, {why}" in "\n".join(comparison_lines(table))
    assert why.split(",")[0] in comparison_page(table)


def test_the_page_is_whole_says_the_rule_and_holds_no_path_and_no_course(fits, tmp_path):
    work, _, done = fits
    page, out = tmp_path / "compare.html", tmp_path / "compare.json"
    runs = [done[name].version.run_id for name in ("blind", "sees")]
    assert main_in(work, "compare", *runs, "--html", str(page), "--json", str(out)) == 0
    text = page.read_text()
    assert "event before and can have it again are learnt from and not judged" in text
    assert "Better, worse, or cannot tell" in text
    assert "the other of the two is not worse" in text
    assert "predictors.inputs" in text, "what the plans differ in"
    evaluation = done["sees"].result.evaluation
    assert f"{evaluation['n_event_patients']} patients with an event" in text
    assert "<script" not in text
    for written in (text, out.read_text()):
        assert str(work.root) not in written
        assert "C00" not in written
    assert json.loads(out.read_text())["comparisons"][0]["reading"] == "better"


def main_in(work, *arguments):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIGICELL_WORK", str(work.root))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        return main(list(arguments))


def test_runs_of_different_plans_are_compared_in_mlflow_by_the_same_names(fits):
    _, store, done = fits
    runs = [store.client.get_run(done[name].version.run_id) for name in ("sees", "blind")]
    assert set(runs[0].data.metrics) == set(runs[1].data.metrics)
    plots = [
        {one.path for one in store.client.list_artifacts(r.info.run_id, "plots")} for r in runs
    ]
    assert plots[0] == plots[1] != set()
    wanted = {
        "question", "cohort", "cohort_fingerprint", "synthetic", "verdict", "decision", "audit",
        "models_tried", "plan_digest", "model_digest",
    }  # fmt: skip
    for run in runs:
        assert wanted <= set(run.data.tags)
    same = ("question", "cohort", "cohort_fingerprint", "synthetic")
    assert all(runs[0].data.tags[name] == runs[1].data.tags[name] for name in same)
    assert runs[0].data.tags["plan_digest"] != runs[1].data.tags["plan_digest"]


def test_the_description_of_a_run_holds_n_events_headline_with_interval_and_verdict(fits):
    _, store, done = fits
    table = done["sees"].result.evaluation
    note = store.client.get_run(done["sees"].version.run_id).data.tags[NOTE]
    assert f"{table['n_rows']} rows of {table['n_patients']} patients" in note
    assert f"{table['n_event_patients']} patients with an event" in note
    auroc = table["model"]["auroc"]
    assert f"{auroc['estimate']:.3f} ({auroc['low']:.3f} to {auroc['high']:.3f})" in note
    assert table["verdict"]["text"] in note
    assert np.all(["C00" not in note, "P00" not in note])


def test_the_key_of_the_draws_is_in_no_run(fits):
    work, _, _ = fits
    key = work.pairing_key.read_bytes()
    for path in (Path(work.artifacts), work.models):
        for file in path.rglob("*"):
            if file.is_file():
                content = file.read_bytes()
                assert key not in content
                assert key.hex().encode() not in content

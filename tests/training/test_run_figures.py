"""Pictures of a fit are of the rows its figures judge; what is said of it has its counts in words.

The cohort holds patients who were severe on the day of infusion and recovered: the model learns
from their later days, the headline figures leave them out.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.made_up import a_plan, daily_courses
from training import figures, summary
from training.audit import AuditReport
from training.audit_rules.finding import Finding
from training.demo import _fitted, _what_next, demo_plan
from training.fit import FitResult, fit, flat_metrics
from training.metrics import FIGURES
from training.plan import FoldPlan, TuningPlan
from training.recorded_fit import RecordedFit
from training.registry import Version
from training.run_figures import run_figures

RECOVERED = 5


@pytest.fixture(scope="module")
def result() -> FitResult:
    cohort = daily_courses(patients=30, events=12)
    grades = cohort.grades
    recovered = [f"C{number:03d}" for number in range(30 - RECOVERED, 30)]
    first_day = (grades["course_id"].isin(recovered) & (grades["day"] == 0)).to_numpy()
    grades.loc[first_day, "grade"] = 3
    plan = a_plan(
        tuning=TuningPlan(trials=0),
        folds=FoldPlan(2, 2),
        interval=replace(a_plan().interval, refits=0),
    )
    return fit(cohort, plan, audit=None)


def test_curves_are_of_the_rows_that_the_evaluation_judges(
    result: FitResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {}
    for name in ("roc_figure", "precision_recall_figure"):
        drawing = getattr(figures, name)

        def noted(*arguments, name=name, drawing=drawing):
            seen[name] = arguments
            return drawing(*arguments)

        monkeypatch.setattr(figures, name, noted)
    titles = {name: figure.get_suptitle() for name, figure in run_figures(result)}
    table, learnt_from = result.evaluation, len(result.task.rows)
    assert table["n_rows"] == learnt_from - 3 * RECOVERED
    for y, drawn, weight, caption in seen.values():
        assert caption.n == len(y) == table["n_rows"]
        assert caption.events == y.sum() == table["n_event_rows"]
        auroc = FIGURES["auroc"](y, drawn["model"], weight[np.newaxis])[0]
        assert auroc == pytest.approx(table["model"]["auroc"]["estimate"])
    assert f"{table['n_rows']} rows" in titles["roc"]
    assert f"{learnt_from} rows" in titles["tuning"]


def test_pictures_have_the_same_names_in_every_run_and_show_the_tables(result: FitResult) -> None:
    drawn = dict(run_figures(result))
    assert {"roc", "precision_recall", "calibration", "decision_curve", "thresholds"} <= set(drawn)
    (axes,) = drawn["decision_curve"].axes
    line = next(line for line in axes.lines if line.get_label() == "model")
    told = result.evaluation["decision_curve"]["model"]["net_benefit"]["estimate"]
    assert list(line.get_ydata()) == told
    for name in ("calibration", "decision_curve", "thresholds"):
        assert f"{result.evaluation['n_rows']} rows" in drawn[name].get_suptitle()


def test_tier_bounds_of_the_model_are_in_the_table_of_thresholds(result: FitResult) -> None:
    bounds = {tier.lower for tier in result.model.tiers.tiers} - {0.0}
    rows = result.evaluation["thresholds"]["model"]
    assert {row["threshold"] for row in rows if row["tier"]} == bounds


def test_the_demo_draws_its_learning_curve_once() -> None:
    assert demo_plan("severe-crs-72h", 3).evaluation.learning_curve == 1


def test_how_many_true_risks_the_interval_held_is_a_metric(result: FitResult) -> None:
    assert "interval_coverage" not in flat_metrics(result.evaluation)
    assert flat_metrics({**result.evaluation, "interval_coverage": 0.26})["interval_coverage"] == (
        0.26
    )


def test_pictures_say_which_rows_were_learnt_from(result: FitResult) -> None:
    titles = {name: figure.get_suptitle() for name, figure in run_figures(result)}
    assert "rows learnt from, " in titles["tuning"]
    assert "learnt from" not in titles["roc"]


def test_metrics_count_the_rows_that_are_judged(result: FitResult) -> None:
    told = flat_metrics(result.evaluation)
    assert told["n_rows_judged"] == result.evaluation["n_rows"]
    assert "n_rows" not in told
    assert told["eavg"] == result.evaluation["calibration"]["model"]["eavg"]["estimate"]
    assert (
        told["scaled_brier_low"] == result.evaluation["brier_parts"]["model"]["scaled_brier"]["low"]
    )
    for name, gaps in result.evaluation["differences"].items():
        assert told[f"log_loss_difference_{name}_high_90"] == gaps["log_loss"]["high_90"]


def warned(result: FitResult) -> FitResult:
    report = AuditReport(
        cohort="made up",
        question="severe-crs-72h",
        n_rows=1,
        n_event_patients=1,
        findings=(Finding("a_rule", "warn", "A planted warning.", ""),),
    )
    return replace(result, audit=report)


def test_fit_and_demo_say_patients_event_rows_and_audit_rules(result: FitResult) -> None:
    table = result.evaluation
    done = RecordedFit(warned(result), Path("model"), None)
    counted = (
        f"{table['n_event_patients']} patients with an event ({table['n_event_rows']} event rows)"
    )
    for said in ("\n".join(summary.fit_lines(done)), _fitted(done)):
        assert counted in said
        assert "warned (a_rule)" in said


def test_the_next_step_names_the_store_that_the_run_went_to(result: FitResult) -> None:
    version = Version("severe-crs-72h", "1", "d" * 64, "run", synthetic=False)
    done = RecordedFit(result, Path("model"), version, "http://tracking:5000")
    assert "MLFLOW_TRACKING_URI=http://tracking:5000 python -m training promote" in "\n".join(
        summary.fit_lines(done)
    )
    own = summary.fit_lines(replace(done, named_store=""))
    assert "MLFLOW_TRACKING_URI" not in "\n".join(own)


def test_the_hint_of_the_demo_keeps_its_answers_out_of_the_own_ledger(tmp_path: Path) -> None:
    said = " ".join(_what_next(tmp_path, 1.0).replace("\\\n", " ").split())
    assert (
        f"BENTOML_HOME={tmp_path}/bentoml VIGICELL_LEDGER={tmp_path}/ledger.sqlite "
        "python -m serving serve --demo"
    ) in said


def test_how_steady_it_is_is_drawn_from_its_tables(result: FitResult) -> None:
    drawn = dict(run_figures(result))
    assert result.evaluation["instability"] is None, "a fit without refits has none"
    assert "instability" not in drawn
    points = result.evaluation["learning_curve"]["points"]
    (line,) = drawn["learning_curve"].axes[0].lines
    assert list(line.get_xdata()) == [one["patients"] for one in points]
    assert list(line.get_ydata()) == [one["log_loss"]["mean"] for one in points]

"""Pictures draw what the tables hold, and nothing that is a row."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from tests.training.judging.an_evaluation import some_judged, some_risks, some_rows
from tests.training.judging.test_bad_cohorts import CASES
from training.figures import Caption
from training.judging.calibration_curve import calibration
from training.judging.net_benefit import decision_curve
from training.judging.pictures import (
    RISK_BINS,
    bars_of_enough_rows,
    calibration_figure,
    decision_curve_figure,
    groups_figure,
    learning_curve_figure,
    thresholds_figure,
)
from training.judging.small_cells import FEWEST_PATIENTS
from training.judging.thresholds import thresholds

SYNTHETIC = Caption("made", 300, 60, synthetic=True)


def drawn(judged, daily=True):
    rows, others = judged.rows, list(judged.comparators)
    model = judged.risks["model"].mean(axis=0)
    return {
        "calibration": calibration_figure(
            calibration(judged), others, rows.y, model, rows.weight, SYNTHETIC
        ),
        "decision_curve": decision_curve_figure(decision_curve(judged), others, SYNTHETIC),
        "thresholds": thresholds_figure(thresholds(judged, daily=daily), others, SYNTHETIC),
    }


def labels(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_every_picture_states_its_rows_and_draws_the_model_first():
    for name, figure in drawn(some_judged()).items():
        axes = next(axes for axes in figure.axes if axes.get_legend())
        assert figure.get_suptitle() == "SYNTHETIC cohort made: 300 rows, 60 event rows", name
        assert labels(axes)[0] == "model"
        assert "current grade" in labels(axes)


def test_the_distribution_counts_rows_and_shows_none():
    judged = some_judged()
    figure = drawn(judged)["calibration"]
    bars = figure.axes[-1].patches
    assert 1 < len(bars) <= RISK_BINS
    assert sum(bar.get_height() for bar in bars) == len(judged.rows)


def test_points_of_the_thresholds_picture_are_those_of_the_table():
    judged = some_judged()
    (axes,) = drawn(judged)["thresholds"].axes
    rows = thresholds(judged)["model"]
    alerts = [row["alerts_per_100_patient_days"]["estimate"] for row in rows]
    assert list(axes.lines[0].get_xdata()) == pytest.approx(alerts)
    assert [text.get_text() for text in axes.texts] == [f"{row['threshold']:g}" for row in rows]


def test_a_question_before_infusion_counts_courses():
    (axes,) = drawn(some_judged(), daily=False)["thresholds"].axes
    assert axes.get_xlabel() == "Alerts per 100 courses"


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.__name__ != "no_row"], ids=lambda c: c.__name__
)
@pytest.mark.filterwarnings("ignore:.*identical:UserWarning")
def test_a_cohort_without_shape_is_still_drawn(case):
    for figure in drawn(some_judged(*case())).values():
        FigureCanvasAgg(figure).draw()


def test_the_band_is_that_of_the_table():
    rows = some_rows(patients=60, event_patients=20)
    judged = some_judged(rows, some_risks(rows))
    (axes,) = drawn(judged)["decision_curve"].axes
    (band,) = axes.collections
    reached = band.get_paths()[0].vertices[:, 1]
    table = decision_curve(judged)["model"]["net_benefit"]
    assert reached.min() == pytest.approx(min(table["low"]))
    assert reached.max() == pytest.approx(max(np.array(table["high"])))


@pytest.mark.parametrize(
    "risks",
    [np.random.default_rng(0).beta(1, 20, 900), np.full(40, 0.3), np.zeros(30),
     np.r_[np.full(200, 0.02), 0.9]],
)  # fmt: skip
def test_no_bar_is_of_few_rows(risks):
    bars = bars_of_enough_rows(risks)
    counts, _ = np.histogram(risks, bars)
    assert counts.sum() == len(risks)
    assert all(count == 0 or count >= FEWEST_PATIENTS for count in counts)
    assert (np.diff(bars) > 0).all()


def test_every_group_is_drawn_and_a_count_that_is_held_back_is_not_told():
    def found(at):
        return {"model": {"auroc": {"estimate": at, "low": at - 0.1, "high": at + 0.1}}}

    table = {"groups": [{"group": "north", **found(0.7)}, {"group": "south", **found(0.6)}],
             "pooled": found(0.65)}  # fmt: skip
    figure = groups_figure(table, Caption("a ward", None, None, synthetic=False))
    assert figure.get_suptitle() == "cohort a ward: counts held back"
    (axes,) = figure.axes
    assert [one.get_text() for one in axes.get_yticklabels()] == ["north", "south", "all together"]
    assert list(axes.lines[0].get_xdata()) == [0.7, 0.6, 0.65]


def test_one_draw_says_that_its_spread_is_not_shown():
    loss = {"mean": 0.3, "lowest": 0.3, "highest": 0.3}
    points = [{"patients": 10.0 * at, "log_loss": loss} for at in range(1, 5)]
    for draws, said in ((1, "how far draws differ is not shown"), (5, "mean of 5 draws")):
        figure = learning_curve_figure({"points": points, "draws": draws}, SYNTHETIC)
        assert said in figure.axes[0].get_legend().get_texts()[0].get_text()

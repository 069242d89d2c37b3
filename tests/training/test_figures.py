"""Pictures say what they are of; a real cohort shows no single patient."""

import numpy as np
import pandas as pd
import pytest

from features.errors import VigiCellError
from training import figures
from training.figures import Caption
from training.reading_in_words import reading_in_words

SYNTHETIC = Caption("made", 300, 60, synthetic=True)
REAL = Caption("ward", 300, 60, synthetic=False)
NAMES = [f"predictor {number}" for number in range(6)]


@pytest.fixture
def rows() -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(0)
    risk = rng.uniform(0.02, 0.6, 300)
    y = (rng.random(300) < risk).astype(float)
    return y, {"model": risk, "comparator": rng.random(300)}, np.ones(300)


def contributions() -> tuple[np.ndarray, pd.DataFrame]:
    rng = np.random.default_rng(1)
    X = pd.DataFrame(rng.normal(size=(300, 6)), columns=NAMES)
    X.iloc[::5, 2] = np.nan
    return X.fillna(0).to_numpy() * np.arange(6), X


@pytest.mark.parametrize("draw", ["roc_figure", "precision_recall_figure"])
def test_a_curve_names_cohort_n_events_and_that_it_is_synthetic(
    draw: str, rows: tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]
) -> None:
    figure = getattr(figures, draw)(*rows, SYNTHETIC)
    (axes,) = figure.axes
    assert figure.get_suptitle() == "SYNTHETIC cohort made: 300 rows, 60 event rows"
    shown = [text.get_text() for text in axes.get_legend().get_texts()]
    assert shown[0].startswith("model")


def test_a_real_cohort_gets_bars_and_a_synthetic_one_the_beeswarm() -> None:
    phi, X = contributions()
    real = figures.shap_figure(phi, X, NAMES, REAL)
    (axes,) = real.axes
    assert len(axes.patches) == len(NAMES)
    assert not axes.collections, "a dot is a patient"
    swarm = figures.shap_figure(phi, X, NAMES, SYNTHETIC)
    dots = sum(len(c.get_offsets()) for axes in swarm.axes for c in axes.collections)
    assert dots >= 300


def test_bars_are_the_mean_size_of_contributions() -> None:
    phi, _ = contributions()
    (axes,) = figures.importance_figure(phi, NAMES, REAL).axes
    widths = sorted(bar.get_width() for bar in axes.patches)
    np.testing.assert_allclose(widths, np.sort(np.abs(phi).mean(axis=0)))


def test_a_single_real_course_is_never_drawn() -> None:
    phi, _ = contributions()
    with pytest.raises(VigiCellError, match="synthetic"):
        figures.waterfall_figure(phi[0], -2.0, NAMES, REAL)
    drawn = figures.waterfall_figure(phi[0], -2.0, NAMES, SYNTHETIC)
    assert "SYNTHETIC" in drawn.get_suptitle()


@pytest.mark.parametrize("draw", [figures.importance_figure, figures.waterfall_figure])
def test_nothing_that_is_written_is_cut_off(draw) -> None:
    phi, _ = contributions()
    labels = [f"Published rate of ICANS grade 3 or more for product {at}: 2.1 %" for at in range(6)]
    given = (phi, labels) if draw is figures.importance_figure else (phi[1], -5.0, labels)
    figure = draw(*given, Caption("a cohort with a long name, of a hospital", 5547, 133, True))
    figure.canvas.draw()
    whole = figure.bbox.padded(1)
    (axes,) = figure.axes
    for text in (figure._suptitle, axes.xaxis.label, *axes.texts, *axes.get_yticklabels()):
        box = text.get_window_extent()
        assert whole.contains(box.x0, box.y0), text.get_text()
        assert whole.contains(box.x1, box.y1), text.get_text()
    labels_end = max(one.get_window_extent().x1 for one in axes.get_yticklabels())
    assert all(text.get_window_extent().x0 > labels_end for text in axes.texts)


def test_a_course_goes_from_the_base_to_its_risk() -> None:
    readings = [reading_in_words("ldh_u_l__last", float(np.log2(401))), "b", "c"]
    figure = figures.waterfall_figure(np.array([1.0, -3.0, 0.5]), -1.5, readings, SYNTHETIC)
    (axes,) = figure.axes
    assert [one.get_text() for one in axes.get_yticklabels()] == ["b", "LDH, last: 400 U/L", "c"]
    assert axes.patches[-1].get_x() + axes.patches[-1].get_width() == pytest.approx(-3.0)
    assert "to -3.00 (a risk of 4.7 %)" in axes.get_xlabel()


@pytest.mark.parametrize(
    ("column", "number", "said"),
    [
        ("ldh_u_l__min", float("nan"), "LDH, lowest since infusion: not known"),
        ("ldh_u_l__change", 1.0, "LDH, change from baseline: x 2"),
        ("platelets_10e9_l__last", float(np.log2(81)), "Platelets, last: 80 10⁹/L"),
        ("prior_logit_icans_3", 0.0,
         "Published rate of ICANS grade 3 or more for this product: 50.0 %"),
        ("crs_grade", 2.0, "CRS grade: 2"),
        ("vasopressor_now", 1.0, "Vasopressor, ongoing: yes"),
    ],
)  # fmt: skip
def test_a_reading_has_the_unit_that_a_clinician_knows(column, number, said) -> None:
    assert reading_in_words(column, number) == said


def test_the_tuning_history_never_rises() -> None:
    (axes,) = figures.tuning_figure([0.5, 0.4, 0.45], SYNTHETIC, default=0.5).axes
    best = next(line for line in axes.lines if line.get_label() == "best so far")
    assert list(best.get_ydata()) == [0.5, 0.4, 0.4]

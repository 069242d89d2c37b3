"""Pictures say what they are of; a real cohort shows no single patient."""

import numpy as np
import pandas as pd
import pytest

from features.errors import VigiCellError
from training import figures
from training.figures import Caption

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
    assert axes.get_title() == "SYNTHETIC cohort made: 300 rows, 60 event rows"
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
    phi, X = contributions()
    with pytest.raises(VigiCellError, match="synthetic"):
        figures.waterfall_figure(phi[0], -2.0, X.to_numpy()[0], NAMES, REAL)
    drawn = figures.waterfall_figure(phi[0], -2.0, X.to_numpy()[0], NAMES, SYNTHETIC)
    assert "SYNTHETIC" in drawn.get_suptitle()


def test_the_tuning_history_never_rises() -> None:
    (axes,) = figures.tuning_figure([0.5, 0.4, 0.45], SYNTHETIC, default=0.5).axes
    best = next(line for line in axes.lines if line.get_label() == "best so far")
    assert list(best.get_ydata()) == [0.5, 0.4, 0.4]

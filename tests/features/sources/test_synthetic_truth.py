"""The true risk: exact against an independent computation, lawful, and calibrated."""

import numpy as np
import pytest

from features.questions import QUESTIONS, Question, labels
from features.sources.synthetic import chain, oracle, product_keys, synthesize
from features.sources.synthetic.parameters import solved
from features.sources.synthetic.states import CRS_GRADE, ICANS_GRADE, STEPS, Crs, Icans
from features.sources.synthetic.truth import risk_table

PRODUCTS = range(len(product_keys()))
DAILY = tuple(float(day) for day in range(15))


@pytest.mark.parametrize("row", PRODUCTS, ids=product_keys())
@pytest.mark.parametrize("step", [0, 5, 20, 40, STEPS - 1])
def test_transition_rows_are_distributions(row: int, step: int) -> None:
    u, v, _ = oracle.cells()
    crs = chain.crs_matrix(solved()[row], u, step)
    icans = chain.icans_matrix(solved()[row], u[:, None], v[:, None], np.arange(10)[None, :], step)
    for matrix in (crs, icans):
        assert matrix.min() >= 0
        assert np.allclose(matrix.sum(axis=-1), 1.0)


@pytest.mark.parametrize("toxicity", ["CRS", "ICANS"])
@pytest.mark.parametrize("row", [0, 2, 9])
def test_backward_recursion_equals_a_forward_run_of_the_whole_joint_chain(
    row: int, toxicity: str
) -> None:
    """One dense matrix over (CRS, ICANS) per step, mass carried forward, hits taken out."""
    start, end, cell = 6, 26, 90
    u, v, _ = oracle.cells()
    died = chain.death_probabilities()
    hit = oracle.at_least(toxicity, 3).ravel()
    own_death = died[0 if toxicity == "CRS" else 1].ravel()
    origin = (Crs.G1, Icans.G1)
    mass = np.zeros((len(Crs), len(Icans)))
    mass[origin] = 1.0
    mass, reached = mass.ravel(), 0.0
    for step in range(start, end):
        crs = chain.crs_matrix(solved()[row], u[cell], step)
        joint = np.zeros((70, 70))
        for c in range(len(Crs)):
            icans = chain.icans_matrix(solved()[row], u[cell], v[cell], c, step)
            for i in range(len(Icans)):
                joint[c * 7 + i] = np.outer(crs[c], icans[i]).ravel()
        reached += mass @ own_death
        mass = (mass * (1 - died.sum(axis=0).ravel())) @ joint
        reached += mass[hit].sum()
        mass[hit] = 0.0
    passage = oracle.first_reaching(toxicity, 3, start, end)
    value = oracle.solve_passages(solved()[row], [passage])[0][cell][origin]
    assert value == pytest.approx(reached, rel=1e-10)


@pytest.mark.parametrize("row", PRODUCTS, ids=product_keys())
@pytest.mark.parametrize("toxicity", ["CRS", "ICANS"])
def test_true_risk_is_lawful(row: int, toxicity: str) -> None:
    """In [0, 1]; more with a longer horizon; less for a higher grade, from every state."""
    made = {
        (grade, days): risk_table(row, Question("q", toxicity, grade, (0.0, 4.0, 9.0), days))
        for grade in (2, 3)
        for days in (1.0, 3.0, 10.0)
    }
    grades = CRS_GRADE[:, None] if toxicity == "CRS" else ICANS_GRADE[None, :]
    for day in (0.0, 4.0, 9.0):
        for grade in (2, 3):
            short, middle, long = (made[grade, days][day] for days in (1.0, 3.0, 10.0))
            below = np.broadcast_to(grades < grade, short.shape)
            assert short.min() >= 0
            assert long.max() <= 1
            assert (short[below] <= middle[below] + 1e-6).all()
            assert (middle[below] <= long[below] + 1e-6).all()
        below = np.broadcast_to(grades < 2, short.shape)
        assert (made[3, 3.0][day][below] <= made[2, 3.0][day][below] + 1e-6).all()


@pytest.mark.parametrize("toxicity", ["crs", "icans"])
def test_true_risk_is_calibrated_on_the_labels_of_the_cohort(toxicity: str) -> None:
    """Per landmark and per fifth of true risk the event share is the mean true risk."""
    question = QUESTIONS[f"severe-{toxicity}-72h"]
    made = synthesize(4000, seed=21, questions=[question])
    rows = labels(made.cohort, question)
    rows = rows[rows["outcome"].notna()].merge(made.truth, on=["course_id", "landmark_day"])
    fifth = rows["true_risk"].rank(pct=True).mul(5).clip(upper=4.999).astype(int)
    for by in (rows["landmark_day"], fifth):
        for _, part in rows.groupby(by):
            risk = part["true_risk"]
            spread = np.sqrt((risk * (1 - risk)).sum())
            gap = part["outcome"].sum() - risk.sum()
            assert abs(gap) <= 4 * spread + 1, (len(part), gap, spread)


def test_before_infusion_the_mean_true_risk_is_the_published_rate() -> None:
    made = synthesize(3000, seed=4, products=["brexu-cel MCL"])
    asked = made.truth["question"] == "severe-icans-30d"
    assert made.truth.loc[asked, "true_risk"].mean() == pytest.approx(0.30, abs=0.02)

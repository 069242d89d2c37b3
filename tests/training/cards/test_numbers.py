"""No number is typed by hand: each is the run's, and moves with it."""

import re
from copy import deepcopy
from dataclasses import replace

import pytest

from models.calibration import Calibrator
from models.refits import Refit, Refits
from tests.training.cards import made_blocks
from tests.training.cards.made_evidence import COHORT, an_evaluation, evidence
from training.cards.chai import chai_xml
from training.cards.markdown import markdown_of
from training.cards.model_facts import model_facts
from training.cards.pack import documents_of

DECIMAL = re.compile(r"(?<![\w.])[+-]?\d+\.\d{3,}(?![\w.])")
SOURCES = {"10.1136", "170.315"}  # a DOI and a section of the law


def text_of(e):
    return "\n".join(map(markdown_of, documents_of(e)))


def numbers_in(part):
    if isinstance(part, dict):
        for inside in part.values():
            yield from numbers_in(inside)
    elif isinstance(part, list):
        for inside in part:
            yield from numbers_in(inside)
    elif isinstance(part, float):
        yield part


def test_every_decimal_of_the_pack_is_in_the_evaluation():
    evaluation = an_evaluation()
    legal = {f"{n:{kind}}" for n in numbers_in(evaluation) for kind in (".3f", "+.4f", ".4f")}
    shown = DECIMAL.findall(text_of(evidence(evaluation)).replace("\\", ""))
    assert len(shown) > 60
    assert set(shown) - SOURCES <= legal


def perturbed(evaluation, *path):
    changed = deepcopy(evaluation)
    part = changed
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] += 3 if isinstance(part[path[-1]], int) else 0.0071
    return changed


PATHS = [
    ("n_rows",), ("n_patients",), ("n_event_rows",), ("n_event_patients",), ("models_tried",),
    ("repeats",),
    *[("model", name, at)
      for name in an_evaluation()["model"] for at in ("estimate", "low", "high")],
    *[("comparators", rival, name, "estimate")
      for rival in ("grade_and_day", "current_grade")
      for name in ("auroc", "same_day_auroc", "brier", "log_loss")],
    *[("differences", "grade_and_day", name, at)
      for name in ("log_loss", "auroc", "same_day_auroc") for at in ("estimate", "low", "high")],
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS, ids=".".join)
def test_a_changed_figure_changes_the_pack(path):
    evaluation = an_evaluation()
    assert text_of(evidence(perturbed(evaluation, *path))) != text_of(evidence(evaluation))


def test_figures_come_with_cohort_n_events_and_interval():
    page = markdown_of(documents_of(evidence())[0])
    assert "914 rows of 135 patients, 30 patients with an event" in page
    assert "in ward records" in page
    assert "0.300 (0.259 to 0.352)" in page


def test_a_figure_that_cannot_be_computed_is_said_so():
    evaluation = an_evaluation()
    evaluation["model"]["auroc"] = {"estimate": None, "low": None, "high": None}
    e = evidence(evaluation)
    assert "not computable" in text_of(e)
    assert "null" in chai_xml(e)


def test_a_small_count_of_people_is_not_printed():
    page = text_of(evidence())
    assert "tisagenlecleucel held back" in page
    assert "axicabtagene ciloleucel held back" in page, "140 in all less 137 is the small one"
    assert "held back of 611" in page
    assert "held back of 303" in page
    large = {"axicabtagene ciloleucel": 120, "tisagenlecleucel": 20}
    page = text_of(evidence(manifest={"products": large}))
    assert "axicabtagene ciloleucel 120, tisagenlecleucel 20" in page


def test_rows_that_are_learnt_from_and_not_judged_are_explained_where_both_stand():
    said = "days on which a patient had the event before"
    assert said in text_of(evidence())
    same = {"n_rows": 914, "n_patients": 135, "n_event_patients": 30}
    assert said not in text_of(evidence(manifest=same))


def test_the_page_of_facts_says_how_many_true_risks_the_interval_held():
    e = evidence(manifest={"interval_coverage": 0.26})
    refits = Refits.join([Refit(e.model.linear, None, Calibrator())])
    e = replace(e, model=replace(e.model, refits=refits))
    assert "held 26 % of synthetic true risks" in markdown_of(model_facts(e))


def test_synthetic_is_called_synthetic_on_every_document():
    e = evidence(an_evaluation(cohort=COHORT | {"synthetic": True}))
    for document in documents_of(e):
        assert markdown_of(document).split("\n")[2].startswith("**SYNTHETIC")
    assert "in SYNTHETIC ward records." in text_of(e), "and where its figures are named"
    assert "SYNTHETIC" in chai_xml(e)
    assert "SYNTHETIC" not in text_of(evidence())


@pytest.mark.parametrize(
    ("name", "block", "seen"),
    [
        ("subgroups", made_blocks.SUBGROUPS,
         "Sex female (60 patients, 12 with the event): AUROC 0.765 (0.600 to 0.900)"),
        ("sample_size", made_blocks.SAMPLE_SIZE, "asks for 1372 patients: too few"),
        ("calibration", made_blocks.CALIBRATION, "0.046 (0.010 to 0.090) off on average"),
        ("decision_curve", made_blocks.DECISION_CURVE,
         "the highest net benefit at 2 of 2 thresholds between 10 and 20 %, against treating "
         "all and none only; at 1 of these 2"),
        ("patient_weighted", made_blocks.PATIENT_WEIGHTED,
         "With every patient weighing the same: AUROC 0.811 (0.700 to 0.900)"),
    ],
)  # fmt: skip
def test_a_block_that_the_run_has_is_shown_and_no_longer_missed(name, block, seen):
    without, found = text_of(evidence()), text_of(evidence(an_evaluation(**{name: block})))
    assert seen in found
    assert seen not in without

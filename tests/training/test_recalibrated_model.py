"""A corrected model is judged, carded, registered and promoted as what it is."""

import re
from dataclasses import replace

import pytest

from features.cohort_files import write_cohort
from models.risk_model import RiskModel
from tests.training.made_up import daily_courses
from tests.training.test_recorded_judging import PLAN
from training import registry
from training.cards.pack import write_pack
from training.contest import OWN_PATIENTS, contest_of
from training.evaluating import evaluate_on, recalibrate_on
from training.export import export_champions
from training.progress import unwatched
from training.promote import promote
from training.recorded_fit import fit_and_record
from training.references import referred
from training.tracking_store import open_store
from training.work_folder import WorkFolder


@pytest.fixture(scope="module")
def corrected(tmp_path_factory, empty_tables):
    """A tracked fit that is champion, and its correction on another site, registered."""
    work = WorkFolder(tmp_path_factory.mktemp("corrected"))
    work.tracking_database.write_bytes(empty_tables.read_bytes())
    store = open_store(work, {})
    done = fit_and_record(PLAN, daily_courses(signal=1.5), work, store)
    registry.point(store, registry.CHAMPION, done.version)
    registry.unpoint(store, registry.CHALLENGER, done.version.question)
    site = daily_courses(signal=1.5, seed=7, events=25)
    place = write_cohort(replace(site, manifest=replace(site.manifest, name="site")),
                         work.root / "site")  # fmt: skip
    out = work.root / "corrected"
    found = recalibrate_on("severe-crs-72h@champion", place, lambda: store, out=out)
    return work, store, out, found, found.record(lambda: store)


def no_store():
    raise AssertionError("a directory needs no store")


def test_it_is_judged_where_it_was_corrected_by_others_than_the_judged(corrected):
    _, _, out, found, _ = corrected
    table = evaluate_on(str(out / "risk_model"), None, no_store).table
    assert table["cohort"]["name"] == "site"
    assert "cross-fitted by patient in 5 folds" in table["method"]
    assert table["model"]["auroc"] == found.table["after"]["auroc"]
    assert "grade_and_day" in table["comparators"]
    assert table["evaluated"]["digest"] == RiskModel.load(out / "risk_model").digest


def test_it_is_the_challenger_with_what_the_gate_reads(corrected):
    _, store, out, found, recorded = corrected
    version = registry.at_alias(store, "severe-crs-72h", registry.CHALLENGER)
    assert version == recorded.version
    assert version.digest == RiskModel.load(out / "risk_model").digest
    champion = registry.at_alias(store, "severe-crs-72h", registry.CHAMPION)
    contest, compared = contest_of(store, version, champion, OWN_PATIENTS, unwatched)
    assert contest.audit is not None
    assert "subgroups" in contest.evaluation
    assert contest.against_champion == found.table["difference"]
    assert "before and after its correction on site" in compared.how
    stranger = replace(champion, digest="0" * 64)
    _, other = contest_of(store, version, stranger, OWN_PATIENTS, unwatched)
    assert other.differences is None
    assert "not of this champion" in other.notes[0]


def test_the_card_says_on_whom_by_which_method_and_of_whom_the_figures_are(corrected, tmp_path):
    _, store, out, _, recorded = corrected
    version = recorded.version
    for said in (str(out / "risk_model"), f"{version.question}/{version.number}"):
        pack = write_pack(said, tmp_path / said[-3:], lambda: store)
        facts = (pack.directory / "model_facts.md").read_text("utf-8")
        assert re.search(
            r"Recalibrated on site, \d+ rows of 60 patients, 25 patients with an event \(\d+ event "
            r"rows\), method intercept; the figures are cross\\?-fitted by patient there\.",
            facts,
        )
        assert "on whom it was corrected; fitted to other patients, in made up" in facts
        tripod = (pack.directory / "tripod_ai.md").read_text("utf-8")
        assert "fitted on all of" in tripod
        assert ", in made up" in tripod


@pytest.mark.usefixtures("own_model_store")
def test_it_can_be_promoted_and_released(corrected):
    work, store, _, _, recorded = corrected
    outcome = promote(store, work, "severe-crs-72h", "the board", "in line with our site")
    if not outcome.promoted:
        rules = tuple(outcome.refused_by)
        outcome = promote(store, work, "severe-crs-72h", "the board", "as a test", rules)
    assert outcome.promoted
    release = export_champions(store, work, "the board", "a first use").record
    assert release.model_digests["severe-crs-72h"] == recorded.version.digest
    assert release.facts["severe-crs-72h"]["n_patients"] == 60


def test_a_corrected_comparator_is_judged_by_itself(corrected):
    model = referred("severe-crs-72h/1", lambda: corrected[1]).model
    simpler = replace(model, manifest={**model.manifest, "comparator": "grade_and_day"})
    assert simpler.comparator == "grade_and_day"
    told = {"recalibrated": {"correction": "intercept"}}
    assert replace(simpler, manifest={**simpler.manifest, **told}).comparator == ""

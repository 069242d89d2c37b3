"""What a person names is found with all that lies beside it, or it is said what to name."""

import json
from dataclasses import replace

import pytest

from features.errors import CardError, NotAssessable
from tests.training.cards.made_evidence import a_plan, an_audit, an_evaluation
from tests.training.tiny_models import a_model_directory, a_risk_model
from training import registry
from training.__main__ import main
from training.aggregate import COUNTS, shareable, shareable_transport
from training.cards.gathering import gather
from training.cards.pack import write_pack
from training.cards.statements import ASKED, Statements
from training.tracking import MlflowTracker

FILES = {
    "model_facts.html", "model_facts.md", "tripod_ai.md", "probast_ai.md", "hti1.md",
    "change_plan.md", "model_card.xml", "evidence.html",
}  # fmt: skip


def no_store():
    raise AssertionError("a directory needs no store")


@pytest.fixture
def directory(tmp_path):
    """A model directory with evaluation, plan and audit beside it."""
    made = a_model_directory(tmp_path / "plan")
    for name, content in (
        (registry.EVALUATION, an_evaluation()),
        (registry.PLAN, a_plan().to_dict()),
        (registry.AUDIT, an_audit()),
    ):
        (made.parent / name).write_text(json.dumps(content))
    return made


@pytest.fixture
def run(store, directory):
    """The same, registered; and the run of a trial below it."""
    tracker = MlflowTracker(store, "plan", "fit", {})
    for name in (registry.EVALUATION, registry.PLAN, registry.AUDIT):
        tracker.artifact(directory.parent / name)
    version = registry.register(tracker, directory)
    with tracker.child("trial-0", "trial") as child:
        trial = child.run_id
    tracker.end()
    return version, trial


def test_a_directory_makes_a_whole_pack_without_a_store(directory, tmp_path):
    pack = write_pack(str(directory), tmp_path / "out" / "pack", no_store)
    assert {path.name for path in pack.directory.iterdir()} == FILES
    lines = pack.lines()
    assert lines[0].startswith("SYNTHETIC evidence pack of tiny")
    assert sum("items missing" in line for line in lines) == 5


def test_run_alias_and_directory_make_the_same_pack_but_for_the_names(store, run, directory):
    version, _ = run
    by_run = gather(version.run_id, lambda: store, Statements())
    by_alias = gather(f"{version.question}@challenger", lambda: store, Statements())
    by_place = gather(str(directory), no_store, Statements())
    assert by_run.evaluation == by_alias.evaluation == by_place.evaluation
    assert by_run.settings == by_place.settings
    assert by_run.audit == by_place.audit
    assert by_run.version == by_alias.version == version
    assert by_place.version is None


def test_an_override_of_the_gate_comes_along(store, run):
    version, _ = run
    said = {"rules": {"enough_patients_had_the_event": "pilot"}, "who": "the board", "why": "x"}
    registry.tag(store, version, {registry.OVERRIDDEN: json.dumps(said)})
    found = gather(version.run_id, lambda: store, Statements())
    assert found.overridden == said


def test_a_model_without_its_evaluation_says_what_to_do(tmp_path):
    made = a_model_directory(tmp_path)
    with pytest.raises(CardError, match=r"No evaluation\.json lies beside"):
        gather(str(made), no_store, Statements())


@pytest.mark.parametrize("content", ["[]", '{"n_rows": 7}'])
def test_what_is_no_evaluation_is_refused_by_what_it_lacks(directory, content):
    (directory.parent / registry.EVALUATION).write_text(content)
    with pytest.raises(CardError, match=r"evaluation\.json lacks .*comparators"):
        gather(str(directory), no_store, Statements())


def test_an_evaluation_elsewhere_has_to_be_of_this_model(directory, tmp_path):
    path = tmp_path / "other.json"
    table = an_evaluation(evaluated={"digest": a_risk_model().digest})
    path.write_text(json.dumps(table))
    found = gather(str(directory), no_store, Statements(), [path])
    assert found.elsewhere == (shareable(table),)
    path.write_text(json.dumps(an_evaluation(evaluated={"digest": "0" * 64})))
    with pytest.raises(CardError, match="not an evaluation of this model"):
        gather(str(directory), no_store, Statements(), [path])
    path.write_text("{")
    with pytest.raises(CardError, match="is no JSON"):
        gather(str(directory), no_store, Statements(), [path])
    with pytest.raises(CardError, match="cannot be read"):
        gather(str(directory), no_store, Statements(), [tmp_path / "none.json"])


def test_what_transport_found_has_to_be_of_the_same_cohort_and_question(tmp_path):
    made = replace(a_risk_model(), manifest={"fingerprint": "f00d"})
    made.save(tmp_path / "risk_model")
    (tmp_path / registry.EVALUATION).write_text(json.dumps(an_evaluation()))
    table = {"by": "site", "groups": [], "not_assessable": {}, "left_out": {},
             "pooled": dict.fromkeys(COUNTS, 20) | {"n_patients": 40},
             "cohort": {"fingerprint": "f00d"}, "question": made.question.to_dict()}  # fmt: skip
    path = tmp_path / "sites.json"
    path.write_text(json.dumps(table))
    found = gather(str(tmp_path / "risk_model"), no_store, Statements(), [path])
    assert found.transports == (shareable_transport(table),)
    assert found.elsewhere == ()
    for changed in ({"cohort": {"fingerprint": "cafe"}}, {"question": {}}):
        path.write_text(json.dumps(table | changed))
        with pytest.raises(CardError, match="another cohort or question"):
            gather(str(tmp_path / "risk_model"), no_store, Statements(), [path])


def test_of_few_patients_there_is_no_card_unless_they_are_made_up(tmp_path):
    few = an_evaluation(n_patients=9, n_event_patients=5)
    (tmp_path / registry.EVALUATION).write_text(json.dumps(few))
    for synthetic in (True, False):
        a_risk_model(synthetic=synthetic).save(tmp_path / "risk_model")
        if synthetic:
            assert gather(str(tmp_path / "risk_model"), no_store, Statements()).synthetic
        else:
            with pytest.raises(NotAssessable, match="card is not shared: fewer than 10 patients"):
                gather(str(tmp_path / "risk_model"), no_store, Statements())


@pytest.fixture
def command_line(folder, monkeypatch):
    monkeypatch.setenv("VIGICELL_WORK", str(folder.root))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return main


def test_the_command_draws_up_a_draft_and_then_the_pack(command_line, directory, tmp_path, capsys):
    draft = tmp_path / "statements.toml"
    assert command_line(["card", "--draft-statements", str(draft)]) == 0
    assert f"{len(ASKED)} statements to fill" in capsys.readouterr().out
    draft.write_text(draft.read_text().replace('funding = ""', 'funding = "A public grant."'))
    out = tmp_path / "pack"
    asked = ["card", str(directory), "--out", str(out), "--statements", str(draft)]
    assert command_line(asked) == 0
    assert "A public grant." in (out / "tripod_ai.md").read_text()
    assert "items missing" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["card"], "--out DIR"),
        (["card", "x@champion"], "--out DIR"),
        (["card", "severe-crs-72h@champion", "--out", "OUT"], "Nothing is registered"),
        (["card", "0" * 32, "--out", "OUT"], "There is no run"),
        (["card", "nowhere/at all", "--out", "OUT"], "no such directory"),
    ],
    ids=["nothing", "no place", "alias", "run", "place"],
)
def test_what_cannot_be_carded_is_exit_code_2_and_leaves_nothing(
    command_line, tmp_path, capsys, arguments, said
):
    out = tmp_path / "pack"
    assert command_line([str(out) if one == "OUT" else one for one in arguments]) == 2
    assert said in capsys.readouterr().err
    assert not out.exists()


def test_a_trial_is_no_model(command_line, run, tmp_path, capsys):
    assert command_line(["card", run[1], "--out", str(tmp_path / "pack")]) == 2
    assert "it is a trial, a fold" in capsys.readouterr().err


def test_a_store_that_is_away_is_exit_code_2(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert main(["card", "severe-crs-72h@champion", "--out", str(tmp_path / "pack")]) == 2
    assert "TrackingError" in capsys.readouterr().err

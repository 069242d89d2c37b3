"""What a person writes finds the model and what was found out about it, or says what to write."""

import json

import pytest

from features.errors import ModelFormatError, TrackingError
from tests.training.tiny_models import a_model_directory
from training import registry
from training.references import referred
from training.tracking import MlflowTracker


def no_store():
    raise AssertionError("a directory needs no store")


@pytest.fixture
def run(store, tmp_path):
    """A registered model with an evaluation recorded beside it, and its run id."""
    tracker = MlflowTracker(store, "plan", "fit", {})
    tracker.document(registry.EVALUATION, {"n_rows": 7})
    version = registry.register(tracker, a_model_directory(tmp_path))
    with tracker.child("trial-0", "trial") as child:
        trial = child.run_id
    tracker.end()
    return version, trial


def test_a_directory_comes_with_the_documents_beside_it(tmp_path):
    directory = a_model_directory(tmp_path)
    (directory.parent / registry.EVALUATION).write_text(json.dumps({"n_rows": 7}))
    found = referred(str(directory), no_store)
    assert found.documents == {registry.EVALUATION: {"n_rows": 7}}
    assert found.version is None


def test_a_run_an_alias_and_a_number_name_the_same_model(store, run):
    version, _ = run
    for said in (version.run_id, f"{version.question}@challenger", f"{version.question}/1"):
        found = referred(said, lambda: store)
        assert found.version == version
        assert found.model.digest == version.digest
        assert found.documents[registry.EVALUATION] == {"n_rows": 7}
        assert registry.COMPARATORS not in found.documents


def test_what_names_nothing_says_what_to_write(store, run, tmp_path):
    version, trial = run
    for said, answer in (
        ("0" * 32, "There is no run"),
        (trial, "registered no model"),
        (f"{version.question}@champion", "Nothing is registered"),
        (f"{version.question}/99", version.question),
        ("nowhere/at all", "no such directory, and no reference"),
    ):
        with pytest.raises(TrackingError, match=answer):
            referred(said, lambda: store)
    with pytest.raises(ModelFormatError, match="no risk-model directory"):
        referred(str(tmp_path), no_store)


def test_a_broken_document_is_named(tmp_path):
    directory = a_model_directory(tmp_path)
    (directory.parent / registry.AUDIT).write_text("{")
    with pytest.raises(ModelFormatError, match=r"audit\.json is no JSON"):
        referred(str(directory), no_store)

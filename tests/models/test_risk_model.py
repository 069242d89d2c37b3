"""A saved model answers the same bits, and one that is not whole does not answer."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from features.errors import ModelFormatError, NotAssessable
from features.predictors import PredictorSet
from models import sealed_directory
from models.calibration import KINDS
from models.columns import NamedMatrix
from models.linear import LinearMargin, Term
from models.risk_model import FORMAT_VERSION, ReferenceRisk, RiskModel, digest
from tests.models.conftest import Rows


@pytest.fixture
def saved(model: RiskModel, tmp_path: Path) -> Path:
    model.save(tmp_path / "model")
    return tmp_path / "model"


class TestAnswers:
    @pytest.mark.parametrize("rounds", [0, 12])
    @pytest.mark.parametrize("kind", KINDS)
    def test_the_same_bits_after_reload(
        self, a_model: Callable[..., RiskModel], rows: Rows, tmp_path: Path, kind: str, rounds: int
    ) -> None:
        before = a_model(kind=kind, rounds=rounds, n_refits=3)
        before.save(tmp_path / "m")
        after = RiskModel.load(tmp_path / "m")
        assert (after.predict(rows.X) == before.predict(rows.X)).all()
        assert (after.interval(rows.X) == before.interval(rows.X)).all()
        told, again = before.explain(rows.X), after.explain(rows.X)
        assert (told.log_odds == again.log_odds).all()
        assert (after.trees is None) == (rounds == 0)
        assert after.question == before.question
        assert after.predictors.names() == before.predictors.names()
        assert after.reference_risks == before.reference_risks
        assert after.tiers == before.tiers

    def test_risks_lie_in_the_open_interval(self, model: RiskModel, rows: Rows) -> None:
        p = model.predict(rows.X)
        assert ((p > 0) & (p < 1)).all()

    def test_frame_named_matrix_and_array_give_the_same_bits(
        self, model: RiskModel, rows: Rows
    ) -> None:
        names = model.predictors.names()
        frame = model.predict(rows.X)
        numbers = rows.X[list(names)].to_numpy()
        turned = rows.X[rows.X.columns[::-1]].assign(ecog=1.0)
        assert (model.predict(numbers) == frame).all()
        assert (model.predict(NamedMatrix(names, numbers)) == frame).all()
        assert (model.predict(turned) == frame).all()

    def test_one_row_equals_the_same_row_among_many(self, model: RiskModel, rows: Rows) -> None:
        together = model.predict(rows.X)
        alone = [model.predict(rows.X.iloc[[row]])[0] for row in range(40)]
        assert alone == together[:40].tolist()

    def test_a_wholly_unknown_patient_gets_an_answer(self, model: RiskModel) -> None:
        unknown = np.full((1, len(model.predictors.names())), np.nan)
        assert 0 < model.predict(unknown)[0] < 1
        assert np.isfinite(model.interval(unknown)).all()

    def test_the_grade_never_lowers_the_risk(self, model: RiskModel, rows: Rows) -> None:
        by_grade = [model.predict(rows.X.assign(crs_grade=g)) for g in (0.0, 1.0, 2.0, 3.0)]
        assert (np.diff(by_grade, axis=0) >= -1e-9).all()

    def test_no_refits_no_interval(self, a_model: Callable[..., RiskModel], rows: Rows) -> None:
        interval = a_model(n_refits=0).interval(rows.X)
        assert interval.shape == (len(rows.X), 2)
        assert np.isnan(interval).all()

    def test_absent_columns_are_refused_by_name(self, model: RiskModel, rows: Rows) -> None:
        with pytest.raises(NotAssessable, match="day"):
            model.predict(rows.X.drop(columns="day"))
        with pytest.raises(ValueError, match="7 columns are expected"):
            model.predict(np.zeros((1, 3)))


class TestWhatItKnowsOfItsTraining:
    def test_unseen_products(self, model: RiskModel) -> None:
        assert not model.unseen_product("tisagenlecleucel")
        assert model.unseen_product("obecabtagene autoleucel")
        assert model.unseen_product(None)

    def test_the_average_patient_is_of_this_product_where_there_were_any(
        self, model: RiskModel
    ) -> None:
        own = model.reference_risk("tisagenlecleucel", 3)
        assert own == ReferenceRisk(0.25, "tisagenlecleucel", 3.0)
        assert model.reference_risk("tisagenlecleucel", 0) == ReferenceRisk(0.1, "all", 0.0)
        assert model.reference_risk(None, 3) == ReferenceRisk(0.2, "all", 3.0)
        assert model.reference_risk("tisagenlecleucel", 9) is None

    def test_only_columns_that_are_read_can_be_unusual(
        self, a_model: Callable[..., RiskModel], rows: Rows
    ) -> None:
        far = rows.X.head(1).assign(il6_pg_ml__last=1e9, crp_mg_l__last=1e9)
        linear_only, with_trees = a_model(rounds=0, n_refits=0), a_model(n_refits=0)
        assert [u.predictor for u in linear_only.unusual(far)[0]] == ["crp_mg_l__last"]
        assert {u.predictor for u in with_trees.unusual(far)[0]} >= {"il6_pg_ml__last"}

    @pytest.mark.parametrize(("coverage", "named"), [(0.9, True), (0.89, False), (None, False)])
    def test_an_interval_that_covers_too_little_is_not_called_95_percent(
        self, model: RiskModel, coverage: float | None, named: bool
    ) -> None:
        from dataclasses import replace

        of = replace(model, manifest={"interval_coverage": coverage})
        assert ("95 %" in of.interval_name) is named

    def test_columns_outside_of_the_predictor_set_are_refused(self, model: RiskModel) -> None:
        from dataclasses import replace

        stranger = LinearMargin(0.0, (Term("ecog", "number", 1.0),))
        with pytest.raises(ModelFormatError, match="ecog"):
            replace(model, linear=stranger)


class TestDirectory:
    def test_the_digest_is_that_of_the_files(self, model: RiskModel, saved: Path) -> None:
        assert digest(saved) == model.digest == RiskModel.load(saved).digest

    def test_saving_what_was_loaded_gives_the_same_digest(
        self, saved: Path, tmp_path: Path
    ) -> None:
        RiskModel.load(saved).save(tmp_path / "again")
        assert digest(tmp_path / "again") == digest(saved)

    def test_every_file_is_json_without_a_class_name_of_ours(self, saved: Path) -> None:
        for path in saved.iterdir():
            text = path.read_text()
            json.loads(text)
            assert "RiskModel" not in text
            assert "models." not in text

    @pytest.mark.parametrize(
        "name",
        [
            "files.json",
            "model.json",
            "linear.json",
            "calibrator.json",
            "trees.json",
            "refits.json",
            "refits_trees.json",
        ],
    )
    def test_a_missing_file_is_named(self, saved: Path, name: str) -> None:
        (saved / name).unlink()
        with pytest.raises(ModelFormatError, match=name):
            RiskModel.load(saved)

    @pytest.mark.parametrize("name", ["model.json", "linear.json", "trees.json"])
    def test_a_changed_file_is_named(self, saved: Path, name: str) -> None:
        path = saved / name
        path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
        before = digest(saved)
        with pytest.raises(ModelFormatError, match=f"{name} was changed"):
            RiskModel.load(saved)
        assert before == digest(saved)

    def test_an_unknown_file_is_named(self, saved: Path) -> None:
        (saved / "model.pkl").write_bytes(b"")
        with pytest.raises(ModelFormatError, match=r"model\.pkl does not belong"):
            RiskModel.load(saved)

    def test_a_link_is_refused(self, saved: Path, tmp_path: Path) -> None:
        outside = tmp_path / "linear.json"
        outside.write_bytes((saved / "linear.json").read_bytes())
        (saved / "linear.json").unlink()
        (saved / "linear.json").symlink_to(outside)
        with pytest.raises(ModelFormatError, match="is a link"):
            RiskModel.load(saved)

    def test_a_newer_format_is_refused_by_name(self, saved: Path) -> None:
        seal = json.loads((saved / "files.json").read_text())
        seal["format_version"] = FORMAT_VERSION + 1
        (saved / "files.json").write_text(json.dumps(seal))
        says = f"vigicell-risk-model of format {FORMAT_VERSION + 1}.*Update VigiCell"
        with pytest.raises(ModelFormatError, match=says):
            RiskModel.load(saved)

    @pytest.mark.parametrize("version", [None, "1", True, 0])
    def test_a_format_that_is_no_version_is_refused(self, saved: Path, version: object) -> None:
        seal = json.loads((saved / "files.json").read_text())
        (saved / "files.json").write_text(json.dumps({**seal, "format_version": version}))
        with pytest.raises(ModelFormatError, match="format"):
            RiskModel.load(saved)

    def test_another_kind_of_directory_is_refused(self, saved: Path, tmp_path: Path) -> None:
        (saved / "files.json").write_text('{"format": "something else"}')
        with pytest.raises(ModelFormatError, match="does not describe"):
            RiskModel.load(saved)
        with pytest.raises(ModelFormatError, match="is not a directory"):
            RiskModel.load(tmp_path / "nowhere")

    def test_parts_that_do_not_fit_are_a_format_error(self, model: RiskModel) -> None:
        files = {k: v for k, v in model._files().items() if k != "files.json"}
        facts = json.loads(files["model.json"])
        for broken in ({**facts, "quantiles": 3}, {k: v for k, v in facts.items() if k != "name"}):
            resealed = sealed_directory.sealed(
                {**files, "model.json": sealed_directory.json_bytes(broken)},
                "vigicell-risk-model",
                FORMAT_VERSION,
            )
            with pytest.raises(ModelFormatError, match="do not fit together"):
                RiskModel.from_files(resealed)

    def test_nan_in_the_manifest_is_refused(self, model: RiskModel, tmp_path: Path) -> None:
        from dataclasses import replace

        with pytest.raises(ModelFormatError, match="plain JSON"):
            replace(model, manifest={"slope": float("nan")}).save(tmp_path / "m")
        assert not (tmp_path / "m").exists()

    def test_numpy_numbers_in_the_manifest_are_numbers(
        self, model: RiskModel, tmp_path: Path
    ) -> None:
        from dataclasses import replace

        replace(model, manifest={"n": np.int64(3)}).save(tmp_path / "m")
        assert RiskModel.load(tmp_path / "m").manifest == {"n": 3}


class TestDiskFull:
    def test_the_old_model_stays_whole(
        self,
        a_model: Callable[..., RiskModel],
        saved: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        before = digest(saved)
        written = []

        def write_until_full(path: Path, content: bytes) -> None:
            if len(written) == 2:
                path.write_bytes(content[:10])
                raise OSError(errno.ENOSPC, "No space left on device")
            written.append(path)
            path.write_bytes(content)

        monkeypatch.setattr(sealed_directory, "_write", write_until_full)
        with pytest.raises(ModelFormatError, match=r"No space left.*before is unchanged"):
            a_model(rounds=0, n_refits=0).save(saved)
        assert digest(saved) == before
        RiskModel.load(saved)
        assert [path.name for path in saved.parent.iterdir()] == ["model"]

    def test_a_model_is_replaced_whole(
        self, a_model: Callable[..., RiskModel], saved: Path
    ) -> None:
        a_model(rounds=0, n_refits=0).save(saved)
        assert RiskModel.load(saved).trees is None
        assert not (saved / "trees.json").exists()

    def test_a_directory_of_something_else_is_left_alone(
        self, model: RiskModel, tmp_path: Path
    ) -> None:
        (tmp_path / "notes.txt").write_text("mine")
        with pytest.raises(ModelFormatError, match="not empty"):
            model.save(tmp_path)
        assert (tmp_path / "notes.txt").read_text() == "mine"


def test_loading_and_answering_imports_nothing_of_training(saved: Path) -> None:
    heavy = {"shap", "mlflow", "optuna", "matplotlib", "bentoml", "pyarrow.dataset"}
    script = f"""
import sys, numpy as np
from models.risk_model import RiskModel
model = RiskModel.load({str(saved)!r})
model.explain(np.zeros((1, len(model.predictors.names()))))
print(sorted({heavy!r} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_model_without_trees_never_imports_xgboost(
    a_model: Callable[..., RiskModel], tmp_path: Path
) -> None:
    a_model(rounds=0, n_refits=2).save(tmp_path / "m")
    script = f"""
import sys, numpy as np
from models.risk_model import RiskModel
model = RiskModel.load({str(tmp_path / "m")!r})
X = np.zeros((1, len(model.predictors.names())))
model.explain(X), model.interval(X)
print("xgboost" in sys.modules, "sklearn" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False False"


def test_the_predictor_set_is_stored_with_its_version(saved: Path) -> None:
    facts = json.loads((saved / "model.json").read_text())
    assert facts["predictors"]["version"] == PredictorSet().version

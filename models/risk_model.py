"""A risk model: one fitted answer to one question, and everything the answer depends on.

    raw log-odds = linear margin + trees grown on its residual
    risk         = sigmoid(calibrator(raw log-odds))

A saved model is a sealed directory of plain JSON (the trees in XGBoost's own), without a class name
or code inside, and answers the same bits after it is loaded. What was found when it was judged lies
beside the directory, not in it, and so outside of its digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from features.errors import ModelFormatError, VigiCellError
from features.predictors import PredictorSet
from features.questions import Question
from models.boosted import BoostedTrees
from models.calibration import Calibrator
from models.columns import Floats, Matrix, NamedMatrix, named_matrix
from models.explanation import Explanation, explain
from models.linear import LinearMargin
from models.logistic import sigmoid
from models.refits import Refits
from models.sealed_directory import (
    SEAL,
    digest_of_files,
    json_bytes,
    parsed_json,
    read_files,
    sealed,
    unsealed,
    write_directory,
)
from models.tiers import ONE_TIER, Tiers
from models.training_range import TrainingRanges, Unusual

FORMAT = "vigicell-risk-model"
FORMAT_VERSION = 1
ALL_PRODUCTS = "all"
RECALIBRATED = "recalibrated"
LEAST_COVERAGE = 0.90
_TREE_FILES = ("trees.json", "refits_trees.json")


@dataclass(frozen=True)
class ReferenceRisk:
    """Mean risk of training patients at a landmark day: the patient that a ratio refers to.

    Parameters
    ----------
    probability : float
    product : str
        The product it was taken over, or ``"all"``.
    landmark_day : float
    """

    probability: float
    product: str
    landmark_day: float


@dataclass(frozen=True, eq=False)
class RiskModel:
    """One fitted answer to one question.

    Parameters
    ----------
    name : str
        What the model is called.
    question : Question
    predictors : PredictorSet
        Which columns it expects, in which order, by which version of their definitions.
    linear : LinearMargin
    trees : BoostedTrees or None
        None where no tree was worth growing: the linear margin is the model.
    calibrator : Calibrator
    refits : Refits or None
        None gives no interval (NaN).
    tiers : Tiers
        By default one tier, which says nothing.
    quantiles : TrainingRanges
    reference_risks : mapping of product (or "all") to mapping of landmark day to mean risk
    manifest : mapping
        Plain JSON: cohort, fingerprint, n, events, synthetic, plan, products (name to count),
        resolution, grading_system, versions, limitations, interval_coverage, and what else an
        answer should say.
    """

    name: str
    question: Question
    predictors: PredictorSet
    linear: LinearMargin
    trees: BoostedTrees | None = None
    calibrator: Calibrator = field(default_factory=Calibrator)
    refits: Refits | None = None
    tiers: Tiers = ONE_TIER
    quantiles: TrainingRanges = field(default_factory=lambda: TrainingRanges({}))
    reference_risks: Mapping[str, Mapping[float, float]] = field(default_factory=dict)
    manifest: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tree_columns = () if self.trees is None else self.trees.predictors
        strangers = {*self.linear.predictors, *tree_columns} - {*self.predictors.names()}
        if strangers:
            raise ModelFormatError(
                f"{self.name} reads columns outside of its predictor set: "
                f"{', '.join(sorted(strangers)[:5])}."
            )

    @property
    def synthetic(self) -> bool:
        """Whether it was trained on made-up patients."""
        return bool(self.manifest.get("synthetic"))

    @property
    def recalibrated(self) -> Mapping[str, Any] | None:
        """On whom it was corrected after its fit, and how; None where it was not."""
        found: Mapping[str, Any] | None = self.manifest.get(RECALIBRATED)
        return found

    @property
    def comparator(self) -> str:
        """Which comparator of a fit it is and was judged as; empty for any other model.

        A corrected comparator was judged by itself since.
        """
        return "" if self.recalibrated else str(self.manifest.get("comparator", ""))

    @property
    def interval_name(self) -> str:
        """What the interval may be called: 95 % only if it covers at least 90 % of true risks."""
        coverage = self.manifest.get("interval_coverage")
        if coverage is not None and coverage >= LEAST_COVERAGE:
            return "95 % interval"
        return "2.5 to 97.5 percentile of refits"

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all files of its directory."""
        return digest_of_files(self._files())

    def matrix(self, X: Matrix | Floats) -> NamedMatrix:
        """Give X as the model reads it.

        Parameters
        ----------
        X : DataFrame, NamedMatrix or ndarray, shape (n, k)
            An array has the columns of ``predictors.names()``, in that order; the others may have
            more columns, in any order.

        Raises
        ------
        NotAssessable
            If a column is absent or a value infinite.
        """
        names = self.predictors.names()
        if isinstance(X, np.ndarray):
            if X.ndim != 2 or X.shape[1] != len(names):
                raise ValueError(f"{len(names)} columns are expected, got shape {X.shape}")
            return NamedMatrix(names, np.asarray(X, dtype=np.float64))
        found = named_matrix(X)
        return found if found.names == names else NamedMatrix(names, found.take(names))

    def raw_margin(self, X: Matrix | Floats) -> Floats:
        """Log-odds before calibration, shape (n,)."""
        matrix = self.matrix(X)
        base = self.linear.margin(matrix)
        return base if self.trees is None else self.trees.margin(matrix, base)

    def margin(self, X: Matrix | Floats) -> Floats:
        """Calibrated log-odds, shape (n,)."""
        return self.calibrator.margin(self.raw_margin(X))

    def predict(self, X: Matrix | Floats) -> Floats:
        """Risk under usual treatment at the training site, in (0, 1), shape (n,)."""
        return sigmoid(self.margin(X))

    def interval(self, X: Matrix | Floats) -> Floats:
        """Percentiles 2.5 and 97.5 of the risk over the refits, shape (n, 2); NaN without refits.

        See :meth:`models.refits.Refits.interval` for what it does and does not cover.
        """
        matrix = self.matrix(X)
        if self.refits is None:
            return np.full((len(matrix), 2), np.nan)
        return self.refits.interval(matrix)

    def explain(self, X: Matrix | Floats) -> Explanation:
        """Contributions that add up to the calibrated log-odds, and rescaled to the risk."""
        return explain(self.matrix(X), self.linear, self.trees, self.calibrator)

    def unusual(self, X: Matrix | Floats) -> list[list[Unusual]]:
        """Return, for each row, what the model reads outside of the 1 to 99 % training range."""
        return self.quantiles.unusual(self.matrix(X), self.reads)

    def unseen_product(self, product: str | None) -> bool:
        """Whether no training patient had this product (or it is not known)."""
        return product not in self.manifest.get("products", {})

    def reference_risk(self, product: str | None, landmark_day: float) -> ReferenceRisk | None:
        """Average risk at this landmark day for this product, else for all; None if unknown."""
        for asked in (product or ALL_PRODUCTS, ALL_PRODUCTS):
            found = self.reference_risks.get(asked, {}).get(float(landmark_day))
            if found is not None:
                return ReferenceRisk(found, asked, float(landmark_day))
        return None

    def save(self, directory: Path | str) -> str:
        """Write the model directory, whole or not at all, and return its digest.

        Raises
        ------
        ModelFormatError
            If it cannot be written; an earlier model there stays whole.
        """
        write_directory(Path(directory), self._files(), mark=SEAL)
        return self.digest

    @classmethod
    def load(cls, directory: Path | str) -> RiskModel:
        """Read a model directory, after checking every file in it.

        Raises
        ------
        ModelFormatError
            With the file's name: missing, unknown, changed, or of a newer format.
        """
        return cls.from_files(read_files(Path(directory)))

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> RiskModel:
        """Read a model from the contents of its files; raises as :meth:`load` does."""
        inside = unsealed(files, FORMAT, FORMAT_VERSION)
        try:
            model = _from_parts(cls, inside)
        except VigiCellError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as failure:
            raise ModelFormatError(
                f"the model's files do not fit together ({type(failure).__name__}: {failure})."
            ) from None
        model.__dict__["digest"] = digest_of_files(files)
        return model

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """The predictors that the margin or any tree may read, in the order of the set."""
        read = {*self.linear.predictors, *(self.trees.predictors if self.trees else ())}
        return tuple(name for name in self.predictors.names() if name in read)

    def _files(self) -> dict[str, bytes]:
        contents: dict[str, Any] = {
            "model.json": self._facts(),
            "linear.json": self.linear.to_json(),
            "calibrator.json": self.calibrator.to_json(),
        }
        texts: dict[str, bytes] = {}
        if self.refits is not None:
            contents["refits.json"] = self.refits.to_json()
            if self.refits.tree_text is not None:
                texts["refits_trees.json"] = self.refits.tree_text.encode()
        if self.trees is not None:
            texts["trees.json"] = self.trees.text.encode()
        plain = {name: json_bytes(content) for name, content in contents.items()}
        return sealed({**plain, **texts}, FORMAT, FORMAT_VERSION)

    def _facts(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "question": self.question.to_dict(),
            "predictors": self.predictors.to_dict(),
            "trees": None if self.trees is None else self.trees.to_json(),
            "tiers": self.tiers.to_json(),
            "quantiles": self.quantiles.to_json(),
            "reference_risks": {
                product: [[float(day), float(risk)] for day, risk in by_day.items()]
                for product, by_day in self.reference_risks.items()
            },
            "manifest": dict(self.manifest),
        }


def _from_parts(cls: type[RiskModel], inside: Mapping[str, bytes]) -> RiskModel:
    facts = parsed_json(inside, "model.json")
    texts = {name: inside[name].decode() for name in _TREE_FILES if name in inside}
    refits = None
    if "refits.json" in inside:
        saved = parsed_json(inside, "refits.json")
        refits = Refits.from_json(saved, texts.get("refits_trees.json"))
    trees = None
    if facts["trees"] is not None:
        if "trees.json" not in texts:
            raise ModelFormatError("trees.json is missing from the model. Copy it again.")
        trees = BoostedTrees.from_json(facts["trees"], texts["trees.json"])
    return cls(
        name=facts["name"],
        question=Question.from_dict(facts["question"]),
        predictors=PredictorSet.from_dict(facts["predictors"]),
        linear=LinearMargin.from_json(parsed_json(inside, "linear.json")),
        trees=trees,
        calibrator=Calibrator.from_json(parsed_json(inside, "calibrator.json")),
        refits=refits,
        tiers=Tiers.from_json(facts["tiers"]),
        quantiles=TrainingRanges.from_json(facts["quantiles"]),
        reference_risks={
            product: {float(day): float(risk) for day, risk in by_day}
            for product, by_day in facts["reference_risks"].items()
        },
        manifest=facts["manifest"],
    )


def digest(directory: Path | str) -> str:
    """Return the SHA-256 over all files of a model directory, as they are now.

    Raises
    ------
    ModelFormatError
        If there is no such directory.
    """
    return digest_of_files(read_files(Path(directory)))

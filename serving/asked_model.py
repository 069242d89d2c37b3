"""A risk model with what a person is told of it."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from features.errors import ProductError
from features.products import product as catalogued
from models.columns import Floats
from models.risk_model import RiskModel
from serving.bedside import Bedside
from serving.replies import ModelName


class AskedModel:
    """A risk model made ready to be asked about single courses.

    `judged` is what its release says of it: figures, verdict and overridden rules of the gate.
    """

    def __init__(self, model: RiskModel, judged: Mapping[str, Any] | None = None) -> None:
        self.model = model
        self.judged = dict(judged or {})
        self.names = model.predictors.names()
        self.inputs = tuple(sorted(model.predictors.inputs_read()))
        self.grading_system = str(model.manifest.get("grading_system", "ASTCT"))
        self._names_in_training = _names_in_training(model)

    def unseen(self, product: str) -> bool:
        """Whether no course of a product (by its name in the catalogue) was in training."""
        return self.model.unseen_product(self._names_in_training.get(product, product))

    def name(self, product: str | None = None) -> ModelName:
        """Return which model this is, and whether it has seen a product."""
        facts = self.model.manifest
        return ModelName(
            name=self.model.name,
            version=self.model.digest,
            cohort=str(facts.get("cohort", "")),
            cohort_fingerprint=str(facts.get("fingerprint", "")),
            n=_count(facts.get("n")),
            events=_count(facts.get("events")),
            synthetic=self.model.synthetic,
            product_in_training=None if product is None else not self.unseen(product),
        )

    def row(self, bedside: Bedside) -> Floats:
        """Return what the model reads of a course, shape (1, k)."""
        return bedside.row(self.model.predictors, self.grading_system)


def _names_in_training(model: RiskModel) -> dict[str, str]:
    """Return catalogue name -> the name that the training cohort used (a brand, a short name)."""
    found: dict[str, str] = {}
    for name in (*model.manifest.get("products", ()), *model.reference_risks):
        with suppress(ProductError):  # "all", and what no longer is in the catalogue
            found.setdefault(catalogued(name).name, name)
    return found


def _count(number: Any) -> int:
    return round(number) if isinstance(number, int | float) else 0

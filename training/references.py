"""From what a person writes to a model and the documents beside it.

A reference is a risk-model directory (its documents lie beside it), a run id of MLflow, or a
registered model: ``severe-crs-72h@champion`` by alias, ``severe-crs-72h/3`` by number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from features.errors import ModelFormatError, TrackingError
from models.risk_model import RiskModel
from models.sealed_directory import SEAL
from training import registry
from training.comparators_evaluation import checked_evaluation, of_comparator
from training.registry import Version
from training.synthetic_mark import mark
from training.tracking_store import TrackingStore

DOCUMENTS = (
    registry.EVALUATION, registry.AUDIT, registry.PLAN, registry.COMPARATORS, registry.DRAWS,
)  # fmt: skip
_RUN_ID = re.compile(r"[0-9a-f]{32}")
_REGISTERED = re.compile(r"(?P<question>[A-Za-z0-9._-]+)(?:@(?P<alias>[\w-]+)|/(?P<number>\d+))")

OpenStore = Callable[[], TrackingStore]


@dataclass(frozen=True, eq=False)
class Referred:
    """A model and what was found out about it.

    Parameters
    ----------
    said : the reference as it was written.
    model : the model itself.
    documents : file name of DOCUMENTS -> its content; absent where there is none. The evaluation is
        that of this model, also where it is a comparator of a fit.
    version : where it is registered; None for a directory.
    """

    said: str
    model: RiskModel
    documents: Mapping[str, Any] = field(default_factory=dict)
    version: Version | None = None

    @property
    def called(self) -> str:
        """How a person calls it, marked where it learnt from made-up patients."""
        own = f"{mark(self.model.synthetic)}{self.model.name}"
        return self.version.name if self.version else own


def referred(said: str, store: OpenStore) -> Referred:
    """Load the model that a reference names, with its documents.

    Parameters
    ----------
    said : str
    store : opens the tracking store; only called where the reference is no directory.

    Raises
    ------
    ModelFormatError
        Where a directory is no risk model, or a document beside it is no JSON.
    CardError
        Where the model is a comparator that the evaluation beside it does not hold.
    TrackingError
        Where the store does not answer, or nothing is registered under the reference.
    """
    place = Path(said)
    if place.is_dir():
        if not (place / SEAL).is_file():
            inside = place / "risk_model"
            hint = f" Write {inside}." if (inside / SEAL).is_file() else ""
            raise ModelFormatError(
                f"{said} is no risk-model directory: it holds no {SEAL}. A fit writes one as "
                f"work/models/<plan>/risk_model.{hint}"
            )
        model = RiskModel.load(place)
        return Referred(said, model, _its_own(model, _beside(place.parent)))
    opened = store()
    version = _version(opened, said)
    with TemporaryDirectory() as folder:
        model = RiskModel.load(registry.fetch(opened, version, Path(folder)))
    documents = registry.documents(opened, version, DOCUMENTS)
    return Referred(said, model, _its_own(model, documents), version)


def _its_own(model: RiskModel, documents: dict[str, Any]) -> dict[str, Any]:
    """Return the documents with the evaluation of this very model.

    A fit leaves one evaluation, of its larger model; a comparator that it left as a model of its
    own was judged in it too.
    """
    if not model.comparator or registry.EVALUATION not in documents:
        return documents
    found = checked_evaluation(documents[registry.EVALUATION])
    return {**documents, registry.EVALUATION: of_comparator(found, model.comparator)}


def _beside(folder: Path) -> dict[str, Any]:
    found = {}
    for name in DOCUMENTS:
        if (folder / name).is_file():
            try:
                found[name] = json.loads((folder / name).read_text(encoding="utf-8"))
            except ValueError as broken:
                raise ModelFormatError(
                    f"{folder / name} is no JSON ({broken}). Fit the plan again."
                ) from None
    return found


def _version(store: TrackingStore, said: str) -> Version:
    if _RUN_ID.fullmatch(said):
        return registry.of_run(store, said)
    named = _REGISTERED.fullmatch(said)
    if named is None:
        raise TrackingError(
            f"{said}: no such directory, and no reference. Write a risk-model directory, a run id "
            "(32 letters and digits), QUESTION@champion, QUESTION@challenger, QUESTION@simpler or "
            "QUESTION/NUMBER."
        )
    if named["alias"]:
        found = registry.at_alias(store, named["question"], named["alias"])
    else:
        found = registry.numbered(store, named["question"], named["number"])
    if found is None:
        known = ", ".join(registry.questions(store)) or "none"
        raise TrackingError(f"Nothing is registered as {said}. Questions with a model: {known}.")
    return found

"""Which columns a feature matrix has.

A :class:`PredictorSet` chooses among :data:`features.columns.COLUMNS`. It spells its column names
out when it is written, so that a model made today finds the same columns under a longer catalogue
tomorrow.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from features.columns import (
    COLUMNS,
    CONCEPTS,
    GROUPS,
    STATICS,
    Description,
    PredictorColumn,
    describe,
)
from features.errors import ModelFormatError, PlanError
from features.inputs import INPUTS
from features.product_facts import ProductRow, frozen, frozen_row, product_row
from features.questions import Question
from features.scores import SCORES
from features.summaries import SCORE_COLUMNS, SUMMARIES

__all__ = [
    "SURVEILLANCE_EXCLUDED",
    "VERSION",
    "Description",
    "PredictorSet",
    "default_predictors",
    "describe",
]

VERSION = 1
"""Raised whenever a definition changes, so that an older model is not fed a newer meaning."""

_PLAIN = ("version", "product_facts")

SURVEILLANCE_EXCLUDED = CONCEPTS
"""What the model behind a product's expected count may not see: otherwise a bad product hides its
own excess. Site and calendar time are in no predictor set; they are named to be complete."""


@dataclass(frozen=True)
class PredictorSet:
    """Which columns a matrix has.

    Parameters
    ----------
    inputs : tuple of str
        Inputs of :data:`features.inputs.INPUTS`.
    summaries : tuple of str
        Of :data:`features.summaries.SUMMARIES`, for every one of `inputs`.
    statics : tuple of str
        Course fields; a category becomes one 0/1 column a level.
    groups : tuple of str
        Of :data:`GROUPS`. With ``"treatments"`` come the marks of readings taken under them.
    without : tuple of str
        Concepts of :data:`CONCEPTS` that no column may carry.
    columns : tuple of str
        Exactly these columns instead, in this order; how a stored set stays as it was.
    version : int
        Of the definitions.
    product_facts : mapping
        Published rates and kinds of products as they stood when the set was stored; empty reads
        the catalogue of today.

    Raises
    ------
    PlanError
        A name that does not exist; the legal ones are given.
    """

    inputs: tuple[str, ...] = tuple(INPUTS)
    summaries: tuple[str, ...] = SUMMARIES
    statics: tuple[str, ...] = STATICS
    groups: tuple[str, ...] = GROUPS
    without: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    version: int = VERSION
    product_facts: Mapping[str, list[float | None]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def __post_init__(self) -> None:
        for key, legal in (
            ("inputs", tuple(INPUTS)),
            ("summaries", SUMMARIES),
            ("statics", STATICS),
            ("groups", GROUPS),
            ("without", CONCEPTS),
            ("columns", tuple(COLUMNS)),
        ):
            unknown = sorted(set(getattr(self, key)) - set(legal))
            if unknown:
                shown = ", ".join(legal[:80])
                raise PlanError(f"predictors: {key} has no {', '.join(unknown)}; legal: {shown}.")

    def names(self) -> tuple[str, ...]:
        """Return the column names, in order."""
        return self._names

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return self.columns or tuple(
            name for name, column in COLUMNS.items() if self._chooses(column)
        )

    def inputs_read(self) -> frozenset[str]:
        """Return the inputs behind the columns, those of scores and fever included."""
        needed: set[str] = set()
        for name in self.names():
            column = COLUMNS[name]
            if column.group == "scores" and name in SCORE_COLUMNS:
                needed.update(SCORES[name].inputs)
            elif column.description.input is not None:
                needed.add(column.description.input)
        return frozenset(needed)

    def _chooses(self, column: PredictorColumn) -> bool:
        if column.concepts & set(self.without):
            return False
        if column.group == "readings":
            return column.input in self.inputs and column.description.summary in self.summaries
        if column.group == "marks":
            return column.input in self.inputs and "treatments" in self.groups
        if column.group == "statics":
            return column.static in self.statics
        return column.group in self.groups

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON, the column names spelled out."""
        made: dict[str, Any] = {
            one.name: list(getattr(self, one.name))
            for one in fields(self)
            if one.name not in _PLAIN
        }
        made["columns"] = list(self.names())
        return {"version": self.version, **made, "product_facts": self._product_facts_to_store()}

    @cached_property
    def identity(self) -> str:
        """A digest of everything that decides a row; sets with the same one give the same bits."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()

    def _product_facts_to_store(self) -> Mapping[str, list[float | None]]:
        if not any(COLUMNS[name].group == "product" for name in self.names()):
            return {}
        return self.product_facts or frozen()

    def product_row(self, name: str | None, diagnosis: str | None) -> ProductRow:
        """Return the facts of a product: the stored ones, or today's."""
        if self.product_facts:
            return frozen_row(self.product_facts, name, diagnosis)
        return product_row(name, diagnosis)

    @classmethod
    def from_dict(cls, parts: Mapping[str, Any]) -> "PredictorSet":
        """Read what :meth:`to_dict` wrote.

        Raises
        ------
        ModelFormatError
            Written by a newer version, or naming what this version does not have.
        """
        version = parts.get("version")
        if version != VERSION:
            raise ModelFormatError(
                f"predictor definitions of version {version} cannot be read by version {VERSION}. "
                "Use the release of VigiCell that made the model."
            )
        legal = {one.name for one in fields(cls)}
        if set(parts) - legal:
            raise ModelFormatError(
                f"predictor set has unknown keys {sorted(set(parts) - legal)}; "
                f"legal: {', '.join(sorted(legal))}."
            )
        lists: dict[str, Any] = {
            key: tuple(value) for key, value in parts.items() if key not in _PLAIN
        }
        try:
            return cls(**lists, product_facts=dict(parts.get("product_facts", {})))
        except PlanError as error:
            raise ModelFormatError(str(error)) from error


BEDSIDE_INPUTS = (
    "wbc_10e9_l", "anc_10e9_l", "alc_10e9_l", "haemoglobin_g_dl", "platelets_10e9_l",
    "ldh_u_l", "creatinine_mg_dl", "ast_u_l", "bilirubin_mg_dl", "albumin_g_dl",
    "d_dimer_ng_ml_feu", "fibrinogen_mg_dl", "aptt_s",
    "crp_mg_l", "ferritin_ng_ml", "procalcitonin_ng_ml", "il6_pg_ml",
    "temperature_c", "sbp_mmhg", "heart_rate_per_min", "respiratory_rate_per_min", "spo2_percent",
    "oxygen_device", "ice_score",
)  # fmt: skip


def default_predictors(asked: Question) -> PredictorSet:
    """Return the columns that a bedside model of this question is given by default.

    Before infusion: facts, product, scores and the last reading of the bedside inputs. Daily: their
    whole course, grades, fever and treatments as well.
    """
    if not asked.before_infusion:
        return PredictorSet(inputs=BEDSIDE_INPUTS)
    early = tuple(
        name for name in BEDSIDE_INPUTS if name not in ("oxygen_device", "ice_score", "il6_pg_ml")
    )
    return PredictorSet(inputs=early, summaries=("last",), groups=("product", "scores"))

"""All that a card may say: what a run or a model directory holds, and what a person stated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from features.questions import Question, question
from models.risk_model import RiskModel
from training.cards.statements import Statements
from training.plan import Plan, plan_from_dict
from training.registry import Version
from training.synthetic_mark import mark


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of one model; aggregate figures only.

    Parameters
    ----------
    subject : str
        What a person named: run id, QUESTION@ALIAS, QUESTION/NUMBER, or directory.
    model : RiskModel
    evaluation : mapping
        How it was judged (`training.evaluate.evaluation_table`).
    settings, audit : mapping or None
        The plan and the audit as they were recorded; None where they were not.
    version : Version or None
        Where it is registered; None for a directory.
    overridden : mapping or None
        Gate rules that were overridden for this version, who and why.
    statements : Statements
    elsewhere : tuple of mapping
        Evaluations on other patients (`training.elsewhere`).
    transports : tuple of mapping
        Figures of the plan on groups it did not learn from (`training.transport`).
    """

    subject: str
    model: RiskModel
    evaluation: Mapping[str, Any]
    settings: Mapping[str, Any] | None = None
    audit: Mapping[str, Any] | None = None
    version: Version | None = None
    overridden: Mapping[str, Any] | None = None
    statements: Statements = field(default_factory=Statements)
    elsewhere: tuple[Mapping[str, Any], ...] = ()
    transports: tuple[Mapping[str, Any], ...] = ()

    @cached_property
    def plan(self) -> Plan | None:
        """The plan it was fitted by."""
        return None if self.settings is None else plan_from_dict(self.settings, self.subject)

    @cached_property
    def question(self) -> Question:
        """What it answers."""
        return question(self.evaluation["question"])

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What the model says of itself."""
        return self.model.manifest

    @property
    def cohort(self) -> Mapping[str, Any]:
        """What is known of the cohort as a whole."""
        recorded: Mapping[str, Any] = self.evaluation.get("cohort") or {}
        found = self.manifest
        own = {"name": found["cohort"]} if "cohort" in found else {}
        return {**found, **own, **recorded}

    @property
    def cohort_name(self) -> str:
        """The cohort's name, marked where it is of made-up patients; or that nobody recorded it."""
        return f"{mark(self.synthetic)}{self.cohort.get('name') or 'a cohort without a name'}"

    @property
    def synthetic(self) -> bool:
        """Whether it learnt from made-up patients, or was corrected or judged on them."""
        return self.model.synthetic or bool(self.cohort.get("synthetic"))

    @property
    def name(self) -> str:
        """What the model is called."""
        return self.model.name

    def block(self, name: str) -> Any:
        """Return a block of the evaluation; None where this run has not computed it."""
        return self.evaluation.get(name) or None

    @property
    def best_comparator(self) -> str | None:
        """The comparator that the verdict is about."""
        named = (self.evaluation.get("verdict") or {}).get("best_comparator")
        return named if named in self.evaluation["comparators"] else None

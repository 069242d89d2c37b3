"""A plan: everything that decides a fit, written down before it runs.

One TOML file is one plan. What it leaves out stands at the default written here, and
:meth:`Plan.to_dict` names every setting, so that a run records what really happened.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from features.errors import PlanError, QuestionError
from features.predictors import PredictorSet
from features.questions import CONVENTIONS, Question, question
from models.linear_fit import MarginSpec
from training.plan_reading import plain, read_section, unknown_key
from training.plan_sections import (
    BASELINE_COMPARATORS,
    DAILY_COMPARATORS,
    AuditPlan,
    CalibrationPlan,
    EvaluationPlan,
    FoldPlan,
    IntervalPlan,
    PredictorPlan,
    SearchRange,
    TierPlan,
    TreePlan,
    TuningPlan,
    need,
)

__all__ = [
    "AuditPlan", "CalibrationPlan", "EvaluationPlan", "FoldPlan", "IntervalPlan", "Plan",
    "PredictorPlan", "SearchRange", "TierPlan", "TreePlan", "TuningPlan", "plan_from_dict",
    "read_plan",
]  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """Everything that decides one fit.

    Parameters
    ----------
    name : what the model will be called.
    question : name of a question, or a table of its parts.
    cohort : where the cohort is: a cohort directory, or a file that `source` reads.
    source : which source reads `cohort`; empty for a cohort directory.
    end_of_record : what the end of a record means, in place of what the cohort declares.
    seed : decides folds, search, trees and bootstraps.
    """

    name: str
    question: str | Mapping[str, Any]
    cohort: str = ""
    source: str = ""
    end_of_record: str = ""
    seed: int = 1
    predictors: PredictorPlan = field(default_factory=PredictorPlan)
    margin: MarginSpec = field(default_factory=MarginSpec)
    trees: TreePlan = field(default_factory=TreePlan)
    tuning: TuningPlan = field(default_factory=TuningPlan)
    folds: FoldPlan = field(default_factory=FoldPlan)
    calibration: CalibrationPlan = field(default_factory=CalibrationPlan)
    interval: IntervalPlan = field(default_factory=IntervalPlan)
    evaluation: EvaluationPlan = field(default_factory=EvaluationPlan)
    tiers: TierPlan = field(default_factory=TierPlan)
    audit: AuditPlan = field(default_factory=AuditPlan)

    def __post_init__(self) -> None:
        need(bool(self.name.strip()), "plan", "name", self.name, "a plan has a name")
        known = self.end_of_record == "" or self.end_of_record in CONVENTIONS
        need(
            known,
            "plan",
            "end_of_record",
            self.end_of_record,
            f"legal are {', '.join(CONVENTIONS)}",
        )
        need(0 <= self.seed < 2**31, "plan", "seed", self.seed, "0 to 2147483647")
        try:
            question(self.question)
        except QuestionError as refusal:
            raise PlanError(f"[plan] question: {refusal}") from refusal
        self._check_columns(self.predictor_set.names())

    def _check_columns(self, names: tuple[str, ...]) -> None:
        named = {
            "[margin] terms": [term.predictor for term in self.margin.terms],
            "[trees] predictors": list(self.trees.predictors),
        }
        for key, columns in named.items():
            for column in columns:
                if column not in names:
                    raise PlanError(
                        f"{key}: {column!r} is not among the {len(names)} columns that "
                        f"[predictors] chooses.{_nearest(column, names)}"
                    )

    @property
    def predictor_set(self) -> PredictorSet:
        """The columns of the matrix."""
        return self.predictors.chosen(self.asked)

    @property
    def asked(self) -> Question:
        """The question itself."""
        return question(self.question)

    @property
    def comparators(self) -> tuple[str, ...]:
        """The comparators named, or those of the kind of question."""
        if self.evaluation.comparators:
            return self.evaluation.comparators
        return BASELINE_COMPARATORS if self.asked.before_infusion else DAILY_COMPARATORS

    def to_dict(self) -> dict[str, Any]:
        """Return every setting as plain data; :func:`plan_from_dict` reads it back."""
        sections = {key: section for key, section in plain(self).items() if key not in _HEADER}
        return {"plan": {key: plain(getattr(self, key)) for key in _HEADER}, **sections}

    def digest(self) -> str:
        """Return the SHA-256 of every setting, in hexadecimal."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def changed(self, **sections: Any) -> Plan:
        """Return a copy with some sections or settings replaced."""
        return replace(self, **sections)


_HEADER = ("name", "question", "cohort", "source", "end_of_record", "seed")
_SECTIONS = tuple(name for name in Plan.__dataclass_fields__ if name not in _HEADER)


def _nearest(column: str, names: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(column, names, n=2, cutoff=0.6)
    return f" Did you mean {' or '.join(near)}?" if near else ""


def plan_from_dict(given: Mapping[str, Any], source: str = "plan") -> Plan:
    """Read a plan from plain data.

    Parameters
    ----------
    given : tables [plan], [predictors], [margin], ... as in a plan file.
    source : what to call it in a message, usually the file's name.

    Raises
    ------
    PlanError
        Naming the source, the key, and what is legal.
    """
    try:
        for key in given:
            if key not in ("plan", *_SECTIONS):
                raise PlanError(unknown_key(key, ["plan", *_SECTIONS], "the file"))
        header = given.get("plan", {})
        for key in header:
            if key not in _HEADER:
                raise PlanError(unknown_key(key, list(_HEADER), "[plan]"))
        sections = {key: table for key, table in given.items() if key != "plan"}
        return _read_plan(header, sections)
    except PlanError as refusal:
        raise PlanError(f"{source}: {refusal}") from None


def _read_plan(header: Mapping[str, Any], sections: Mapping[str, Any]) -> Plan:
    kinds = Plan.__dataclass_fields__
    made: dict[str, Any] = {}
    for key, table in sections.items():
        if not isinstance(table, Mapping):
            raise PlanError(f"[{key}] is not a table.")
        kind = kinds[key].default_factory
        made[key] = read_section(_class_of(kind), table, f"[{key}]")
    return read_section(Plan, {**header, **made}, "[plan]")


def _class_of(factory: Any) -> type[Any]:
    made: type[Any] = factory
    return made


def read_plan(path: Path) -> Plan:
    """Read a plan file.

    Raises
    ------
    PlanError
        Where the file is absent, is no TOML, or holds an unknown key or an illegal setting.
    """
    try:
        with path.open("rb") as file:
            given = tomllib.load(file)
    except OSError as failure:
        raise PlanError(f"{path}: cannot be read ({failure.strerror}).") from None
    except tomllib.TOMLDecodeError as failure:
        raise PlanError(f"{path} is not TOML: {failure}.") from None
    return plan_from_dict(given, str(path))

"""From items to answers: each item is answered by the run, by a person, or shown as missing."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from training.cards import judgements
from training.cards.answers import about, figures, method, patients, use
from training.cards.evidence import Evidence
from training.cards.statements import ASKED

Answer = Callable[[Evidence], str | None]

_ANSWERS: tuple[Answer, ...] = (
    about.title, about.predicted, about.outcome, about.at_risk, about.output, about.kind_of_output,
    about.role, about.limitations, about.unseen, about.poor_inputs, about.objective,
    patients.cohort, patients.numbers, patients.learnt_from, patients.products,
    patients.end_of_record, patients.subgroups, patients.transport, patients.other_patients,
    patients.external_fairness, patients.treatments, patients.audited, patients.overridden,
    method.external_method,
    method.predictors, method.preparation, method.missing_data, method.learner, method.tuning,
    method.validation, method.comparators, method.measures, method.sample_size,
    method.learning_curve, method.instability, method.selection_bias, method.imbalance,
    method.code, method.identity, method.specification, method.interval_made,
    figures.discrimination, figures.calibration, figures.overall, figures.calibration_curve,
    figures.net_benefit, figures.thresholds, figures.patient_weighted, figures.against_best,
    figures.verdict, figures.in_other_patients, figures.oracle,
    use.tiers, use.plan_fixed, use.gate, use.demographic_predictors, use.recalibration,
)  # fmt: skip
ANSWERS: dict[str, Answer] = {answer.__name__: answer for answer in _ANSWERS}

ANSWERED, PARTLY, MISSING, NOT_APPLICABLE = "answered", "partly missing", "missing", "n/a"


@dataclass(frozen=True)
class Item:
    """One item of a list.

    Parameters
    ----------
    number, section, asks : str
    run : names of `ANSWERS` that answer it; all are mandatory.
    person : keys of statements; all are mandatory.
    optional : names of `ANSWERS` that are shown where the run has them.
    judge : name of a rule of `judgements.JUDGES`, in place of the others.
    otherwise : why it does not apply where the run holds nothing for it.
    """

    number: str
    section: str
    asks: str
    run: tuple[str, ...] = ()
    person: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    judge: str = ""
    otherwise: str = ""


@dataclass(frozen=True)
class ItemList:
    """A list of items with where it comes from."""

    title: str
    source: str
    tag: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Filled:
    """An item with what was said to it and what nobody said."""

    item: Item
    parts: tuple[str, ...]
    lacks: tuple[str, ...]
    answer: str = ""

    @property
    def status(self) -> str:
        """Whether it is answered."""
        if self.item.otherwise and not self.parts:
            return NOT_APPLICABLE
        if not self.lacks:
            return ANSWERED
        return PARTLY if self.parts and self.answer != judgements.OPEN else MISSING


def items_of(name: str) -> ItemList:
    """Read a list of items that lies beside this file."""
    text = (files("training.cards") / f"{name}.toml").read_text(encoding="utf-8")
    given = tomllib.loads(text)
    items = tuple(_item(one) for one in given["item"])
    return ItemList(given["title"], given["source"], given["tag"], items)


def fill(items: ItemList, e: Evidence) -> tuple[Filled, ...]:
    """Answer every item of a list."""
    return tuple(_filled(item, e) for item in items.items)


def _item(given: dict[str, Any]) -> Item:
    parts: dict[str, Any] = {
        key: tuple(said) if isinstance(said, list) else said for key, said in given.items()
    }
    return Item(**parts)


def _filled(item: Item, e: Evidence) -> Filled:
    if item.judge:
        found = judgements.JUDGES[item.judge](e)
        return Filled(
            item,
            (found.because,) if found.because else (),
            tuple(map(_lacking, found.lacks)),
            found.answer,
        )
    from_run = {name: ANSWERS[name](e) for name in item.run}
    stated = {key: e.statements.get(key) for key in item.person}
    extra = [ANSWERS[name](e) for name in item.optional]
    lacks = [name for name, said in {**from_run, **stated}.items() if said is None]
    parts = [said for said in [*from_run.values(), *extra] if said]
    parts += [f"Stated by a person: {said}" for said in stated.values() if said]
    if item.otherwise and not parts:
        return Filled(item, (), ())
    return Filled(item, tuple(parts), tuple(map(_lacking, lacks)))


def _lacking(name: str) -> str:
    if name in ASKED:
        return f"missing: nobody has said ({ASKED[name].rstrip('.')}; statement `{name}`)"
    return f"missing: not computed in this run ({name.replace('_', ' ')})"

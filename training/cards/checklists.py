"""The item lists as documents: TRIPOD+AI, PROBAST+AI, HTI-1."""

from __future__ import annotations

from itertools import groupby

from training.cards import judgements
from training.cards.document import Document, Section, Table, Text
from training.cards.evidence import Evidence
from training.cards.filling import MISSING, PARTLY, Filled, ItemList, fill, items_of

_MEANING = (
    "Answers: Y yes, PY probably yes, PN probably no, N no, NI no information, NA not applicable. "
    "They are given by rules on what the run holds; a reviewer may overrule each."
)
_APPLICABILITY = (
    ("Participants and data", "match_participants"),
    ("Predictors", "match_predictors"),
    ("Outcome", "match_outcome"),
)


def tripod_ai(e: Evidence) -> Document:
    """Return the reporting items of TRIPOD+AI, filled."""
    return _checklist("tripod_ai", e)


def hti1(e: Evidence) -> Document:
    """Return the source attributes of HTI-1, filled."""
    return _checklist("hti1", e)


def probast_ai(e: Evidence) -> Document:
    """Return the signalling questions of PROBAST+AI, answered, with the ratings they suggest."""
    items = items_of("probast_ai")
    filled = fill(items, e)
    grouped = [(title, list(some)) for title, some in groupby(filled, lambda f: f.item.section)]
    ratings = tuple((title, _rating(some)) for title, some in grouped)
    matches = tuple((what, e.statements.get(key)) for what, key in _APPLICABILITY)
    sections = [
        Section("What the answers suggest", (
            Text(_MEANING, "soft"),
            Table(("domain", "concern or risk of bias"), ratings),
        )),
        Section("Applicability, for a person to judge", (
            Table(
                ("domain", "concern"),
                tuple((what, said or "missing: nobody has said") for what, said in matches),
                frozenset(at for at, (_, said) in enumerate(matches) if said is None),
            ),
        )),
        *(_section(title, some, answers=True) for title, some in grouped),
    ]  # fmt: skip
    missing = _missing(filled) + sum(said is None for _, said in matches)
    return _document(items, "probast_ai", e, sections, missing)


def concerns(e: Evidence) -> str | None:
    """Say in how many domains of PROBAST+AI the answers suggest a high concern."""
    grouped = groupby(fill(items_of("probast_ai"), e), lambda f: f.item.section)
    ratings = [_rating(list(some)) for _, some in grouped]
    high = ratings.count("high")
    if not high:
        return None
    return f"PROBAST+AI by rule: high concern or risk of bias in {high} of {len(ratings)} domains."


def _checklist(name: str, e: Evidence) -> Document:
    items = items_of(name)
    filled = fill(items, e)
    grouped = groupby(filled, lambda f: f.item.section)
    sections = [_section(title, list(some)) for title, some in grouped]
    return _document(items, name, e, sections, _missing(filled))


def _document(
    items: ItemList, stem: str, e: Evidence, sections: list[Section], missing: int
) -> Document:
    signature = e.statements.signature
    notes = (
        f"{items.source} {items.tag}; the wording of the items is ours.",
        f"{len(items.items)} items, {missing} with a mandatory part missing. Statements by: "
        f"{signature or 'nobody'}.",
    )
    return Document(items.title, stem, tuple(sections), e.synthetic, missing, notes)


def _missing(filled: tuple[Filled, ...]) -> int:
    return sum(one.status in (MISSING, PARTLY) for one in filled)


def _section(title: str, filled: list[Filled], *, answers: bool = False) -> Section:
    headings = ("item", "asks for", *(("answer",) if answers else ()), "what is known")
    rows = tuple(
        (one.item.number, one.item.asks, *((one.answer,) if answers else ()), _said(one))
        for one in filled
    )
    marked = frozenset(at for at, one in enumerate(filled) if one.lacks)
    return Section(title, (Table(headings, rows, marked),))


def _said(one: Filled) -> str:
    if not one.parts and not one.lacks:
        return f"Not applicable: {one.item.otherwise}"
    return " ".join([*one.parts, *one.lacks])


def _rating(filled: list[Filled]) -> str:
    return judgements.domain_rating([one.answer for one in filled])

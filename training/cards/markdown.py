"""A document as Markdown, in which nothing that came from outside can become a tag or a link."""

from __future__ import annotations

import re
from functools import singledispatch

from training.cards.document import (
    SYNTHETIC,
    Block,
    Bullets,
    Document,
    Figures,
    Picture,
    Section,
    Table,
    Text,
)

_ACTIVE = re.compile(r"([\\`*_{}\[\]<>|#!~])")
_TONES = {"missing": "**{}**", "warning": "**{}**", "lead": "**{}**"}


def markdown_of(document: Document) -> str:
    """Return the document as Markdown."""
    parts = [f"# {_plain(document.title)}"]
    if document.synthetic:
        parts.append(f"**{_plain(SYNTHETIC)}**")
    parts += [_plain(note) for note in document.notes]
    parts += [_section(section) for section in document.sections]
    return "\n\n".join(parts) + "\n"


def _section(section: Section) -> str:
    return "\n\n".join([f"## {_plain(section.title)}", *map(_block, section.blocks)])


def _plain(text: str) -> str:
    return _ACTIVE.sub(r"\\\1", " ".join(text.split()))


@singledispatch
def _block(block: Block) -> str:
    raise TypeError(type(block).__name__)


@_block.register
def _(block: Text) -> str:
    return _TONES.get(block.tone, "{}").format(_plain(block.text))


@_block.register
def _(block: Bullets) -> str:
    return "\n".join(f"- {_plain(point)}" for point in block.points)


@_block.register
def _(block: Table) -> str:
    lines = [_row(block.headings), "|" + "---|" * len(block.headings)]
    return "\n".join([*lines, *map(_row, block.rows)])


@_block.register
def _(block: Figures) -> str:
    return "\n".join(f"- {_plain(one.label)}: {_plain(one.text)}" for one in block.figures)


@_block.register
def _(block: Picture) -> str:
    return f"(picture: {_plain(block.words)})"


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(map(_plain, cells)) + " |"

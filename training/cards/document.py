"""What a document of the pack is made of, before it is HTML or Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

MISSING = "missing: nobody has said"
NOT_COMPUTED = "missing: not computed in this run"

Shape = Literal["cell", "wide", "tall"]
Tone = Literal["plain", "lead", "soft", "missing", "warning"]


@dataclass(frozen=True)
class Text:
    """A paragraph; its tone says how it should be read."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class Bullets:
    """A list."""

    points: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows of text under headings; `marked` are the rows that stand out."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Figure:
    """One figure with its interval.

    `ideal` is where it should lie, where there is such; `span` are the ends of the scale it is
    drawn on, from 0 to 1 by default, or to 2 where it should lie at 1.
    """

    label: str
    text: str
    estimate: float | None
    low: float | None
    high: float | None
    ideal: float | None = None
    span: tuple[float, float] | None = None


@dataclass(frozen=True)
class Figures:
    """Headline figures side by side."""

    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Picture:
    """A drawing, as the bytes of a PNG, and what it shows in words."""

    words: str
    png: bytes


Block = Text | Bullets | Table | Figures | Picture


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it; on the page of facts, a shape other than one cell."""

    title: str
    blocks: tuple[Block, ...]
    shape: Shape = "cell"


@dataclass(frozen=True)
class Document:
    """One document of the pack.

    Parameters
    ----------
    title : str
    stem : str
        Its file without ending, and its place on the common page.
    sections : sequence of Section
    synthetic : bool
        Whether its figures are of made-up patients; then it says so on top.
    missing : int
        Mandatory statements that nobody made.
    """

    title: str
    stem: str
    sections: Sequence[Section]
    synthetic: bool
    missing: int = 0
    notes: tuple[str, ...] = field(default=())


SYNTHETIC = (
    "SYNTHETIC: fitted to or judged on made-up patients. No figure here describes a real patient, "
    "and none may be used for care."
)

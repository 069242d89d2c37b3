"""Documents as HTML: static, whole in one file, printable, and with everything escaped."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import singledispatch
from html import escape

from training.cards.document import (
    SYNTHETIC,
    Block,
    Bullets,
    Document,
    Figure,
    Figures,
    Picture,
    Section,
    Table,
    Text,
)

_WIDTH, _HEIGHT, _PAD = 150, 16, 5  # pixels of one drawn interval


def page_of(documents: Sequence[Document], title: str) -> str:
    """Return one page that holds the documents, with a list of them where there are several."""
    return _PAGE.format(
        title=escape(title),
        contents=_contents(documents) if len(documents) > 1 else "",
        body="\n".join(map(_document, documents)),
    )


def _contents(documents: Sequence[Document]) -> str:
    lines = [
        f'<li><a href="#{one.stem}">{escape(one.title)}</a>{_count(one.missing)}</li>'
        for one in documents
    ]
    return f"<nav><ol>{''.join(lines)}</ol></nav>"


def _count(missing: int) -> str:
    return f' <span class="missing">{missing} missing</span>' if missing else ""


def _document(document: Document) -> str:
    mark = f'<p class="synthetic">{escape(SYNTHETIC)}</p>' if document.synthetic else ""
    notes = "".join(f'<p class="soft">{escape(note)}</p>' for note in document.notes)
    sections = "\n".join(map(_section, document.sections))
    return (
        f'<article id="{document.stem}"><h1>{escape(document.title)}</h1>{mark}{notes}\n'
        f'<div class="{document.stem}">{sections}</div></article>'
    )


def _section(section: Section) -> str:
    blocks = "\n".join(map(_block, section.blocks))
    return f'<section class="{section.shape}"><h2>{escape(section.title)}</h2>\n{blocks}</section>'


@singledispatch
def _block(block: Block) -> str:
    raise TypeError(type(block).__name__)


@_block.register
def _(block: Text) -> str:
    return f'<p class="{block.tone}">{escape(block.text)}</p>'


@_block.register
def _(block: Bullets) -> str:
    return f"<ul>{''.join(f'<li>{escape(point)}</li>' for point in block.points)}</ul>"


@_block.register
def _(block: Table) -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in block.headings)
    rows = [
        ('<tr class="marked">' if number in block.marked else "<tr>")
        + "".join(f"<td>{escape(cell)}</td>" for cell in row)
        + "</tr>"
        for number, row in enumerate(block.rows)
    ]
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


@_block.register
def _(block: Figures) -> str:
    return f'<div class="figures">{"".join(map(_figure, block.figures))}</div>'


@_block.register
def _(block: Picture) -> str:
    content = b64encode(block.png).decode()
    return f'<img alt="{escape(block.words)}" src="data:image/png;base64,{content}">'


def _figure(figure: Figure) -> str:
    return (
        f'<div class="figure"><b>{escape(figure.label)}</b>{_drawn(figure)}'
        f"<span>{escape(figure.text)}</span></div>"
    )


def _drawn(figure: Figure) -> str:
    """Draw an interval on its scale."""
    if figure.estimate is None or figure.low is None or figure.high is None:
        return ""
    bottom, top = figure.span or (0.0, 2.0 if figure.ideal == 1.0 else 1.0)

    def x(at: float) -> str:
        inside = min(max((at - bottom) / (top - bottom), 0.0), 1.0)
        return f"{_PAD + inside * (_WIDTH - 2 * _PAD):.1f}"

    middle = _HEIGHT / 2
    ideal = "" if figure.ideal is None else (
        f'<line class="ideal" x1="{x(figure.ideal)}" x2="{x(figure.ideal)}" y1="1" '
        f'y2="{_HEIGHT - 1}"/>'
    )  # fmt: skip
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="{escape(figure.text)}">'
        f'<line class="axis" x1="{x(bottom)}" x2="{x(top)}" y1="{middle}" y2="{middle}"/>{ideal}'
        f'<line class="bar" x1="{x(figure.low)}" x2="{x(figure.high)}" y1="{middle}" '
        f'y2="{middle}"/><circle cx="{x(figure.estimate)}" cy="{middle}" r="4"/></svg>'
    )


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<style>
:root {{ --ink: #1c2430; --soft: #5b6675; --line: #d8dee6; --bad: #b3261e; --warn: #8a5a00;
  --ground: #fff; --tint: #f6f8fa; --mark: #1f5fa8; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e6eaf0; --soft: #9aa6b5; --line: #3a4350;
  --bad: #ff8a80; --warn: #ffd166; --ground: #14181f; --tint: #1c222b; --mark: #8ab8f0; }} }}
* {{ box-sizing: border-box; }}
body {{ font: 15px/1.4 system-ui, sans-serif; margin: 1.5rem auto; max-width: 60rem;
  padding: 0 1rem; color: var(--ink); background: var(--ground); }}
h1 {{ font-size: 1.4rem; margin: 0 0 .3rem; }}
h2 {{ font-size: 1rem; margin: 0 0 .35rem; color: var(--mark); }}
article + article {{ margin-top: 3rem; border-top: 3px solid var(--line); padding-top: 1.2rem; }}
section {{ margin: 0 0 1.1rem; }} p {{ margin: .25rem 0; }}
ul {{ margin: .2rem 0; padding-left: 1.1rem; }} li {{ margin: .1rem 0; }}
nav {{ background: var(--tint); padding: .5rem 1rem; margin-bottom: 1.5rem; }}
a {{ color: var(--mark); }}
.model_facts {{ display: grid; grid-template-columns: 1fr 1fr; gap: .7rem; }}
.model_facts section {{ border: 1px solid var(--line); padding: .6rem .8rem; margin: 0; }}
.model_facts .wide {{ grid-column: 1 / -1; }} .model_facts .tall {{ grid-row: span 3; }}
.lead {{ font-size: 1.1rem; font-weight: 600; }} .soft {{ color: var(--soft); font-size: .87rem; }}
.missing {{ color: var(--warn); font-style: italic; }}
.warning {{ color: var(--bad); font-weight: 600; }}
.synthetic {{ color: var(--bad); font-weight: 700; border: 2px solid var(--bad);
  padding: .4rem .7rem; }}
.figures {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(16.5rem, 1fr));
  gap: .4rem 1rem; margin: .3rem 0; }}
.figure {{ display: flex; flex-direction: column; font-size: .9rem; }}
img {{ max-width: 49%; background: #fff; }}
.axis {{ stroke: var(--line); stroke-width: 2; }} .bar {{ stroke: var(--ink); stroke-width: 3; }}
.ideal {{ stroke: var(--mark); stroke-dasharray: 3 2; }} circle {{ fill: var(--ink); }}
table {{ border-collapse: collapse; width: 100%; font-size: .87rem; }}
th {{ text-align: left; color: var(--soft); font-weight: 600; padding: .2rem .6rem .2rem 0; }}
td {{ border-top: 1px solid var(--line); padding: .25rem .6rem .25rem 0; vertical-align: top;
  overflow-wrap: break-word; }}
.marked td {{ color: var(--warn); }} .model_facts .marked td {{ color: inherit; font-weight: 600; }}
@media screen and (max-width: 44rem) {{ .model_facts {{ grid-template-columns: 1fr; }} }}
@media print {{ html, body {{ font-size: 9.5px; }} body {{ margin: 0; max-width: none; }}
  .model_facts {{ gap: .35rem; }} .model_facts section {{ padding: .3rem .5rem; }}
  article + article {{ break-before: page; border: 0; }}
  svg {{ height: 12px; }} h1 {{ font-size: 1.2rem; }} .lead {{ font-size: 1rem; }}
  .model_facts .tall {{ font-size: .92em; }} td {{ padding-top: .1rem; padding-bottom: .1rem; }}
  section, tr {{ break-inside: avoid; }}
  nav {{ display: none; }} @page {{ size: A4; margin: 8mm; }} }}
</style></head><body>
{contents}
{body}
</body></html>
"""

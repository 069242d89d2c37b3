"""The audit as one page that a person reads: verdict first, then each rule, the worst on top."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from training.audit_rules.finding import ORDER_OF_SEVERITY
from training.synthetic_mark import mark

_VERDICTS = {
    "refused": "Refused. A model fitted to this would be fooled.",
    "overridden": "Refused, and overridden by name. The reasons stand on every answer.",
    "warned": "Not refused. Read the warnings before believing a figure.",
    "clean": "Nothing found.",
}
_WIDTH, _HEIGHT, _PAD = 180, 26, 8  # pixels of one drawn interval


def page_of(report: Mapping[str, Any]) -> str:
    """Return the page of a report (see `training.audit.AuditReport.to_dict`)."""
    findings = sorted(report["findings"], key=lambda one: ORDER_OF_SEVERITY[one["severity"]])
    shown = [one for one in findings if one["severity"] != "note"]
    quiet = [one for one in findings if one["severity"] == "note"]
    cohort = f"{mark(report.get('synthetic'))}{report['cohort']}"
    title = f"Audit of {escape(cohort)} for {escape(report['question'])}"
    return _PAGE.format(
        title=title,
        verdict=report["verdict"],
        verdict_text=_VERDICTS[report["verdict"]],
        n_rows=report["n_rows"],
        n_event_patients=report["n_event_patients"],
        found="\n".join(map(_card, shown)) or "<p>No rule warns or refuses.</p>",
        quiet="\n".join(map(_line, quiet)),
        n_quiet=len(quiet),
    )


def _card(finding: Mapping[str, Any]) -> str:
    severity = "overridden" if finding["overridden"] else finding["severity"]
    parts = [
        f'<section class="finding {severity}">',
        f'<h2><span class="tag">{severity}</span> {_words(finding["rule"])}</h2>',
        f'<p class="soft"><code>{escape(finding["rule"])}</code></p>',
        f"<p>{escape(finding['text'])}</p>",
        _interval(finding),
        _columns(finding),
    ]
    if finding["way_out"]:
        parts.append(f"<p><b>Way out.</b> {escape(finding['way_out'])}</p>")
    if finding["overridden"]:
        parts.append(f"<p><b>Overridden:</b> {escape(finding['overridden'])}</p>")
    return "\n".join([part for part in parts if part] + ["</section>"])


def _line(finding: Mapping[str, Any]) -> str:
    said = escape(finding["text"])
    kind = "" if finding["assessable"] else ' class="open"'
    return f"<tr{kind}><td>{_words(finding['rule'])}</td><td>{said}</td></tr>"


def _words(rule: str) -> str:
    return escape(rule.replace("_", " ").capitalize())


def _columns(finding: Mapping[str, Any]) -> str:
    counts = dict(finding["row_counts"])
    columns = [
        f"<li><code>{escape(name)}</code>{_rows(counts.pop(name, None))}</li>"
        for name in finding["columns"]
    ]
    columns += [f"<li>{escape(name.replace('_', ' '))}: {n:,}</li>" for name, n in counts.items()]
    return f"<ul>{''.join(columns)}</ul>" if columns else ""


def _rows(n: int | None) -> str:
    return "" if n is None else f", {n:,} rows"


def _interval(finding: Mapping[str, Any]) -> str:
    """Draw a figure between 0 and 1 with its interval and the limit it was held against."""
    low, high, limit = finding["low"], finding["high"], finding["threshold"]
    figure = finding["statistic"]
    if None in (low, high, limit, figure) or not 0 <= limit <= 1:
        return ""

    def x(at: float) -> float:
        return _PAD + at * (_WIDTH - 2 * _PAD)

    middle = _HEIGHT / 2
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" role="img" '
        f'aria-label="{figure:.2f}, 95 % interval {low:.2f} to {high:.2f}, limit {limit:.2f}">'
        f'<line class="axis" x1="{x(0)}" x2="{x(1)}" y1="{middle}" y2="{middle}"/>'
        f'<line class="limit" x1="{x(limit):.1f}" x2="{x(limit):.1f}" y1="3" y2="{_HEIGHT - 3}"/>'
        f'<line class="bar" x1="{x(low):.1f}" x2="{x(high):.1f}" y1="{middle}" y2="{middle}"/>'
        f'<circle cx="{x(figure):.1f}" cy="{middle}" r="4"/></svg>'
        f"<small>{figure:.2f} ({low:.2f} to {high:.2f}); limit {limit:.2f}</small>"
    )


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ --ink: #1c2430; --soft: #5b6675; --line: #d8dee6; --bad: #b3261e; --warn: #8a5a00;
  --ground: #fff; --tint: #f6f8fa; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e6eaf0; --soft: #9aa6b5; --line: #3a4350;
  --bad: #ff8a80; --warn: #ffd166; --ground: #14181f; --tint: #1c222b; }} }}
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 52rem; padding: 0 1rem;
  color: var(--ink); background: var(--ground); }}
h1 {{ font-size: 1.4rem; margin-bottom: .2rem; }} h2 {{ font-size: 1.05rem; margin: 0 0 .3rem; }}
.verdict {{ font-size: 1.15rem; font-weight: 600; margin: .4rem 0; }}
.verdict.refused, .verdict.overridden {{ color: var(--bad); }}
.verdict.warned {{ color: var(--warn); }}
.finding {{ border-left: 4px solid var(--line); background: var(--tint); padding: .8rem 1rem;
  margin: 1rem 0; }}
.finding.refuse, .finding.overridden {{ border-color: var(--bad); }}
.finding.warn {{ border-color: var(--warn); }}
.tag {{ font-size: .75rem; text-transform: uppercase; letter-spacing: .05em; color: var(--soft); }}
.refuse .tag, .overridden .tag {{ color: var(--bad); }} .warn .tag {{ color: var(--warn); }}
p {{ margin: .3rem 0; }} ul {{ margin: .3rem 0; padding: 0; }} code {{ font-size: .85em; }}
li {{ display: inline-block; margin-right: 1.2rem; font-size: .9rem; }}
svg {{ vertical-align: middle; margin-right: .5rem; }}
.axis {{ stroke: var(--line); stroke-width: 2; }} .bar {{ stroke: var(--ink); stroke-width: 3; }}
.limit {{ stroke: var(--bad); stroke-dasharray: 3 2; }}
circle {{ fill: var(--ink); }} small, .soft {{ color: var(--soft); }}
table {{ border-collapse: collapse; width: 100%; font-size: .9rem; }}
td {{ border-top: 1px solid var(--line); padding: .3rem .5rem .3rem 0; vertical-align: top; }}
td:first-child {{ width: 40%; }} .open td {{ font-style: italic; }}
</style></head><body>
<h1>{title}</h1>
<p class="verdict {verdict}">{verdict_text}</p>
<p class="soft">{n_rows:,} rows, {n_event_patients:,} patients with an event. Intervals are 95 % by
patient; the dashed line is the limit a lower bound must stay below. Figures and counts only: no
value of a patient is on this page.</p>
{found}
<h2>{n_quiet} rules without a finding</h2>
<table>{quiet}</table>
</body></html>
"""

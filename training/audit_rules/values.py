"""Clusters of values that cannot be what they say: impossible ones, other units, lost digits."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import binom

from features.inputs import INPUTS, Input
from training.audit_rules.concordance import between_patients, judged
from training.audit_rules.evidence import Evidence, FloatArray
from training.audit_rules.finding import Finding, Severity, not_assessable

MIN_ROWS = 5
SHARE = 0.01  # of the results of an input
REFUSE_SHARE = 0.05
TENFOLD = {"ten times too small": 10.0, "ten times too large": 0.1}
MIN_DIGITS = 150  # inner digits of an input's numbers
LEAST_OF_USUAL = 0.5  # honest numbers hold every digit at least half as often as the usual one
SPREAD_DIGITS = 8  # of the nine others
SURPRISE = 1e-4
MIN_STACK = 3  # equal results at one extreme
FAR_TIMES = 1.3  # beyond the plausible range, for inputs read as ratios
FAR_SHARE = 0.1  # of the plausible range beyond it, for the others
SHOWN_COLUMNS = 8


def impossible_values_cluster(evidence: Evidence) -> Finding:
    """Count results outside what a living patient can have."""
    rule = impossible_values_cluster.__name__
    outside = {}
    for name, rows in _by_input(evidence):
        low, high = INPUTS[name].hard
        n = int(((rows < low) | (rows > high)).sum())
        if n >= MIN_ROWS and n > SHARE * len(rows):
            outside[name] = (n, n / len(rows))
    if not outside:
        return Finding(rule, "note", "No input holds a cluster of impossible values.")
    worst = max(share for _, share in outside.values())
    return Finding(
        rule,
        "refuse",
        f"{len(outside)} input(s) hold impossible values in {SHARE:.0%} of their results or more.",
        way_out="Import with the row checks on, which leave them out and count them; then ask the "
        "source how they came about: what made some impossible made others wrong.",
        statistic=worst,
        threshold=SHARE,
        columns=_most(outside),
        row_counts={name: outside[name][0] for name in _most(outside)},
    )


def implausible_values_follow_the_outcome(evidence: Evidence) -> Finding:
    """Compare how often results lie far out of range, before the event, between the outcomes.

    Garbled numbers of one outcome are a mark of it, however few they are.
    """
    rule = implausible_values_follow_the_outcome.__name__
    if evidence.too_few:
        return not_assessable(rule, evidence.too_few)
    measured = evidence.before_the_event
    rows = measured.loc[measured["value"].notna(), ["course_id", "input", "value"]]
    groups = rows.groupby(rows["input"].astype(str))["value"]
    far = groups.transform(lambda values: _far_share(str(values.name), values))
    patient = rows["course_id"].map(evidence.course_table["patient"])
    share = far.groupby(patient).mean().reindex(np.arange(len(evidence.patient_table)))
    counts = rows["input"].astype(str)[far > 0].value_counts()
    shown = {str(name): int(n) for name, n in counts.head(SHOWN_COLUMNS).items()}
    return judged(
        rule,
        between_patients(evidence, np.asarray(share.fillna(0.0), dtype=np.float64)),
        "The share of results far out of the plausible range orders patients with an AUROC of "
        "{area}.",
        "Find out why the numbers of one outcome are garbled; export all patients in one way.",
        shown,
    )


def units_are_mixed(evidence: Evidence) -> Finding:
    """Look for results that are implausible in their unit and ordinary in another, or tenfold.

    The other units are those accepted for the input. A cluster is refused where it is large.
    """
    rule = units_are_mixed.__name__
    found: dict[str, tuple[int, float]] = {}
    fits: dict[str, str] = {}
    for name, values in _by_input(evidence):
        unit, n = _fits_otherwise(INPUTS[name], values.to_numpy(dtype=float))
        if n >= MIN_ROWS and n > SHARE * len(values):
            found[name] = (n, n / len(values))
            fits[name] = unit
    if not found:
        return Finding(rule, "note", "No input holds a cluster of values in another unit.")
    worst = max(share for _, share in found.values())
    severity: Severity = "refuse" if worst > REFUSE_SHARE else "warn"
    said = ", ".join(f"{name} as if {fits[name]}" for name in _most(found))
    return Finding(
        rule,
        severity,
        f"{len(found)} input(s) hold values that do not fit their unit and fit another: {said}.",
        way_out="Give each result its unit and import again; where the unit is not known, leave "
        "the results of that source out.",
        statistic=worst,
        threshold=REFUSE_SHARE,
        columns=_most(found),
        row_counts={name: found[name][0] for name in _most(found)},
    )


def digits_are_lost(evidence: Evidence) -> Finding:
    """Look for inputs whose numbers, as they came, hold no 0 between their other digits.

    "105.2" that became "15.2" looks possible: only the digits of all numbers together tell.
    """
    rule = digits_are_lost.__name__
    digits = inner_digits(evidence.cohort.measurements)
    total = digits.sum(axis=1)
    others = digits.drop(columns="0")
    usual = others.median(axis=1) / total
    # Inputs of a narrow range (sodium, temperature) hold some digits only: they prove nothing.
    spread = others.ge(LEAST_OF_USUAL * usual * total, axis=0).sum(axis=1) >= SPREAD_DIGITS
    enough = digits[(total >= MIN_DIGITS) & spread]
    expected = usual[enough.index] * LEAST_OF_USUAL
    chance = binom.cdf(enough["0"], total[enough.index], expected) * max(len(enough), 1)
    lost = enough[chance < SURPRISE]
    if lost.empty:
        return Finding(rule, "note", f"Digits of {len(enough)} input(s) look complete.")
    share = float(lost["0"].sum() / lost.to_numpy().sum())
    shown = total[lost.index].sort_values(ascending=False).index[:SHOWN_COLUMNS]
    return Finding(
        rule,
        "warn",
        f"In {len(lost)} input(s) the digit 0 is missing inside the numbers as they came "
        f"({share:.1%} of inner digits): 105 may stand there as 15.",
        way_out="Export again without reformatting numbers. What still looks possible cannot be "
        "found by its value: treat these inputs as coarse, or leave them out.",
        statistic=share,
        threshold=LEAST_OF_USUAL / 10.0,
        columns=tuple(map(str, shown)),
        row_counts={str(name): int(total[name]) for name in shown},
    )


def inner_digits(measurements: pd.DataFrame) -> pd.DataFrame:
    """Count the digits between the first and the last of the numbers as they came: input x digit.

    A last 0 behind the point is often left away, and a first one means nothing.
    """
    text = measurements["source_value"].dropna().astype(str).str.replace(r"[^0-9]", "", regex=True)
    inner = text.str.strip("0").str.slice(1, -1)
    names = measurements.loc[inner.index, "input"].astype(str)
    joined = inner.groupby(names).agg("".join)
    counts = {digit: joined.str.count(digit) for digit in "0123456789"}
    return pd.DataFrame(counts, index=joined.index, dtype=float)


def _by_input(evidence: Evidence) -> list[tuple[str, pd.Series]]:
    measured = evidence.cohort.measurements
    known = measured.loc[measured["value"].notna(), ["input", "value"]]
    return [
        (str(name), values)
        for name, values in known.groupby("input", observed=True)["value"]
        if str(name) in INPUTS
    ]


def _fits_otherwise(one: Input, values: FloatArray) -> tuple[str, int]:
    """Count the values far out of range that would be plausible in the best other unit."""
    low, high = one.plausible
    strange = _without_a_ceiling(values[_far_outside(one, values)])
    counts = {name: 0 for name in TENFOLD}
    for unit, turn in one.accepted.items():
        if turn.factor != 1.0 or turn.offset != 0.0:
            made = strange * turn.factor + turn.offset
            counts[unit] = int(((made >= low) & (made <= high)).sum())
    for name, factor in TENFOLD.items():
        counts[name] = int(((strange * factor >= low) & (strange * factor <= high)).sum())
    best = max(counts, key=lambda unit: counts[unit])
    return best, counts[best]


def _far_outside(one: Input, values: FloatArray) -> np.ndarray:
    """Return which values lie well beyond the plausible range: honest extremes lie close to it.

    What may honestly come near to nothing, such as counts of cells, has no lower end.
    """
    low, high = one.plausible
    if one.scale == "log":
        above, below = values > high * FAR_TIMES, values < low / FAR_TIMES
    else:
        margin = FAR_SHARE * (high - low)
        above, below = values > high + margin, values < low - margin
    return above | (below & (values > 0)) if one.hard[0] > 0 else above


def _far_share(name: str, values: pd.Series) -> FloatArray:
    known = INPUTS.get(name)
    numbers = values.to_numpy(dtype=np.float64)
    return np.zeros(len(values)) if known is None else _far_outside(known, numbers).astype(float)


def _without_a_ceiling(values: FloatArray) -> FloatArray:
    """Leave out the extreme that several results share: a limit of the instrument, no unit."""
    stacked = (
        [limit for limit in (values.min(), values.max()) if (values == limit).sum() >= MIN_STACK]
        if len(values)
        else []
    )
    return values[~np.isin(values, stacked)]


def _most(found: dict[str, tuple[int, float]]) -> tuple[str, ...]:
    return tuple(sorted(found, key=lambda name: -found[name][0])[:SHOWN_COLUMNS])

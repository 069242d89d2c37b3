"""Whether the place in the file says the answer."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from training.audit_rules.concordance import Concordance, between_patients, judged, unless_known
from training.audit_rules.evidence import Evidence, FloatArray
from training.audit_rules.finding import ORDER_OF_SEVERITY, Finding, not_assessable

NEIGHBOURS = 3  # patients on either side


def row_order_predicts_the_outcome(evidence: Evidence) -> Finding:
    """Predict each patient's outcome from those of the neighbours in the file and in the ids.

    Files that were put together by outcome betray it in their order. Patients of one site are
    compared with each other. A loader that took the order out of courses and ids declares what the
    rows of the source still know.
    """
    rule = row_order_predicts_the_outcome.__name__
    if evidence.too_few:
        return not_assessable(rule, evidence.too_few)
    visible = _strongest(evidence, _orders(evidence))
    in_source = _strongest(evidence, {"the rows of the source": _source_rows(evidence)})
    findings = [_of_order(rule, *one) for one in (visible, in_source) if one is not None]
    if not findings:
        return not_assessable(rule, "no order can be read")
    if in_source is not None:
        findings[-1] = unless_known(findings[-1], evidence, "row_order")
    return min(findings, key=lambda one: (ORDER_OF_SEVERITY[one.severity], -one.figure))


def _of_order(rule: str, name: str, area: Concordance) -> Finding:
    return judged(
        rule,
        area,
        f"The outcomes of the neighbours in {name} order patients with an AUROC of {{area}}.",
        "The file was put together by outcome, or in blocks from different sources. Find out how; "
        "give ids that say nothing of the order, and ask whether the blocks were recorded alike.",
        (name,),
    )


def _strongest(evidence: Evidence, orders: dict[str, pd.Series]) -> tuple[str, Concordance] | None:
    areas = {name: _area_of_order(evidence, position) for name, position in orders.items()}
    seen = [(name, area) for name, area in areas.items() if area is not None]
    return max(seen, key=lambda one: one[1].low) if seen else None


def _orders(evidence: Evidence) -> dict[str, pd.Series]:
    """Return ways to order the courses: course_id -> position."""
    courses = evidence.cohort.courses["course_id"].astype(str)
    patients = evidence.cohort.courses["patient_id"].astype(str)
    return {
        "the courses table": pd.Series(np.arange(len(courses), dtype=float), index=courses),
        "the course ids": pd.Series(_places(courses), index=courses),
        "the patient ids": pd.Series(_places(patients), index=courses),
    }


def _source_rows(evidence: Evidence) -> pd.Series:
    first = evidence.cohort.measurements.groupby("course_id")["source_row"].min()
    return first.astype(float).dropna()


def _places(ids: pd.Series) -> FloatArray:
    """Return the place of each id in an order that reads the numbers in it as numbers."""
    keys = [
        tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)
        for parts in ids.map(lambda text: re.findall(r"[0-9]+|[^0-9]+", text))
    ]
    place = {key: float(at) for at, key in enumerate(sorted(set(keys)))}
    return np.array([place[key] for key in keys])


def _area_of_order(evidence: Evidence, position: pd.Series) -> Concordance | None:
    """Return how the neighbours' outcomes order the patients; None where few have a place."""
    courses = evidence.course_table
    at = courses.assign(at=position.reindex(courses.index)).groupby("patient")["at"].min()
    if at.nunique() < len(at) / 2:
        return None
    event = evidence.patient_table["event"].to_numpy(dtype=np.float64)
    order = np.argsort(at.to_numpy(dtype=float), kind="stable")
    score = np.empty(len(event))
    score[order] = _mean_of_neighbours(event[order])
    return between_patients(evidence, score)


def _mean_of_neighbours(event: FloatArray) -> FloatArray:
    """Return the mean of the `NEIGHBOURS` on either side, without the patient's own outcome."""
    window = np.ones(2 * NEIGHBOURS + 1)
    window[NEIGHBOURS] = 0.0
    return np.convolve(event, window, mode="same") / np.convolve(
        np.ones(len(event)), window, mode="same"
    )

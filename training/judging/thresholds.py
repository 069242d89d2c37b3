"""What a threshold would mean on the ward: found, missed, how many alerts, how much warning.

An alert is a row whose risk is at or above the threshold. Of each row it is asked whether the event
came in its window; of each event patient whether an alert came before the event *and said so in
time*: an alert whose window ended before the event is a false alert here, not a warning.

Definitions, of weighted rows: sensitivity, specificity, PPV and NPV as usual;
`event_patient_sensitivity` the share of patients with an event who have at least one alerted row
with the event in its window; `alerted_patients` the share of patients with any alert. In a daily
question a row is one patient-day on which the question was asked, so that
`alerts_per_100_patient_days` is 100 times the share of alerted rows, and `alerts_per_week_on_ward`
that share times seven days times PATIENTS_ON_WARD patients at risk. Warning is the time from the
first alert with the event in its window to the event, in days, over the event patients who had one;
it cannot be longer than the horizon, and where records know only days it is whole days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.bootstrap import FloatArray, summarise
from training.judging.headline import Judged, averaged
from training.judging.rows import MODEL, JudgedRows
from training.judging.weighted_quantile import weighted_quantiles

DEFAULT_THRESHOLDS = (0.02, 0.05, 0.10, 0.15, 0.20, 0.30, 0.50)
PATIENTS_ON_WARD = 10  # at risk at the same time
DAYS_A_WEEK = 7
WARNING = {"warning_days_q25": 0.25, "warning_days_median": 0.5, "warning_days_q75": 0.75}


@dataclass(frozen=True, eq=False)
class _People:
    """Whose rows these are.

    Parameters
    ----------
    code : (n,) number of each row's patient; first : (patients,) position of each one's first row.
    event_code : (n,) number among event patients, -1 for the others; event_first : (event
    patients,) position of each one's first event row.
    lead : (n,) days to the event on event rows, NaN elsewhere.
    """

    code: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    event_code: npt.NDArray[np.int64]
    event_first: npt.NDArray[np.int64]
    lead: FloatArray


def thresholds(
    judged: Judged, tiers: Mapping[str, float] | None = None, *, daily: bool = True
) -> dict[str, Any]:
    """Return the table of thresholds, of the model and of every comparator.

    Parameters
    ----------
    judged : Judged
    tiers : name -> lower bound of the tiers of the plan; a bound of 0 alerts everybody and is left
        out.
    daily : whether a row is a patient-day; if not, nothing is counted per day or week.
    """
    cuts = {float(bound): name for name, bound in (tiers or {}).items() if 0 < bound < 1}
    used = sorted({*DEFAULT_THRESHOLDS, *cuts})
    people = _people(judged.rows)
    tables = {
        name: [
            {"threshold": t, "tier": cuts.get(t), **figures}
            for t, figures in zip(used, _figures(judged, people, name, used, daily), strict=True)
        ]
        for name in (MODEL, *judged.comparators)
    }
    return {
        "patients_on_ward": PATIENTS_ON_WARD if daily else None,
        "row_is": "a patient-day on which the question is asked" if daily else "a course",
        "warning_in_whole_days": _in_whole_days(people.lead),
        "n_event_patients": len(people.event_first),
        MODEL: tables.pop(MODEL),
        "comparators": tables,
        "reason": None if len(people.event_first) else "Nobody has the event.",
    }


def _figures(
    judged: Judged, people: _People, name: str, used: Sequence[float], daily: bool
) -> Iterator[dict[str, Any]]:
    """Yield the figures of one risk with their intervals, threshold by threshold."""
    y = judged.rows.y
    measures = [
        {f"rates {t}": partial(_rates, y, p >= t, people) for t in used}
        | {f"warning {t}": partial(_warning, p >= t, people) for t in used}
        for p in judged.risks[name]
    ]
    drawn = averaged(judged.bootstrap, measures)
    for t in used:
        figures = dict(zip(RATES, drawn[f"rates {t}"].T, strict=True))
        alerts = figures.pop("alerts")
        if daily:
            figures["alerts_per_100_patient_days"] = 100 * alerts
            figures["alerts_per_week_on_ward"] = DAYS_A_WEEK * PATIENTS_ON_WARD * alerts
        else:
            figures["alerts_per_100_courses"] = 100 * alerts
        figures |= dict(zip(WARNING, drawn[f"warning {t}"].T, strict=True))
        yield {key: summarise(figure).to_dict() for key, figure in figures.items()}


RATES = (
    "sensitivity", "specificity", "ppv", "npv", "event_patient_sensitivity", "alerted_patients",
    "alerts",
)  # fmt: skip


def _rates(
    y: FloatArray, alert: npt.NDArray[np.bool_], people: _People, weights: FloatArray
) -> FloatArray:
    """Return RATES under each weighting, (b, 7); a patient weighs as the first of their rows."""
    w = np.atleast_2d(weights)
    alerted = alert.astype(np.float64)
    total, events, alerts, hits = w.sum(axis=1), w @ y, w @ alerted, w @ (alerted * y)
    quiet, others = total - alerts, total - events
    warned = _any(alert & (y == 1), people.event_code, len(people.event_first))
    ever = _any(alert, people.code, len(people.first))
    return np.column_stack(
        [
            _share(hits, events),
            _share(others - (alerts - hits), others),
            _share(hits, alerts),
            _share(quiet - (events - hits), quiet),
            _share(w[:, people.event_first] @ warned, w[:, people.event_first].sum(axis=1)),
            _share(w[:, people.first] @ ever, w[:, people.first].sum(axis=1)),
            _share(alerts, total),
        ]
    )


def _warning(alert: npt.NDArray[np.bool_], people: _People, weights: FloatArray) -> FloatArray:
    """Return quartiles of the days from the first timely alert to the event, (b, 3)."""
    w = np.atleast_2d(weights)
    timely = alert & np.isfinite(people.lead)
    longest = np.full(len(people.event_first), -np.inf)
    np.maximum.at(longest, people.event_code[timely], people.lead[timely])
    warned = np.isfinite(longest)
    return weighted_quantiles(
        longest[warned], w[:, people.event_first[warned]], tuple(WARNING.values())
    )


def _any(mask: npt.NDArray[np.bool_], code: npt.NDArray[np.int64], people: int) -> FloatArray:
    """Whether any row of each patient is in the mask, (people,), as 0 or 1."""
    found = np.zeros(people)
    found[code[mask]] = 1.0
    return found


def _share(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Divide, NaN where the whole is nothing."""
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 1e-12)


def _people(rows: JudgedRows) -> _People:
    code, _ = pd.factorize(rows.patients)
    event = np.flatnonzero(rows.y == 1)
    event_code = np.full(len(rows), -1, dtype=np.int64)
    event_code[event], _ = pd.factorize(rows.patients[event])
    gap = rows.facts["event_instant"].to_numpy(dtype=np.float64) - rows.facts["instant"].to_numpy(
        dtype=np.float64
    )
    return _People(
        code.astype(np.int64),
        np.unique(code, return_index=True)[1],
        event_code,
        event[np.unique(event_code[event], return_index=True)[1]],
        np.where(rows.y == 1, gap, np.nan),
    )


def _in_whole_days(lead: FloatArray) -> bool | None:
    """Whether every time to the event is whole days: then warning is no finer; None without any."""
    known = lead[np.isfinite(lead)]
    return bool(np.allclose(known, np.round(known))) if len(known) else None

"""Made-up rows and risks to judge: a few days a patient, the event at the end of some."""

import numpy as np
import pandas as pd

from training.judging.headline import Judged, judge
from training.judging.rows import JudgedRows

DAYS = 5
HORIZON_DAYS = 3.0


def some_rows(patients=40, event_patients=10, seed=0):
    """Make patients asked on days 0 to 4; `event_patients` of them have the event on day 2 to 6."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(patients):
        day_of_event = float(rng.integers(2, 7)) if number < event_patients else np.nan
        for day in range(DAYS):
            if not day >= day_of_event:
                soon = day_of_event - day <= HORIZON_DAYS
                rows.append((number, float(day), float(soon), day_of_event if soon else np.nan))
    frame = pd.DataFrame(rows, columns=["number", "day", "y", "event_instant"])
    facts = pd.DataFrame(
        {
            "course_id": "C" + frame["number"].astype(str),
            "landmark_day": frame["day"],
            "instant": frame["day"],
            "event_instant": frame["event_instant"],
            "current_grade": 0.0,
            "recurrent": False,
        }
    )
    patients_of_rows = ("P" + frame["number"].astype(str)).to_numpy(dtype=object)
    return JudgedRows(frame["y"].to_numpy(), np.ones(len(frame)), patients_of_rows, facts)


def some_risks(rows, repeats=2, seed=1):
    """Make risks that run ahead of the outcome, and a comparator that knows nothing."""
    rng = np.random.default_rng(seed)
    score = -2.0 + 2.0 * rows.y + rng.normal(0, 1, (repeats, len(rows)))
    return {
        "model": 1 / (1 + np.exp(-score)),
        "current_grade": np.tile(np.round(rng.uniform(0.05, 0.4, len(rows)), 1), (repeats, 1)),
    }


def some_judged(rows=None, risks=None, replicates=60, **made) -> Judged:
    """Judge made-up risks of made-up rows."""
    rows = some_rows(**made) if rows is None else rows
    return judge(rows, some_risks(rows) if risks is None else risks, replicates, seed=4)


def numbers(plain):
    """Yield every number of plain data, failing on anything that JSON does not know."""
    if isinstance(plain, dict):
        for key, inner in plain.items():
            assert isinstance(key, str)
            yield from numbers(inner)
    elif isinstance(plain, list):
        for inner in plain:
            yield from numbers(inner)
    elif isinstance(plain, float | int) and not isinstance(plain, bool):
        assert np.isfinite(plain)
        yield plain
    else:
        assert plain is None or isinstance(plain, str | bool), type(plain)

"""How laboratory values and vital signs move with what happens to the patient.

Each signal follows a target set by the current CRS and ICANS state, with its own speed up and
down, on top of the person's baseline, lymphodepletion and the effect of tocilizumab. Only the past
and the present of the path enter, never what is still to come.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.inputs import INPUTS
from features.sources.synthetic.parameters import Floats, observation, product_rows
from features.sources.synthetic.people import People, diagnosis_key
from features.sources.synthetic.states import CRS_TREATED
from features.sources.synthetic.timeline import COLUMNS, DAY_OF_COLUMN, Seen

Bools = NDArray[np.bool_]
Signal = Mapping[str, Any]
_SHARED: Final = 0.6


def draw_signals(people: People, seen: Seen, random: np.random.Generator) -> dict[str, Floats]:
    """Return what a reading at each step would show.

    Returns
    -------
    dict
        Input name -> values in the canonical unit, shape (n, COLUMNS).
    """
    days_since_dose = _days_since_tocilizumab(seen)
    severe_once = np.maximum.accumulate(seen.crs_grade >= 3, axis=1)
    hyperinflamed = severe_once & people.prone_to_hyperinflammation[:, None]
    shared = random.standard_normal(len(people.u))
    return {
        name: _readings(name, signal, people, seen, shared, days_since_dose, hyperinflamed, random)
        for name, signal in observation()["signal"].items()
    }


def decimals(name: str) -> int:
    """Return how many decimals the laboratory reports for `name`."""
    places: int = observation()["signal"].get(name, {}).get("decimals", 0)
    return places


def _readings(
    name: str,
    signal: Signal,
    people: People,
    seen: Seen,
    shared: Floats,
    days_since_dose: Floats,
    hyperinflamed: Bools,
    random: np.random.Generator,
) -> Floats:
    n = len(people.u)
    baseline = _baseline(name, signal, people, random)
    # who answers strongly in one signal does so in the others
    response = np.sqrt(_SHARED) * shared + np.sqrt(1 - _SHARED) * random.standard_normal(n)
    amplitude = np.exp(signal.get("response", 0.0) * response)
    amplitude = amplitude * np.clip(1 + signal.get("per_u", 0.0) * people.u, 0.3, 2.0)
    target = _by_crs(signal)[seen.crs] * amplitude[:, None] + _by_icans(signal)[seen.icans]
    shift, fade_days = signal.get("tocilizumab", (0.0, 1.0))
    if shift:
        target = target + shift * np.exp(-days_since_dose / fade_days) * (seen.crs_grade > 0)
    target = target + signal.get("hyperinflammation", 0.0) * hyperinflamed
    level = _following(target, signal.get("rise", 0.5), signal.get("fall", 0.2))
    if "lymphodepletion" in signal:
        level = level + _lymphodepletion(signal, random.standard_normal(n))
    noise = random.standard_normal((n, COLUMNS), dtype=np.float32) * signal["visit"]
    shown = baseline[:, None] + level + noise
    low, high = INPUTS[name].hard
    return np.clip(np.exp(shown) if signal["scale"] == "log" else shown, low, high)


def _baseline(name: str, signal: Signal, people: People, random: np.random.Generator) -> Floats:
    pairs = []
    for row in product_rows():
        group = observation()["people"][diagnosis_key(row)]["baseline"]
        centre, spread = group.get(name, signal["baseline"])
        pairs.append((np.log(centre) if signal["scale"] == "log" else centre, spread))
    table: Floats = np.array(pairs, dtype=np.float64)
    centre, spread = table[people.row].T
    on_u, on_v = signal.get("u", 0.0), signal.get("v", 0.0)
    own = np.sqrt(1 - on_u**2 - on_v**2) * random.standard_normal(len(people.u))
    level: Floats = centre + spread * (on_u * people.u + on_v * people.v + own)
    return level + _child(name, people)


def _child(name: str, people: People) -> Floats:
    """Children's hearts are faster, their pressures and creatinine lower."""
    shifts = {
        "heart_rate_per_min": 22.0, "respiratory_rate_per_min": 5.0, "sbp_mmhg": -18.0,
        "creatinine_mg_dl": -0.75,
    }  # fmt: skip
    return np.where(people.is_child, shifts.get(name, 0.0), 0.0)


def _by_crs(signal: Signal) -> Floats:
    prodrome, g1, g2, g3, g4, resolved = signal.get("crs", (0.0,) * 6)
    return np.array([0.0, prodrome, g1, g1, g2, g2, g3, g3, g4, resolved])


def _by_icans(signal: Signal) -> Floats:
    g1, g2, g3, g4 = signal.get("icans", (0.0,) * 4)
    return np.array([0.0, g1, g1, g2, g3, g4, 0.0])


def _days_since_tocilizumab(seen: Seen) -> Floats:
    """Return days since the first dose, infinite before it."""
    treated = np.maximum.accumulate(CRS_TREATED[seen.crs], axis=1)
    first = np.where(treated.any(axis=1), DAY_OF_COLUMN[treated.argmax(axis=1)], np.inf)
    return np.where(treated, DAY_OF_COLUMN[None, :] - first[:, None], np.inf)


def _following(target: Floats, rise: float, fall: float) -> Floats:
    """Let a level go a share of the way to its target in each step."""
    level = np.zeros_like(target)
    for column in range(1, target.shape[1]):
        gap = target[:, column] - level[:, column - 1]
        level[:, column] = level[:, column - 1] + np.where(gap > 0, rise, fall) * gap
    return level


def _lymphodepletion(signal: Signal, person: Floats) -> Floats:
    curve = np.interp(DAY_OF_COLUMN, observation()["course"]["days"], signal["lymphodepletion"])
    return curve[None, :] * np.exp(0.25 * person)[:, None]

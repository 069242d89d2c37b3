"""What is given, as the usual policy of the chain has it: it follows the grades.

Rows say only what is known when they start: an infusion pump that runs is charted every 12 hours, a
daily drug once a day, so that no stop day tells the future.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.sources.synthetic.columns import Columns, code_of, filled, joined
from features.sources.synthetic.parameters import Floats
from features.sources.synthetic.people import People
from features.sources.synthetic.states import CRS_TREATED
from features.sources.synthetic.stay import Stay
from features.sources.synthetic.timeline import BEFORE, COLUMNS, DAY_OF_COLUMN, Seen

Bools = NDArray[np.bool_]

AGENTS: Final = (
    "tocilizumab", "corticosteroid", "anakinra", "vasopressor", "oxygen",
    "positive_pressure_ventilation", "antiepileptic", "antibiotic", "transfusion_platelets",
    "transfusion_red_cells", "g_csf",
)  # fmt: skip
_AGENT: Final = code_of(AGENTS)
DOSE_UNITS: Final = ("mg/kg", "mg", "ug", "{agents}", "L/min")
ROUTES: Final = ("intravenous", "oral", "subcutaneous", "inhaled")
_STEP_DAYS: Final = 0.5


class Support:
    """Which organ carries the CRS grade of each course: pressure, lungs or both.

    Attributes
    ----------
    pressure, lungs : ndarray of bool, shape (n,)
        At least one of them holds.
    """

    def __init__(self, n: int, random: np.random.Generator) -> None:
        kind = random.choice(3, n, p=(0.55, 0.20, 0.25))
        self.pressure: Bools = kind != 1
        self.lungs: Bools = kind != 0


def draw_treatments(
    people: People,
    seen: Seen,
    stay: Stay,
    support: Support,
    signals: dict[str, Floats],
    random: np.random.Generator,
) -> Columns:
    """Return the treatment rows of a block, ordered by course and start."""
    n = len(people.u)
    here = stay.inpatient
    crs, icans = seen.crs_grade, seen.icans_grade
    daily = (np.arange(COLUMNS) % 2 == 0)[None, :]
    steroid = ((icans >= 2) | (crs >= 3)) & daily
    inflamed = people.prone_to_hyperinflammation[:, None] & (
        np.maximum.accumulate(crs >= 3, axis=1) & (crs >= 1)
    )
    pressors = (crs >= 3) & support.pressure[:, None]
    breathing = (crs == 4) & support.lungs[:, None]
    oxygen = (crs >= 2) & (crs < 4) & support.lungs[:, None]
    labs = here & daily & (random.random((n, COLUMNS)) < 0.9)
    neutropenic = signals["anc_10e9_l"] < 0.5
    febrile = here & (signals["temperature_c"] >= 38.0) & neutropenic
    platelets = labs & (signals["platelets_10e9_l"] < 15)
    red_cells = labs & (signals["haemoglobin_g_dl"] < 7)
    several = np.where(crs == 4, 2.0, 1.0)
    flow = np.where(crs == 3, 30.0, 3.0)
    none = np.nan
    parts = [
        _rows("tocilizumab", _tocilizumab(seen, here, random), 8.0, "mg/kg", random),
        _rows("corticosteroid", here & steroid, 10.0, "mg", random),
        _rows("anakinra", here & inflamed & daily, 100.0, "mg", random, route="subcutaneous"),
        _rows("vasopressor", here & pressors, several, "{agents}", random, lasts=True),
        _rows("oxygen", here & oxygen, flow, "L/min", random, lasts=True, route="inhaled"),
        _rows("positive_pressure_ventilation", here & breathing, none, None, random, lasts=True),
        _rows("antibiotic", _once(febrile), none, None, random),
        _rows("transfusion_platelets", platelets, none, None, random),
        _rows("transfusion_red_cells", red_cells, none, None, random),
        _rows("g_csf", _g_csf(people, labs & neutropenic), 300.0, "ug", random, "subcutaneous"),
        _prophylaxis(n, random),
    ]
    return joined(parts)


def _tocilizumab(seen: Seen, here: Bools, random: np.random.Generator) -> Bools:
    """Give a dose when the state first becomes treated, and at most two more while it lasts."""
    treated = CRS_TREATED[seen.crs] & here
    first = _once(treated)
    again = treated & ~first & (seen.crs_grade >= 2) & (random.random(treated.shape) < 0.3)
    again &= np.cumsum(again, axis=1) <= 2
    return first | again


def _g_csf(people: People, low: Bools) -> Bools:
    uses = people.site % 2 == 0
    return low & uses[:, None] & (DAY_OF_COLUMN >= 5)[None, :]


def _once(mask: Bools) -> Bools:
    return mask & (np.cumsum(mask, axis=1) == 1)


def _rows(
    agent: str,
    given: Bools,
    dose: "float | Floats",
    unit: str | None,
    random: np.random.Generator,
    route: str = "intravenous",
    lasts: bool = False,
) -> Columns:
    jitter = 0.05 + 0.35 * random.random(given.shape, dtype=np.float32)
    course, column = np.nonzero(given)
    start = np.round(DAY_OF_COLUMN[column] - jitter[course, column], 3)
    n = len(course)
    amounts = np.broadcast_to(dose, given.shape)[course, column]
    return {
        "course": course,
        "start_day": start,
        "stop_day": DAY_OF_COLUMN[column] if lasts else filled(n, np.nan, float),
        "known_day": start,
        "agent": filled(n, _AGENT[agent], np.int8),
        "dose": amounts.astype(float),
        "dose_unit": filled(n, DOSE_UNITS.index(unit) if unit else -1, np.int8),
        "route": filled(n, ROUTES.index(route), np.int8),
        "intent": filled(n, 0, np.int8),
    }


def _prophylaxis(n: int, random: np.random.Generator) -> Columns:
    """Return antiepileptic prophylaxis from the day of infusion, in about half of the courses."""
    given = np.zeros((n, COLUMNS), dtype=bool)
    given[:, BEFORE] = random.random(n) < 0.5
    rows = _rows("antiepileptic", given, 500.0, "mg", random, route="oral")
    return {**rows, "intent": filled(len(rows["course"]), 1, np.int8)}

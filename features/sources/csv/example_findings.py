"""The findings on which the made-up gradings of the example rest, so that a rule can grade them.

They are looked at just before each grading and agree with it. Their chance has a stream of its own:
what the example held before they were added is unchanged.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from features.inputs import INPUTS

Row = dict[str, Any]
_LOOKED_AT = 0.354  # 08:30; gradings are at nine
_PRESSOR_CHARTED = (0.36, 0.45)  # the pump of who is graded 3; the infusion of the day follows
_SIGNS = ("seizure", "motor_weakness", "cerebral_oedema")
_ICE = ((10, 10), (7, 9), (3, 6), (0, 2), (0, 0))
_CONSCIOUS = tuple(
    next(word for word, rank in INPUTS["consciousness"].levels.items() if rank == grade)
    for grade in range(5)
)
_LOW_SBP, _USUAL_SBP = (76, 89), (102, 138)


def pressors_at_gradings(crs: "np.ndarray[Any, Any]") -> Iterator[Row]:
    """Yield the vasopressors that run while a CRS of 3 or more is graded."""
    begins, ends = _PRESSOR_CHARTED
    for day in np.flatnonzero(crs >= 3):
        yield {"agent": "vasopressor", "start_day": day + begins, "stop_day": day + ends}


def findings_at_gradings(
    crs: "np.ndarray[Any, Any]", icans: "np.ndarray[Any, Any]", last_day: float, site: str,
    rng: np.random.Generator,
) -> Iterator[Row]:  # fmt: skip
    """Yield what was found on each day of the stay, and at the visit of `last_day`."""
    for day, (of_crs, of_icans) in enumerate(zip(crs, icans, strict=True)):
        at = round(day + _LOOKED_AT, 3)
        yield from ({"day": at, **found} for found in _found(int(of_crs), int(of_icans), rng))
    at = round(last_day + _LOOKED_AT, 3)
    temperature = 36.2 + 1.2 * float(rng.random())
    cell = f"{temperature * 1.8 + 32 if site == 'south' else temperature:.1f}"
    unit = "[degF]" if site == "south" else "Cel"
    yield {"day": at, "input": "temperature_c", "value": cell, "unit": unit}
    yield from ({"day": at, **found} for found in _found(0, 0, rng))


def _found(crs: int, icans: int, rng: np.random.Generator) -> Iterator[Row]:
    low, high = _LOW_SBP if crs >= 2 else _USUAL_SBP
    sbp = int(rng.integers(low, high + 1))
    yield {"input": "sbp_mmhg", "value": sbp, "unit": INPUTS["sbp_mmhg"].unit}
    yield {"input": "oxygen_device", "text": "ventilator" if crs >= 4 else "room_air"}
    low, high = _ICE[icans]
    ice = int(rng.integers(low, high + 1))
    yield {"input": "ice_score", "value": ice, "unit": INPUTS["ice_score"].unit}
    yield {"input": "consciousness", "text": _CONSCIOUS[icans]}
    yield from ({"input": name, "text": "none"} for name in _SIGNS)

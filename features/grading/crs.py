"""CRS by ASTCT 2019 (Lee et al., BBMT 2019;25:625, doi 10.1016/j.bbmt.2018.12.758).

Fever, and then the worse of hypotension and hypoxia. Findings are taken to be due to CRS: that
there is "no other cause" is no finding, it stays with the clinician. Organ toxicity does not count.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from features.grading.graded import Axis, Graded, absent, death, unknown, worst

FEVER_C = 38.0
MOST_LOW_FLOW_L_MIN = 6.0


class Oxygen(IntEnum):
    """How much oxygen the patient needs, in order of severity."""

    NONE = 0
    LOW_FLOW = 1
    CANNULA_WITHOUT_FLOW = 2
    HIGH_FLOW = 3
    POSITIVE_PRESSURE = 4


_OF_DEVICE = {
    "room_air": Oxygen.NONE,
    "blow_by": Oxygen.LOW_FLOW,
    "high_flow_nasal_cannula": Oxygen.HIGH_FLOW,
    "face_mask": Oxygen.HIGH_FLOW,
    "venturi_mask": Oxygen.HIGH_FLOW,
    "non_rebreather_mask": Oxygen.HIGH_FLOW,
    "cpap": Oxygen.POSITIVE_PRESSURE,
    "bipap": Oxygen.POSITIVE_PRESSURE,
    "ventilator": Oxygen.POSITIVE_PRESSURE,
}
_OTHER_REASON = (
    "Positive pressure that is not for hypoxia is not counted; the source of this rule was not "
    "read."
)
_HIDDEN = "Fever is not required: it was there, and an antipyretic or anticytokine was given."
_GOES_ON = (
    "Fever is gone, and a vasopressor or oxygen that began with it still runs: counted as CRS that "
    "goes on, an assumption."
)
_FOR_HYPOXIA = (
    "Positive pressure counts as given for hypoxia unless an intent says chronic or "
    "airway_protection."
)


@dataclass(frozen=True, slots=True)
class CrsFindings:
    """What is known at one moment. None is "not known", never "not there".

    Attributes
    ----------
    fever : bool or None
        38.0 °C or more within the look-back; see :func:`has_fever`.
    fever_not_required : bool
        CRS had begun with fever, and an antipyretic or anticytokine was given.
    support_goes_on : bool
        A vasopressor or oxygen that began with the fever has run since, without a gap.
    hypotension : bool or None
        The pressure is low now. With a vasopressor it is not asked for.
    vasopressors : int or None
        Different vasopressors that run now; vasopressin is not counted.
    vasopressin : bool
        Vasopressin runs now.
    oxygen : Oxygen or None
        What is needed for hypoxia; see :func:`oxygen_of`.
    other_positive_pressure : bool
        CPAP at home or a tube to protect the airway: it says nothing about hypoxia.
    overlapping_rows : bool
        The number of vasopressors was counted from rows that overlap.
    died : bool
        Death due to CRS.
    """

    fever: bool | None = None
    fever_not_required: bool = False
    support_goes_on: bool = False
    hypotension: bool | None = None
    vasopressors: int | None = None
    vasopressin: bool = False
    oxygen: Oxygen | None = None
    other_positive_pressure: bool = False
    overlapping_rows: bool = False
    died: bool = False


def has_fever(temperature_c: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Say whether a temperature is fever: 38.0 °C or more (after rounding to 0.01)."""
    return np.round(np.asarray(temperature_c, dtype=np.float64), 2) >= FEVER_C


def oxygen_of(device: str | None, flow_l_min: float | None = None) -> Oxygen | None:
    """Return what a device and its flow mean for hypoxia, None where neither is known.

    A nasal cannula above 6 L/min is high flow; without a flow it is at least low flow.
    """
    if device is not None and device != "nasal_cannula":
        return _OF_DEVICE[device]
    if flow_l_min is None:
        return None if device is None else Oxygen.CANNULA_WITHOUT_FLOW
    if device is None and flow_l_min == 0:
        return Oxygen.NONE
    return Oxygen.HIGH_FLOW if flow_l_min > MOST_LOW_FLOW_L_MIN else Oxygen.LOW_FLOW


@lru_cache(maxsize=4096)  # distinct findings are few
def grade_crs(found: CrsFindings) -> Graded:
    """Grade CRS.

    Returns
    -------
    Graded
        Without fever, without a treatment that hides it and without support that began with it and
        goes on, the grade is 0 whatever else is found; without a temperature it is None, with the
        lowest and highest it could be.
    """
    if found.died:
        return death("CRS")
    axes = (_hypotension(found), _hypoxia(found))
    if found.fever or found.fever_not_required or found.support_goes_on:
        return worst("CRS", (_fever(found), *axes), "fever is gone, no hypotension, no hypoxia")
    notes = tuple(note for axis in axes for note in axis.notes)
    if found.fever is None:
        highest = max(1, *(axis.highest for axis in axes))
        missing = ("temperature_c", *(name for axis in axes for name in axis.missing))
        rule = "not gradable without temperature_c"
        return Graded("CRS", None, rule, (), missing, 0, highest, "L", notes)
    if any(axis.lowest for axis in axes):
        notes += ("Hypotension or hypoxia without fever is not CRS: look for another cause.",)
    return Graded("CRS", 0, "no fever", ("temperature_c",), (), 0, 0, "L", notes)


def _fever(found: CrsFindings) -> Axis:
    if found.fever:
        return Axis(1, 1, "fever", ("temperature_c",))
    note = _HIDDEN if found.fever_not_required else _GOES_ON
    if found.fever is None:
        return Axis(0, 1, "not known", missing=("temperature_c",), notes=(note,))
    return absent("temperature_c", note=note)


def _hypotension(found: CrsFindings) -> Axis:
    n = found.vasopressors
    if n is not None and n >= 2:
        note = "Vasopressor rows that overlap count as different ones; one that is charted again"
        note += " needs its stop, or the number of agents as a dose in {agents}."
        notes = (note,) if found.overlapping_rows else ()
        rule = "several vasopressors at once (vasopressin not counted)"
        return Axis(4, 4, rule, ("vasopressor",), notes=notes)
    if n == 1:
        rule = "one vasopressor" + (" with vasopressin" if found.vasopressin else "")
        names = ("vasopressor", "vasopressin") if found.vasopressin else ("vasopressor",)
        return Axis(3, 3, rule, names)
    missing = ("vasopressor",) if n is None else ()
    if found.vasopressin:
        rule = "vasopressin as the only vasopressor"
        note = "Vasopressin alone counts as grade 3: an assumption, the table does not say."
        return Axis(3, 4 if missing else 3, rule, ("vasopressin",), missing, "A", (note,))
    return _low_pressure(found, missing)


def _low_pressure(found: CrsFindings, missing: tuple[str, ...]) -> Axis:
    if found.hypotension:
        rule = "hypotension without vasopressor"
        note = "What is low is an assumption: the table says hypotension and no limit."
        names = ("sbp_mmhg", "map_mmhg")
        return Axis(2, 4 if missing else 2, rule, names, missing, "A", (note,))
    if found.hypotension is None:
        return unknown(4 if missing else 2, "sbp_mmhg", *missing)
    return unknown(4, *missing) if missing else absent("sbp_mmhg", "vasopressor")


def _hypoxia(found: CrsFindings) -> Axis:
    notes: tuple[str, ...] = ()
    if found.other_positive_pressure:
        notes = (_OTHER_REASON,)
    name = ("oxygen_device",)
    match found.oxygen:
        case None:
            return Axis(0, 4, "not known", missing=name, notes=notes)
        case Oxygen.NONE:
            return Axis(0, 0, "none", name, notes=notes)
        case Oxygen.LOW_FLOW:
            return Axis(2, 2, "low-flow oxygen", name, notes=notes)
        case Oxygen.CANNULA_WITHOUT_FLOW:
            note = "Above 6 L/min a nasal cannula is high flow, grade 3."
            missing = ("oxygen_flow_l_min",)
            return Axis(2, 3, "oxygen by nasal cannula", name, missing, notes=(*notes, note))
        case Oxygen.HIGH_FLOW:
            return Axis(3, 3, "high-flow oxygen or mask", name, notes=notes)
        case Oxygen.POSITIVE_PRESSURE:
            rule = "positive pressure for hypoxia"
            return Axis(4, 4, rule, name, notes=(*notes, _FOR_HYPOXIA))

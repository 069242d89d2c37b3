"""Leaks of how results are written: units, decimals, commas, and numbers that were garbled.

The family "quality" holds the same slips without any tie to the outcome: they are not leaks, and
an audit that refuses them for leaking is wrong.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pandas as pd
from cohorts import decimals_of, rounded, written
from planting import Bools, Floats, Leak, Planted, Scene, mean, of_inputs, replanted

from features.inputs import INPUTS
from features.tables import Cohort

OTHER_UNITS: Mapping[str, tuple[str, int]] = {
    "creatinine_mg_dl": ("umol/L", 0), "crp_mg_l": ("mg/dL", 2), "haemoglobin_g_dl": ("g/L", 0),
    "platelets_10e9_l": ("/uL", 0), "temperature_c": ("[degF]", 1), "fibrinogen_mg_dl": ("g/L", 2),
}  # fmt: skip
"""Units that laboratories use as well, and with how many decimals."""

SPELLINGS = {
    "10*3/uL": "10^9/L", "U/L": "IU/l", "mg/dL": "mg/dl", "g/dL": "g/dl", "ng/mL": "ng/ml",
    "Cel": "C", "mm[Hg]": "mmHg", "/min": "bpm",
}  # fmt: skip
_NARROW = ("haemoglobin_g_dl", "temperature_c", "sbp_mmhg", "heart_rate_per_min")
_FINE = ("wbc_10e9_l", "anc_10e9_l", "creatinine_mg_dl", "haemoglobin_g_dl", "crp_mg_l")


def in_another_unit(scene: Scene) -> Planted:
    """Report three inputs in another unit, converted correctly, mostly in event patients."""
    results = scene.cohort.measurements
    chosen = scene.rng.choice(list(OTHER_UNITS), 3, replace=False).tolist()
    mine = scene.leaning()[scene.course_of(results)] & of_inputs(scene.cohort, chosen)
    parts = [results[~mine]]
    for name, part in results[mine].groupby("input"):
        unit, decimals = OTHER_UNITS[str(name)]
        conversion = INPUTS[str(name)].accepted[unit]
        reported = np.round(_in_unit(part["value"].to_numpy(), str(name), unit), decimals)
        value = np.round(reported * conversion.factor + conversion.offset, 6)
        text = written(part, np.full(len(part), decimals), reported)
        parts.append(part.assign(value=value, source_value=text, source_unit=unit))
    made = replanted(scene.cohort, measurements=pd.concat(parts))
    return _share_of_units(scene, made.measurements, of_inputs(made, chosen), made)


def _in_unit(value: Floats, name: str, unit: str) -> Floats:
    conversion = INPUTS[name].accepted[unit]
    return (value - conversion.offset) / conversion.factor


def _share_of_units(scene: Scene, results: pd.DataFrame, mine: Bools, made: Cohort) -> Planted:
    part = results[mine]
    strange = (part["source_unit"].isna() | (part["source_unit"] != part["unit"])).to_numpy()
    return scene.of_courses(made, mean(made, part, strange))


def units_noted(scene: Scene, spelt: bool) -> Planted:
    """Spell units differently in event patients, or leave them out in event-free ones, mostly."""
    results = scene.cohort.measurements
    mine = scene.leaning(to_event=spelt)[scene.course_of(results)]
    other = results["source_unit"].replace(SPELLINGS) if spelt else pd.Series(None, results.index)
    unit = results["source_unit"].where(~mine, other).astype("str")
    made = replanted(scene.cohort, measurements=results.assign(source_unit=unit))
    everything = np.ones(len(results), dtype=bool)
    return _share_of_units(scene, made.measurements, everything, made)


def one_more_decimal(scene: Scene) -> Planted:
    """Write a zero behind the last decimal, mostly in event-free patients."""
    results = scene.cohort.measurements
    mine = scene.leaning(to_event=False)[scene.course_of(results)] & of_inputs(scene.cohort, _FINE)
    text = written(results, decimals_of(results["input"]) + 1)
    return _rewritten(scene, mine, text, _with_more_decimals)


def _with_more_decimals(part: pd.DataFrame) -> pd.Series:
    places = part["source_value"].str.partition(".")[2].str.len()
    return places > decimals_of(part["input"])


def decimal_comma(scene: Scene) -> Planted:
    """Write a comma for the point, mostly in event patients."""
    results = scene.cohort.measurements
    mine = scene.leaning()[scene.course_of(results)]
    text = results["source_value"].str.replace(".", ",", regex=False)
    return _rewritten(scene, mine, text, _with_comma)


def _with_comma(part: pd.DataFrame) -> pd.Series:
    return part["source_value"].str.contains(",", regex=False)


def _rewritten(
    scene: Scene, mine: Bools, text: pd.Series, read: Callable[[pd.DataFrame], pd.Series]
) -> Planted:
    results = scene.cohort.measurements
    changed = results["source_value"].where(~mine, text)
    made = replanted(scene.cohort, measurements=results.assign(source_value=changed))
    part = made.measurements[of_inputs(made, _FINE)]
    return scene.of_courses(made, mean(made, part, read(part)))


def whole_numbers(scene: Scene) -> Planted:
    """Round the results of event patients to whole numbers, mostly, as on a paper chart."""
    results = scene.cohort.measurements
    mine = scene.leaning()[scene.course_of(results)] & of_inputs(scene.cohort, _FINE)
    value = results["value"].where(~mine, np.maximum(np.round(results["value"]), 1.0))
    text = results["source_value"].where(
        ~mine, written(results, np.zeros(len(results), int), value.to_numpy())
    )
    made = replanted(scene.cohort, measurements=results.assign(value=value, source_value=text))
    part = made.measurements[of_inputs(made, _FINE)]
    return scene.of_courses(made, mean(made, part, part["value"] == np.round(part["value"])))


def left_unconverted(scene: Scene, name: str, to_event: bool | None) -> Planted:
    """Keep the number of another unit in one input, mostly in one class; nobody noted units.

    Without a class (None) a random half of the share s of all courses.
    """
    results = scene.cohort.measurements
    unit, decimals = OTHER_UNITS[name]
    everybody = np.ones(len(scene.event), dtype=bool)
    courses = (
        scene.pick(everybody, scene.strength / 2) if to_event is None else scene.leaning(to_event)
    )
    of_input = of_inputs(scene.cohort, (name,))
    mine = of_input & courses[scene.course_of(results)]
    raw = np.round(_in_unit(results["value"].to_numpy(), name, unit), decimals)
    value = results["value"].where(~mine, pd.Series(raw, results.index))
    text = results["source_value"].where(
        ~mine, written(results, np.full(len(results), decimals), raw)
    )
    noted = results["source_unit"].where(~of_input, None)
    changed = results.assign(value=value, source_value=text, source_unit=noted)
    made = replanted(scene.cohort, measurements=changed)
    part = made.measurements[of_inputs(made, (name,))]
    impossible = part["value"] > INPUTS[name].hard[1]
    return scene.of_courses(made, mean(made, part, impossible | _with_more_decimals(part)))


def garbled(scene: Scene, rule: str, anywhere: bool) -> Planted:
    """Garble every sixth number of some courses: of event patients, or of anybody.

    ``factor_ten`` moves the decimal point by one, ``lost_zeros`` drops the zeros among the digits
    ("139.0" becomes 13.9, "105" becomes 15). The tell-tale is the share of impossible or unusual
    numbers among inputs that hardly vary.
    """
    results = scene.cohort.measurements
    courses = scene.a_share(np.ones(len(scene.event), dtype=bool) if anywhere else scene.event)
    hit = courses[scene.course_of(results)] & of_inputs(scene.cohort, _NARROW)
    hit &= scene.rng.random(len(results)) < 1 / 6
    part = results[hit]
    changed = part.assign(value=_RULES[rule](scene, part))
    changed["source_value"] = written(changed, decimals_of(part["input"]) + (rule == "factor_ten"))
    made = replanted(scene.cohort, measurements=pd.concat([results[~hit], changed]))
    narrow = made.measurements[of_inputs(made, _NARROW)]
    low, high = np.array([INPUTS[name].plausible for name in narrow["input"]]).T
    odd = (narrow["value"] < low) | (narrow["value"] > high)
    return scene.of_courses(made, mean(made, narrow, odd))


def _factor_ten(scene: Scene, part: pd.DataFrame) -> Floats:
    return part["value"].to_numpy() * scene.rng.choice([0.1, 10.0], len(part))


def _lost_zeros(scene: Scene, part: pd.DataFrame) -> Floats:
    places = decimals_of(part["input"])
    whole = np.round(rounded(part) * 10.0**places).astype(np.int64).astype(str)
    digits = pd.Series(whole).str.replace("0", "", regex=False)
    return digits.to_numpy().astype(float) / 10.0**places


_RULES = {"factor_ten": _factor_ten, "lost_zeros": _lost_zeros}

_UNITS, _FORMAT = "units as written", "numbers as written"
_MIXED, _SLIPS = "units mixed up", "garbled numbers"
LEAKS_OF_NOTATION = (
    Leak("another_unit_in_event", _UNITS, "three inputs of event patients come in another unit, "
         "converted correctly", in_another_unit),
    Leak("unit_spelt_otherwise_in_event", _UNITS, "the same units, spelt as in another system",
         partial(units_noted, spelt=True)),
    Leak("no_unit_in_event_free", _UNITS, "no unit was noted for event-free patients",
         partial(units_noted, spelt=False)),
    Leak("one_more_decimal_in_event_free", _FORMAT, "4.50 for 4.5", one_more_decimal),
    Leak("decimal_comma_in_event", _FORMAT, "4,5 for 4.5", decimal_comma),
    Leak("whole_numbers_in_event", _FORMAT, "5 for 4.6", whole_numbers),
    Leak("fahrenheit_in_event", _MIXED, "temperatures of event patients are in Fahrenheit",
         partial(left_unconverted, name="temperature_c", to_event=True)),
    Leak("crp_mg_dl_in_event_free", _MIXED, "CRP of event-free patients is in mg/dL",
         partial(left_unconverted, name="crp_mg_l", to_event=False)),
    Leak("creatinine_umol_l_in_event", _MIXED, "creatinine of event patients is in umol/L",
         partial(left_unconverted, name="creatinine_mg_dl", to_event=True)),
    Leak("factor_ten_in_event", _SLIPS, "the decimal point slipped in event patients",
         partial(garbled, rule="factor_ten", anywhere=False)),
    Leak("lost_zeros_in_event", _SLIPS, "zeros were lost in event patients",
         partial(garbled, rule="lost_zeros", anywhere=False)),
    Leak("fahrenheit_anywhere", "quality", "temperatures of some are in Fahrenheit",
         partial(left_unconverted, name="temperature_c", to_event=None)),
    Leak("factor_ten_anywhere", "quality", "the decimal point slipped in some",
         partial(garbled, rule="factor_ten", anywhere=True)),
    Leak("lost_zeros_anywhere", "quality", "zeros were lost in some",
         partial(garbled, rule="lost_zeros", anywhere=True)),
)  # fmt: skip

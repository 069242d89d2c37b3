"""ICANS by ASTCT 2019 (Lee et al., BBMT 2019;25:625): the worst of five domains.

Under 12 years or with developmental delay the CAPD takes the place of the ICE. What has another
cause (sedation, intracranial haemorrhage) does not count; tremor and myoclonus never do, so no
finding holds them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from features.grading.graded import Axis, Graded, absent, death, unknown, worst
from features.inputs import INPUTS, OTHER_CAUSE

ICE_ITEMS = ("ice_orientation", "ice_naming", "ice_command", "ice_writing", "ice_attention")
FULL_ICE = 10.0
CAPD_LIMIT = 9.0
CHILD_BELOW_YEARS = 12.0
_SIGNS = {
    "seizure": {3: "brief seizure", 4: "prolonged or repetitive seizure"},
    "motor_weakness": {4: "deep focal motor weakness"},
    "cerebral_oedema": {3: "focal oedema", 4: "diffuse oedema or signs of herniation"},
}
_AWAKE = {
    1: "awakens spontaneously",
    2: "awakens to voice",
    3: "awakens only to touch",
    4: "unarousable, or needs vigorous or repeated stimuli",
}
_NOT_CHARTED = "Seizure, weakness and oedema that nobody charted count as absent: an assumption."


@dataclass(frozen=True, slots=True)
class Ice:
    """An ICE score between `lowest` and `highest`; one number where all items are known."""

    lowest: float
    highest: float
    missing: tuple[str, ...] = ()
    contradicts_items: bool = False


@dataclass(frozen=True, slots=True)
class IcansFindings:
    """What is known at one moment. None is "not known", never "not there".

    Attributes
    ----------
    ice : Ice or None
        See :func:`ice_of`.
    capd : float or None
        0 to 32.
    consciousness, seizure, motor_weakness, cerebral_oedema : str or None
        Levels of :data:`features.inputs.INPUTS`; ``"other_cause"`` is there and does not count.
    child : bool or None
        Whether the CAPD is used; None where the age is not known. See :func:`uses_capd`.
    died : bool
        Death due to ICANS.
    """

    ice: Ice | None = None
    capd: float | None = None
    consciousness: str | None = None
    seizure: str | None = None
    motor_weakness: str | None = None
    cerebral_oedema: str | None = None
    child: bool | None = False
    died: bool = False


def uses_capd(age_years: float | None, developmental_delay: bool | None = None) -> bool | None:
    """Return whether the CAPD takes the place of the ICE; None where the age is not known."""
    if developmental_delay:
        return True
    return None if age_years is None else age_years < CHILD_BELOW_YEARS


def ice_of(items: Sequence[float | None] = (), score: float | None = None) -> Ice | None:
    """Return the ICE score of one examination.

    Parameters
    ----------
    items : sequence of float or None
        In the order of :data:`ICE_ITEMS`; a missing one leaves room up to its points.
    score : float or None
        As noted. It is used where not all items are known; where they are, their sum counts, and a
        score that cannot be is said to contradict them.
    """
    named = dict(zip(ICE_ITEMS, items, strict=False))
    known = {name: one for name, one in named.items() if one is not None}
    if not known:
        return None if score is None else Ice(score, score)
    missing = tuple(name for name in ICE_ITEMS if name not in known)
    lowest = float(sum(known.values()))
    highest = lowest + sum(INPUTS[name].hard[1] for name in missing)
    contradicts = score is not None and not lowest <= score <= highest
    if missing and score is not None and not contradicts:
        return Ice(score, score)
    return Ice(lowest, highest, missing, contradicts)


@lru_cache(maxsize=4096)  # distinct findings are few
def grade_icans(found: IcansFindings) -> Graded:
    """Grade ICANS.

    Returns
    -------
    Graded
        Grade 0 needs an ICE of 10, or in a child a CAPD below 9 and an awake child; a seizure,
        weakness or oedema that nobody charted counts as absent then.
    """
    if found.died:
        return death("ICANS")
    cognition = _capd(found) if found.child else _ice(found)
    consciousness = _consciousness(found)
    signs = [_sign(name, getattr(found, name)) for name in _SIGNS]
    graded = worst("ICANS", (cognition, consciousness, *signs), "all domains normal")
    graded = replace(graded, notes=graded.notes + _age_notes(found))
    if graded.grade is None and max(cognition.highest, consciousness.highest) == 0:
        rule = "CAPD below 9 and awake" if found.child else "ICE 10"
        findings = cognition.findings + consciousness.findings
        return replace(
            graded, grade=0, rule=f"{rule}, nothing else charted", decided_by=findings, tag="A",
            notes=(*graded.notes, _NOT_CHARTED),
        )  # fmt: skip
    return graded


def _ice(found: IcansFindings) -> Axis:
    ice = found.ice
    if ice is None:
        return unknown(3, "ice_score")
    names = ("ice_score",) if not ice.missing else ("ice_items",)
    notes: tuple[str, ...] = ()
    if ice.contradicts_items:
        notes = ("The ICE score contradicts its items; the items count.",)
    if found.consciousness == OTHER_CAUSE and ice.lowest < FULL_ICE:
        note = "The ICE is not read while consciousness is reduced by another cause."
        return Axis(0, 3, "not known", (), ("ice_score",), notes=(*notes, note))
    lowest, highest = _grade_of_ice(ice.highest), _grade_of_ice(ice.lowest)
    rule = {0: "ICE 10", 1: "ICE 7 to 9", 2: "ICE 3 to 6", 3: "ICE 0 to 2"}[lowest]
    return Axis(lowest, highest, rule, names, ice.missing, notes=notes)


def _grade_of_ice(score: float) -> int:
    return sum(score < limit for limit in (FULL_ICE, 7.0, 3.0))


def _capd(found: IcansFindings) -> Axis:
    if found.capd is None:
        return unknown(3, "capd_score")
    if found.consciousness == OTHER_CAUSE and found.capd >= CAPD_LIMIT:
        note = "The CAPD is not read while consciousness is reduced by another cause."
        return Axis(0, 3, "not known", (), ("capd_score",), notes=(note,))
    if found.capd >= CAPD_LIMIT:
        return Axis(3, 3, "CAPD 9 or more", ("capd_score",))
    return absent("capd_score")


def _consciousness(found: IcansFindings) -> Axis:
    word = found.consciousness
    if word == OTHER_CAUSE:
        note = "Reduced consciousness has another cause and is not counted."
        return absent("consciousness", note=note)
    if word is not None:
        grade = INPUTS["consciousness"].levels[word]
        return Axis(grade, grade, _AWAKE.get(grade, "awake"), ("consciousness",))
    if not found.child and found.ice is not None and found.ice.lowest >= FULL_ICE:
        return absent()  # who scores 10 is awake
    return unknown(4, "consciousness")


def _sign(name: str, word: str | None) -> Axis:
    levels = INPUTS[name].levels
    if word is None:
        return unknown(max(levels.values()), name)
    if word == OTHER_CAUSE:
        label = INPUTS[name].label
        return absent(name, note=f"{label}: another cause, not counted.")
    grade = levels[word]
    return Axis(grade, grade, _SIGNS[name].get(grade, "none"), (name,))


def _age_notes(found: IcansFindings) -> tuple[str, ...]:
    if found.child is None:
        return ("The age is not known: graded as 12 years or older.",)
    if found.child and found.ice is not None:
        return ("The ICE is not used under 12 years or with developmental delay.",)
    if not found.child and found.capd is not None and found.ice is None:
        return ("The CAPD is used only under 12 years or with developmental delay.",)
    return ()

"""What a grading says: the grade, the rule that decided, the findings behind it, what is missing.

A grade is *at least* what the known findings make it. ``lowest`` and ``highest`` bound what it can
be once the missing ones are known. A grade of None means not gradable, and is never grade 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

VERIFIED = ("L", "L2")
"""Tags of rules whose source was read; ``Mh`` and ``Mm`` were not, ``A`` is an assumption."""

HIGHEST_WITHOUT_DEATH = 4
DEATH = 5


@dataclass(frozen=True, slots=True)
class Graded:
    """One grading by rule.

    Attributes
    ----------
    toxicity : str
        ``"CRS"``, ``"ICANS"`` or ``"ICAHT"``.
    grade : int or None
        0 to 5; None where the findings do not allow a grade.
    rule : str
        Which rule decided, in words.
    decided_by : tuple of str
        Findings that the rule read.
    missing : tuple of str
        Findings that could still change the grade.
    lowest, highest : int
        What the grade can be once they are known.
    tag : str
        Confidence of the deciding rule: L read in the source, L2 in a secondary one, Mh and Mm not
        seen, A an assumption that a clinician must sign off.
    notes : tuple of str
        What a reader should know besides.
    """

    toxicity: str
    grade: int | None
    rule: str
    decided_by: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    lowest: int = 0
    highest: int = HIGHEST_WITHOUT_DEATH
    tag: str = "L"
    notes: tuple[str, ...] = ()

    @property
    def verified(self) -> bool:
        """Whether the source of the deciding rule was read."""
        return self.tag in VERIFIED

    @property
    def shown_to_clinicians(self) -> bool:
        """Whether it may be shown; an assumption may, named as one, an unseen source may not."""
        return self.verified or self.tag == "A"


@dataclass(frozen=True, slots=True)
class Axis:
    """What one group of findings makes of the grade: a range, one number where they are known."""

    lowest: int
    highest: int
    rule: str
    findings: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    tag: str = "L"
    notes: tuple[str, ...] = ()


def unknown(highest: int, *missing: str) -> Axis:
    """Return the axis of findings that nobody noted."""
    return Axis(0, highest, "not known", missing=missing)


def absent(*findings: str, note: str = "") -> Axis:
    """Return the axis of findings that were looked at and not there."""
    return Axis(0, 0, "none", findings, notes=(note,) if note else ())


def worst(toxicity: str, axes: Sequence[Axis], nothing: str) -> Graded:
    """Grade by the worst axis.

    Without any sign, a grade of 0 is given only where no axis leaves room for more.

    Parameters
    ----------
    nothing : str
        The rule's words for grade 0.
    """
    lowest = max(axis.lowest for axis in axes)
    highest = max(axis.highest for axis in axes)
    missing = tuple(
        dict.fromkeys(
            name
            for axis in axes
            if axis.highest > max(axis.lowest, lowest)
            for name in axis.missing
        )
    )
    notes = tuple(dict.fromkeys(note for axis in axes for note in axis.notes))
    deciding = [axis for axis in axes if axis.lowest == lowest] if lowest else list(axes)
    findings = tuple(dict.fromkeys(name for axis in deciding for name in axis.findings))
    if lowest == 0:
        given = 0 if highest == 0 else None
        rule = nothing if highest == 0 else f"not gradable without {', '.join(missing)}"
        return Graded(toxicity, given, rule, findings, missing, 0, highest, "L", notes)
    rule = "; ".join(dict.fromkeys(axis.rule for axis in deciding))
    tag = "L" if any(axis.tag == "L" for axis in deciding) else deciding[0].tag
    return Graded(toxicity, lowest, rule, findings, missing, lowest, highest, tag, notes)


def death(toxicity: str) -> Graded:
    """Return grade 5."""
    rule = f"death due to {toxicity}"
    return Graded(toxicity, DEATH, rule, ("death_cause",), (), DEATH, DEATH)

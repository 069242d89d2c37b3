"""The course so far: what is known of one patient at the instant of a question."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

from features.products import Product
from serving.messages import Course


class Reading(NamedTuple):
    """One result in its canonical unit; ``text`` for inputs with levels."""

    input: str
    day: float
    known_day: float
    value: float
    text: str | None


_DAY_AND_KNOWN_DAY = itemgetter(1, 2)


class Dose(NamedTuple):
    """One administration or interval; ``stop_day`` is NaN while it goes on."""

    agent: str
    start_day: float
    stop_day: float
    known_day: float
    dose: float | None = None
    dose_unit: str | None = None
    intent: str | None = None


class Grade(NamedTuple):
    """One grading."""

    toxicity: str
    day: float
    known_day: float
    grade: int
    system: str


@dataclass(frozen=True, slots=True)
class CourseSoFar:
    """A course as it is known at an instant; rows known later are not in it.

    Attributes
    ----------
    facts : Course
        The course row as it came, but for what is `assumed`.
    product : Product or None
        From the catalogue; ``None`` when there is none to answer for: ``no_product_code`` says why
        for machines, ``no_product`` for people.
    landmark : float
        The instant of the question, in days from the first infusion.
    repeated : tuple of str
        Inputs for which two different results of one moment came; the later in the list counts.
    approximate : tuple of str
        Inputs converted with a factor that depends on the assay.
    later_rows : int
        Rows that were known only after the landmark and were left out.
    treatments_told : bool
        Whether treatments were given as a list, so that what is not on it was not given.
    assumed : bool
        Whether the start of lymphodepletion is the one that the site assumes.
    findings : mapping
        Findings of the bedside scores that no table holds, as numbers.
    """

    facts: Course
    product: Product | None
    no_product_code: str
    no_product: str
    landmark: float
    resolution: str
    readings: tuple[Reading, ...] = ()
    doses: tuple[Dose, ...] = ()
    grades: tuple[Grade, ...] = ()
    repeated: tuple[str, ...] = ()
    approximate: tuple[str, ...] = ()
    later_rows: int = 0
    treatments_told: bool = True
    assumed: bool = False
    findings: Mapping[str, float] = field(default_factory=dict)

    def current_grade(self, toxicity: str) -> int | None:
        """Return the last known grade (the worst of its moment), ``None`` before the first."""
        mine = [(one.day, one.grade) for one in self.grades if one.toxicity == toxicity]
        return max(mine)[1] if mine else None

    def last_grading(self, toxicity: str, system: str) -> Grade | None:
        """Return the last known grading in one system (the worst of its moment)."""
        mine = [one for one in self.grades if (one.toxicity, one.system) == (toxicity, system)]
        return max(mine, key=lambda one: (one.day, one.grade)) if mine else None

    def last(self, name: str) -> Reading | None:
        """Return the latest reading of an input."""
        mine = [one for one in self.readings if one.input == name]
        return max(mine, key=lambda one: (one.day, one.known_day)) if mine else None


def by_input(rows: Iterable[Reading]) -> dict[str, list[Reading]]:
    """Return the readings of every input, in their order."""
    found: dict[str, list[Reading]] = {}
    for row in rows:
        name = row[0]
        if name in found:
            found[name].append(row)
        else:
            found[name] = [row]
    return found


def latest(grouped: Mapping[str, Sequence[Reading]]) -> dict[str, Reading]:
    """Return the latest reading of every input; at a tie the one known last, then the later row."""
    return {name: max(reversed(rows), key=_DAY_AND_KNOWN_DAY) for name, rows in grouped.items()}

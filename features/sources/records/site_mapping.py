"""A site's own codes, units, answers and delays: one file that imports and the service both read.

A TOML file of four parts, all optional::

    [[code]]                                # what a code of this site means
    system = "http://lab.example.org/tests" # as the records have it, or LOINC, RxNorm, SNOMED ...
    code = "FERR"
    input = "ferritin_ng_ml"                # or one of the other meanings below
    unit = "ng/mL"                          # optional: for results that come without a unit

    [[answer]]                              # what a word or coded answer means
    input = "oxygen_device"                 # or a toxicity, with a grade as its level
    answer = "SNOMED|336623009"             # system|code, or the text itself
    level = "nasal_cannula"

    [[unit]]                                # how this site writes a unit
    spelled = "nanogram/ml"
    ucum = "ng/mL"
    input = "ferritin_ng_ml"                # optional: for this input only

    [delays]                                # days from taken to known, where results have no time
    ferritin_ng_ml = 0.1

A code means exactly one of: ``input``; ``product`` (an infusion of it) or ``infusion = true`` (its
product is not stated); ``agent`` (with ``intent``); ``toxicity`` (with ``grade`` where the code is
the grade, and ``grading_system``); ``lymphodepletion``; ``diagnosis``; ``field`` of a course;
``ignore = true``. An import lists what it could not read in ``unmapped.csv``; that table with the
column of a meaning filled in is legal in place of the TOML file.
"""

import csv
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from features.errors import CohortError, ProductError
from features.inputs import INPUTS
from features.products import product
from features.sources.records.codes import MEANINGS, Codes, Coding, Meaning, system_name
from features.sources.records.delays import declared_delays
from features.tables import GRADING_SYSTEMS, INTENTS, TOXICITIES

PARTS = ("code", "answer", "unit", "delays")
_FLAGS = ("infusion", "ignore")
_EXTRAS = {
    "unit": ("input",),
    "grade": ("toxicity",),
    "grading_system": ("toxicity",),
    "intent": ("agent",),
}
UNMAPPED_COLUMNS = ("kind", "system", "code", "label", "unit", "count")
TO_FILL = (*MEANINGS, "grade", "ucum", "level")
"""Columns of ``unmapped.csv`` that a site fills in; a row of kind "unit" needs ``ucum``, one of
kind "answer" needs ``level``, any other one meaning."""
_TRUE = (True, "true", "TRUE", "True", "1", "yes")


@dataclass(frozen=True)
class SiteMapping:
    """What a site has said about its records.

    Attributes
    ----------
    meanings : dict
        (system, code) -> meaning.
    answers : dict
        (input, answer) -> level.
    units : dict
        (input or "", unit as written) -> UCUM unit.
    delays : dict
        Input -> days from taken to known.
    lymphodepletion_day : float or None
        The day on which a service assumes that lymphodepletion starts where a request does not
        say; its settings state it, not the mapping file.
    """

    meanings: Mapping[Coding, Meaning] = field(default_factory=dict)
    answers: Mapping[tuple[str, str], str] = field(default_factory=dict)
    units: Mapping[tuple[str, str], str] = field(default_factory=dict)
    delays: Mapping[str, float] = field(default_factory=dict)
    lymphodepletion_day: float | None = None

    def codes(self) -> Codes:
        """Return the public codes with those of the site."""
        return Codes(self.meanings)

    def unit(self, input_name: str, written: str | None) -> str | None:
        """Return the unit that this site means by what is written for this input."""
        if written is None:
            return None
        return self.units.get((input_name, written), self.units.get(("", written), written))


def read_site_mapping(path: Path | str) -> SiteMapping:
    """Read the mapping file at `path`: TOML, or a completed ``unmapped.csv``.

    Raises
    ------
    CohortError
        The file is absent or unreadable, or an entry is not legal: the message names the file, the
        entry, what came and what is legal.
    """
    file = Path(path)
    try:
        content = _csv(file) if file.suffix.lower() == ".csv" else _toml(file)
    except OSError as error:
        raise CohortError(f"mapping file {file.name} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, csv.Error) as error:
        raise CohortError(f"mapping file {file.name} cannot be read: {error}.") from None
    unknown = sorted(set(content) - set(PARTS))
    if unknown:
        legal = ", ".join(f"[[{part}]]" if part != "delays" else "[delays]" for part in PARTS)
        raise CohortError(f"{file.name}: {unknown[0]!r} is not known; legal: {legal}.")
    return SiteMapping(
        meanings=dict(_meanings(file.name, _entries(file.name, content, "code"))),
        answers=dict(_answers(file.name, _entries(file.name, content, "answer"))),
        units=dict(_units(file.name, _entries(file.name, content, "unit"))),
        delays=_delays(file.name, content.get("delays", {})),
    )


def _toml(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8-sig"))


def _csv(file: Path) -> dict[str, Any]:
    """Return a completed ``unmapped.csv`` as parts of the TOML file; unfilled rows say nothing."""
    content: dict[str, Any] = {"code": [], "answer": [], "unit": []}
    with file.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            said = {key: cell.strip() for key, cell in row.items() if key and cell and cell.strip()}
            part, entry, filled = _from_row(said)
            if filled:
                content[part].append(entry)
    return content


def _from_row(said: Mapping[str, str]) -> tuple[str, dict[str, str], bool]:
    kind = said.get("kind")
    if kind == "unit":
        entry = {"spelled": said.get("unit", ""), "ucum": said.get("ucum", "")}
        return "unit", entry | {"input": said.get("input", "")}, "ucum" in said
    if kind == "answer":
        entry = {"answer": said.get("code", ""), "level": said.get("level", "")}
        return "answer", entry | {"input": said.get("input", "")}, "level" in said
    filled = {key: said[key] for key in (*MEANINGS, "grade") if key in said}
    return "code", {key: said.get(key, "") for key in ("system", "code")} | filled, bool(filled)


def _entries(file: str, content: Mapping[str, Any], part: str) -> list[tuple[str, dict[str, Any]]]:
    entries = content.get(part, [])
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise CohortError(f"{file}: write each {part} as its own [[{part}]].")
    return [(f"[[{part}]] {number}", one) for number, one in enumerate(entries, start=1)]


def _meanings(
    file: str, entries: Iterable[tuple[str, dict[str, Any]]]
) -> Iterable[tuple[Coding, Meaning]]:
    for place, one in entries:
        said = [key for key in MEANINGS if key in one]
        if len(said) != 1:
            raise CohortError(
                f"{file}, {place}: says {', '.join(said) or 'no meaning'}; "
                f"give exactly one of {', '.join(MEANINGS)}."
            )
        what = said[0]
        legal_keys = ("system", "code", what, *(k for k, of in _EXTRAS.items() if what in of))
        _refuse_unknown_keys(file, place, one, legal_keys)
        _need(file, place, one, "system", "code")
        yield (
            (system_name(str(one["system"])), str(one["code"])),
            Meaning(
                what,
                _name(file, place, what, one[what]),
                grade=_grade(file, place, one.get("grade")),
                unit=one.get("unit"),
                grading_system=_word(file, place, one, "grading_system", GRADING_SYSTEMS),
                intent=_word(file, place, one, "intent", INTENTS),
            ),
        )


def _name(file: str, place: str, what: str, said: Any) -> str:
    legal = MEANINGS[what]
    if what in _FLAGS:
        if said not in _TRUE:
            raise CohortError(f"{file}, {place}: {what} = {said!r}; legal: true.")
        return ""
    if what == "product":
        return _product_name(file, place, said)
    if said not in legal:
        shown = ", ".join(legal[:8]) + (" ..." if len(legal) > 8 else "")
        raise CohortError(f"{file}, {place}: {what} = {said!r} is not known; legal: {shown}.")
    return str(said)


def _product_name(file: str, place: str, said: Any) -> str:
    try:
        return product(str(said)).name
    except ProductError as refusal:
        raise CohortError(f"{file}, {place}: product: {refusal}") from None


def _grade(file: str, place: str, said: Any) -> float | None:
    if said is None:
        return None
    if str(said) not in ("0", "1", "2", "3", "4", "5"):
        raise CohortError(f"{file}, {place}: grade = {said!r}; legal: 0, 1, 2, 3, 4, 5.")
    return float(said)


def _answers(
    file: str, entries: Iterable[tuple[str, dict[str, Any]]]
) -> Iterable[tuple[tuple[str, str], str]]:
    worded = {name: tuple(one.levels) for name, one in INPUTS.items() if one.is_text}
    worded |= dict.fromkeys(TOXICITIES, ("0", "1", "2", "3", "4", "5"))
    for place, one in entries:
        _refuse_unknown_keys(file, place, one, ("input", "answer", "level"))
        _need(file, place, one, "input", "answer", "level")
        name = _word(file, place, one, "input", worded)
        level = _word(file, place, one, "level", worded[str(name)])
        yield (str(name), _plain_answer(str(one["answer"]))), str(level)


def _plain_answer(answer: str) -> str:
    system, bar, code = answer.partition("|")
    return f"{system_name(system)}|{code}" if bar else answer


def _units(
    file: str, entries: Iterable[tuple[str, dict[str, Any]]]
) -> Iterable[tuple[tuple[str, str], str]]:
    for place, one in entries:
        _refuse_unknown_keys(file, place, one, ("spelled", "ucum", "input"))
        _need(file, place, one, "spelled", "ucum")
        name = _word(file, place, one, "input", tuple(INPUTS))
        of_inputs = [INPUTS[name]] if name else list(INPUTS.values())
        legal = tuple(dict.fromkeys(unit for known in of_inputs for unit in known.accepted))
        yield (name or "", str(one["spelled"])), str(_word(file, place, one, "ucum", legal))


def _delays(file: str, stated: Any) -> dict[str, float]:
    try:
        return declared_delays(stated)
    except CohortError as error:
        raise CohortError(f"{file}: {error}") from None


def _word(
    file: str, place: str, one: Mapping[str, Any], key: str, legal: Iterable[str]
) -> str | None:
    said = one.get(key)
    words = tuple(legal)
    if said is not None and said not in words:
        raise CohortError(
            f"{file}, {place}: {key} = {said!r} is not known; legal: {', '.join(words)}."
        )
    return said


def _need(file: str, place: str, one: Mapping[str, Any], *keys: str) -> None:
    for key in keys:
        if one.get(key) in (None, ""):
            raise CohortError(f"{file}, {place}: {key} is missing; it needs {', '.join(keys)}.")


def _refuse_unknown_keys(
    file: str, place: str, one: Mapping[str, Any], legal: tuple[str, ...]
) -> None:
    unknown = sorted(set(one) - set(legal))
    if unknown:
        raise CohortError(
            f"{file}, {place}: {unknown[0]!r} is not known here; legal: {', '.join(legal)}."
        )

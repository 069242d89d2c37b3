"""From what was sent to a row as ``POST /v1/risk`` reads it, by the codes and units of the site.

What the site has not mapped is kept and told, never guessed: once it is mapped, later answers read
it. An event that names our input is held to our units; one with a local code alone is not refused
for what nobody has mapped yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

from features.errors import UnitError
from features.inputs import INPUTS
from features.sources.records.codes import Codes, Meaning, system_name
from features.sources.records.site_mapping import SiteMapping
from features.units import conversion
from serving.feed.told import Unmapped


class Part(NamedTuple):
    """One field of an event: the table it belongs to, where our name for it and its code stand.

    What a code means (:data:`features.sources.records.codes.MEANINGS`) is called as our field is.
    """

    table: str
    named: str
    system: str = "system"


PARTS: Mapping[str, Part] = {
    "measurement": Part("measurements", "input"),
    "treatment": Part("treatments", "agent"),
    "grading": Part("grades", "toxicity", "code_system"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One event as a row of a table of a request."""

    event_id: str
    table: str
    content: Mapping[str, Any]


class Reader:
    """Reads events by the codes, units and answers of one site."""

    def __init__(self, site: SiteMapping) -> None:
        self._site = site

    @cached_property
    def _codes(self) -> Codes:
        return self._site.codes()

    def row(self, event_id: str, sent: Mapping[str, Any]) -> Row | Unmapped | None:
        """Return the row of an event, what of it nobody has mapped, or None where it has no row.

        Parameters
        ----------
        sent : mapping
            The event, with at most one of the fields of :data:`PARTS`.
        """
        part = next((one for one in PARTS if one in sent), None)
        if part is None:
            return None
        table, named, system_field = PARTS[part]
        content = {k: one for k, one in sent[part].items() if k not in ("code", system_field)}
        if named in content:
            return Row(event_id, table, content)
        system, code = sent[part].get(system_field, ""), sent[part].get("code", "")
        meaning = self._codes.meaning(system_name(system), code)
        if meaning is not None and meaning.what == "ignore":
            return None
        if meaning is None or meaning.what != named:
            return Unmapped(event_id=event_id, what="code", system=system, code=code)
        content = {named: meaning.name, **_said_by(meaning, part, content), **content}
        missing = self._not_mapped(part, content)
        if missing is not None:
            return Unmapped(event_id=event_id, what=missing, system=system, code=code)
        return Row(event_id, table, content)

    def _not_mapped(
        self, part: str, content: Mapping[str, Any]
    ) -> Literal["unit", "answer", "grade"] | None:
        if part == "grading":
            return None if "grade" in content else "grade"
        if part == "treatment":
            return None
        name, text = content["input"], content.get("text")
        if text is not None or INPUTS[name].is_text:
            level = self._site.answers.get((name, text or ""), text)
            return None if level in INPUTS[name].levels else "answer"
        try:
            conversion(name, self._site.unit(name, content.get("unit")))
        except UnitError:
            return "unit"
        return None


def _said_by(meaning: Meaning, part: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a code itself states."""
    said: dict[str, Any] = {}
    if part == "measurement" and meaning.unit and "unit" not in content and "value" in content:
        said["unit"] = meaning.unit
    if part == "treatment" and meaning.intent:
        said["intent"] = meaning.intent
    if part == "grading":
        said |= {} if meaning.grade is None else {"grade": int(meaning.grade)}
        said |= {"system": meaning.grading_system} if meaning.grading_system else {}
    return said

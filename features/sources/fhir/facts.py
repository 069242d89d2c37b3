"""One FHIR resource as rows of the event stream.

Every function takes a resource and a :class:`Reading` and returns rows (column -> cell). A record
that does not count is a row too, with the rule that says so in ``left_out``: a later version of a
record may take an earlier one back, and only the whole stream can tell.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from features.sources.fhir.references import contained, target_of, version_of
from features.sources.fhir.results import result_cells
from features.sources.fhir.times import NOTHING, Clock, Moment, birth_date
from features.sources.records.codes import Codes, Coding, system_name

Row = dict[str, Any]
Resource = dict[str, Any]

_TAKEN_BACK = "record_is_not_entered_in_error"
_FINAL = ("final", "amended", "corrected")
_DONE = ("completed", "in-progress", "stopped")
_VISITED = ("arrived", "triaged", "in-progress", "onleave", "finished")
_ACT_CODE = "ActCode"


@dataclass
class Reading:
    """What is needed to read a resource beside itself.

    Attributes
    ----------
    medications : dict
        "Medication/id" -> codings of the Medication resources seen.
    urls : dict
        Full URL -> "Type/id" of the Bundle that is being read.
    rough_birth_dates : int
        Patients of whose birth date only the year or month was told.
    undated_deaths : int
        Patients said to be dead without a date.
    """

    clock: Clock
    codes: Codes
    medications: dict[str, list[tuple[Coding, str]]] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    rough_birth_dates: int = 0
    undated_deaths: int = 0

    def subject(self, resource: Resource) -> str | None:
        """Return the id of the patient that a resource is about."""
        target = target_of(resource.get("subject"), "Patient", self.urls) or ""
        kind, _, name = target.partition("/")
        return name if kind == "Patient" and name else None


def codings_of(concept: Any) -> list[tuple[Coding, str]]:
    """Return ((system, code), display) of a CodeableConcept; nothing where it has no code."""
    if not isinstance(concept, dict):
        return []
    codings = concept.get("coding")
    return [
        ((system_name(one.get("system")), str(one["code"])), str(one.get("display", "")))
        for one in (codings if isinstance(codings, list) else [])
        if isinstance(one, dict) and one.get("code")
    ]


def _coded(codings: list[tuple[Coding, str]], reading: Reading, said: str | None = None) -> Row:
    chosen, agree = reading.codes.chosen([one for one, _ in codings])
    if chosen is None:
        return {} if said is None else {"label": said}
    label = next(label for one, label in codings if one == chosen)
    cells: Row = {"system": chosen[0], "code": chosen[1], "label": label or None}
    return cells if agree else {**cells, "left_out": "codings_mean_one_thing"}


def _text(cell: Any, key: str = "text") -> str | None:
    told = cell.get(key) if isinstance(cell, dict) else None
    return told if isinstance(told, str) and told.strip() else None


def _base(resource: Resource, kind: str, reading: Reading) -> Row:
    name = resource.get("id")
    return {
        "subject": reading.subject(resource),
        "kind": kind,
        "record": f"{resource['resourceType']}/{name}" if name else None,
        "version": version_of(resource),
    }


def _status_rule(resource: Resource, legal: tuple[str, ...], rule: str) -> str | None:
    status = resource.get("status")
    if status == "entered-in-error":
        return _TAKEN_BACK
    return None if status in legal else rule


def _first(*rules: str | None) -> str | None:
    return next((rule for rule in rules if rule is not None), None)


def _span(
    resource: Resource, name: str, reading: Reading, *, lenient: bool = False
) -> tuple[Moment, Moment]:
    """Return start and end of ``name[x]``: a dateTime, an instant or a Period."""
    for suffix in ("DateTime", "Instant"):
        if f"{name}{suffix}" in resource:
            return reading.clock.read(resource[f"{name}{suffix}"], lenient=lenient), NOTHING
    period = resource.get(f"{name}Period")
    if not isinstance(period, dict):
        return NOTHING, NOTHING
    return (
        reading.clock.read(period.get("start"), lenient=lenient),
        reading.clock.read(period.get("end"), ends=True, lenient=lenient),
    )


def _timed(start: Moment, stop: Moment = NOTHING) -> Row:
    return {"start": start.at, "stop": stop.at, "date_only": start.date_only}


def observation(resource: Resource, reading: Reading) -> list[Row]:
    """Return one row for the result and one for each component; a period counts from its end."""
    start, stop = _span(resource, "effective", reading)
    if stop.at is not None:
        period_end = resource["effectivePeriod"]["end"]
        start = Moment(stop.at) if not stop.date_only else reading.clock.read(period_end)
    issued = reading.clock.read(resource.get("issued"), ends=True)
    taken = start if start != NOTHING else issued
    rule = _first(_status_rule(resource, _FINAL, "result_is_final"), taken.rule, issued.rule)
    shared = _base(resource, "observation", reading) | _timed(taken) | {"known": issued.at}
    parts = [one for one in resource.get("component") or [] if isinstance(one, dict)]
    own = result_cells(resource)
    told = ([(resource, own)] if own or not parts else []) + [
        (part, result_cells(part)) for part in parts
    ]
    rows = []
    for part, cells in told:
        coded = _coded(codings_of(part.get("code")), reading)
        silent = None if cells or _is_a_grade(coded, reading) else "result_has_a_value"
        left_out = _first(rule, coded.get("left_out"), silent)
        rows.append(shared | coded | cells | {"left_out": left_out})
    return rows


def _is_a_grade(coded: Row, reading: Reading) -> bool:
    meaning = reading.codes.meaning(coded.get("system", ""), coded.get("code", ""))
    return meaning is not None and meaning.grade is not None


def condition(resource: Resource, reading: Reading) -> list[Row]:
    """Return one row; what was recorded later than it began was known then."""
    coded = _coded(codings_of(resource.get("code")), reading)
    meaning = reading.codes.meaning(coded.get("system", ""), coded.get("code", ""))
    lenient = meaning is None or meaning.what != "toxicity"
    start, _ = _span(resource, "onset", reading, lenient=lenient)
    recorded = reading.clock.read(resource.get("recordedDate"), ends=True, lenient=lenient)
    if start == NOTHING:
        start = reading.clock.read(resource.get("recordedDate"), lenient=lenient)
    known = recorded.at if recorded.at and start.at and recorded.at >= start.at else None
    verified = {code for (_, code), _ in codings_of(resource.get("verificationStatus"))}
    rule = _first(
        _TAKEN_BACK if "entered-in-error" in verified else None,
        "condition_is_not_refuted" if "refuted" in verified else None,
        start.rule if not lenient else None,
        coded.get("left_out"),
    )
    base = _base(resource, "condition", reading) | coded | _timed(start)
    return [base | {"known": known, "left_out": rule}]


def medication_administration(resource: Resource, reading: Reading) -> list[Row]:
    """Return one row: what was given, when, how much and by which route."""
    start, stop = _span(resource, "effective", reading)
    said = _text(resource.get("medicationCodeableConcept")) or _text(
        resource.get("medicationReference"), "display"
    )
    coded = _coded(medication_codings(resource, reading), reading, said)
    rule = _first(_status_rule(resource, _DONE, "act_is_done"), start.rule, coded.get("left_out"))
    base = _base(resource, "medication", reading) | coded | _timed(start, stop)
    return [base | _dosage(resource.get("dosage")) | {"left_out": rule}]


def medication_target(resource: Resource, reading: Reading) -> str | None:
    """Return "Medication/id" of an administration whose medication is another resource."""
    target = target_of(resource.get("medicationReference"), "Medication", reading.urls)
    return None if target is None or target.startswith("#") else target


def medication_codings(resource: Resource, reading: Reading) -> list[tuple[Coding, str]]:
    """Return the codings of what was given: stated, contained, or of a Medication seen before."""
    if "medicationCodeableConcept" in resource:
        return codings_of(resource["medicationCodeableConcept"])
    target = target_of(resource.get("medicationReference"), "Medication", reading.urls)
    if target is None:
        return []
    if target.startswith("#"):
        inside = contained(resource, target)
        return of_medication(inside, reading.codes) if inside else []
    return reading.medications.get(target, [])


def of_medication(medication: Resource, codes: Codes) -> list[tuple[Coding, str]]:
    """Return the codings of a Medication; those of its ingredients where its own mean nothing."""
    own = codings_of(medication.get("code"))
    if any(codes.meaning(*one) for one, _ in own):
        return own
    ingredients = medication.get("ingredient")
    inside = [
        coding
        for one in (ingredients if isinstance(ingredients, list) else [])
        if isinstance(one, dict)
        for coding in codings_of(one.get("itemCodeableConcept"))
    ]
    return own + [one for one in inside if codes.meaning(*one[0])]


def _dosage(dosage: Any) -> Row:
    if not isinstance(dosage, dict):
        return {}
    stated = dosage.get("route")
    route: dict[str, Any] = stated if isinstance(stated, dict) else {}
    coded = codings_of(route)
    dose = result_cells({"valueQuantity": dosage.get("dose")})
    return {
        "dose": dose.get("value"),
        "dose_unit": dose.get("unit"),
        "route": (coded[0][1] or coded[0][0][1]) if coded else route.get("text"),
    }


def procedure(resource: Resource, reading: Reading) -> list[Row]:
    """Return one row: what was done, and when."""
    start, stop = _span(resource, "performed", reading)
    coded = _coded(codings_of(resource.get("code")), reading, _text(resource.get("code")))
    rule = _first(_status_rule(resource, _DONE, "act_is_done"), start.rule, coded.get("left_out"))
    base = _base(resource, "procedure", reading) | coded | _timed(start, stop)
    return [base | {"left_out": rule}]


def encounter(resource: Resource, reading: Reading) -> list[Row]:
    """Return one row: class, begin and end of a stay or visit."""
    period = resource.get("period")
    period = period if isinstance(period, dict) else {}
    start = reading.clock.read(period.get("start"))
    stop = reading.clock.read(period.get("end"), ends=True)
    kind = resource.get("class")
    code = kind.get("code") if isinstance(kind, dict) else None
    rule = _first(_status_rule(resource, _VISITED, "act_is_done"), start.rule, stop.rule)
    base = _base(resource, "encounter", reading) | _timed(start, stop)
    return [base | {"system": _ACT_CODE, "code": code, "left_out": rule}]


def patient(resource: Resource, reading: Reading) -> list[Row]:
    """Return the person, and the death where it is dated."""
    name = resource.get("id")
    birth, rough = birth_date(resource.get("birthDate"))
    reading.rough_birth_dates += int(rough)
    shared = {"subject": name, "record": f"Patient/{name}", "version": version_of(resource)}
    keeper = target_of(resource.get("managingOrganization"), "Organization", reading.urls)
    shared["site"] = keeper.rpartition("/")[2] if keeper else None
    person = shared | {"kind": "person", "start": birth, "text": resource.get("gender")}
    if "deceasedDateTime" not in resource:
        reading.undated_deaths += int(resource.get("deceasedBoolean") is True)
        return [person]
    died = reading.clock.read(resource["deceasedDateTime"])
    return [person, shared | {"kind": "death", "left_out": died.rule} | _timed(died)]


FACTS: Mapping[str, Callable[[Resource, Reading], list[Row]]] = MappingProxyType(
    {
        "Patient": patient,
        "Observation": observation,
        "Condition": condition,
        "MedicationAdministration": medication_administration,
        "Procedure": procedure,
        "Encounter": encounter,
    }
)
"""Resource type -> how it is read."""

"""A FHIR export as a source of events, read twice so that only infused patients are held."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

import pandas as pd

from features.sources.fhir.facts import FACTS, Reading, Row, medication_target, of_medication
from features.sources.fhir.files import FhirFiles, Found
from features.sources.fhir.people import People
from features.sources.fhir.times import Clock
from features.sources.records.codes import Codes
from features.sources.records.event_failures import Broken
from features.sources.records.events import event_frame

Progress = Callable[[str, int, int], None]
CHUNK_ROWS = 20_000
LISTED_ROWS = 1_000
"""So many rows of a rule are listed of records that belong to nobody; all are counted."""

_FIRST = frozenset({"Patient", "Medication", "MedicationAdministration", "Procedure"})
_SECOND = frozenset(FACTS)


class FhirRecords:
    """The records of one export.

    Parameters
    ----------
    files : FhirFiles
    clock : Clock
    codes : Codes
    progress : callable
        Told the step, and megabytes done and in all.

    Attributes
    ----------
    left_out : list
        What belongs to no patient: no JSON, no resource, no subject.
    left_out_counts : Counter
        How many there were of each rule.
    """

    def __init__(self, files: FhirFiles, clock: Clock, codes: Codes, progress: Progress) -> None:
        self._files = files
        self._progress = progress
        self.people = People()
        self.reading = Reading(clock, codes)
        self.left_out: list[Broken] = []
        self.left_out_counts: Counter[str] = Counter()
        self._without_patient: set[str] = set()

    def candidates(self) -> Iterator[pd.DataFrame]:
        """Yield every administration and procedure, and learn who the patients are."""
        rows: list[Row] = []
        waiting: dict[str, set[str]] = defaultdict(set)
        for found in self._read("looking for infusions", _FIRST):
            resource = found.resource
            if resource is None:
                continue
            if resource["resourceType"] == "Patient":
                self.people.add(resource)
            elif resource["resourceType"] == "Medication":
                name = f"Medication/{resource.get('id')}"
                self.reading.medications[name] = of_medication(resource, self.reading.codes)
            else:
                rows += self._acts(resource, waiting)
            if len(rows) >= CHUNK_ROWS:
                yield event_frame(rows)
                rows = []
        yield event_frame(rows)
        yield event_frame(self._of_late_medications(waiting))

    def _acts(self, resource: Row, waiting: dict[str, set[str]]) -> list[Row]:
        made = [row for row in _facts(resource, self.reading) if row["subject"] is not None]
        target = medication_target(resource, self.reading)
        if target is not None and target not in self.reading.medications:
            waiting[target] |= {row["subject"] for row in made}
        return made

    def _of_late_medications(self, waiting: dict[str, set[str]]) -> list[Row]:
        """Return who was given the Medications that came after their administration."""
        return [
            {"subject": subject, "kind": "medication", "system": system, "code": code}
            for target, subjects in waiting.items()
            for (system, code), _ in self.reading.medications.get(target, [])
            for subject in sorted(subjects)
        ]

    def of_subjects(self, subjects: frozenset[str]) -> Iterator[pd.DataFrame]:
        """Yield every event of these persons, under the one id of each."""
        wanted = {self.people.canonical(name) for name in subjects}
        rows: list[Row] = []
        for found in self._read("reading their records", _SECOND):
            if found.rule is not None:
                self._leave_out(found.row, found.rule)
            if found.resource is not None:
                rows += self._of_wanted(found, found.resource, wanted)
            if len(rows) >= CHUNK_ROWS:
                yield event_frame(rows)
                rows = []
        yield event_frame(rows)

    def others(self, subjects: frozenset[str]) -> int:
        """Count the persons that are none of these, each under one id.

        Those whose Patient is not in the export are counted once their records were read.
        """
        return self.people.besides(subjects) + len(self._without_patient)

    def _of_wanted(self, found: Found, resource: Row, wanted: set[str]) -> list[Row]:
        is_patient = resource["resourceType"] == "Patient"
        name = resource.get("id") if is_patient else self.reading.subject(resource)
        if not isinstance(name, str) or not name:
            self._leave_out(found.row, "record_has_a_subject")
            return []
        kept = self.people.canonical(name)
        if kept not in wanted:
            if not self.people.has(kept):
                self._without_patient.add(kept)
            return []
        made = [
            row | {"subject": kept, "source_row": float(found.row)}
            for row in _facts(resource, self.reading)
        ]
        if name in self.people.two_of_one_id or kept in self.people.two_of_one_id:
            made = [row | {"left_out": "patient_id_is_one_person"} for row in made]
        # Of the ids of one person only the kept one tells age and sex.
        return [row for row in made if row["kind"] != "person" or name == kept]

    def _read(self, step: str, kinds: frozenset[str]) -> Iterator[Found]:
        def told(done: int, total: int) -> None:
            self._progress(step, done >> 20, max(total >> 20, 1))

        for found in self._files.resources(kinds, told):
            self.reading.urls = found.urls
            yield found

    def _leave_out(self, row: int, rule: str) -> None:
        self.left_out_counts[rule] += 1
        if self.left_out_counts[rule] <= LISTED_ROWS:
            self.left_out.append((float(row), rule, None))


def _facts(resource: Row, reading: Reading) -> list[Row]:
    return FACTS[resource["resourceType"]](resource, reading)

"""The records of an OMOP database as a source of events: those of infused patients only."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pandas as pd

from features.errors import CohortError
from features.sources.omop.facts import KINDS, events_of
from features.sources.omop.tables import Cdm, has, one_of, select, typed
from features.sources.omop.vocabulary import Vocabulary
from features.sources.records.events import conforming
from features.sources.records.text_alone import naming_car_t

Progress = Callable[[str, int, int], None]
NEEDED = ("person", "measurement")
INFUSION_TABLES = ("drug_exposure", "procedure_occurrence")
LINE_RULE = "line_has_the_cells_of_the_header"
PERSON_RULE = "person_id_is_a_number"
TWICE_RULE = "patient_id_is_one_person"
STEP = "reading OMOP tables"


@dataclass
class OmopRecords:
    """An :class:`features.sources.records.events.EventSource` on the tables of `cdm`.

    Attributes
    ----------
    left_out : list of tuple
        (table, line or row, rule) of rows of which nobody knows to whom they belong.
    """

    cdm: Cdm
    vocabulary: Vocabulary
    progress: Progress
    left_out: list[tuple[str, float, str]] = field(default_factory=list)
    _twice: frozenset[str] = frozenset()
    _site: dict[str, str] = field(default_factory=dict)

    @property
    def tables(self) -> list[str]:
        """Return the tables with facts of persons that are there."""
        return [table for table in KINDS if has(self.cdm, table)]

    def candidates(self) -> Iterator[pd.DataFrame]:
        """Yield every event that is an infusion of CAR-T cells, or that names one."""
        self._twice = self._persons_told_twice()
        named = self.vocabulary.concepts_named_car_t()
        concepts = sorted({*self.vocabulary.infusion_concepts, *named})
        for table in INFUSION_TABLES:
            if has(self.cdm, table):
                said = naming_car_t(self._source_codes(table))
                codes = sorted({*self.vocabulary.infusion_codes(table), *said})
                yield from self._events(
                    table,
                    f"{one_of('concept', concepts)} OR {one_of('source_concept', concepts)} "
                    f"OR {one_of('source_code', codes)}",
                )

    def of_subjects(self, subjects: frozenset[str]) -> Iterator[pd.DataFrame]:
        """Yield every event of these persons, table by table."""
        persons = sorted(int(one) for one in subjects)
        for done, table in enumerate(self.tables):
            self.progress(STEP, done, len(self.tables))
            yield from self._events(table, f"{one_of('person', persons)} OR person_bad")
        self.progress(STEP, len(self.tables), len(self.tables))
        for table, lines in self.cdm.unread_lines.items():
            self.left_out += [(table, line, LINE_RULE) for line in lines]

    def others(self, subjects: frozenset[str]) -> int:
        """Count the persons of the person table that are none of these."""
        everybody = (
            f"SELECT DISTINCT person FROM ({select(self.cdm, 'person')}) AS every "  # noqa: S608 - names of the model
            f"WHERE person IS NOT NULL AND NOT {one_of('person', [int(one) for one in subjects])}"
        )
        query = f"SELECT COUNT(*) AS persons FROM ({everybody}) AS others"  # noqa: S608
        return sum(int(chunk["persons"].sum()) for chunk in self.cdm.chunks(query, "person"))

    def _events(self, table: str, where: str) -> Iterator[pd.DataFrame]:
        for chunk in self.cdm.chunks(select(self.cdm, table, where), table):
            rows = typed(chunk, table)
            nobody = rows["person_bad"]
            self.left_out += [(table, row, PERSON_RULE) for row in rows.loc[nobody, "row"]]
            events = events_of(rows[~nobody], table, self.vocabulary)
            if table in ("person", *INFUSION_TABLES):  # without an infusion there is no course
                two = events["left_out"].isna() & events["subject"].isin(self._twice)
                events["left_out"] = events["left_out"].mask(two, TWICE_RULE)
            events["source_file"] = self.cdm.place_of(table)
            yield conforming(self._with_sites(events, table))

    def _with_sites(self, events: pd.DataFrame, table: str) -> pd.DataFrame:
        """Give every event the site of its person; the person table is read first."""
        if table == "person":
            self._site |= dict(zip(events["subject"], events["site"], strict=True))
        return events.assign(site=events["subject"].map(self._site))

    def _source_codes(self, table: str) -> list[str]:
        query = f"SELECT DISTINCT source_code FROM ({select(self.cdm, table)}) AS every"  # noqa: S608 - names of the model
        return [
            one
            for chunk in self.cdm.chunks(query, table)
            for one in chunk["source_code"]
            if isinstance(one, str)
        ]

    def _persons_told_twice(self) -> frozenset[str]:
        """Return the ids under which the person table tells of two different people."""
        query = (
            f"SELECT subject FROM (SELECT DISTINCT * FROM ({select(self.cdm, 'person')}) AS every) "  # noqa: S608 - names of the model
            "AS each_once WHERE subject IS NOT NULL GROUP BY subject HAVING COUNT(*) > 1"
        )
        chunks = self.cdm.chunks(query, "person")
        return frozenset(str(one) for chunk in chunks for one in chunk["subject"])


def require_tables(cdm: Cdm, place: str) -> None:
    """Refuse what is no OMOP database, or holds no table that could tell an infusion.

    Raises
    ------
    CohortError
        Tables are absent; the message names them.
    """
    absent = [table for table in NEEDED if not has(cdm, table)]
    if not any(has(cdm, table) for table in INFUSION_TABLES):
        absent.append(" or ".join(INFUSION_TABLES))
    if absent:
        raise CohortError(
            f"{place} has no table {', '.join(absent)}. An OMOP database holds person, "
            "measurement, drug_exposure, procedure_occurrence and concept at least; a folder has "
            "one file (.parquet, .csv or .csv.gz) a table, named like it."
        )

"""A cohort as the tables of an OMOP database, and the mapping file that a site would write for it.

Everything is put where a hospital would have it: drugs below their ingredient, diagnoses as source
concepts, results with a concept and a unit concept, grades and course facts as local codes.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from features.inputs import INPUTS
from features.products import product
from features.sources.records.codes import MEANINGS
from features.sources.records.delays import delays_of
from features.sources.synthetic import synthesize
from features.tables import TABLES, Cohort, Manifest, cohort_of

DAY_0 = pd.Timestamp("2024-03-04 10:07:13")
DAY = pd.Timedelta(days=1)
_DIAGNOSES = {
    "LBCL": "C83.3", "FL": "C82.9", "MCL": "C83.1", "MM": "C90.0", "B-ALL": "C91.0", "CLL": "C91.1",
    "MZL": "C88.4",
}  # fmt: skip
_DRUGS = {"fludarabine": "24698", "cyclophosphamide": "3002", "bendamustine": "134547"}
_REGIMENS = {
    "fludarabine_cyclophosphamide": ("fludarabine", "cyclophosphamide"),
    "bendamustine": ("bendamustine",),
}
_OPERATORS = {"<": 4171756, ">": 4172704, "<=": 4171754, ">=": 4171755}


def a_cohort_with_dates(courses: int = 20, seed: int = 1) -> Cohort:
    """A synthetic cohort of what OMOP can carry: dated, in whole years, without result times."""
    made = synthesize(courses, seed).cohort
    number = {one: str(at) for at, one in enumerate(made.courses["course_id"], start=101)}
    tables = {
        name: made.table(name).assign(course_id=made.table(name)["course_id"].map(number) + "-1")
        for name in ("courses", "measurements", "treatments", "grades")
    }
    rows = tables["courses"]
    rows = rows.assign(
        patient_id=rows["course_id"].str.removesuffix("-1"),
        infused_at=(DAY_0 + pd.Series(range(len(rows))) * DAY).dt.tz_localize("UTC"),
        age_years=rows["age_years"] // 1,
        second_dose_day=None,
        site=(pd.factorize(rows["site"])[0] + 1).astype(str),
    )
    regimen = rows["lymphodepletion"].isin(list(_REGIMENS))
    rows["lymphodepletion"] = rows["lymphodepletion"].where(regimen)
    rows["lymphodepletion_day"] = rows["lymphodepletion_day"].where(regimen)
    weights = rows.assign(
        day=rows["lymphodepletion_day"].fillna(0.0) - 1.0, input="body_weight_kg",
        value=rows["weight_kg"],
    )  # fmt: skip
    weights = weights.loc[weights["value"].notna(), ["course_id", "day", "input", "value"]]
    tables["courses"] = rows
    tables["measurements"] = pd.concat([tables["measurements"], weights], ignore_index=True)
    for name in ("measurements", "treatments", "grades"):
        tables[name] = tables[name].drop(columns="known_day")
    manifest = Manifest("dated", "synthetic", synthetic=True, delays=delays_of({}))
    return cohort_of(manifest, **tables)


def write_csv_folder(cohort: Cohort, folder: Path) -> Path:
    """The same cohort as the CSV files a site would fill: units named, no result times."""
    folder.mkdir(parents=True)
    for name in TABLES:
        rows = cohort.table(name).drop(columns=["known_day", "source_row"], errors="ignore")
        if name == "measurements":
            rows = rows.assign(unit=rows["input"].map({k: one.unit for k, one in INPUTS.items()}))
        rows.to_csv(folder / f"{name}.csv", index=False)
    delays = "".join(f"{name} = {days!r}\n" for name, days in delays_of({}).items())
    (folder / "cohort.toml").write_text(f'resolution = "instant"\n[delays]\n{delays}')
    return folder


@dataclass
class Database:
    """Rows by table, and the concepts they name."""

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    concepts: dict[tuple[str, str], int] = field(default_factory=dict)
    mapping: list[str] = field(default_factory=list)

    def add(self, table: str, **cells: Any) -> None:
        rows = self.tables.setdefault(table, [])
        key = {"person": "", "death": ""}.get(table, f"{table}_id")
        rows.append(({key: len(rows) + 1} if key else {}) | cells)

    def concept(self, vocabulary: str, code: str, concept_id: int | None = None) -> int:
        known = concept_id or 2_000_000_001 + len(self.concepts)
        return self.concepts.setdefault((vocabulary, code), known)

    def local(self, code: str, meaning: str) -> int:
        """A concept of the site's own vocabulary, and what the mapping file says of it."""
        if ("SITE", code) not in self.concepts:
            entry = f'[[code]]\nsystem = "local:SITE"\ncode = "{code}"\n{meaning}\n'
            self.mapping.append(entry)
        return self.concept("SITE", code)

    def frames(self) -> dict[str, pd.DataFrame]:
        made = {name: pd.DataFrame(rows) for name, rows in self.tables.items()}
        made["concept"] = pd.DataFrame(
            [
                {"concept_id": one, "vocabulary_id": vocabulary, "concept_code": code,
                 "concept_name": f"name of {code}"}
                for (vocabulary, code), one in self.concepts.items()
            ]
        )  # fmt: skip
        return made

    def write(self, folder: Path, fmt: str = "parquet", *, capitals: bool = False) -> Path:
        """One file a table; names of files and columns in capitals, where asked for."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in self.frames().items():
            called = name.upper() if capitals else name
            frame = rows.rename(columns=str.upper) if capitals else rows
            if fmt == "parquet":
                frame.to_parquet(folder / f"{called}.parquet", index=False)
            else:
                frame.to_csv(folder / f"{called}.{fmt}", index=False)
        return folder

    def write_mapping(self, file: Path) -> Path:
        file.write_text("\n".join(self.mapping))
        return file


def omop_of(cohort: Cohort) -> Database:
    """The tables of `cohort`, one person a course."""
    made = Database()
    day_0 = cohort.courses.set_index("course_id")["infused_at"].dt.tz_localize(None)
    for row in cohort.courses.to_dict("records"):
        _add_course(made, row, int(row["patient_id"]), day_0[row["course_id"]])
    people = dict(zip(cohort.courses["course_id"], cohort.courses["patient_id"], strict=True))
    for row in cohort.measurements.to_dict("records"):
        at = day_0[row["course_id"]] + row["day"] * DAY
        _add_result(made, row, int(people[row["course_id"]]), at)
    for row in cohort.treatments.to_dict("records"):
        _add_treatment(made, row, int(people[row["course_id"]]), day_0[row["course_id"]])
    for row in cohort.grades.to_dict("records"):
        at = day_0[row["course_id"]] + row["day"] * DAY
        concept = made.local(
            row["toxicity"], f'toxicity = "{row["toxicity"]}"\ngrading_system = "{row["system"]}"'
        )
        _add_observation(made, int(people[row["course_id"]]), at, concept, row["grade"])
    return made


def _dates(name: str, at: pd.Timestamp) -> dict[str, Any]:
    return {f"{name}_date": at.date(), f"{name}_datetime": at}


def _add_course(made: Database, row: dict[str, Any], person: int, at: pd.Timestamp) -> None:
    born = at - pd.DateOffset(years=int(row["age_years"])) - 100 * DAY
    made.add(
        "person", person_id=person, gender_concept_id={"male": 8507, "female": 8532}[row["sex"]],
        year_of_birth=born.year, month_of_birth=born.month, day_of_birth=born.day,
        birth_datetime=born.normalize(), care_site_id=int(row["site"]),
    )  # fmt: skip
    _add_infusion(made, row, person, at)
    made.add(
        "condition_occurrence", person_id=person, condition_concept_id=0,
        **_dates("condition_start", at - 200 * DAY),
        condition_source_concept_id=made.concept("ICD10CM", _DIAGNOSES[row["diagnosis"]]),
    )  # fmt: skip
    first = row["lymphodepletion_day"] if pd.notna(row["lymphodepletion_day"]) else 0.0
    for drug in _REGIMENS.get(row["lymphodepletion"], ()):
        _add_drug(made, person, at + first * DAY, made.concept("RxNorm", _DRUGS[drug]))
    for name in MEANINGS["field"]:
        if name != "dose_car_t_cells" and pd.notna(row[name]):
            concept = made.local(name, f'field = "{name}"')
            told = float(row[name])
            _add_observation(made, person, at + (first - 0.5) * DAY, concept, told)
    _add_stays(made, row, person, at)


def _add_infusion(made: Database, row: dict[str, Any], person: int, at: pd.Timestamp) -> None:
    one = product(row["product"])
    if one.omop is not None:
        ingredient = made.concept("RxNorm", str(one.rxnorm), one.omop)
        drug = made.concept("RxNorm", f"a vial of {one.short}")
        if len(made.tables.get("concept_ancestor", [])) == 0 or drug not in {
            pair["descendant_concept_id"] for pair in made.tables["concept_ancestor"]
        }:
            made.tables.setdefault("concept_ancestor", []).append(
                {"ancestor_concept_id": ingredient, "descendant_concept_id": drug}
            )
    else:
        drug = made.local(one.short, f'product = "{one.short}"')
    dose = row["dose_car_t_cells"]
    _add_drug(made, person, at, drug, dose=dose, unit="{cells}" if pd.notna(dose) else None)


def _add_stays(made: Database, row: dict[str, Any], person: int, at: pd.Timestamp) -> None:
    def visit(concept: int, start: float, stop: float) -> None:
        made.add(
            "visit_occurrence", person_id=person, visit_concept_id=concept,
            **_dates("visit_start", at + start * DAY), **_dates("visit_end", at + stop * DAY),
        )  # fmt: skip

    last = row["follow_up_days"]
    if pd.notna(row["discharge_day"]):
        visit(9201, -6.0, row["discharge_day"])
    if pd.notna(row["readmission_day"]):
        visit(9201, row["readmission_day"], last)
    visit(9202, last, last)
    if pd.notna(row["death_day"]):
        died = at + row["death_day"] * DAY
        made.add("death", person_id=person, death_date=died.date(), death_datetime=died)


def _add_drug(
    made: Database, person: int, at: pd.Timestamp, concept: int, *,
    stop: pd.Timestamp | None = None, dose: float | None = None, unit: str | None = None,
    route: str | None = None,
) -> None:  # fmt: skip
    made.add(
        "drug_exposure", person_id=person, drug_concept_id=concept,
        **_dates("drug_exposure_start", at), **_dates("drug_exposure_end", stop or at),
        quantity=dose, dose_unit_source_value=unit, route_source_value=route,
    )  # fmt: skip


def _add_result(made: Database, row: dict[str, Any], person: int, at: pd.Timestamp) -> None:
    one = INPUTS[row["input"]]
    if one.loinc:
        concept = made.concept("LOINC", one.loinc[0])
    else:
        concept = made.local(one.name, f'input = "{one.name}"')
    if one.is_text:
        _add_observation(made, person, at, concept, text=row["text"])
        return
    made.add(
        "measurement", person_id=person, measurement_concept_id=concept,
        **_dates("measurement", at), value_as_number=row["value"],
        operator_concept_id=_OPERATORS.get(row["comparator"], 0),
        unit_concept_id=made.concept("UCUM", one.unit),
        range_low=row["reference_low"], range_high=row["reference_high"],
    )  # fmt: skip


def _add_treatment(made: Database, row: dict[str, Any], person: int, day_0: pd.Timestamp) -> None:
    intent = row["intent"] if isinstance(row["intent"], str) else ""
    said = f'\nintent = "{intent}"' if intent else ""
    concept = made.local(f"{row['agent']} {intent}".strip(), f'agent = "{row["agent"]}"{said}')
    stop = None if pd.isna(row["stop_day"]) else day_0 + row["stop_day"] * DAY
    _add_drug(
        made, person, day_0 + row["start_day"] * DAY, concept, stop=stop, dose=row["dose"],
        unit=row["dose_unit"], route=row["route"],
    )  # fmt: skip


def _add_observation(
    made: Database, person: int, at: pd.Timestamp, concept: int, number: float | None = None,
    text: str | None = None,
) -> None:  # fmt: skip
    made.add(
        "observation", person_id=person, observation_concept_id=concept,
        **_dates("observation", at), value_as_number=number, value_as_string=text,
    )  # fmt: skip


def load_into(url: str, database: Database, schema: str = "public") -> None:
    """Put the tables into a PostgreSQL schema, with the types of their columns."""
    import psycopg

    kinds = {"i": "integer", "f": "numeric", "M": "timestamp", "O": "varchar"}
    with psycopg.connect(url) as connection:
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        for name, rows in database.frames().items():
            columns = {one: kinds.get(rows[one].dtype.kind, "varchar") for one in rows}
            columns |= {one: "date" for one in rows if one.endswith("_date")}
            told = ", ".join(f"{column} {kind}" for column, kind in columns.items())
            connection.execute(f'CREATE TABLE "{schema}".{name} ({told})')  # type: ignore[arg-type]
            cells = rows.astype("object").where(rows.notna(), None)
            with connection.cursor().copy(f'COPY "{schema}".{name} FROM STDIN') as copy:  # type: ignore[arg-type]
                for row in cells.itertuples(index=False):
                    copy.write_row(row)

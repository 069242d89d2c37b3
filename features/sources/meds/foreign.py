"""Events of any MEDS data set as those of :mod:`features.sources.records.events`.

A code is a vocabulary and a code, separated by ``//`` or ``/`` (``LOINC//1988-5``); a vocabulary
that is none of the known ones is local. The unit stands in a column ``unit``, in
``metadata/codes.parquet``, or as the third part of the code.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from features.errors import CohortError
from features.sources.records.codes import Codes, system_name
from features.sources.records.events import conforming
from features.sources.records.text_alone import naming_car_t
from features.sources.records.written_results import censored_results

BIRTH, DEATH = "MEDS_BIRTH", "MEDS_DEATH"
_NEEDED = ("subject_id", "time", "code")
_WANTED = (*_NEEDED, "numeric_value", "text_value", "unit")
_BATCH_ROWS = 131_072
_KINDS = {
    "RxNorm": "medication", "ATC": "medication",
    "ICD10PCS": "procedure", "CPT4": "procedure",
    "ICD10CM": "condition", "ICD10": "condition",
}  # fmt: skip
_SEXES = {
    one: sex
    for sex, words in (("female", ("f", "female", "8532")), ("male", ("m", "male", "8507")))
    for one in words
}
_SEX_CODES = ("gender", "sex")
_ADMITTED, _LEFT = "HOSPITAL_ADMISSION", "HOSPITAL_DISCHARGE"
_IN, _OUT = "IMP", "OUT"  # of HL7 ActCode is the first only


@dataclass
class MedsRecords:
    """An :class:`features.sources.records.events.EventSource` on the files of a MEDS data set."""

    data: ds.Dataset
    codes: Codes
    units: dict[str, str] = field(default_factory=dict)

    def candidates(self) -> Iterator[pd.DataFrame]:
        """Yield every event whose code is an infusion of CAR-T cells, or names one."""
        codes = self._distinct_codes()
        wanted = {*filter(self._is_infusion, codes), *naming_car_t(codes)}
        yield from self._events(pc.field("code").isin(pa.array(sorted(wanted), pa.string())))

    def of_subjects(self, subjects: frozenset[str]) -> Iterator[pd.DataFrame]:
        """Yield every event of these persons; who they are, and their stays, at the end."""
        numbers = pa.array(sorted(int(one) for one in subjects), pa.int64())
        told: list[pd.DataFrame] = []
        for events in self._events(pc.field("subject_id").isin(numbers)):
            of_person = events["kind"].isin(("person", "encounter"))
            told.append(events[of_person])
            yield events[~of_person]
        if told:
            every = pd.concat(told)
            yield conforming(_persons(every[every["kind"].eq("person")]))
            yield conforming(_stays(every[every["kind"].eq("encounter")]))

    def others(self, subjects: frozenset[str]) -> int:
        """Count the persons that are none of these."""
        found: set[int] = set()
        for batch in self.data.to_batches(columns=["subject_id"], batch_size=_BATCH_ROWS):
            found |= set(pc.unique(batch.column("subject_id")).to_pylist())
        return len(found - {None} - {int(one) for one in subjects})

    def _distinct_codes(self) -> list[str]:
        found: set[str] = set()
        for batch in self.data.to_batches(columns=["code"], batch_size=_BATCH_ROWS):
            found |= set(pc.unique(batch.column("code")).to_pylist())
        return sorted(one for one in found if one)

    def _is_infusion(self, code: str) -> bool:
        meaning = self.codes.meaning(*split_code(code)[:2])
        return meaning is not None and meaning.is_infusion

    def _events(self, rows: pc.Expression) -> Iterator[pd.DataFrame]:
        columns = [name for name in _WANTED if name in self.data.schema.names]
        seen = 0
        for batch in self.data.to_batches(columns, filter=rows, batch_size=_BATCH_ROWS):
            frame = batch.to_pandas()
            if len(frame):
                yield conforming(self._facts(frame.reset_index(drop=True), seen))
                seen += len(frame)

    def _facts(self, rows: pd.DataFrame, seen: int) -> pd.DataFrame:
        texts = _column(rows, "text_value", "str")
        parts = {code: split_code(code) for code in rows["code"].dropna().unique()}
        told = [parts.get(code, ("", "", None)) for code in rows["code"]]
        systems = pd.Series([one[0] for one in told], index=rows.index)
        units = pd.Series([self.units.get(c, parts[c][2]) for c in rows["code"]], index=rows.index)
        signs, numbers = censored_results(texts)
        value = _column(rows, "numeric_value", "float64").fillna(numbers)
        made = pd.DataFrame(
            {
                "subject": rows["subject_id"].astype("str"),
                "kind": systems.map(_KINDS).fillna("observation"),
                "start": rows["time"],
                "date_only": rows["time"].notna() & (rows["time"] == rows["time"].dt.normalize()),
                "system": systems,
                "code": [one[1] for one in told],
                "value": value,
                "comparator": signs,
                "text": texts.where(value.isna()),
                "unit": _column(rows, "unit", "str").fillna(units.astype("str")),
                "source_value": texts,
                "source_row": pd.Series(range(seen + 1, seen + len(rows) + 1), dtype="float64"),
            }
        )
        return _with_persons(made, rows["code"])


def open_records(folder: Path, codes: Codes) -> MedsRecords:
    """Open the data set in `folder`.

    Raises
    ------
    CohortError
        There are no Parquet files below ``data/``, or they lack a column of the standard.
    """
    return MedsRecords(open_data(folder), codes, _units_of_codes(folder))


def open_data(folder: Path) -> ds.Dataset:
    """Open the files below ``data/``; see :func:`open_records` for the errors."""
    files = sorted(str(one) for one in (folder / "data").glob("**/*.parquet"))
    if not files:
        raise CohortError(
            f"{folder.name} holds no data/**/*.parquet. A MEDS data set is a folder with data/ and "
            "metadata/."
        )
    try:
        data: ds.Dataset = ds.dataset(files, format="parquet")
    except (OSError, pa.ArrowInvalid):
        raise CohortError(f"{folder.name}: a file below data/ is no Parquet, or damaged.") from None
    absent = [name for name in _NEEDED if name not in data.schema.names]
    if absent:
        raise CohortError(
            f"{folder.name}: data/ lacks {', '.join(absent)}. MEDS has {', '.join(_WANTED[:-1])}."
        )
    return data


def split_code(code: str) -> tuple[str, str, str | None]:
    """Return the short name of the code system, the code, and a unit where it names one."""
    parts = code.split("//") if "//" in code else code.split("/", 1)
    if len(parts) == 1:
        return system_name("MEDS"), code, None
    return system_name(parts[0]), parts[1], parts[2] if len(parts) > 2 else None


def _units_of_codes(folder: Path) -> dict[str, str]:
    """Return the units that ``metadata/codes.parquet`` names, where it has such a column."""
    file = folder / "metadata" / "codes.parquet"
    if not file.is_file():
        return {}
    try:
        table = pq.read_table(file).to_pandas()
    except (OSError, pa.ArrowInvalid):
        raise CohortError("metadata/codes.parquet is no Parquet, or damaged.") from None
    name = next((one for one in ("unit", "units") if one in table), None)
    if name is None:
        return {}
    told = table[table[name].notna()]
    return dict(zip(told["code"].astype(str), told[name].astype(str), strict=True))


def _column(rows: pd.DataFrame, name: str, dtype: Literal["str", "float64"]) -> pd.Series:
    return rows.reindex(columns=[name])[name].astype(dtype)


def _with_persons(events: pd.DataFrame, codes: pd.Series) -> pd.DataFrame:
    """Say which events are births, sexes, deaths, admissions and discharges."""
    word = codes.str.split("/").str[0]
    is_sex, is_birth = word.str.lower().isin(_SEX_CODES), word.eq(BIRTH)
    comes, goes = word.eq(_ADMITTED), word.eq(_LEFT)
    kind = events["kind"].mask(is_sex | is_birth, "person").mask(word.eq(DEATH), "death")
    sex = events["code"].str.lower().map(_SEXES)
    return events.assign(
        kind=kind.mask(comes | goes, "encounter"),
        code=events["code"].mask(comes, _IN).mask(goes, _OUT),
        start=events["start"].mask(is_sex),
        text=events["text"].mask(is_birth).where(~is_sex, sex),
    )


def _persons(told: pd.DataFrame) -> pd.DataFrame:
    """Put what is told of each person into one row."""
    return told.groupby("subject", sort=False)[["kind", "start", "text"]].first().reset_index()


def _stays(told: pd.DataFrame) -> pd.DataFrame:
    """Pair each admission with the discharge that follows it."""
    rows = told.sort_values(["subject", "start"], kind="stable")
    comes = rows["code"].eq(_IN)
    leaves = rows["start"].where(~comes).groupby(rows["subject"]).bfill()
    return rows.assign(system="ActCode", stop=leaves)[comes]

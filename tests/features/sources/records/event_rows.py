"""Events that read like sentences: `events(an_infusion("P"), a_result("P", 2, "1988-5", 30))`."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from features.sources.records.events import event_frame

DAY_0 = datetime(2024, 3, 4, 10, tzinfo=UTC)
NOW = datetime(2025, 1, 1, tzinfo=UTC)
AXI_CEL, OBE_CEL = "1987398", "obe-cel"


def on(day: float) -> datetime:
    return DAY_0 + timedelta(days=day)


def a_fact(subject: str, kind: str, day: float | None, **cells: Any) -> dict[str, Any]:
    start = None if day is None else on(day)
    return {"subject": subject, "kind": kind, "start": start, **cells}


def a_person(subject: str, birth: datetime = datetime(1960, 1, 1, tzinfo=UTC)) -> dict[str, Any]:
    return {"subject": subject, "kind": "person", "start": birth, "text": "female"}


def an_infusion(subject: str, day: float = 0, code: str = AXI_CEL, **cells: Any) -> dict[str, Any]:
    return a_fact(subject, "medication", day, **{"system": "RxNorm", "code": code, **cells})


def a_procedure(subject: str, day: float = 0, code: str = "38228", **cells: Any) -> dict[str, Any]:
    return a_fact(subject, "procedure", day, **{"system": "CPT4", "code": code, **cells})


def a_result(
    subject: str, day: float, code: str, value: float, unit: str | None = "mg/L", **cells: Any
) -> dict[str, Any]:
    made = {"system": "LOINC", "code": code, "value": value, "unit": unit, **cells}
    return a_fact(subject, "observation", day, **made)


def events(*rows: dict[str, Any]) -> pd.DataFrame:
    numbered = [{"source_row": number, **row} for number, row in enumerate(rows, start=1)]
    return event_frame(numbered)

"""A list of patients and long results of a site, and their mapping, for tests of both."""

from pathlib import Path

from features.checks import Failures
from features.sources import read
from features.tables import Cohort
from tests.three_shapes import write_lines

FACTS = ["ID", "infused", "sex", "age", "product", "last"]
RESULTS = ["ID", "at", "test", "result", "unit", "range"]
P1 = ["P1", "2025-03-04 10:00", "女", "61", "Yescarta", "2025-06-04"]
P2 = ["P2", "2025-03-05 10:00", "男", "45", "Yescarta", "2025-06-04"]
MAPPING = """
resolution = "{resolution}"
time_zone = "{zone}"
[[file]]
name = "patients.csv"
rows = "patients"
[file.columns]
"ID" = {{ is = "patient_id" }}
"infused" = {{ is = "infused_at", dates = "iso" }}
"sex" = {{ is = "sex" }}
"age" = {{ is = "age_years" }}
"product" = {{ is = "product" }}
"last" = {{ is = "follow_up_days", dates = "iso" }}
[[file]]
name = "results.csv"
rows = "results"
[file.columns]
"ID" = {{ is = "patient_id" }}
"at" = {{ is = "day", dates = "iso" }}
"test" = {{ is = "test" }}
"result" = {{ is = "value" }}
"unit" = {{ is = "unit" }}
"range" = {{ is = "reference" }}
[file.tests]
"CRP" = {{ is = "crp_mg_l" }}
"WBC" = {{ is = "wbc_10e9_l", unit = "10*9/L" }}
"O2" = {{ is = "oxygen_device", words = {{ "鼻导管" = "nasal_cannula" }} }}
"CRS" = {{ is = "crs_grade" }}
"junk" = {{ is = "ignored" }}
[file.units]
"mg pro Liter" = "mg/L"
"""


class Site:
    """A folder with a list of patients and long results, and their mapping."""

    def __init__(self, place: Path) -> None:
        self.folder, self.mapping = place / "site", place / "mapping.toml"
        self.folder.mkdir()

    def read(
        self,
        results: list[list[object]],
        facts: list[list[object]] | None = None,
        resolution: str = "instant",
        zone: str = "Europe/Berlin",
        mapping: str = MAPPING,
        **options: object,
    ) -> tuple[Cohort, Failures]:
        write_lines(self.folder / "patients.csv", [FACTS, *(facts or [P1, P2])], ",", "utf-8")
        write_lines(self.folder / "results.csv", [RESULTS, *results], ",", "utf-8")
        text = mapping.format(resolution=resolution, zone=zone).replace('time_zone = ""\n', "")
        self.mapping.write_text(text, encoding="utf-8")
        return read("csv", self.folder, mapping=str(self.mapping), **options)


def rejected(failures: Failures) -> set[tuple[str, str, int, str]]:
    rows = failures.rows
    return set(zip(rows["table"], rows["file"], rows["row"], rows["rule"], strict=True))


def a_result(at: str = "2025-03-05 10:00", value: str = "12", unit: str = "mg/L") -> list[object]:
    return ["P1", at, "CRP", value, unit, ""]

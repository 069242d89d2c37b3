"""How long an OMOP folder takes to import, and how much memory: seconds and peak resident size.

    python experiments/benchmarks/omop_import.py                      # 10^6 measurement rows
    python experiments/benchmarks/omop_import.py --rows 10000000 --bad --infused 0.1

`--infused` is the share of the rows that belong to patients with an infusion; `--bad` breaks one
row of the measurement table. The folder is made up, written to a temporary place, and removed.
"""

import argparse
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from measured_import import measured_import

ROWS_A_PATIENT = 500
DAY_0 = pd.Timestamp("2024-03-04 10:07:00")
LABS = (
    (3020460, "1988-5", "mg/L", 80), (3001122, "2276-4", "ng/mL", 2000),
    (3016723, "2160-0", "mg/dL", 2), (3024929, "777-3", "10*3/uL", 200),
    (3020891, "8310-5", "Cel", 37), (3016436, "2532-0", "U/L", 300),
)  # fmt: skip


def made_up_tables(rows: int, infused: float) -> dict[str, pd.DataFrame]:
    persons = np.arange(1, max(rows // ROWS_A_PATIENT, 1) + 1)
    treated = persons[: max(int(len(persons) * infused), 1)]
    concepts, codes, units, usual = (np.array(one) for one in zip(*LABS, strict=True))
    number = np.arange(rows)
    lab = number % len(LABS)
    at = pd.Timestamp("2024-02-28 06:11:00") + pd.to_timedelta(number % ROWS_A_PATIENT * 47, "min")
    spread = 0.9 + 0.2 * ((number * 7919) % 1000) / 1000
    return {
        "person": pd.DataFrame(
            {"person_id": persons, "gender_concept_id": 8507, "year_of_birth": 1960}
        ),
        "drug_exposure": pd.DataFrame(
            {
                "drug_exposure_id": treated,
                "person_id": treated,
                "drug_concept_id": 792844,
                "drug_exposure_start_date": DAY_0.normalize(),
                "drug_exposure_start_datetime": DAY_0,
            }
        ),
        "concept": pd.DataFrame(
            {"concept_id": concepts, "vocabulary_id": "LOINC", "concept_code": codes}
        ),
        "measurement": pd.DataFrame(
            {
                "measurement_id": number + 1,
                "person_id": number // ROWS_A_PATIENT + 1,
                "measurement_concept_id": concepts[lab],
                "measurement_date": at.normalize(),
                "measurement_datetime": at,
                "value_as_number": np.round(usual[lab] * spread, 2),
                "unit_source_value": units[lab],
                "measurement_source_value": codes[lab],
            }
        ),
    }


def make_folder(folder: Path, rows: int, infused: float, fmt: str, *, bad: bool) -> None:
    engine = duckdb.connect(":memory:")
    how = "FORMAT parquet" if fmt == "parquet" else "FORMAT csv, HEADER"
    for name, table in made_up_tables(rows, infused).items():
        engine.register("made", table)
        engine.execute(f"COPY made TO '{folder / name}.{fmt}' ({how})")
    if bad:
        with (folder / "measurement.csv").open("a", encoding="utf-8") as file:
            file.write("7,one cell too few\n")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--infused", type=float, default=1.0)
    asked.add_argument("--format", choices=["csv", "parquet"], default="csv")
    asked.add_argument("--bad", action="store_true")
    said = asked.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "cdm"
        folder.mkdir()
        make_folder(folder, said.rows, said.infused, said.format, bad=said.bad)
        print(f"{said.rows:,} measurement rows as {said.format}, {said.infused:.0%} of them of "
              f"infused patients{', one row broken' if said.bad else ''}", flush=True)  # fmt: skip
        measured_import("omop", folder, Path(place) / "cohort")


if __name__ == "__main__":
    main()

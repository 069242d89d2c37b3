"""How long an OMOP folder takes to import, and how much memory: seconds and peak resident size.

    python experiments/benchmarks/omop_import.py                      # 10^6 measurement rows
    python experiments/benchmarks/omop_import.py --rows 10000000 --bad --infused 0.1

`--infused` is the share of the rows that belong to patients with an infusion; `--bad` breaks one row
of the measurement table. The folder is made up, written to a temporary place, and removed.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

ROWS_A_PATIENT = 500
ROOT = Path(__file__).resolve().parents[2]
LABS = (
    (3020460, "1988-5", "mg/L", 80), (3001122, "2276-4", "ng/mL", 2000),
    (3016723, "2160-0", "mg/dL", 2), (3024929, "777-3", "10*3/uL", 200),
    (3020891, "8310-5", "Cel", 37), (3016436, "2532-0", "U/L", 300),
)  # fmt: skip


def make_folder(folder: Path, rows: int, infused: float, fmt: str, *, bad: bool) -> None:
    engine = duckdb.connect(":memory:")
    patients = max(rows // ROWS_A_PATIENT, 1)
    first_without = max(int(patients * infused), 1)
    tables = {
        "person": f"""SELECT i + 1 AS person_id, 8507 AS gender_concept_id, 1960 AS year_of_birth,
            1 AS month_of_birth, 1 AS day_of_birth FROM range({patients}) r(i)""",
        "drug_exposure": f"""SELECT i + 1 AS drug_exposure_id, i + 1 AS person_id,
            792844 AS drug_concept_id, DATE '2024-03-04' AS drug_exposure_start_date,
            TIMESTAMP '2024-03-04 10:07:00' AS drug_exposure_start_datetime
            FROM range({first_without}) r(i)""",
        "concept": "SELECT * FROM (VALUES "
        + ", ".join(f"({one}, 'LOINC', '{code}', '')" for one, code, _, _ in LABS)
        + ") v(concept_id, vocabulary_id, concept_code, concept_name)",
        "measurement": f"""SELECT i + 1 AS measurement_id, i // {ROWS_A_PATIENT} + 1 AS person_id,
            l.concept AS measurement_concept_id,
            CAST(t.at AS DATE) AS measurement_date, t.at AS measurement_datetime,
            CAST(round(l.usual * (0.9 + 0.2 * ((i * 7919) % 1000) / 1000), 2) AS DOUBLE)
              AS value_as_number,
            l.unit AS unit_source_value, l.code AS measurement_source_value
            FROM range({rows}) r(i)
            JOIN (VALUES {", ".join(f"({n}, {c[0]}, '{c[1]}', '{c[2]}', {c[3]})"
                                    for n, c in enumerate(LABS))})
              l(n, concept, code, unit, usual) ON l.n = i % {len(LABS)}
            JOIN (SELECT s, TIMESTAMP '2024-02-28 06:11:00' + to_minutes(s * 47) AS at
                  FROM range({ROWS_A_PATIENT}) x(s)) t ON t.s = i % {ROWS_A_PATIENT}""",
    }  # fmt: skip
    for name, query in tables.items():
        options = "FORMAT parquet" if fmt == "parquet" else "FORMAT csv, HEADER"
        engine.execute(f"COPY ({query}) TO '{folder / name}.{fmt}' ({options})")  # noqa: S608
    if bad:
        with (folder / "measurement.csv").open("a", encoding="utf-8") as file:
            file.write("7,one cell too few\n")


def import_it(folder: Path, destination: Path) -> None:
    """Import as a process of its own would, and say what it took."""
    from training.cohort import import_cohort

    began = time.perf_counter()
    report = import_cohort("omop", folder, destination)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{seconds:.1f} s, peak {peak:,.0f} MB, counts {report.counts}")
    print(f"left out: {report.exclusions}")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--infused", type=float, default=1.0)
    asked.add_argument("--format", choices=["csv", "parquet"], default="csv")
    asked.add_argument("--bad", action="store_true")
    asked.add_argument("--measure", nargs=2, type=Path, help=argparse.SUPPRESS)
    said = asked.parse_args()
    if said.measure:
        import_it(*said.measure)
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "cdm"
        folder.mkdir()
        make_folder(folder, said.rows, said.infused, said.format, bad=said.bad)
        print(f"{said.rows:,} measurement rows as {said.format}, {said.infused:.0%} of them of "
              f"infused patients{', one row broken' if said.bad else ''}", flush=True)  # fmt: skip
        subprocess.run(  # noqa: S603 - this file again, so that making the folder does not count
            [sys.executable, __file__, "--measure", folder, Path(place) / "cohort"],
            check=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)},
        )  # fmt: skip


if __name__ == "__main__":
    main()

"""Measure an import in a process of its own, so that making its input does not count.

python experiments/benchmarks/measured_import.py SOURCE FOLDER DESTINATION
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def measured_import(source: str, folder: Path, destination: Path) -> None:
    """Import `folder` in a fresh process, which prints seconds and peak resident size."""
    subprocess.run(  # noqa: S603 - this very file
        [sys.executable, __file__, source, folder, destination],
        check=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def main(source: str, folder: str, destination: str) -> None:
    from training.cohort import import_cohort

    began = time.perf_counter()
    report = import_cohort(source, folder, destination)
    seconds = time.perf_counter() - began
    # Not getrusage: its peak is handed down by the process that made the folder.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0]) / 1024
    print(f"{seconds:.1f} s, peak {peak:,.0f} MB, counts {report.counts}")
    print(f"left out: {report.exclusions}")


if __name__ == "__main__":
    main(*sys.argv[1:])

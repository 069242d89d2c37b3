"""How long 100,000 synthetic courses take, and how much memory.

Run from the root: ``python experiments/benchmarks/synthetic_speed.py [--courses 100000]``. Writes
the cohort with its measurements and true risks to a temporary directory and prints what it took.
To beat: two minutes and 4 GB on two cores. Measured: 46 to 66 s, 0.3 GB of memory, 62 million
measurements, 0.25 GB on disk (two cores, shared with other work).
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

from features.cohort_files import read_manifest
from features.sources.synthetic import synthesize_to


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--courses", type=int, default=100_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        start = time.perf_counter()
        written = synthesize_to(Path(directory) / "cohort", asked.courses, seed=1)
        seconds = time.perf_counter() - start
        size = sum(path.stat().st_size for path in written.iterdir()) / 1e9
        rows = read_manifest(written).counts["measurements"]
    kilobytes = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts in
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilobytes / 1e9
    print(
        f"{asked.courses} courses, {rows} measurements: {seconds:.1f} s, "
        f"{memory:.2f} GB of memory, {size:.2f} GB on disk"
    )


if __name__ == "__main__":
    main()

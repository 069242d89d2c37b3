"""What figures on three public cohorts become as each leak is closed, step by step.

    python experiments/published_leaks/leaks.py                compute again (half a minute), print
    python experiments/published_leaks/leaks.py --data FOLDER  the same, the files lie elsewhere
    python experiments/published_leaks/leaks.py --table        only print

The results hold counts, figures and intervals, never a patient's row.
"""

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]

from tables import STEPS, summary, table  # noqa: E402 - found by path

RESULTS = HERE / "results.json"
FILES = {
    "unicar": "unicar_cart_cohort.xlsx",
    "bwh": "bwh_icans_cohort.xlsx",
    "nulisa": "nulisa_toxicity_course.xlsx",
}


def rounded(found: Any) -> Any:
    """Four digits: more would be noise."""
    if isinstance(found, float):
        return round(found, 4)
    if isinstance(found, dict):
        return {key: rounded(one) for key, one in found.items()}
    return [rounded(one) for one in found] if isinstance(found, list) else found


def compute(folder: Path) -> None:
    """Run every step on every cohort, and write the results and the pictures."""
    from pictures import draw

    from training.crossfit import one_thread

    with one_thread():
        found = {
            cohort: rounded(import_module(f"{cohort}_steps").steps(folder / name))
            for cohort, name in FILES.items()
        }
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for cohort in found:
        draw(cohort, found, HERE / f"{cohort}.png")


def main() -> None:
    """Compute unless only the tables are asked for, and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", action="store_true", help="only print the tables")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    asked = parser.parse_args()
    if not asked.table:
        compute(asked.data)
    found = json.loads(RESULTS.read_text(encoding="utf-8"))
    tables = {"summary": summary(found), **{cohort: table(cohort, found) for cohort in STEPS}}
    print("\n\n".join(f"{name}\n\n{text}" for name, text in tables.items()))


if __name__ == "__main__":
    main()

"""Solve the parameters of every product again and write them beside the targets.

Run from the root after `calibration.toml` was changed: ``python experiments/ceilings/calibrate.py``
(about a minute on two cores). A test holds that what is stored still meets the targets.
"""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields

from features.sources.synthetic.parameters import SOLVED_FILE, ProductRow, Solved, product_rows
from features.sources.synthetic.solving import solve

HEAD = "# Written by experiments/ceilings/calibrate.py from calibration.toml; not edited by hand.\n"
GIVEN = ("early_tocilizumab", "second_dose_share")


def section(row: ProductRow) -> str:
    solved = solve(row)
    names = [one.name for one in fields(Solved) if one.name not in GIVEN]
    lines = [f"{name} = {float(getattr(solved, name)):.6g}" for name in names]
    return "\n".join([f'["{row.key}"]', *lines, ""])


def main() -> None:
    with ProcessPoolExecutor(2) as workers:
        sections = list(workers.map(section, product_rows()))
    SOLVED_FILE.write_text("\n".join([HEAD, *sections]), encoding="utf-8")
    print(f"{len(sections)} products solved")


if __name__ == "__main__":
    main()

"""Where the public cohorts are that the project does not ship; a test without its file skips."""

import os
from pathlib import Path

import pytest

ENVIRONMENT = "VIGICELL_DATA"
_BESIDE_THE_REPOSITORY = Path(__file__).resolve().parents[2] / "shared" / "data"


def data_folder() -> Path:
    return Path(os.environ.get(ENVIRONMENT) or _BESIDE_THE_REPOSITORY)


def real_file(name: str) -> Path:
    path = data_folder() / name
    if not path.is_file():
        pytest.skip(f"{name} is not shipped; name its folder in {ENVIRONMENT} to run this test")
    return path


def unicar_path() -> Path:
    return real_file("unicar_cart_cohort.xlsx")


def bwh_path() -> Path:
    return real_file("bwh_icans_cohort.xlsx")


def nulisa_path() -> Path:
    return real_file("nulisa_toxicity_course.xlsx")

"""The same patients from a Chinese workbook, a German folder and our template: one matrix."""

import re
from pathlib import Path

import pandas as pd
import pytest

from features.cohort_files import read_cohort
from features.matrix import PredictorSet, feature_matrix
from features.tables import Cohort
from tests.three_shapes import LAST_DAY, patients, write_long, write_template, write_wide
from training.__main__ import main as training


def said_by(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> str:
    found = training([str(one) for one in arguments])
    shown = capsys.readouterr()
    assert found == code, shown.out + shown.err
    assert "Traceback" not in shown.err
    return shown.out + shown.err


def corrected(mapping: Path, *answers: tuple[str, str]) -> None:
    """Fill what the draft left open, as a person would."""
    text = mapping.read_text(encoding="utf-8")
    for question, answer in answers:
        assert question in text, question
        text = text.replace(question, answer)
    mapping.write_text(text, encoding="utf-8")


def matrix_of(cohort: Cohort) -> pd.DataFrame:
    courses = sorted(cohort.courses["course_id"])
    landmarks = pd.DataFrame(
        [(one, float(at)) for one in courses for at in range(LAST_DAY + 3)],
        columns=["course_id", "instant"],
    )
    return feature_matrix(cohort, landmarks, PredictorSet())


def test_three_shapes_of_the_same_patients_give_one_matrix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wide, long = write_wide(tmp_path / "每日.xlsx"), write_long(tmp_path / "labor")
    maps = {"wide": (wide, tmp_path / "wide.toml"), "long": (long, tmp_path / "long.toml")}
    for path, mapping in maps.values():
        said_by(capsys, "map", path, "--out", mapping)
    assert "is still empty" in said_by(
        capsys, "import", "csv", long, tmp_path / "no", "--option", f"mapping={maps['long'][1]}",
        code=2,
    )  # fmt: skip
    corrected(
        maps["wide"][1],
        ('is = "d_dimer_ng_ml_feu", unit = ""', 'is = "d_dimer_ng_ml_feu", unit = "mg/L{FEU}"'),
        ('is = "dose_car_t_cells", unit = ""', 'is = "dose_car_t_cells", unit = "10*6{cells}"'),
    )
    corrected(
        maps["long"][1],
        ('is = "dose_car_t_cells", unit = ""', 'is = "dose_car_t_cells", unit = "10*6{cells}"'),
        ('"Tsd/µl" = ""', '"Tsd/µl" = "10*3/uL"'),
        ('thousands = ""', 'thousands = "."'),
    )
    for name, (path, mapping) in maps.items():
        said = said_by(
            capsys, "import", "csv", path, tmp_path / name, "--option", f"mapping={mapping}"
        )
        assert "nothing was left out" in said
    assert "column '备注' (84 filled cells) is ignored" in "".join(
        read_cohort(tmp_path / "wide").manifest.notes
    )
    said_by(capsys, "import", "csv", write_template(tmp_path / "ours"), tmp_path / "template")
    cohorts = [read_cohort(tmp_path / name) for name in ("template", "wide", "long")]
    ours, *others = map(matrix_of, cohorts)
    assert ours.notna().any().sum() > 50, "the matrix holds what was measured"
    assert len(ours) == 12 * (LAST_DAY + 3)
    for other in others:
        pd.testing.assert_frame_equal(ours, other, rtol=1e-6, atol=1e-9)
    for cohort in cohorts:
        kept = cohort.measurements.groupby("comparator").size()
        assert kept.to_dict() == {"<": 12, ">": 12}


def test_a_draft_is_the_same_twice_holds_no_patient_and_is_never_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = write_long(tmp_path / "labor")
    for name in ("a.toml", "b.toml"):
        said_by(capsys, "map", long, "--out", tmp_path / name)
    text = (tmp_path / "a.toml").read_text(encoding="utf-8")
    assert text == (tmp_path / "b.toml").read_text(encoding="utf-8")
    for one in patients():
        assert one.name not in text
        assert f"{one.infused:%d.%m.%Y}" not in text
    assert all("guess" in line for line in text.splitlines() if re.match(r'".*is = "\w+" }', line))
    assert "is there already" in said_by(capsys, "map", long, "--out", tmp_path / "a.toml", code=2)
    assert (tmp_path / "a.toml").read_text(encoding="utf-8") == text


def test_the_tables_of_the_template_need_no_mapping(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said_by(capsys, "example", "csv", tmp_path / "ours", "--courses", 5)
    draft = tmp_path / "mapping.toml"
    assert "need no mapping" in said_by(capsys, "map", tmp_path / "ours", "--out", draft, code=2)
    assert not draft.exists()

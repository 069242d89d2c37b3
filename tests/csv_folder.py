"""A folder of the template as a site fills it, for tests of what is read of it."""

from pathlib import Path

from features.checks import Failures
from features.sources import read
from features.tables import Cohort

COURSES = "course_id,patient_id,product,follow_up_days\nC1,P1,axi-cel,30\nC2,P2,Kymriah,30\n"
RESULTS = "course_id,day,known_day,input,value,unit\n"
INSTANT = 'resolution = "instant"\n'


def a_folder(path: Path, settings: str = INSTANT, **files: str | bytes) -> Path:
    """A folder with courses.csv, the files given, and cohort.toml."""
    folder = path / "site"
    folder.mkdir()
    for name, content in {"courses": COURSES, **files}.items():
        raw = content if isinstance(content, bytes) else content.encode()
        (folder / f"{name}.csv").write_bytes(raw)
    (folder / "cohort.toml").write_text(settings)
    return folder


def read_csv(folder: Path, **options: object) -> tuple[Cohort, Failures]:
    return read("csv", folder, **options)


def rejected(failures: Failures) -> set[tuple[str, int, str]]:
    rows = failures.rows
    return set(zip(rows["table"], rows["row"], rows["rule"], strict=True))

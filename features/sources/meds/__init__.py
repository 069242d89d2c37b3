"""A MEDS data set (Medical Event Data Standard): ours come back as they were, others as events.

The standard says of an event its subject, time, code, number and text. It does not say when a
result was known: a delay per input is declared and stands in the manifest.
"""

from pathlib import Path
from typing import Any

from features.checks import Failures, check_tables
from features.errors import CohortError
from features.sources.flags import stated_flag
from features.sources.meds.foreign import open_data, open_records
from features.sources.meds.own import own_manifest, own_tables
from features.sources.records.assembling import cohort_of_events
from features.sources.records.delays import delays_of
from features.sources.records.site_mapping import SiteMapping, read_site_mapping
from features.tables import Cohort, Manifest

OPTIONS = (
    "mapping", "name", "resolution", "end_of_record", "grading_system", "synthetic",
    "as_published",
)  # fmt: skip


def load(path: Path | str, **options: Any) -> Cohort:
    """Read the data set in the folder at `path`; see :func:`read`."""
    return read(path, **options)[0]


def read(
    path: Path | str,
    *,
    mapping: str = "",
    name: str = "",
    resolution: str = "instant",
    end_of_record: str = "censored",
    grading_system: str = "unknown",
    synthetic: bool | str = False,
    as_published: bool = False,
) -> tuple[Cohort, Failures]:
    """Read the data set in the folder at `path`.

    Parameters
    ----------
    mapping : str
        File of the site's own codes (:mod:`features.sources.records.site_mapping`).
    name : str
        How the cohort is called; by its folder else.
    grading_system : str
        Of grades for which the mapping names none.
    synthetic : bool
        No patient is behind these records.
    as_published : bool
        Leave out only what cannot be read.

    Raises
    ------
    CohortError
        No such folder, a file that is absent or damaged, or no infusion.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise CohortError(f"{folder.name} is no folder. A MEDS data set holds data/ and metadata/.")
    called = (name or folder.resolve().name) + (" as published" if as_published else "")
    ours = own_manifest(folder)
    if ours is not None:
        manifest, dated = ours
        tables = own_tables(open_data(folder).to_table().to_pandas(), dated=dated)
        return check_tables(dict(tables), manifest, as_published=as_published)
    site = read_site_mapping(mapping) if mapping else SiteMapping()
    made = Manifest(
        name=called,
        origin="meds",
        resolution=resolution,
        end_of_record=end_of_record,
        grading_system=grading_system,
        synthetic=stated_flag("synthetic", synthetic),
        delays=delays_of(site.delays),
        notes=[
            "MEDS does not tell when a result was known: the delays of the manifest are declared, "
            "not measured."
        ],
    )
    records = open_records(folder, site.codes())
    return cohort_of_events(records, made, site, as_published=as_published)

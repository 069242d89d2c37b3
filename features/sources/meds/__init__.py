"""A MEDS data set (Medical Event Data Standard): ours come back as they were, others as events.

The standard says of an event its subject, time, code, number and text. It does not say when a
result was known: a delay per input is declared and stands in the manifest.
"""

from pathlib import Path
from typing import Any

from features.checks import Failures, check_tables
from features.errors import CohortError
from features.sources.meds.foreign import open_data, open_records
from features.sources.meds.own import own_manifest, own_tables
from features.sources.options import checked, with_defaults
from features.sources.records.assembling import cohort_of_events
from features.sources.records.delays import delays_of
from features.sources.records.settings import SHARED, manifest_of, site_mapping_of
from features.sources.site_zone import CLOCK_TIMES_WITHOUT_ZONE
from features.tables import Cohort

OPTIONS = SHARED


def load(path: Path | str, **options: Any) -> Cohort:
    """Read the data set in the folder at `path`; see :func:`read`."""
    return read(path, **options)[0]


def read(path: Path | str, **options: Any) -> tuple[Cohort, Failures]:
    """Read the data set in the folder at `path`.

    Parameters
    ----------
    options
        Of :data:`OPTIONS`.

    Raises
    ------
    CohortError
        No such folder, a file that is absent or damaged, an illegal option, or no infusion.
    """
    said = with_defaults(OPTIONS, checked("meds", OPTIONS, options))
    folder = Path(path)
    if not folder.is_dir():
        raise CohortError(f"{folder.name} is no folder. A MEDS data set holds data/ and metadata/.")
    ours = own_manifest(folder)
    if ours is not None:
        manifest, dated = ours
        tables = own_tables(open_data(folder).to_table().to_pandas(), dated=dated)
        return check_tables(dict(tables), manifest, as_published=said["as_published"])
    site = site_mapping_of(said)
    made = manifest_of("meds", folder.resolve().name, said, delays_of(site.delays))
    made.notes += [
        "MEDS does not tell when a result was known: the delays of the manifest are declared, not "
        "measured.",
        CLOCK_TIMES_WITHOUT_ZONE,
    ]
    records = open_records(folder, site.codes())
    return cohort_of_events(records, made, site, as_published=said["as_published"])

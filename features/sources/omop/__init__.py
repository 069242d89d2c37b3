"""An OMOP database (CDM 5.4): a folder of Parquet or CSV files, or a PostgreSQL server by its URL.

Infusions of CAR-T cells are found first, by the product's concept or a drug below it, by procedure
codes, or by the site's mapping; then only these persons' records are read. OMOP does not tell when
a result was known: a delay per input is declared and stands in the manifest.

Rows of failures are the ids of the table whose file is named beside them (measurement_id ...), and
lines of the file where nobody could read an id; their column is one of CDM 5.4.

Read: person, visit_occurrence, measurement, observation, drug_exposure, procedure_occurrence,
condition_occurrence, death, concept, and concept_ancestor for drugs below an ingredient.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from features.checks import Failures
from features.sources.omop.folder import open_folder
from features.sources.omop.records import OmopRecords, Progress, require_tables
from features.sources.omop.rejected import with_cdm_columns
from features.sources.omop.server import SCHEMES, database_name, open_server
from features.sources.omop.tables import Cdm, has
from features.sources.omop.vocabulary import Vocabulary
from features.sources.options import Option, checked, with_defaults
from features.sources.records.assembling import cohort_of_events
from features.sources.records.delays import delays_of
from features.sources.records.event_failures import failures_of, listed
from features.sources.records.settings import SHARED, manifest_of, site_mapping_of
from features.sources.site_zone import CLOCK_TIMES_WITHOUT_ZONE
from features.tables import Cohort, Manifest

OPTIONS = (
    *SHARED,
    Option("schema", "where the tables are on a server", default="public"),
)
TELLS_PROGRESS = True


def load(path: Path | str, **options: Any) -> Cohort:
    """Read the database at `path`; see :func:`read`."""
    return read(path, **options)[0]


def read(
    path: Path | str,
    *,
    progress: Progress = lambda step, done, total: None,
    **options: Any,
) -> tuple[Cohort, Failures]:
    """Read the database at `path`, a folder or ``postgresql://USER@HOST/DATABASE``.

    Parameters
    ----------
    progress : callable
        Told the step, how many parts are done, and how many there are.
    options
        Of :data:`OPTIONS`.

    Raises
    ------
    CohortError
        No such folder or server, a table that is absent or damaged, an illegal option, or no
        infusion.
    """
    said = with_defaults(OPTIONS, checked("omop", OPTIONS, options))
    site = site_mapping_of(said)
    with _opened(path, said["schema"]) as (cdm, called):
        require_tables(cdm, called)
        manifest = manifest_of("omop", called, said, delays_of(site.delays))
        manifest.notes += _remarks(cdm)
        records = OmopRecords(cdm, Vocabulary.of(cdm, site), progress)
        cohort, failures = cohort_of_events(
            records, manifest, site, as_published=said["as_published"]
        )
        return cohort, _with_lines(cohort.manifest, failures, records.left_out, cdm)


@contextmanager
def _opened(path: Path | str, schema: str) -> Iterator[tuple[Cdm, str]]:
    """Yield the tables at `path`, and what the place is called."""
    if str(path).startswith(SCHEMES):
        with open_server(str(path), schema) as server:
            yield server, database_name(str(path))
    else:
        with open_folder(Path(path)) as folder:
            yield folder, Path(path).resolve().name


def _remarks(cdm: Cdm) -> list[str]:
    made = [
        "OMOP does not tell when a result was known: the delays of the manifest are declared, not "
        "measured.",
        CLOCK_TIMES_WITHOUT_ZONE,
    ]
    if not has(cdm, "concept_ancestor"):
        made.append(
            "no concept_ancestor: drugs count only where they are recorded by their ingredient or "
            "mapped by the site."
        )
    return made


def _with_lines(
    manifest: Manifest, failures: Failures, left_out: list[tuple[str, float, str]], cdm: Cdm
) -> Failures:
    """Add the rows of which nobody knows to whom they belong."""
    lost = listed(
        [(row, rule, cdm.place_of(table)) for table, row, rule in left_out],
        [table for table, _, _ in left_out],
    )
    for rule, count in Failures(lost).counts().items():
        manifest.exclusions[rule] = manifest.exclusions.get(rule, 0) + count
    every = failures_of(lost, failures.rows)
    if "file" in every.rows:
        every.rows = with_cdm_columns(every.rows, cdm)
    every.unmapped = failures.unmapped
    return every

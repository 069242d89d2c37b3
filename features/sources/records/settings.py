"""The options that FHIR, OMOP and MEDS share, and the manifest that they make."""

from collections.abc import Mapping
from typing import Any

from features.sources.options import (
    AS_PUBLISHED,
    GRADING_SYSTEM,
    NAME,
    RECORD_END,
    RESOLUTION,
    SYNTHETIC,
    Option,
)
from features.sources.records.site_mapping import SiteMapping, read_site_mapping
from features.tables import Manifest

MAPPING = Option("mapping", "file of the site's own codes: TOML, or a completed unmapped.csv")
SHARED = (
    MAPPING, NAME, RESOLUTION, RECORD_END, GRADING_SYSTEM, SYNTHETIC, AS_PUBLISHED,
)  # fmt: skip


def site_mapping_of(said: Mapping[str, Any]) -> SiteMapping:
    """Return the mapping that the options name; an empty one where they name none."""
    return read_site_mapping(said["mapping"]) if said["mapping"] else SiteMapping()


def manifest_of(
    origin: str, called: str, said: Mapping[str, Any], delays: Mapping[str, float]
) -> Manifest:
    """Return the manifest of a cohort from records.

    Parameters
    ----------
    called : str
        The name where the options give none.
    said : mapping
        Every option of :data:`SHARED`.
    """
    return Manifest(
        name=(said["name"] or called) + " as published" * said["as_published"],
        origin=origin,
        resolution=said["resolution"],
        end_of_record=said["end_of_record"],
        grading_system=said["grading_system"],
        synthetic=said["synthetic"],
        delays=dict(delays),
    )

"""Every leak that can be planted, by name.

Each is planted as it occurs in hospital data, without regard to how an audit might look for it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from leaks_of_notation import LEAKS_OF_NOTATION
from leaks_of_records import LEAKS_OF_RECORDS
from leaks_of_sources import LEAKS_OF_SOURCES
from leaks_of_testing import LEAKS_OF_TESTING
from leaks_of_the_future import LEAKS_OF_THE_FUTURE
from leaks_of_values import LEAKS_OF_VALUES
from planting import Leak

LEAKS: Mapping[str, Leak] = MappingProxyType(
    {
        one.name: one
        for one in (
            *LEAKS_OF_TESTING, *LEAKS_OF_RECORDS, *LEAKS_OF_NOTATION, *LEAKS_OF_SOURCES,
            *LEAKS_OF_VALUES, *LEAKS_OF_THE_FUTURE,
        )
    }
)  # fmt: skip
QUALITY = "quality"
"""The family of slips that have nothing to do with the outcome: not leaks."""

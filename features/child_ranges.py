"""Plausible ranges of children, where they differ from those of adults.

Every range here is an assumption [A]: chosen wide, to find a wrong unit or a typing error, and to
be signed off by a paediatrician. None is a reference range of a laboratory. Inputs that are not
listed are judged as in adults, lymphocytes among them: an infant's higher counts lie within.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

ASSUMED = "A"


@dataclass(frozen=True, slots=True)
class AgeRange:
    """A plausible range below `under_years`, in the canonical unit of its input."""

    under_years: float
    plausible: tuple[float, float]
    source: str = ASSUMED


def _by_age(*bands: tuple[float, float, float]) -> tuple[AgeRange, ...]:
    return tuple(AgeRange(under, (low, high)) for under, low, high in bands)


CHILD_RANGES: Mapping[str, tuple[AgeRange, ...]] = MappingProxyType(
    {
        # input: (under this age in years, from, to), youngest first
        "creatinine_mg_dl": _by_age((2, 0.08, 4), (12, 0.1, 6)),
        "haemoglobin_g_dl": _by_age((12, 4, 17)),
        "alp_u_l": _by_age((12, 40, 6000), (18, 30, 4000)),
        "heart_rate_per_min": _by_age((2, 60, 250), (12, 45, 230)),
        "respiratory_rate_per_min": _by_age((2, 12, 90), (12, 10, 80)),
        "sbp_mmhg": _by_age((2, 40, 150), (12, 50, 180)),
        "dbp_mmhg": _by_age((2, 15, 100), (12, 20, 120)),
        "map_mmhg": _by_age((2, 25, 120), (12, 30, 140)),
        "body_weight_kg": _by_age((2, 2.5, 20), (12, 6, 100)),
        "height_cm": _by_age((2, 45, 105), (12, 65, 180)),
    }
)

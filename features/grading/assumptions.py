"""What the published grading tables leave open, in one place. All of it is [A]: for sign-off.

Days are 24 h back from the instant of the grading.
"""

from collections.abc import Mapping
from types import MappingProxyType

LOOK_BACK_DAYS: Mapping[str, float] = MappingProxyType(
    {
        "temperature_c": 1.0,  # the highest counts
        "sbp_mmhg": 1.0,
        "map_mmhg": 1.0,
        "oxygen_device": 1.0,
        "oxygen_flow_l_min": 1.0,
        "ice_orientation": 1.0,
        "ice_naming": 1.0,
        "ice_command": 1.0,
        "ice_writing": 1.0,
        "ice_attention": 1.0,
        "ice_score": 1.0,
        "capd_score": 1.0,
        "consciousness": 1.0,
        "seizure": 1.0,  # the worst counts
        "motor_weakness": 1.0,
        "cerebral_oedema": 3.0,  # imaging is not repeated daily
    }
)
"""How long a finding holds unless a later one replaces it; the last counts, at a tie the worst."""

ONE_EXAMINATION_DAYS = 1.0 / 24.0
"""Items of the ICE, and a device with its flow, charted within an hour belong together."""

FEVER_MASKED_DAYS: Mapping[str, float] = MappingProxyType(
    {
        "tocilizumab": 14.0,
        "siltuximab": 14.0,
        "anakinra": 1.0,
        "corticosteroid": 3.0,
        "antipyretic": 0.25,
    }
)
"""How long after a dose fever is not required for CRS that is going on."""

ONGOING_DAYS = 14.0
"""CRS goes on, for the rule above, while the last fever lies no further back."""

SUPPORT_BEGAN_WITH_FEVER_DAYS = 1.0
"""CRS goes on while a vasopressor or oxygen runs that began within so long of a fever, before or
after it, or while fever was hidden by a drug: CRS ends when its last sign does, not the fever."""

SUPPORT_GAP_DAYS = 1.0 / 24.0
"""One vasopressor or device that follows another within an hour is the same support going on."""

ADULT_SBP_MMHG = 90.0
ADULT_MAP_MMHG = 65.0
"""Hypotension is a pressure below these. The grading table says "hypotension" and no limit."""

CHILD_SBP_MMHG_AT_BIRTH, CHILD_SBP_MMHG_PER_YEAR, CHILD_LIMIT_BELOW_YEARS = 70.0, 2.0, 10.0
"""Under ten years the limit is 70 + 2 x age in years, and the mean pressure is not read."""

COUNT_HOLDS_DAYS = 3
"""ICAHT: a count stands for its day and up to so many days after it without another count."""

LABORATORY_DAYS = 3.0
"""IEC-HS: the last laboratory result counts for so many days."""

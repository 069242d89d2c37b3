"""What a service is started with: one TOML file, with the environment on top.

:mod:`serving.settings.declared` is the table of all settings; the reader, the drafted file and the
messages derive from it.
"""

from serving.settings.settings import Settings, site_mapping_of
from serving.settings.site_tables import SignedCutOffs

__all__ = [
    "Settings",
    "SignedCutOffs",
    "site_mapping_of",
]

"""A settings file to begin with: every setting with its meaning, all commented out."""

from pathlib import Path

from features.errors import SettingsError
from serving.settings.declared import SECTIONS, SETTINGS

_HEAD = """\
# Settings of VigiCell at one site. Lines that begin with "#" and a name are what holds, or an
# example; take the "#" away to say something else. Paths are meant from the folder of this file.
# The environment (in brackets) wins over this file. `python -m serving doctor` checks it.
"""
_ISSUERS = """\
# Signed tokens (JWT, RS384 or ES384) of another system, each issuer with its own keys.
#[[access.issuer]]
#issuer = "https://login.hospital.example"
#audience = "https://vigicell.hospital.example"
#jwks_url = "https://login.hospital.example/jwks.json"
#role_claim = "role"
#roles = { "ward physician" = "clinician", "it" = "admin" }
#single_use = true  # false where one token is meant for many requests
"""
_TIERS = """\
# Cut-offs of one question that a clinician has set and signed, in place of the model's own. They
# are threshold probabilities of this question and horizon, never copied from another one.
#[[tiers]]
#question = "severe-crs-72h"
#signed_by = "head of the unit"
#signed_on = 2026-01-31
#cut_offs = { low = 0.0, intermediate = 0.05, high = 0.2 }
"""
_PLAN = """\
# Who has signed the monitoring plan. A row takes the place of ours of the same level (lowest,
# between, highest) and item; none may ask for less than ICE twice daily.
#[plan]
#signed_by = "head of the unit"
#signed_on = 2026-01-31
#[[plan.row]]
#level = "lowest"
#item = "ice"
#what = ["ICE score", "ICE评分"]
#how_often = ["every 8 hours", "每8小时"]
#at_least_every_hours = 8
#source = "protocol of the unit"
"""


def draft() -> str:
    """Return the text of a settings file that says nothing but the defaults."""
    parts = [_HEAD]
    for section, meaning in SECTIONS.items():
        parts.append(_section(section, meaning))
        if section == "access":
            parts.append(_ISSUERS)
    return "\n".join((*parts, _TIERS, _PLAN))


def write_draft(path: Path) -> None:
    """Write it to a new file that only its owner may write.

    Raises
    ------
    SettingsError
        When there is a file already, or it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(draft())
    except FileExistsError:
        raise SettingsError(f"{path} exists. It is not overwritten: name another file.") from None
    except OSError as reason:
        raise SettingsError(f"{path} cannot be written ({reason.strerror}).") from None


def _section(section: str, meaning: str) -> str:
    lines = [f"# {meaning}", f"[{section}]"]
    for one in SETTINGS:
        if one.section == section:
            variable = f" ({one.variable})" if one.variable else ""
            if one.says or variable:
                lines.append(f"# {one.says}{variable}".replace("#  ", "# "))
            lines.append(f"#{one.key} = {one.example}")
    return "\n".join(lines) + "\n"

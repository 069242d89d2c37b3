"""What ``python -m serving keys|settings|doctor`` does: each verb returns what is to be said.

Nothing here prints; :class:`~features.errors.VigiCellError` is what went wrong.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from serving.access.caller import ROLES
from serving.access.keys import KeyFile
from serving.settings import Settings
from serving.settings.draft import draft, write_draft

Verb = Callable[[argparse.Namespace, Settings], str]


def add_key_verbs(verbs: Any) -> argparse.ArgumentParser:
    """Add ``keys`` and its verbs to a command line; the verb chosen is ``said``."""
    parser: argparse.ArgumentParser = verbs.add_parser("keys", help="make, list, revoke keys")
    own = parser.add_subparsers(required=True)
    made = own.add_parser("add", help="make a key and print its token, once")
    made.add_argument("name", help="who or what asks with it; the ledger records it")
    made.add_argument("--role", required=True, help=", ".join(ROLES))
    made.set_defaults(said=add_key)
    own.add_parser("list", help="name, role and date of every key").set_defaults(said=list_keys)
    taken = own.add_parser("revoke", help="take a key away, at once")
    taken.add_argument("name")
    taken.set_defaults(said=revoke_key)
    return parser


def add_settings_verb(verbs: Any) -> argparse.ArgumentParser:
    """Add ``settings`` to a command line."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "settings", help="draft a settings file, or say which one holds"
    )
    parser.add_argument(
        "--draft", type=Path, metavar="FILE", help="write a commented file; - prints it"
    )
    parser.set_defaults(said=tell_settings)
    return parser


def add_key(parsed: argparse.Namespace, settings: Settings) -> str:
    """Make a key; its token alone is said, so that it can be put where it is needed."""
    return KeyFile(settings.keys).add(parsed.name, parsed.role)


def list_keys(_: argparse.Namespace, settings: Settings) -> str:
    """List the keys, never their tokens."""
    lines = [
        f"{key.name}: {key.role}, made {key.made_at}"
        + (f", revoked {key.revoked_at}" if key.revoked_at else "")
        for key in KeyFile(settings.keys).keys()
    ]
    return "\n".join(lines or ["There is no key yet."])


def revoke_key(parsed: argparse.Namespace, settings: Settings) -> str:
    """Take a key away."""
    KeyFile(settings.keys).revoke(parsed.name)
    return f"{parsed.name} is revoked. Running services refuse it from now on."


def tell_settings(parsed: argparse.Namespace, settings: Settings) -> str:
    """Write a draft, or say where the settings come from."""
    if parsed.draft is None:
        return (
            f"The settings file is {settings.file}; it is legal."
            if settings.file
            else f"There is no settings file: the defaults hold. Draft one with `python -m serving "
            f"settings --draft {settings.home / 'settings.toml'}`."
        )
    if str(parsed.draft) == "-":
        return draft()
    write_draft(parsed.draft)
    return (
        f"Written to {parsed.draft}. It holds where VIGICELL_SETTINGS names it, or as "
        f"{settings.home / 'settings.toml'}."
    )

"""The word before whatever is of made-up patients, the same in lines, pages, pictures and runs."""

from __future__ import annotations

WORD = "SYNTHETIC"


def mark(synthetic: object) -> str:
    """Return the word with a space behind it, to stand before a name; nothing for real patients."""
    return f"{WORD} " if synthetic else ""

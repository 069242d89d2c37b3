"""Version 1: answers only, in SQLite. No service makes it any more."""

from features.errors import LedgerError

revision = "1"
down_revision = None


def upgrade() -> None:
    """Refuse: nothing comes before it."""
    raise LedgerError("There is no ledger before version 1. Name a ledger, or a file that is new.")

"""From an older ledger to the present one, by Alembic; used when an older one is opened."""

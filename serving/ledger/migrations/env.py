"""Alembic's environment: migrates over the connection of the ledger that is being opened."""

from alembic import context

# The caller holds the transaction and the pen; Alembic neither begins nor commits.
context.configure(connection=context.config.attributes["connection"], transactional_ddl=False)
context.run_migrations()

"""Version 2: kinds, subjects and persons; a head; payloads that can be erased.

Entries keep the digests of the rule by which they were written, so the chain is not touched.
Only SQLite has ever held version 1. The statements stay as they are when the tables change again.
"""

from alembic import op

revision = "2"
down_revision = "1"

_STATEMENTS = (
    "DROP TRIGGER IF EXISTS entry_is_never_changed",
    "DROP TRIGGER IF EXISTS entry_is_never_removed",
    "DROP TRIGGER IF EXISTS payload_is_never_changed",
    "DROP TRIGGER IF EXISTS payload_is_never_removed",
    "ALTER TABLE entry RENAME TO entry_1",
    "ALTER TABLE payload RENAME TO payload_1",
    "CREATE TABLE entry ("
    " position INTEGER NOT NULL, entry_id TEXT NOT NULL, kind TEXT NOT NULL,"
    " subject TEXT NOT NULL, who TEXT NOT NULL, written_at TEXT NOT NULL, release TEXT NOT NULL,"
    " request_digest TEXT NOT NULL, predictors_digest TEXT NOT NULL, answer_digest TEXT NOT NULL,"
    " rule INTEGER NOT NULL, previous TEXT NOT NULL, digest TEXT NOT NULL,"
    " PRIMARY KEY (position), UNIQUE (entry_id) ) STRICT",
    "CREATE TABLE payload ("
    " position INTEGER NOT NULL, request BLOB, predictors BLOB, answer BLOB, erasure INTEGER,"
    " PRIMARY KEY (position), FOREIGN KEY(position) REFERENCES entry (position) ) STRICT",
    "CREATE TABLE head ("
    " only INTEGER NOT NULL, position INTEGER NOT NULL, digest TEXT NOT NULL,"
    " rule INTEGER NOT NULL, PRIMARY KEY (only) ) STRICT",
    "INSERT INTO entry SELECT position, entry_id, 'answer', '', '', written_at, release,"
    " request_digest, predictors_digest, answer_digest, 1, previous, digest FROM entry_1",
    "INSERT INTO payload SELECT position, request, predictors, answer, NULL FROM payload_1",
    # Version 1 kept its last position in sqlite_sequence: where later entries were removed, the
    # head goes on saying so.
    "INSERT INTO head SELECT 1, coalesce(seq, 0),"
    " CASE WHEN coalesce(seq, 0) = 0 THEN '" + "0" * 64 + "' ELSE"
    " coalesce((SELECT digest FROM entry WHERE position = seq), 'unknown') END, 1"
    " FROM (SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'entry_1') AS seq)",
    "DROP TABLE payload_1",
    "DROP TABLE entry_1",
    "CREATE INDEX entry_of_kind ON entry (kind, position)",
    "CREATE INDEX entry_of_subject ON entry (subject, position)",
    "CREATE TRIGGER entry_is_never_changed BEFORE UPDATE ON entry"
    " BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    "CREATE TRIGGER entry_is_never_removed BEFORE DELETE ON entry"
    " BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    "CREATE TRIGGER payload_is_only_erased BEFORE UPDATE ON payload WHEN (OLD.erasure IS NOT NULL"
    " OR NEW.erasure IS NULL OR NEW.position <> OLD.position OR NEW.request IS NOT NULL"
    " OR NEW.predictors IS NOT NULL OR NEW.answer IS NOT NULL)"
    " BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    "CREATE TRIGGER payload_is_never_removed BEFORE DELETE ON payload"
    " BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    "CREATE TRIGGER head_only_goes_forward BEFORE UPDATE ON head"
    " WHEN (NEW.position <= OLD.position)"
    " BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    "CREATE TRIGGER head_is_never_removed BEFORE DELETE ON head"
    " BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
)


def upgrade() -> None:
    """Carry every entry and payload over."""
    for statement in _STATEMENTS:
        op.get_bind().exec_driver_sql(statement)

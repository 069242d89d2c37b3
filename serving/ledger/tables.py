"""The tables of a ledger, and what the database itself refuses.

A change here is a new version: raise :data:`VERSION` and write the migration from the one before.
"""

from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    event,
)

VERSION = 2
APPLICATION_ID = 0x56434C31  # "VCL1": tells a ledger from any other SQLite file

_metadata = MetaData()
_POSITION = BigInteger().with_variant(Integer(), "sqlite")


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


ENTRY = Table(
    "entry",
    _metadata,
    Column("position", _POSITION, primary_key=True, autoincrement=False),
    Column("entry_id", Text, nullable=False, unique=True),
    _text("kind"),
    _text("subject"),
    _text("who"),
    _text("written_at"),
    _text("release"),
    _text("request_digest"),
    _text("predictors_digest"),
    _text("answer_digest"),
    Column("rule", Integer, nullable=False),
    _text("previous"),
    _text("digest"),
    sqlite_strict=True,
)
Index("entry_of_subject", ENTRY.c.subject, ENTRY.c.position)
Index("entry_of_kind", ENTRY.c.kind, ENTRY.c.position)

# An erased payload holds the position of the erasure instead of its three parts.
PAYLOAD = Table(
    "payload",
    _metadata,
    Column("position", _POSITION, ForeignKey(ENTRY.c.position), primary_key=True),
    Column("request", LargeBinary),
    Column("predictors", LargeBinary),
    Column("answer", LargeBinary),
    Column("erasure", _POSITION),
    sqlite_strict=True,
)

# One row: the last entry. Without it nobody could tell that entries were removed from the end.
HEAD = Table(
    "head",
    _metadata,
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("position", _POSITION, nullable=False),
    _text("digest"),
    Column("rule", Integer, nullable=False),
    sqlite_strict=True,
)

_PAYLOAD_STAYS = (
    "OLD.erasure IS NOT NULL OR NEW.erasure IS NULL OR NEW.position <> OLD.position"
    " OR NEW.request IS NOT NULL OR NEW.predictors IS NOT NULL OR NEW.answer IS NOT NULL"
)
# name -> table, statement, when it is refused
_REFUSED = {
    "entry_is_never_changed": ("entry", "UPDATE", ""),
    "entry_is_never_removed": ("entry", "DELETE", ""),
    "payload_is_only_erased": ("payload", "UPDATE", _PAYLOAD_STAYS),
    "payload_is_never_removed": ("payload", "DELETE", ""),
    "head_only_goes_forward": ("head", "UPDATE", "NEW.position <= OLD.position"),
    "head_is_never_removed": ("head", "DELETE", ""),
}


def _triggers() -> list[tuple[str, str]]:
    refuse = (
        "CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$"
    )
    made = [("postgresql", refuse)]
    for name, (table, statement, when) in _REFUSED.items():
        condition = f" WHEN ({when})" if when else ""
        before = f"CREATE TRIGGER {name} BEFORE {statement} ON {table}"
        made += [
            (
                "sqlite",
                f"{before}{condition} BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
            ),
            (
                "postgresql",
                f"{before} FOR EACH ROW{condition} EXECUTE FUNCTION ledger_is_append_only()",
            ),
        ]
    made += [
        (
            "postgresql",
            f"CREATE TRIGGER {table}_is_never_emptied BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only()",
        )
        for table in ("entry", "payload", "head")
    ]
    return made


for _dialect, _sql in _triggers():
    _refusal: Any = DDL(_sql)  # type: ignore[no-untyped-call]  # SQLAlchemy's is untyped
    event.listen(_metadata, "after_create", _refusal.execute_if(dialect=_dialect))

create_all = _metadata.create_all

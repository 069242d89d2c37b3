"""What is logged: JSON, one line an event, with names of our own only and no patient's value."""

import json
import logging
import sys
from datetime import UTC, datetime

LOGGER = "vigicell"
_log = logging.getLogger(f"{LOGGER}.serving")
Value = str | int | float | bool | None


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a traceback is left out, since its last line may hold a value."""
        said = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        return json.dumps(said, ensure_ascii=False)


def log_event(event: str, level: int = logging.INFO, **facts: Value) -> None:
    """Log an event of the service: fixed words, digests, counts; nothing that a client sent."""
    _log.log(level, event, extra={"facts": facts})


def log_to_stderr() -> None:
    """Let the service's own log be JSON lines on standard error, once a process."""
    logger = logging.getLogger(LOGGER)
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLines())
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False

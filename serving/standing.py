"""Silent or live: which models may be shown, as persons decided it and the ledger keeps it.

A model is silent until a person turns it on: its answers are recorded and not shown. A decision is
about one model, by its digest, so a new model in the next release starts silent again, and the same
model in another release stays as it was decided. Nothing turns a model on by itself.
"""

import json
import secrets
import threading
from dataclasses import dataclass

from serving.ledger import Entry, Kind, Ledger, Recorded

KIND_OF = {"live": Kind.LIVE, "silent": Kind.SILENT}


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision, as it stands in the ledger.

    Attributes
    ----------
    standing : str
        ``"live"`` or ``"silent"``.
    at : str
        When it was written, ISO 8601 in UTC.
    ledger_id : str
        Of its entry.
    """

    standing: str
    question: str
    model: str
    who: str
    why: str
    at: str
    ledger_id: str


class Standing:
    """What was decided last about each model, read from the ledger.

    Parameters
    ----------
    ledger : Ledger
        Several services may share it: what another one wrote is seen at the next `refresh`.

    Raises
    ------
    LedgerError
        When the ledger cannot be read.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._turn = threading.Lock()
        self._read_to = dict.fromkeys(KIND_OF.values(), 0)
        self._last: dict[str, tuple[int, Decision]] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read what was decided since the last time; two steps into an index when nothing was."""
        with self._turn:
            for kind, position in self._read_to.items():
                for entry in self._ledger.after(position, kind):
                    self._read_to[kind] = entry.position
                    self._learn(entry)

    def of(self, model: str) -> Decision | None:
        """Return the last decision about a model, ``None`` where nobody decided."""
        found = self._last.get(model)
        return None if found is None else found[1]

    def is_live(self, model: str) -> bool:
        """Whether the answers of a model, by its digest, may be shown."""
        found = self.of(model)
        return found is not None and found.standing == "live"

    def decide(
        self, standing: str, *, question: str, model: str, release: str, who: str, why: str
    ) -> Decision:
        """Record a decision and let it hold; return it.

        Raises
        ------
        LedgerError
            When it could not be recorded; then it does not hold.
        """
        body = json.dumps(
            {"question": question, "model": model, "why": why}, ensure_ascii=False
        ).encode()
        entry = Entry(
            secrets.token_urlsafe(16), release, body, kind=KIND_OF[standing], subject=model, who=who
        )
        self._ledger.append(entry)
        self.refresh()
        return self._last[model][1]

    def _learn(self, entry: Recorded) -> None:
        known = self._last.get(entry.subject)
        if known is None or known[0] < entry.position:
            self._last[entry.subject] = (entry.position, _decision(entry))


def _decision(entry: Recorded) -> Decision:
    said = json.loads(entry.request)
    return Decision(
        standing=entry.kind.value,
        question=said["question"],
        model=entry.subject,
        who=entry.who,
        why=said["why"],
        at=entry.written_at.isoformat(timespec="seconds"),
        ledger_id=entry.entry_id,
    )

"""The pack: every document of one model, written to a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.cards.chai import chai_xml
from training.cards.change_plan import change_plan
from training.cards.checklists import hti1, probast_ai, tripod_ai
from training.cards.document import Document
from training.cards.evidence import Evidence
from training.cards.gathering import gather
from training.cards.markdown import markdown_of
from training.cards.model_facts import model_facts
from training.cards.page import page_of
from training.cards.statements import Statements, read_statements
from training.references import OpenStore
from training.synthetic_mark import mark
from training.whole_file import whole_file

INDEX = "evidence.html"
CHAI = "model_card.xml"


@dataclass(frozen=True)
class Pack:
    """What was written where, and how much of it nobody has said."""

    directory: Path
    name: str
    synthetic: bool
    missing: Mapping[str, int]

    def lines(self) -> list[str]:
        """Return the report."""
        lines = [f"{mark(self.synthetic)}evidence pack of {self.name}: {self.directory / INDEX}"]
        lines += [
            f"  {title}: {f'{n} items missing' if n else 'complete'}"
            for title, n in self.missing.items()
        ]
        return lines


def documents_of(e: Evidence) -> tuple[Document, ...]:
    """Return the documents of the pack, the page of facts first."""
    return (model_facts(e), tripod_ai(e), probast_ai(e), hti1(e), change_plan(e))


def write_pack(
    reference: str,
    out: Path,
    store: OpenStore,
    statements: Path | None = None,
    elsewhere: Sequence[Path] = (),
) -> Pack:
    """Write the evidence pack of a run, a registered version or a model directory.

    Parameters
    ----------
    reference : directory, run id, QUESTION@ALIAS or QUESTION/NUMBER.
    out : folder for the pack; made where it does not exist.
    store : opens the tracking store; only called where the reference is no directory.
    statements : file of what only a person can say.
    elsewhere : what `evaluate --json` and `transport --json` found on other patients.

    Raises
    ------
    CardError
        Where what was named, or the file of statements, cannot be used.
    ModelFormatError, TrackingError
        Where the model cannot be read or the store does not answer.
    """
    said = read_statements(statements) if statements else Statements()
    e = gather(reference, store, said, elsewhere)
    documents = documents_of(e)
    contents = {f"{one.stem}.md": markdown_of(one) for one in documents}
    facts = documents[0]
    contents[f"{facts.stem}.html"] = page_of([facts], facts.title)
    contents[CHAI] = chai_xml(e)
    contents[INDEX] = page_of(documents, f"Evidence on {e.name}")
    out.mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        with whole_file(out / name) as fresh:
            fresh.write_text(text, encoding="utf-8")
    return Pack(out, e.name, e.synthetic, {one.title: one.missing for one in documents})

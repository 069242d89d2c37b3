"""The record of everything said and done: append-only, chained, written before it is answered.

An entry's digest covers the digest of the entry before it, so that an edit, a removal or an
insertion breaks the chain from there on. The chain holds digests of the payloads (request,
predictor vectors, answer), not the payloads themselves: these lie in a second table, can be erased
under retention, and leave a tombstone. What the chain cannot show is a ledger rewritten from some
entry to its end by someone who may write its file: compare it with a backup kept elsewhere.
"""

from serving.ledger.entry import Entry, Kind, Recorded, Tombstone
from serving.ledger.ledger import Ledger
from serving.ledger.verifying import Verdict
from serving.ledger.writing import EntryRefused

__all__ = ["Entry", "EntryRefused", "Kind", "Ledger", "Recorded", "Tombstone", "Verdict"]

"""The feed and the ward: courses that the service keeps, as their results arrive.

A course is what the ledger holds under its service id: its row, the events that were sent and the
answers that were given. Nothing else is stored. :mod:`serving.feed.course_state` folds the entries
of one course, :mod:`serving.feed.ward` those of all. Every change of a course is one transaction
that takes the next turn of the course, so that two services on one ledger cannot both take it.
"""

from serving.feed.alerts import AlertBudget
from serving.feed.feed import Feed
from serving.feed.shifts import Shifts

__all__ = ["AlertBudget", "Feed", "Shifts"]

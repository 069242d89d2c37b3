"""Many courses at once: a line in, a line out, in order, in memory that does not grow.

A chunk of lines is read, its features, contributions and intervals are computed for all of its
courses together, its answers are written into the ledger in one commit, and only then answered. The
next chunk is read once the client has taken what it was sent.
"""

"""The evidence pack: what is known of one model, as the documents that others ask for.

Every number comes from the run; what only a person can say comes from a file of statements; what
nobody has said is shown as missing.
"""

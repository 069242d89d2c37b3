"""Rules of the leakage audit: one file per idea, one function per rule.

A rule takes `Evidence` and returns its `Finding`. Its function name is its name in every message,
in reports and in a plan's overrides. `training.audit.RULES` lists the rules that are run.
"""

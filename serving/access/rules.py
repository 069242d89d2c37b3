"""Which role may use which route: the one table.

A route that is not listed does not exist for a caller. ``OPEN`` routes need no token: what only
says that the service runs, and the contract, which is the same at every site. ``/metrics`` needs
one even on loopback, since behind a proxy everybody comes from there. Admins may do everything.
"""

import re
from collections.abc import Mapping

from serving.access.caller import Role

Roles = frozenset[Role]

OPEN: Roles = frozenset()
ADMIN: Roles = frozenset({Role.ADMIN})
BEDSIDE: Roles = frozenset({Role.CLINICIAN, Role.ADMIN})
FINDINGS: Roles = frozenset({Role.CLINICIAN, Role.SAFETY, Role.ADMIN})
EVERY_ROLE: Roles = frozenset(Role)

RULES: Mapping[tuple[str, str], Roles] = {
    ("GET", "/healthz"): OPEN,
    ("GET", "/livez"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/metrics"): frozenset({Role.DATA_SCIENTIST, Role.SAFETY, Role.ADMIN}),
    ("GET", "/v1/openapi.json"): OPEN,
    ("GET", "/v1/model"): EVERY_ROLE,
    ("GET", "/v1/questions"): EVERY_ROLE,
    ("POST", "/v1/risk"): BEDSIDE,
    ("POST", "/v1/model/{question}/live"): ADMIN,
    ("POST", "/v1/model/{question}/silent"): ADMIN,
    ("POST", "/v1/risk/batch"): BEDSIDE,
    ("POST", "/v1/grade"): FINDINGS,
    ("PUT", "/v1/courses/{course_id}"): BEDSIDE,
    ("POST", "/v1/courses/{course_id}/events"): BEDSIDE,
    ("GET", "/v1/courses/{course_id}"): BEDSIDE,
    ("GET", "/v1/ward"): BEDSIDE,
    ("POST", "/v1/outcomes"): FINDINGS,
    ("GET", "/v1/answers/{answer_id}/replay"): EVERY_ROLE,
    ("POST", "/v1/answers/{answer_id}/seen"): BEDSIDE,
    ("POST", "/v1/answers/{answer_id}/acknowledge"): BEDSIDE,
    ("POST", "/v1/answers/{answer_id}/snooze"): BEDSIDE,
    ("POST", "/v1/answers/{answer_id}/override"): BEDSIDE,
}


def rule_for(method: str, path: str) -> Roles | None:
    """Return who may use a route; ``None`` where there is no such route."""
    asked = "GET" if method == "HEAD" else method
    found = RULES.get((asked, path))
    if found is not None:
        return found
    for of_method, pattern, roles in _WITH_PARTS:
        if of_method == asked and pattern.fullmatch(path):
            return roles
    return None


def _pattern(template: str) -> re.Pattern[str]:
    """Return what a template matches: each part in braces is one piece of a path."""
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)))


_WITH_PARTS = tuple(
    (method, _pattern(template), roles)
    for (method, template), roles in RULES.items()
    if "{" in template
)

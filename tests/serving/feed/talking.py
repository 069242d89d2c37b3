"""How a test talks to a feed, and what it sends."""

import asyncio
import copy
import json
from datetime import UTC, datetime, timedelta

import httpx

from serving.feed import Feed
from serving.feed.course_view import course_told
from serving.feed.examples import EXAMPLE_COURSE, EXAMPLE_ID

NOW = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
ID = EXAMPLE_ID
OTHER_ID = "Qm7tWz2yHc9nVb4kXs6dFj"


def as_json(content):
    return json.dumps(content).encode()


class Ward:
    """A feed as a test talks to it, with a clock that the test sets."""

    def __init__(self, desk, **more):
        self.now = NOW
        self.feed = Feed(desk, clock=lambda: self.now, **more)

    def put(self, course_id=ID, **changes):
        row = copy.deepcopy(EXAMPLE_COURSE) | changes
        return json.loads(self.feed.put(course_id, as_json(row)))

    def send(self, *events, course_id=ID, language="en"):
        body = as_json({"events": list(events)})
        return json.loads(self.feed.events(course_id, body, language))

    def course(self, course_id=ID):
        return json.loads(course_told(self.feed, course_id))

    def list(self):
        return json.loads(self.feed.ward().model_dump_json())

    def row(self, course_id=ID):
        return next(one for one in self.list()["courses"] if one["course_id"] == course_id)

    def later(self, **more):
        self.now += timedelta(**more)


def crp(event_id, value, day=1.0, **more):
    row = {"input": "crp_mg_l", "value": value, "unit": "mg/L", "day": day}
    return {"event_id": event_id, "measurement": row, **more}


def grading(event_id, grade, day=2.0, toxicity="CRS", **more):
    said = {"toxicity": toxicity, "grade": grade, "day": day}
    return {"event_id": event_id, "grading": said, **more}


class Http:
    """Calls the app as a server would, without a socket."""

    def __init__(self, api):
        self.api = api

    def __call__(self, method, path, content=None, **more):
        async def call():
            transport = httpx.ASGITransport(self.api, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://desk") as one:
                return await one.request(method, path, **more)

        if content is not None:
            more["content"] = content if isinstance(content, bytes) else as_json(content)
            more.setdefault("headers", {"content-type": "application/json"})
        return asyncio.run(call())

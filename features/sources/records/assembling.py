"""From a stream of events to a cohort: the step that FHIR, OMOP and MEDS records share.

Two readings: the first finds who was infused, the second holds only their records, so memory is
bounded by the patients with an infusion. A record of a code that nobody has mapped, and a unit or
answer that is not accepted, is counted in :attr:`features.checks.Failures.unmapped`.

A person's record belongs to the course whose day 0 lies at most ``LOOK_BACK`` after it, and to the
last course before it; between two courses it may belong to both.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

import pandas as pd

from features.checks import Failures, check_tables
from features.errors import CohortError
from features.sources.records.codes import Codes
from features.sources.records.day_numbers import became_known, day_of, happened
from features.sources.records.event_courses import course_facts
from features.sources.records.event_failures import failures_of, listed, with_source_rows
from features.sources.records.event_tables import grades_of, measurements_of, treatments_of
from features.sources.records.events import EventSource, event_source, latest_versions
from features.sources.records.infusions import courses_of, is_infusion
from features.sources.records.remarks import remark_on_courses, unconfirmed_codes
from features.sources.records.site_mapping import SiteMapping
from features.sources.records.text_alone import TextAlone
from features.sources.records.unmapped import Unmapped
from features.tables import Cohort, Manifest

WITHOUT_INFUSION = "patients.patient_has_an_infusion"
"""Counted in the manifest, and not listed row by row: most patients of a hospital."""
_ALWAYS_HELD = ("person", "death", "encounter")


def cohort_of_events(
    events: EventSource | pd.DataFrame | Iterable[pd.DataFrame],
    manifest: Manifest,
    mapping: SiteMapping | None = None,
    *,
    time_zone: tzinfo = UTC,
    now: datetime | None = None,
    as_published: bool = False,
) -> tuple[Cohort, Failures]:
    """Make a cohort of `events`.

    Parameters
    ----------
    events : EventSource, DataFrame or iterable of DataFrame
        Only a source that can be read twice keeps memory bounded.
    manifest : Manifest
        Its ``resolution`` decides how days are counted; ``delays`` of the mapping are added, and
        exclusions and notes are filled.
    time_zone : tzinfo
        Where calendar days begin and end.
    now : datetime, optional
        What lies after it is left out by ``record_is_not_in_the_future``.
    as_published : bool
        Leave out only what cannot be read; see :func:`features.checks.check_tables`.

    Returns
    -------
    cohort : Cohort
    failures : Failures
        Row numbers are those of the source; its ``unmapped`` is for the site to complete.

    Raises
    ------
    CohortError
        There is no infusion of a CAR-T product in it.
    """
    mapping = mapping or SiteMapping()
    unmapped = Unmapped()
    stream = _read_twice(event_source(events), mapping.codes(), unmapped, now or datetime.now(UTC))
    if stream.others:
        manifest.exclusions[WITHOUT_INFUSION] = stream.others
    manifest.notes += stream.not_read
    courses, broken = courses_of(stream.infusions())
    left_out = pd.concat([stream.left_out, listed(broken)], ignore_index=True)
    _refuse_none(courses, left_out)
    manifest.notes += unconfirmed_codes(stream.sound)
    manifest.delays = {**mapping.delays, **manifest.delays}
    tables, came, failed = _tables(stream, courses, manifest, mapping, time_zone)
    unmapped.add_refused(tables["measurements"], failed)
    remark_on_courses(manifest, courses, came["grades"])
    cohort, by_position = check_tables(
        tables, manifest, {"measurements": failed}, as_published=as_published
    )
    for rule, count in Failures(left_out).counts().items():
        manifest.exclusions[rule] = manifest.exclusions.get(rule, 0) + count
    failures = failures_of(left_out, with_source_rows(by_position.rows, came))
    failures.unmapped = unmapped.table()
    return cohort, failures


@dataclass
class _Stream:
    """What the second reading held.

    Attributes
    ----------
    sound : DataFrame
        Events that count and mean something, and persons, deaths and encounters.
    left_out : DataFrame
        Those that do not count, by rule.
    contacts : DataFrame
        Instants of records of any code, the last of each person and day.
    others : int
        Persons of the source without a record of an infusion.
    not_read : list of str
        What is to be said of medications and procedures, of anybody, that mean nothing here.
    """

    sound: pd.DataFrame
    left_out: pd.DataFrame
    contacts: pd.DataFrame
    others: int
    not_read: list[str]

    def infusions(self) -> pd.DataFrame:
        return self.sound[self.sound["meaning"].map(is_infusion).astype(bool)]


def _read_twice(source: EventSource, codes: Codes, unmapped: Unmapped, now: datetime) -> _Stream:
    subjects, not_read = _infused(source, codes)
    held, contacts = _held(source, subjects, codes, unmapped)
    at = pd.Timestamp(now)
    sound, left_out = _sound(held, at)
    contacts = contacts[contacts["start"] <= at]
    past = contacts["stop"].where(contacts["stop"] <= at)
    others = source.others(subjects)
    return _Stream(sound, left_out, contacts.assign(stop=past), others, not_read)


def _tables(
    stream: _Stream,
    courses: pd.DataFrame,
    manifest: Manifest,
    mapping: SiteMapping,
    zone: tzinfo,
) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame], dict[str, pd.Series]]:
    """Return the tables of the cohort, the events each row came from, and what was refused."""
    resolution = manifest.resolution
    persons = stream.sound[stream.sound["kind"].eq("person")]
    diagnoses = stream.sound[stream.sound["what"].eq("diagnosis")]
    placed = _placed(stream.sound, courses, resolution, zone)
    stream.sound = stream.sound.head(0).copy()  # the placed copy is as large; a view would hold it
    follow_up = _follow_up(courses, placed, stream.contacts, resolution, zone)
    others = placed[~placed["what"].isin(("input", "agent", "toxicity"))]
    came = {
        name: placed[placed["what"].eq(what)].reset_index(drop=True)
        for name, what in (
            ("measurements", "input"), ("treatments", "agent"), ("grades", "toxicity"),
        )
    }  # fmt: skip
    del placed  # what came of it is as large again
    measured, failed = measurements_of(came["measurements"], mapping)
    came["measurements"] = came["measurements"][["source_row", "source_file"]]
    facts = course_facts(courses, persons, others, diagnoses, measured, resolution, zone)
    facts["follow_up_days"] = follow_up
    tables = {
        "courses": facts,
        "measurements": measured,
        "treatments": treatments_of(came["treatments"], resolution, zone),
        "grades": grades_of(came["grades"], mapping, manifest.grading_system),
    }
    return tables, {"courses": courses, **came}, failed


def _infused(source: EventSource, codes: Codes) -> tuple[frozenset[str], list[str]]:
    """Return who has a record of an infusion, sound or not; and what to say of acts not read."""
    subjects: set[str] = set()
    seen, texts = Unmapped(), TextAlone()
    for chunk in source.candidates():
        known = with_meanings(chunk, codes)
        infusions = known["meaning"].map(is_infusion).astype(bool) & known["subject"].notna()
        subjects |= set(known.loc[infusions, "subject"])
        acts = known["kind"].isin(("medication", "procedure"))
        texts.add(known[acts & known["what"].isna()])
        seen.add(known[acts & known["what"].isna() & known["code"].notna()])
    if not subjects:
        raise CohortError(
            "no infusion of a CAR-T product was found: no medication or procedure has a code of "
            "the catalogue (RxNorm, ATC, ICD-10-PCS XW0..., CPT 38228). If this hospital uses its "
            "own codes, name them in a mapping file ([[code]] with product = ...) and give it as "
            f"the option mapping.{seen.most_frequent()}"
            + "".join(f"\n{note}" for note in texts.notes())
        )
    return frozenset(subjects), texts.notes()


def with_meanings(events: pd.DataFrame, codes: Codes) -> pd.DataFrame:
    """Add ``meaning`` (of the code; None where nobody has said) and ``what`` it is."""
    pairs = events[["system", "code"]].drop_duplicates().dropna()
    found = {
        (system, code): codes.meaning(system, code)
        for system, code in zip(pairs["system"], pairs["code"], strict=True)
    }
    meanings = [
        found.get(pair) if isinstance(pair[1], str) else None
        for pair in zip(events["system"], events["code"], strict=True)
    ]
    return events.assign(
        meaning=pd.Series(meanings, index=events.index, dtype="object"),
        what=pd.Series([one and one.what for one in meanings], index=events.index, dtype="object"),
    )


def _held(
    source: EventSource, subjects: frozenset[str], codes: Codes, unmapped: Unmapped
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the events that mean something, and at what instants there was any record at all."""
    parts, contacts = [], []
    for chunk in source.of_subjects(subjects):
        known = with_meanings(chunk, codes)
        silent = known["what"].isna() & ~known["kind"].isin(_ALWAYS_HELD)
        unmapped.add(known[silent & known["left_out"].isna()])
        contact = known.loc[known["left_out"].isna() & known["kind"].ne("person")]
        contacts.append(_last_of_each_day(contact))
        parts.append(known[~silent].drop(columns=["system", "label"]))
    held = pd.concat(parts, ignore_index=True)
    return held, pd.concat(contacts, ignore_index=True)


def _last_of_each_day(contact: pd.DataFrame) -> pd.DataFrame:
    """Return subject, start and stop, the last of each person and day."""
    dated = contact.loc[contact["start"].notna(), ["subject", "start", "stop"]]
    day = dated["start"].dt.floor("D")
    return dated.sort_values("start").loc[
        lambda rows: (
            ~pd.DataFrame({"s": rows["subject"], "d": day.loc[rows.index]}).duplicated(keep="last")
        )
    ]


def _sound(held: pd.DataFrame, now: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the events that count, and by which rule the others do not."""
    rules = held["left_out"].astype("object").where(held["left_out"].notna(), None)
    timed = ~held["kind"].isin(("person", "condition")) | held["what"].eq("toxicity")
    rules = rules.mask(rules.isna() & timed & held["start"].isna(), "record_is_dated")
    future = held["kind"].ne("person") & (held["start"] > now)  # an age tells of a birth date
    rules = rules.mask(rules.isna() & future, "record_is_not_in_the_future")
    rules = rules.mask(~latest_versions(held), "record_is_its_latest_version")
    bad = rules.notna()
    told = held[bad]
    broken = zip(told["source_row"], rules[bad], told["source_file"], strict=True)
    sound = held[~bad].drop(columns=["record", "version", "left_out"])
    return sound.reset_index(drop=True), listed(list(broken), told["kind"].tolist())


def _refuse_none(courses: pd.DataFrame, left_out: pd.DataFrame) -> None:
    if len(courses):
        return
    counts = Failures(left_out).counts()
    said = "".join(f"\n  {rule}: {count}" for rule, count in counts.items())
    raise CohortError(
        "every infusion of a CAR-T product was left out; nothing was written. Left out, by rule:"
        f"{said}\nA code that states no product needs one in the mapping file ([[code]] with "
        "product = ...)."
    )


def _placed(
    sound: pd.DataFrame, courses: pd.DataFrame, resolution: str, zone: tzinfo
) -> pd.DataFrame:
    """Return the events in the span of a course, with their day and when they were known."""
    spans = courses[["subject", "course_id", "day_0", "since", "until"]]
    placed = sound[sound["kind"].ne("person")].merge(spans, on="subject")
    inside = (placed["start"] >= placed["since"]) & (placed["start"] < placed["until"])
    # A date without an hour may be that of the infusion: its midnight lies before it.
    placed = placed[inside].reset_index(drop=True)
    day = happened(placed, resolution, zone)
    return placed.assign(day=day, known_day=became_known(placed, day, resolution, zone))


def _follow_up(
    courses: pd.DataFrame,
    placed: pd.DataFrame,
    contacts: pd.DataFrame,
    resolution: str,
    zone: tzinfo,
) -> list[float]:
    """Return the day of the last record of each course, of whatever it was."""
    spans = courses[["subject", "course_id", "day_0", "since", "until"]]
    seen = contacts.merge(spans, on="subject")
    seen = seen[(seen["start"] >= seen["since"]) & (seen["start"] < seen["until"])]
    at = seen["start"].where(seen["stop"].isna() | (seen["stop"] > seen["until"]), seen["stop"])
    days = day_of(at, seen["day_0"], resolution, zone)
    last = pd.concat(
        [days.groupby(seen["course_id"]).max(), placed.groupby("course_id")["day"].max()], axis=1
    ).max(axis=1)
    return [float(last.get(one, 0.0)) for one in courses["course_id"]]

"""What a roster says of runners that share a course: the bucket of their record, the job in Cloud Run, the nights."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from catalog import limits
from coursecloud.common import stack_yaml, unreadable
from coursecloud.common.stack_folder import ROSTER as ROSTER
from infra import files
from infra.settings import Problem
from infra.settings.problem import MISSING, nearest

KEYS = ("record", "job", "nightly")
ALL_KEYS = ("table", "defaults", "rules", "groups", "renamed", "merged", "pseudonyms", "accounts", "backend", *KEYS)
NO_KEY = "a roster has no such key"
_BUCKET = re.compile(f"gs://({limits.pattern('bucket-name')})")
_JOB = re.compile(
    f"projects/({limits.pattern('project-id')})/locations/([a-z]+-[a-z]+[0-9]+)/jobs/([a-z][a-z0-9-]{{0,47}}[a-z0-9])"
)
_NIGHT = ("at", "timezone")


@dataclass(frozen=True)
class Job:
    """A job in Cloud Run, by its full name."""

    project: str
    region: str
    name: str

    @property
    def path(self) -> str:
        """Give its full name as Google writes it."""
        return f"projects/{self.project}/locations/{self.region}/jobs/{self.name}"


@dataclass(frozen=True)
class Nightly:
    """When machines are stopped at night."""

    hour: int
    minute: int
    timezone: str

    @property
    def schedule(self) -> str:
        """Write it as Cloud Scheduler takes it."""
        return f"{self.minute} {self.hour} * * *"


@dataclass(frozen=True)
class Sharing:
    """What the runners of a course share."""

    bucket: str = ""
    """That of the record and the leases; empty where one machine works alone."""
    job: Job | None = None
    nightly: Nightly | None = None
    """None: nothing is done at night."""


def of(content: Mapping[str, Any]) -> tuple[Sharing, list[Problem]]:
    """Read the keys of a roster, and what is wrong with them."""
    wrong: list[Problem] = []
    bucket, job = content.get("record"), content.get("job")
    of_bucket = _BUCKET.fullmatch(str(bucket)) if bucket is not None else None
    if bucket is not None and not of_bucket:
        rule = "the runners of a course share a bucket of their own: their leases and what came of each group"
        wrong.append(Problem("record", bucket, rule, "write for example gs://mlops-course-runs"))
    of_job = _JOB.fullmatch(str(job)) if job is not None else None
    if job is not None and not of_job:
        rule = "a job in Cloud Run has a full name: projects/PROJECT/locations/REGION/jobs/NAME"
        remedy = "write for example projects/mlops-course/locations/europe-west1/jobs/mlops-course"
        wrong.append(Problem("job", job, rule, remedy))
    nightly = _nightly(content.get("nightly"), wrong)
    for key in ("job", "nightly"):
        needs = "record" if key == "job" else "job"
        if content.get(key) is not None and content.get(needs) is None:
            rule = f"`{key}` works by what `{needs}` names"
            wrong.append(Problem(key, content[key], rule, f"add `{needs}`, or remove `{key}`"))
    return Sharing(of_bucket[1] if of_bucket else "", Job(*of_job.groups()) if of_job else None, nightly), wrong


def _nightly(given: object, wrong: list[Problem]) -> Nightly | None:
    """Read when the nights begin; what is wrong goes into the list, all of it."""
    if given is None:
        return None
    rule, write = "the nightly stop has a time and a time zone", "write for example nightly: {at: 23:30, timezone: UTC}"
    if not isinstance(given, dict):
        wrong.append(Problem("nightly", given, rule, write))
        return None
    entry, before = cast("dict[str, Any]", given), len(wrong)
    for name in sorted(entry.keys() - set(_NIGHT)):
        has = f"the nightly stop has {' and '.join(_NIGHT)}"
        wrong.append(Problem(f"nightly.{name}", entry[name], has, nearest(name, _NIGHT, "remove it")))
    wrong += [Problem(f"nightly.{name}", MISSING, rule, write) for name in _NIGHT if name not in entry]
    at = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", str(entry.get("at")))
    if "at" in entry and not at:
        wrong.append(Problem("nightly.at", entry["at"], "a time of day is HH:MM, 00:00 to 23:59", "write 23:30"))
    timezone = str(entry.get("timezone"))
    if "timezone" in entry and timezone not in (known := zoneinfo.available_timezones()):
        remedy = nearest(timezone, known, "write for example Europe/Copenhagen")
        wrong.append(Problem("nightly.timezone", timezone, "a time zone is a name of the IANA database", remedy))
    return Nightly(int(at[1]), int(at[2]), timezone) if at and len(wrong) == before else None


def content_of(file: Path) -> tuple[Mapping[str, Any], list[Problem]]:
    """Read a roster's keys, and what is wrong with them; none where there is no file.

    Whoever cannot read it does not know whether another runner is at work on the same groups.
    """
    text = ""
    try:
        text = files.text_of(file)
        content = files.yaml_of(text, stack_yaml.Loader)
    except FileNotFoundError as error:
        other = file.with_suffix(".yml")
        if file.is_symlink():
            return {}, [Problem(file.name, MISSING, *unreadable.said(error, text))]
        if other.exists():
            return {}, [Problem(other.name, MISSING, f"a roster is called {file.name}", f"call it {file.name}")]
        return {}, []
    except (OSError, ValueError, yaml.YAMLError) as error:
        return {}, [Problem(file.name, MISSING, *unreadable.said(error, text))]
    if not isinstance(content, dict):
        return {}, [Problem(file.name, MISSING, "a roster is a mapping", "write `KEY: VALUE` lines, or mend it")]
    known = cast("dict[str, Any]", content)
    unknown = [key for key in map(str, known) if key not in ALL_KEYS]
    return known, [Problem(key, MISSING, NO_KEY, nearest(key, ALL_KEYS)) for key in unknown]


def read(folder: Path) -> tuple[Sharing, list[Problem]]:
    """Read what the roster of a folder says, and what is wrong with it; nothing is shared where there is none."""
    content, wrong = content_of(folder / ROSTER)
    found, more = of(content)
    return found, [*wrong, *more]

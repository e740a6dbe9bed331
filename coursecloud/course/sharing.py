"""What a roster says of runners that share a course: the bucket of their record, the job in Cloud Run, the nights."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import yaml

from catalog import limits
from coursecloud.common import stack_file
from infra import files
from infra.settings.problem import nearest

ROSTER = "course.yaml"
"""The roster, unless another file is named."""
KEYS = ("record", "job", "nightly")
_BUCKET = re.compile(f"gs://({limits.pattern('bucket-name')})")
_JOB = re.compile(
    f"projects/({limits.pattern('project-id')})/locations/([a-z]+-[a-z]+[0-9]+)/jobs/([a-z][a-z0-9-]{{0,47}}[a-z0-9])"
)
_NIGHT = ("at", "timezone")


class Mistake(NamedTuple):
    """What is wrong with one of the keys."""

    where: str
    value: object
    rule: str
    remedy: str


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


def of(content: Mapping[str, Any]) -> tuple[Sharing, list[Mistake]]:
    """Read the keys of a roster, and what is wrong with them."""
    mistakes: list[Mistake] = []
    bucket, job = content.get("record"), content.get("job")
    of_bucket = _BUCKET.fullmatch(str(bucket)) if bucket is not None else None
    if bucket is not None and not of_bucket:
        rule = "the runners of a course share a bucket of their own: their leases and what came of each group"
        mistakes.append(Mistake("record", bucket, rule, "write for example gs://mlops-course-runs"))
    of_job = _JOB.fullmatch(str(job)) if job is not None else None
    if job is not None and not of_job:
        rule = "a job in Cloud Run has a full name: projects/PROJECT/locations/REGION/jobs/NAME"
        remedy = "write for example projects/mlops-course/locations/europe-west1/jobs/mlops-course"
        mistakes.append(Mistake("job", job, rule, remedy))
    nightly = None
    try:
        nightly = _nightly(content.get("nightly"))
    except _NightError as error:
        mistakes.append(error.mistake)
    for key in ("job", "nightly"):
        needs = "record" if key == "job" else "job"
        if content.get(key) is not None and content.get(needs) is None:
            rule = f"`{key}` works by what `{needs}` names"
            mistakes.append(Mistake(key, content[key], rule, f"add `{needs}`, or remove `{key}`"))
    return Sharing(of_bucket[1] if of_bucket else "", Job(*of_job.groups()) if of_job else None, nightly), mistakes


class _NightError(Exception):
    def __init__(self, mistake: Mistake):
        super().__init__(mistake.rule)
        self.mistake = mistake


def _nightly(given: object) -> Nightly | None:
    if given is None:
        return None
    write = "write for example nightly: {at: 23:30, timezone: Europe/Copenhagen}"
    if not isinstance(given, dict):
        raise _NightError(Mistake("nightly", given, "the nightly stop has a time and a time zone", write))
    entry = cast("dict[str, Any]", given)
    for name in sorted(entry.keys() - set(_NIGHT)):
        rule = f"the nightly stop has {' and '.join(_NIGHT)}"
        raise _NightError(Mistake(f"nightly.{name}", entry[name], rule, nearest(name, _NIGHT, "remove it")))
    for name in _NIGHT:
        if name not in entry:
            raise _NightError(Mistake(f"nightly.{name}", None, "the nightly stop has a time and a time zone", write))
    if not (at := re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", str(entry["at"]))):
        raise _NightError(Mistake("nightly.at", entry["at"], "a time of day is HH:MM, 00:00 to 23:59", "write 23:30"))
    timezone = str(entry["timezone"])
    if timezone not in (known := zoneinfo.available_timezones()):
        remedy = nearest(timezone, known, "write for example Europe/Copenhagen")
        raise _NightError(Mistake("nightly.timezone", timezone, "a time zone is a name of the IANA database", remedy))
    return Nightly(int(at[1]), int(at[2]), timezone)


def read(folder: Path, name: str = ROSTER) -> tuple[Sharing, list[Mistake]]:
    """Read what the roster of a folder says; nothing is shared where there is none that can be read."""
    try:
        content = files.yaml_of(files.text_of(folder / name), stack_file.LOADER)
    except (OSError, ValueError, yaml.YAMLError):
        return Sharing(), []
    return of(cast("dict[str, Any]", content)) if isinstance(content, dict) else (Sharing(), [])


def lines(mistakes: list[Mistake]) -> Iterator[str]:
    """Say what is wrong, each with its rule and remedy."""
    for each in mistakes:
        yield f"{each.where}: {each.value}\n    rule    {each.rule}\n    remedy  {each.remedy}"

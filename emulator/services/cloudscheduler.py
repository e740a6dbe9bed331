"""Cloud Scheduler: jobs with a schedule that is read as Google reads it; no job is ever called."""

from __future__ import annotations

import re
import zoneinfo
from typing import Any

from ..call import Call
from ..cron import valid
from ..errors import bad_value, invalid
from ..kinds import Handlers, Kind, Service, always
from ..merge import with_defaults
from ..shapes import part
from .common import need, need_account, one_of, seconds

Json = dict[str, Any]
handlers = Handlers()
RETRY = {"maxRetryDuration": "0s", "minBackoffDuration": "5s", "maxBackoffDuration": "3600s", "maxDoublings": 5}
GROC = re.compile(
    r"every (\d+ )?(minutes?|mins?|hours?|day|monday|tuesday|wednesday|thursday|friday|saturday|sunday)( .*)?"
)


def cron(text: str) -> bool:
    """Five fields of a crontab, or Google's own `every 5 minutes`."""
    return valid(text) or bool(GROC.fullmatch(text.lower()))


def check(call: Call, body: Json, _old: Json | None) -> None:
    """Schedule, time zone, one target that is there, a deadline within limits."""
    name = call.path.rsplit("/", 1)[-1]
    if not re.fullmatch(r"[\w-]{1,500}", name):
        raise invalid(f"Job name '{name}' is not valid.", ("job.name", name))
    if not cron(str(body.get("schedule") or "")):
        raise invalid(
            f"Schedule or time zone is invalid: '{body.get('schedule')}'.", ("job.schedule", "not a cron expression")
        )
    if body["timeZone"] not in zoneinfo.available_timezones():
        raise invalid(f"Schedule or time zone is invalid: '{body['timeZone']}'.", ("job.time_zone", "unknown"))
    target = body[sort := one_of(body, ("httpTarget", "pubsubTarget", "appEngineHttpTarget"), "job")]
    if sort == "httpTarget":
        if not re.match(r"https?://\S+", target.get("uri") or ""):
            raise bad_value("job.http_target.uri", target.get("uri"), "Must be an http:// or https:// URL.")
        for token in ("oauthToken", "oidcToken"):
            need_account(call, part(target, token).get("serviceAccountEmail", ""), f"job.http_target.{token}")
        target.setdefault("httpMethod", "POST")
    elif sort == "pubsubTarget":
        need(call, "pubsub", str(target.get("topicName")))
    limit = seconds(body.get("attemptDeadline") or "180s")
    if sort == "httpTarget" and not 15 <= limit <= 1800:
        raise bad_value("job.attempt_deadline", body["attemptDeadline"], "Must be between 15 seconds and 30 minutes.")
    if sort == "httpTarget":
        body.setdefault("attemptDeadline", "180s")
    if body.get("retryConfig"):
        body["retryConfig"] = with_defaults(body["retryConfig"], RETRY)
    body |= {"userUpdateTime": call.world.now(), "state": body.get("state", "ENABLED")}


@handlers.on(
    "cloudscheduler.projects.locations.jobs.pause",
    "cloudscheduler.projects.locations.jobs.resume",
    "cloudscheduler.projects.locations.jobs.run",
)
def switch(call: Call) -> Any:
    """Pause, resume, run."""
    job = call.resource()
    states = {"pause": "PAUSED", "resume": "ENABLED"}
    job.body["state"] = states.get(call.method.action, job.body["state"])
    if call.method.action == "run":
        job.body["lastAttemptTime"] = call.world.now()
    return job.body


KINDS = (
    Kind(
        "cloudscheduler",
        "projects/locations/jobs",
        "name",
        check=check,
        defaults={"timeZone": "Etc/UTC"},
        bills=always("$0.10 a month beyond the first three"),
    ),
)
SERVICE = Service("cloudscheduler", ("v1",), kinds=KINDS, handlers=handlers)

"""What the stack file says and the program registers: content is kept as long, and machines stop as often."""

from collections.abc import Iterator

from coursecloud.plan.planning import short_type
from coursecloud.plan.registration import Registration
from coursecloud.policy.example import Example, put
from coursecloud.policy.reading import at, entries, number
from coursecloud.policy.rule import ResourceRule
from infra import storage
from infra.settings import Settings, cron

_STORES = frozenset({"storage.Bucket", "artifactregistry.Repository"}).__contains__
_SCHEDULES = frozenset({"compute.ResourcePolicy"}).__contains__
_SELDOM = 7
"""Days between two stops of a schedule that stops what was forgotten: a group's week."""


def _kept(store: Registration, settings: Settings) -> Iterator[str]:
    judge = _bucket if short_type(store.type) == "storage.Bucket" else _repository
    return judge(store, settings)


def _bucket(bucket: Registration, settings: Settings) -> Iterator[str]:
    newest = {"data": settings.storage.data.keep_newest, "models": settings.storage.models.keep_newest}
    for rule in entries(bucket.inputs, "lifecycleRules"):
        if at(rule, "action.type") != "Delete":
            continue
        age, old, newer = (
            number(at(rule, f"condition.{key}")) for key in ("age", "daysSinceNoncurrentTime", "numNewerVersions")
        )
        if bucket.name == "staging":
            if age is not None and age < settings.storage.staging.days:
                yield f"objects are deleted after {age:g} days; the stack file keeps {settings.storage.staging.days}"
        elif bucket.name in newest:
            if age is not None:
                yield f"objects are deleted after {age:g} days, also the newest; the stack file keeps them"
            if old is not None and old < (days := storage.noncurrent_days(settings.lease)):
                yield f"a replaced object is deleted after {old:g} days; by the lease it stays {days}"
            if (newer or 0) < newest[bucket.name]:
                yield f"the newest {newer or 0:g} versions stay; the stack file keeps {newest[bucket.name]}"


def _repository(repository: Registration, settings: Settings) -> Iterator[str]:
    registry = settings.registry
    policies = list(entries(repository.inputs, "cleanupPolicies"))
    if repository.name not in ("docker", "python") or not policies:
        return
    kept = [number(at(each, "mostRecentVersions.keepCount")) or 0 for each in policies if at(each, "action") == "KEEP"]
    for policy in policies:
        if at(policy, "action") != "DELETE":
            continue
        seconds = number(str(at(policy, "condition.olderThan", "0")).removesuffix("s")) or 0
        if seconds < registry.delete_after_days * 86400:
            days = f"{seconds / 86400:.4g}"
            yield f"what is older than {days} days is deleted; the stack file says {registry.delete_after_days}"
        if max(kept, default=0) < registry.keep_newest:
            yield f"the newest {max(kept, default=0):g} stay; the stack file keeps {registry.keep_newest}"


def _stops(schedule: Registration, settings: Settings) -> Iterator[str]:
    line = at(schedule.inputs, "instanceSchedulePolicy.vmStopSchedule.schedule")
    if not isinstance(line, str):
        return
    if cron.mistake(line) is None and (days := cron.longest_wait(line)) > _SELDOM:
        yield f"it stops what was forgotten at '{line}': {days} days can lie between two stops"
    declared = settings.lease.stop_schedule
    if line != (declared or line):
        yield f"it stops machines at '{line}'; the stack file says '{declared}'"


RULES = (
    ResourceRule(
        id="content-kept-as-declared",
        title="What is stored stays as long as the stack file says",
        why="A rule that deletes sooner takes data sets and images that an old commit still wants, without a word.",
        remedy="Change storage or registry in the stack file, which the review shows as what it is.",
        severity="high",
        applies=_STORES,
        check=_kept,
        breaks=(
            Example(
                "dev",
                "data",
                put("storage.Bucket", "data", "lifecycleRules.0.condition.daysSinceNoncurrentTime", 1),
                says="deleted after 1 days",
            ),
            Example(
                "dev",
                "models",
                put("storage.Bucket", "models", "lifecycleRules.0.condition.age", 30),
                says="also the newest",
            ),
            Example(
                "dev",
                "data",
                put("storage.Bucket", "data", "lifecycleRules.0.condition.numNewerVersions", 0),
                says="the newest 0 versions",
            ),
            Example(
                "dev",
                "staging",
                put("storage.Bucket", "staging", "lifecycleRules.0.condition.age", 0),
                says="after 0 days",
            ),
            Example(
                "dev",
                "docker",
                put("artifactregistry.Repository", "docker", "cleanupPolicies.0.condition.olderThan", "1s"),
                says="is deleted; the stack file says",
            ),
            Example(
                "dev",
                "docker",
                put("artifactregistry.Repository", "docker", "cleanupPolicies.1.mostRecentVersions.keepCount", 1),
                says="the newest 1 stay",
            ),
        ),
        keeps=(
            Example(
                "dev",
                "data",
                put("storage.Bucket", "data", "lifecycleRules.0.condition.daysSinceNoncurrentTime", 999),
            ),
        ),
    ),
    ResourceRule(
        id="stops-as-declared",
        title="What stops forgotten machines does so each week at least",
        why="A schedule for one day of the year reads as a nightly stop, and a forgotten machine bills for months.",
        remedy="Set lease.stopSchedule in the stack file to a line for each night, e.g. `0 20 * * *`.",
        severity="high",
        topic="cost",
        applies=_SCHEDULES,
        check=_stops,
        breaks=(
            Example(
                "full",
                "stop-europe-west4",
                put(
                    "compute.ResourcePolicy",
                    "stop-europe-west4",
                    "instanceSchedulePolicy.vmStopSchedule.schedule",
                    "0 20 29 2 *",
                ),
                says="1461 days can lie between",
            ),
        ),
        keeps=(
            Example(
                "full",
                "stop-europe-west4",
                put("compute.ResourcePolicy", "stop-europe-west4", "instanceSchedulePolicy.timeZone", "Etc/UTC"),
            ),
        ),
    ),
)

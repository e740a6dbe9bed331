"""What the stack file says and the program registers: what is stored stays as long."""

from collections.abc import Iterator, Sequence
from math import inf

from coursecloud.plan import nested
from coursecloud.plan.planning import short_type
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.policy import expected
from coursecloud.policy.example import Edit, Example, add, bucket, put
from coursecloud.policy.reading import Inputs, at, entries, number
from coursecloud.policy.rule import ResourceRule
from coursecloud.policy.told_values import said
from infra.settings import Settings

_STORES = frozenset({"storage.Bucket", "artifactregistry.Repository"}).__contains__


def _kept(store: Registration, settings: Settings) -> Iterator[str]:
    judge = _bucket if short_type(store.type) == "storage.Bucket" else _repository
    return judge(store, settings)


def _bucket(bucket: Registration, settings: Settings) -> Iterator[str]:
    newest = {"data": settings.storage.data.keep_newest, "models": settings.storage.models.keep_newest}
    ends = bucket.name != "staging"
    for rule in entries(bucket.inputs, "lifecycleRules"):
        action, days = at(rule, "action.type"), number(at(rule, "condition.age"))
        if action == "AbortIncompleteMultipartUpload" and days is not None and days > expected.UNFINISHED:
            yield f"unfinished uploads stay {days:g} days, and bill; the program ends them after {expected.UNFINISHED}"
        if action != "Delete":
            continue
        age, old, newer = (
            number(at(rule, f"condition.{key}")) for key in ("age", "daysSinceNoncurrentTime", "numNewerVersions")
        )
        if bucket.name == "staging":
            ends = ends or (age is not None and not _more(rule, "age", withState=("ANY", "LIVE")))
            if age is not None and age != settings.storage.staging.days:
                yield f"objects are deleted after {age:g} days; the stack file keeps {settings.storage.staging.days}"
        elif bucket.name in newest:
            if age is not None:
                yield f"objects are deleted after {age:g} days, also the newest; the stack file keeps them"
            days = expected.noncurrent_days(settings.lease)
            if old is None and age is None:
                yield f"what is replaced is deleted without a wait; by the lease it stays {days} days"
                continue
            if old is not None and (more := _more(rule, "daysSinceNoncurrentTime", "numNewerVersions", "withState")):
                yield f"its rule for replaced objects is for some alone ({', '.join(more)}): the rest bills for ever"
            if old is not None and at(rule, "condition.withState") not in ("ANY", "ARCHIVED", None, UNKNOWN):
                yield "its rule for replaced objects is for live ones, which none of them is: they bill for ever"
            if old is not None and old != days:
                then = ", and bills" if old > days else ""
                yield f"a replaced object is deleted after {old:g} days{then}; by the lease it stays {days}"
            if (newer or 0) != newest[bucket.name]:
                then = ", and bill" if (newer or 0) > newest[bucket.name] else ""
                yield f"the newest {newer or 0:g} versions stay{then}; the stack file keeps {newest[bucket.name]}"
        elif age is not None and age < 1:
            yield "all that is in it is deleted within a day of its writing"
    if not ends:
        yield f"no rule ends all that is in it; by the stack file that is after {settings.storage.staging.days} days"


def _more(said: Inputs, *known: str, **harmless: tuple[str, ...]) -> list[str]:
    """List what else a condition asks for, by which it is for some alone."""
    condition = nested.mapping(at(said, "condition", {}))
    return [
        key for key, value in condition.items() if value and key not in known and value not in harmless.get(key, ())
    ]


def _repository(repository: Registration, settings: Settings) -> Iterator[str]:
    registry = settings.registry
    policies = list(entries(repository.inputs, "cleanupPolicies"))
    own = repository.name in expected.REPOSITORIES
    kept = [
        number(at(each, "mostRecentVersions.keepCount")) or 0
        for each in policies
        if at(each, "action") == "KEEP" and not at(each, "mostRecentVersions.packageNamePrefixes")
    ]
    whole = ("ANY", "TAG_STATE_UNSPECIFIED")
    deleting = [each for each in policies if at(each, "action") == "DELETE"]
    if own and not any(not _more(each, "olderThan", tagState=whole) for each in deleting):
        yield f"no policy deletes all that is older than {registry.delete_after_days} days, as the stack file has it"
    if not own and at(repository.inputs, "mode") != "VIRTUAL_REPOSITORY":
        ends = [_seconds(each) for each in deleting if not _more(each, "olderThan", tagState=whole)]
        if not deleting:
            yield "no policy of it deletes anything: whatever is pushed stays for ever, at its price"
        elif min(ends, default=inf) > _LONGEST * 86400:
            yield f"no policy of it deletes all that is older than {_LONGEST} days: what is pushed stays, at its price"
    for policy in deleting:
        seconds = _seconds(policy)
        newest = max(kept, default=0)
        if not own and not newest and seconds < 86400:
            yield "all that is in it is deleted within a day of its writing"
        if own and seconds != registry.delete_after_days * 86400:
            days = f"{seconds / 86400:.4g}"
            yield f"what is older than {days} days is deleted; the stack file says {registry.delete_after_days}"
        if newest != registry.keep_newest if own else newest > max(registry.keep_newest, _NEWEST):
            yield f"the newest {newest:g} stay; the stack file keeps {registry.keep_newest}"
    for policy in (each for each in policies if at(each, "action") == "KEEP"):
        yield from _spares(policy, (*registry.keep_tags, expected.DEPLOYED))


def _seconds(policy: Inputs) -> int:
    return number(str(at(policy, "condition.olderThan", "0")).removesuffix("s")) or 0


_LONGEST = 365
"""Days after which what is pushed to a repository that only the program declares has to be deleted."""
_NEWEST = 50
"""So many of it may stay."""


def _spares(policy: Inputs, declared: Sequence[str]) -> Iterator[str]:
    """Say what a policy keeps beyond the `declared` tags: what one policy keeps stays, whatever another deletes."""
    name, condition = said(at(policy, "id")), nested.mapping(at(policy, "condition", {}))
    some = [str(each) for key in _SOME for each in nested.listed(condition.get(key))]
    tags = [str(each) for each in nested.listed(condition.get("tagPrefixes"))]
    if condition and not tags and not some:
        yield f"its policy {name} keeps whatever is there, for ever and at its price"
    if more := [*some, *(each for each in tags if each not in declared)]:
        yield f"its policy {name} keeps {', '.join(more)} for ever, which the stack file does not say"
    if nested.listed(at(policy, "mostRecentVersions.packageNamePrefixes")):
        yield f"its policy {name} keeps the newest of some packages, which the stack file does not say"


_SOME = ("packageNamePrefixes", "versionNamePrefixes")


def _keeping(**policy: object) -> Edit:
    """Give the registry of images one more policy that keeps."""
    return put("artifactregistry.Repository", "docker", "cleanupPolicies.2", {"id": "more", "action": "KEEP"} | policy)


_DELETES, _KEEPS = {"id": "a", "action": "DELETE"}, {"id": "b", "action": "KEEP"}
_MONTH = {"olderThan": "2592000s"}
_MONTHLY = _DELETES | {"condition": _MONTH}


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
                "data",
                put("storage.Bucket", "data", "lifecycleRules.0.condition.withState", "LIVE"),
                says="bill for ever",
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
                "staging",
                put(
                    "storage.Bucket",
                    "staging",
                    "lifecycleRules.1",
                    {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 36500}},
                ),
                says="unfinished uploads stay 36500 days",
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
            Example(
                "dev",
                "docker",
                put("artifactregistry.Repository", "docker", "cleanupPolicies.0.condition.olderThan", "63072000s"),
                says="older than 730 days",
            ),
            Example(
                "dev",
                "data",
                put("storage.Bucket", "data", "lifecycleRules.0.condition.daysSinceNoncurrentTime", 999),
                says="after 999 days, and bills",
            ),
            Example(
                "dev",
                "docker",
                _keeping(condition={"tagState": "ANY", "olderThan": "0s"}),
                says="keeps whatever is there",
            ),
            Example(
                "dev", "docker", _keeping(condition={"tagPrefixes": [""]}), says="which the stack file does not say"
            ),
            Example(
                "dev",
                "docker",
                _keeping(mostRecentVersions={"keepCount": 9, "packageNamePrefixes": ["a"]}),
                says="the newest of some packages",
            ),
            Example(
                "dev",
                "more",
                add(
                    "artifactregistry/repository:Repository",
                    "more",
                    format="DOCKER",
                    cleanupPolicies=[{"id": "all", "action": "DELETE", "condition": {"tagState": "ANY"}}],
                ),
                says="deleted within a day",
            ),
            Example(
                "dev",
                "more",
                add("artifactregistry/repository:Repository", "more", format="PYTHON"),
                says="stays for ever",
            ),
            *(
                Example(
                    "dev",
                    "more",
                    add("artifactregistry/repository:Repository", "more", cleanupPolicies=[*each]),
                    says=says,
                )
                for says, *each in (
                    ("all that is older than 365 days", _DELETES | {"condition": {"olderThan": "3153600000s"}}),
                    (
                        "all that is older than 365 days",
                        _DELETES | {"condition": _MONTH | {"packageNamePrefixes": ["a"]}},
                    ),
                    ("the newest 100000 stay", _MONTHLY, _KEEPS | {"mostRecentVersions": {"keepCount": 100000}}),
                    ("keeps a, b for ever", _MONTHLY, _KEEPS | {"condition": {"tagPrefixes": ["a", "b"]}}),
                )
            ),
            Example(
                "dev",
                "more",
                add(
                    "storage/bucket:Bucket",
                    "more",
                    lifecycleRules=[{"action": {"type": "Delete"}, "condition": {"age": 0}}],
                ),
                says="deleted within a day",
            ),
        ),
        keeps=(
            Example("dev", "data", bucket("labels", {"a": "b"})),
            Example("dev", "docker", _keeping(condition={"tagState": "TAGGED", "tagPrefixes": ["deployed"]})),
            Example("dev", "-", add("artifactregistry/repository:Repository", "more", mode="VIRTUAL_REPOSITORY")),
            Example("dev", "more", add("artifactregistry/repository:Repository", "more", cleanupPolicies=[_MONTHLY])),
        ),
    ),
)

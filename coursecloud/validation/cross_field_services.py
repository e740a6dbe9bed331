"""Rules between the inputs of builds, services, registries, secrets and federation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from coursecloud.validation.path_view import Broken, View, several, stated

_UNITS = {"M": 10**6, "G": 10**9, "Mi": 2**20, "Gi": 2**30}


def trigger_has_one_build(trigger: View) -> Iterator[Broken]:
    """What a trigger runs is said in one way."""
    ways: list[str] = stated("trigger-build")["ways"]
    if several([trigger[name] for name in ways]) not in (None, 1):
        yield Broken("trigger-build", trigger[ways[1]])


def trigger_has_one_event(trigger: View) -> Iterator[Broken]:
    """Something starts a trigger, and an event of a repository is a push or a pull request, of a branch or a tag."""
    events: list[str] = stated("trigger-event")["ways"]
    if several([trigger[name] for name in events]) == 0:
        yield Broken("trigger-event", trigger["github"])
    for event in (trigger["github"], trigger["repositoryEventConfig"], trigger["developerConnectEventConfig"]):
        if not event.given or event.unknown or not isinstance(event.value, Mapping):
            continue
        if several([event["push"], event["pullRequest"]]) not in (None, 1):
            yield Broken("trigger-kind", event["push"])
        push = event["push"]
        if (push.entries or push.value == {}) and several([push["branch"], push["tag"]]) not in (None, 1):
            yield Broken("trigger-push", push["branch"])


def instances_are_in_order(service: View) -> Iterator[Broken]:
    """At least is not more than at most; a most of 0 is Google's own default."""
    least, most = (service[f"template.scaling.{name}InstanceCount"] for name in ("min", "max"))
    if least.number is not None and most.number and 0 < most.number < least.number:
        yield Broken("instances", least, {"most": most.number})


def memory_fits_cpu(service: View) -> Iterator[Broken]:
    """So many CPUs go with memory from so much to so much."""
    rows: Mapping[str, list[int]] = stated("memory")["mebibytes"]
    for container in service["template.containers"]:
        limits = container["resources.limits"]
        cpu = limits["cpu"].text.removesuffix("000m")
        written = re.fullmatch(r"([1-9][0-9]*)(Mi|Gi|M|G)", limits["memory"].text)
        # A part of a CPU can have no more than a whole one.
        row = rows.get(cpu) or (rows["1"] if re.fullmatch(r"0\.[0-9]+|[0-9]{2,3}m", cpu) else None)
        if row is None or written is None:  # broken on their own, or not known
            continue
        size = int(written[1]) * _UNITS[written[2]]
        low, high = row
        if not low * 2**20 <= size <= high * 2**20:
            yield Broken("memory", limits["memory"], {"cpu": cpu, "low": low, "high": high})


def variables_differ(service: View) -> Iterator[Broken]:
    """A container has each variable once."""
    for container in service["template.containers"]:
        seen: set[str] = set()
        for variable in container["envs"]:
            name = variable["name"]
            if name.text in seen:
                yield Broken("variable-twice", name)
            seen |= {name.text} - {""}


def variables_fit(service: View) -> Iterator[Broken]:
    """A container has so many variables, and each so many bytes."""
    most, size = stated("variables")["most"], stated("variables")["bytes"]
    words = {"most": most, "bytes": size}
    for container in service["template.containers"]:
        variables = list(container["envs"])
        if len(variables) > most:
            yield Broken("variables", container["envs"], words)
        for variable in variables:
            if len(variable["value"].text.encode()) > size:
                yield Broken("variables", variable["value"], words)


def cleanup_policy_says_when(repository: View) -> Iterator[Broken]:
    """A policy has a condition; to keep the most recent versions is a policy of Keep only."""
    for policy in repository["cleanupPolicies"]:
        ways = [policy["condition"], policy["mostRecentVersions"]]
        action = policy["action"].text
        if action == "KEEP" and several(ways) not in (None, 1):
            yield Broken("cleanup-keep", ways[0])
        if action == "DELETE" and ways[1].given and not ways[1].unknown:
            yield Broken("cleanup-recent", ways[1])


def replication_is_one(secret: View) -> Iterator[Broken]:
    """A secret is replicated in one of two ways."""
    replication = secret["replication"]
    known = replication.value is None or isinstance(replication.value, Mapping)
    if known and several([replication["auto"], replication["userManaged"]]) not in (None, 1):
        yield Broken("replication", replication)


def subject_is_mapped(provider: View) -> Iterator[Broken]:
    """Who an identity of OpenID Connect is must be mapped; AWS has a mapping of its own."""
    mapped = provider["attributeMapping"]
    known = mapped.value is None or isinstance(mapped.value, Mapping)
    if provider["oidc"].given and known and not mapped.unknown and "google.subject" not in mapped.entries:
        yield Broken("subject", mapped)

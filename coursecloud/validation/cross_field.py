"""Rules between the inputs of a resource, or of several: the functions that judge.

The files of catalog/types name theirs. What a rule says, where that was read, and its limits are data: `between` in
catalog/api-facts.json.
"""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from catalog import types
from coursecloud.plan.registration import Registration
from coursecloud.validation import cross_field_hardware as hardware
from coursecloud.validation import cross_field_machines as machines
from coursecloud.validation import cross_field_services as services
from coursecloud.validation.path_view import Broken, View, stated

Rule = Callable[[View], Iterator[Broken]]
"""Judges the inputs of one resource."""


def labels_are_few(inputs: View) -> Iterator[Broken]:
    """A resource has at most so many labels."""
    most: int = stated("labels")["most"]
    for path in ("labels", "userLabels", "bootDisk.initializeParams.labels"):
        if (count := len(inputs[path].entries)) > most:
            yield Broken("labels", inputs[path], {"count": count, "most": most})


def condition_is_complete(inputs: View) -> Iterator[Broken]:
    """A condition of a grant has a title and an expression."""
    condition = inputs["condition"]
    if condition.given and isinstance(condition.value, Mapping) and not condition.unknown:
        for name in ("title", "expression"):
            if not condition[name].given:
                yield Broken("condition", condition[name], {"name": name})


EVERYWHERE: tuple[Rule, ...] = (labels_are_few, condition_is_complete)
"""The rules that hold for every type."""

RULES: Mapping[str, Rule] = {
    rule.__name__: rule
    for rule in (
        hardware.boot_disk_fits_machine,
        hardware.disk_size_fits_type,
        hardware.image_fits_processor,
        hardware.local_ssd_may_go,
        hardware.machine_is_migrated,
        hardware.machine_is_sold_so,
        machines.disk_is_in_zone,
        machines.firewall_allows_or_denies,
        machines.gpu_count_exists,
        machines.gpu_fits_machine,
        machines.gpu_is_not_migrated,
        machines.metadata_fits,
        machines.ports_have_a_protocol,
        machines.run_ends_somehow,
        machines.spot_is_not_restarted,
        machines.spot_is_preemptible,
        machines.subnet_is_in_region,
        services.cleanup_policy_says_when,
        services.instances_are_in_order,
        services.memory_fits_cpu,
        services.replication_is_one,
        services.subject_is_mapped,
        services.trigger_has_one_build,
        services.trigger_has_one_event,
        services.variables_differ,
        services.variables_fit,
    )
}
"""The rules that files of types name (`between`)."""


def judge(token: str, inputs: Mapping[str, Any]) -> Iterator[Broken]:
    """Hold the inputs of one resource against the rules of its type."""
    view, known = View(inputs), types.of(token)
    for rule in (*EVERYWHERE, *(RULES[name] for name in (known.between if known else ()))):
        yield from rule(view)


def across(resources: Iterable[Registration]) -> dict[str, list[Broken]]:
    """Hold resources against each other; by the URN of the one to change."""
    found: dict[str, list[Broken]] = {}
    listed = list(resources)
    for resource, broken in (
        *subnets_do_not_overlap(listed),
        *hardware.disks_fit_machines(listed),
        *policy_has_room(listed),
    ):
        found.setdefault(resource.urn, []).append(broken)
    return found


def subnets_do_not_overlap(resources: Iterable[Registration]) -> Iterator[tuple[Registration, Broken]]:
    """The ranges of one network have no address in common; the later one of two is to change."""
    subnets = [
        (resource, View(resource.inputs), network)
        for resource in resources
        if resource.type == "gcp:compute/subnetwork:Subnetwork"
        and (network := _network(View(resource.inputs)["ipCidrRange"].text))
    ]
    for (first, one, range_), (second, other, later) in itertools.combinations(subnets, 2):
        same = all(one[name].text and one[name].text == other[name].text for name in ("project", "network"))
        if same and range_.overlaps(later):
            words = {"range": range_, "other": first.name}
            yield second, Broken("subnet-overlap", other["ipCidrRange"], words)


def policy_has_room(resources: Iterable[Registration]) -> Iterator[tuple[Registration, Broken]]:
    """The policy of a project holds so many principals, each counted once a role; the first too many is to change."""
    most: int = stated("policy-size")["most"]
    grants = [each for each in resources if each.type == "gcp:projects/iAMMember:IAMMember"]
    for grant in grants[most : most + 1]:
        yield grant, Broken("policy-size", View(grant.inputs)["member"], {"most": most, "count": len(grants)})


def _network(text: str) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(text)
    except ValueError:
        return None

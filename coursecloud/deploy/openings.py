"""What was opened by hand beside a stack, where Pulumi's refresh looks at what it made itself and sees nothing of it.

Grants on the stack's own things, firewall rules and peerings of its network, keys of its service accounts, providers of
its federation. It asks once for each thing with a policy, each account's keys and each pool, and three times beside.
"""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from coursecloud.common.console import visible
from coursecloud.deploy import iam_policies
from coursecloud.deploy.cloud import Cloud, CloudError, escaped, together, unread
from coursecloud.deploy.iam_policies import PROJECT, LiveGrant, Own, Target
from coursecloud.plan.grants import is_public

Json = dict[str, Any]

NETWORK = "gcp:compute/network:Network"
FIREWALL = "gcp:compute/firewall:Firewall"
PROVIDER = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
WORLD = ("0.0.0.0/0", "::/0")
PAGES = 5
"""Pages of a list that are read at most; of one that is longer nothing is said but that."""
SECONDS = 120
"""How long to wait for a firewall rule to go."""


@dataclass(frozen=True)
class Opening:
    """Something that is open, and that the state does not hold."""

    resource: str
    """What is open, in words: `Bucket data (project-dev-data)`."""
    says: str
    """To whom, and what they may do."""
    command: str
    """The gcloud command that closes it, to copy."""
    public: bool = False
    """Everybody on the internet comes in."""
    grant: tuple[Target, LiveGrant] | None = None
    path: str = ""
    """What a deletion of it would be asked for: `compute projects/p/global/firewalls/f`."""

    @property
    def closable(self) -> bool:
        """`close` closes it; of the rest only people know whether something depends on it."""
        return bool(self.grant or self.path)

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.resource}: {self.says}"


@dataclass(frozen=True)
class Openings:
    """What is open, gravest first, and what could not be looked at (`not read: ...`)."""

    openings: tuple[Opening, ...]
    unread: tuple[str, ...]


def look(cloud: Cloud, resources: Sequence[Json], project: str) -> Openings:
    """Look at all that can be opened by hand of a state's things. Raises nothing: what was not read says so."""
    unseen: list[str] = []
    ours = iam_policies.own(resources, project, iam_policies.project_number(resources) or _number(cloud, project))
    held, whole = iam_policies.granted(resources)
    jobs: list[tuple[str, Callable[[], Iterable[Opening]]]] = [
        (
            f"who may use {target.called}",
            functools.partial(_strangers, cloud, target, held.get(target.key, set()), ours),
        )
        for target in iam_policies.targets(resources, project)
        if target.key not in whole
    ]
    for network in _of(resources, NETWORK):
        jobs += [
            (f"firewall rules of {_end(network)}", functools.partial(_rules, cloud, network, resources)),
            (f"peerings of {_end(network)}", functools.partial(_peerings, cloud, network, resources)),
        ]
    accounts = _of(resources, iam_policies.ACCOUNT)
    jobs += [(f"keys of {_end(account)}", functools.partial(_keys, cloud, account)) for account in accounts]
    if accounts:
        jobs.append(("HMAC keys", functools.partial(_hmac_keys, cloud, project, ours)))
    for pool in _of(resources, iam_policies.POOL):
        jobs.append((f"providers of {_end(pool)}", functools.partial(_providers, cloud, pool, resources)))

    def safely(what: str, job: Callable[[], Iterable[Opening]]) -> list[Opening]:
        try:
            return list(job())
        except CloudError as error:
            # What was deleted by hand is no opening; whoever looks for what is missing says that.
            if not error.gone:
                unseen.append(unread(what, error))
            return []

    found = [each for some in together([functools.partial(safely, *job) for job in jobs]) for each in some]
    return Openings(tuple(sorted(found, key=lambda opening: not opening.public)), tuple(sorted(unseen)))


def in_the_way(cloud: Cloud, resources: Sequence[Json]) -> list[Opening]:
    """List the firewall rules, of whatever kind, on the state's networks that the state does not hold.

    Raises CloudError.
    """
    names = {_end(each) for each in _of(resources, FIREWALL)}
    found: list[Opening] = []
    for network in _of(resources, NETWORK):
        project = network.split("/")[1]
        rules, _ = cloud.pages("compute", f"projects/{project}/global/firewalls", "items", most=PAGES, maxResults="500")
        for rule in rules:
            name = str(rule.get("name"))
            if str(rule.get("network")).endswith(f"/{network}") and name not in names:
                path = f"projects/{project}/global/firewalls/{escaped(name)}"
                command = f"gcloud compute firewall-rules delete {shlex.quote(name)} --project={project}"
                found.append(
                    Opening(f"Network {_end(network)}", f"firewall rule {name}", command, path=f"compute {path}")
                )
    return found


def machines_on(cloud: Cloud, resources: Sequence[Json]) -> list[str]:
    """Name the machines on the state's networks that the state does not hold, as `NAME (ZONE)`. Raises CloudError."""
    known, found = set(_of(resources, "gcp:compute/instance:Instance")), set[str]()
    for network in _of(resources, NETWORK):
        project = network.split("/")[1]
        answer = cloud.get("compute", f"projects/{project}/aggregated/instances", maxResults="500")
        for scope in cast("dict[str, Json]", answer.get("items") or {}).values():
            for machine in cast("list[Json]", scope.get("instances") or []):
                path = str(machine.get("selfLink")).partition("/v1/")[2]
                wired = cast("list[Json]", machine.get("networkInterfaces") or [])
                if path not in known and any(str(each.get("network")).endswith(f"/{network}") for each in wired):
                    found.add(f"{_end(path)} ({path.split('/')[3]})")
    return sorted(found)


def close(cloud: Cloud, opening: Opening) -> None:
    """Close an opening, and nothing else; one that is closed already is no error.

    Raises CloudError where Google refuses, and ValueError for one that is not `closable`.
    """
    if opening.grant:
        iam_policies.revoke(cloud, *opening.grant)
        return
    if not opening.path:
        raise ValueError(f"{opening}: this is closed by people only: {opening.command}")
    api, _, path = opening.path.partition(" ")
    try:
        begun = cloud.call("DELETE", api, path)
        if api == "compute":
            cloud.done(begun, path.split("/")[1], SECONDS)
    except CloudError as error:
        if not error.gone:
            raise


def _strangers(cloud: Cloud, target: Target, known: Iterable[LiveGrant], ours: Own) -> Iterator[Opening]:
    for grant in iam_policies.strange(target, iam_policies.read(cloud, target), known, ours):
        kind = "Project" if target.type == PROJECT else target.type.rpartition(":")[2]
        called = f" ({target.name})" if target.called != target.name else ""
        who = f"everybody on the internet ({grant.member})" if is_public(grant.member) else grant.member
        # The one text of these that Google lets be anything.
        condition = f", while {visible(grant.expression)}" if grant.expression else ""
        yield Opening(
            f"{kind} {target.called}{called}",
            f"{who} has {grant.role}{condition}",
            target.remove(grant),
            is_public(grant.member),
            (target, grant),
        )


def _rules(cloud: Cloud, network: str, resources: Sequence[Json]) -> Iterator[Opening]:
    project = network.split("/")[1]
    rules = _all(cloud, "compute", f"projects/{project}/global/firewalls", "items", maxResults="500")
    yield from opened(rules, network, _of(resources, FIREWALL))


def opened(rules: Iterable[Json], network: str, known: Iterable[str]) -> Iterator[Opening]:
    """List the firewall rules that let something into a network and are not among the `known`. Pure.

    A rule that denies, that is switched off, or that is about what goes out, opens nothing.
    """
    project, names = network.split("/")[1], {_end(each) for each in known}
    for rule in rules:
        name = str(rule.get("name"))
        here = str(rule.get("network")).endswith(f"/{network}")
        lets_in = rule.get("allowed") and rule.get("direction", "INGRESS") == "INGRESS" and not rule.get("disabled")
        if not (here and lets_in) or name in names:
            continue
        ranges = cast("list[str]", rule.get("sourceRanges") or [])
        sources = [*ranges, *cast("list[str]", rule.get("sourceTags") or rule.get("sourceServiceAccounts") or [])]
        world = any(each in WORLD for each in ranges)
        everybody = " (everybody on the internet)" if world else ""
        ports = ", ".join(_ports(each) for each in cast("list[Json]", rule["allowed"]))
        yield Opening(
            f"Network {_end(network)}",
            f"firewall rule {name} lets {ports} in from {', '.join(sources)}{everybody}",
            f"gcloud compute firewall-rules delete {shlex.quote(name)} --project={project}",
            world,
            path=f"compute projects/{project}/global/firewalls/{escaped(name)}",
        )


def _ports(allowed: Json) -> str:
    protocol, ports = str(allowed.get("IPProtocol")), cast("list[str]", allowed.get("ports") or [])
    return f"{'everything' if protocol == 'all' else protocol}{':' if ports else ''}{','.join(ports)}"


def _peerings(cloud: Cloud, network: str, resources: Sequence[Json]) -> Iterator[Opening]:
    """What else a network may be entered by: another network, and a policy with rules of its own."""
    found, project, name = cloud.get("compute", network), network.split("/")[1], shlex.quote(_end(network))
    declared = {str(each.get("type")).rpartition(":")[2] for each in resources}
    for peering in [] if "NetworkPeering" in declared else cast("list[Json]", found.get("peerings") or []):
        called = str(peering.get("name"))
        command = f"gcloud compute networks peerings delete {shlex.quote(called)} --network={name} --project={project}"
        yield Opening(f"Network {name}", f"peering {called} lets network {peering.get('network')} in", command)
    if (policy := found.get("firewallPolicy")) and "NetworkFirewallPolicyAssociation" not in declared:
        command = f"gcloud compute network-firewall-policies describe {shlex.quote(_end(str(policy)))} --global"
        yield Opening(f"Network {name}", f"firewall policy {_end(str(policy))} has rules of its own", command)


def _keys(cloud: Cloud, account: str) -> Iterator[Opening]:
    """Keys that somebody made: whoever has the file is the account. Google makes and renews keys of its own."""
    answer = cloud.get("iamBeta", f"{account}/keys", keyTypes="USER_MANAGED")
    for key in cast("list[Json]", answer.get("keys") or []):
        # The filter is held to what it asks for: a list of Google's own keys would be a false alarm at each look.
        if key.get("disabled") or key.get("keyType", "USER_MANAGED") != "USER_MANAGED":
            continue
        name, email = _end(str(key.get("name"))), _end(account)
        until = str(key.get("validBeforeTime") or "")
        ends = "" if not until or until.startswith("9999") else f", until {until[:10]}"
        yield Opening(
            f"Account {email}",
            f"whoever has key {name[:12]}, made {str(key.get('validAfterTime'))[:10]}, is this account{ends}",
            f"gcloud iam service-accounts keys delete {shlex.quote(name)} --iam-account={shlex.quote(email)}",
        )


def _hmac_keys(cloud: Cloud, project: str, ours: Own) -> Iterator[Opening]:
    """Keys for Cloud Storage's older protocol, which let in as an account too."""
    for key in _all(cloud, "storage", f"projects/{project}/hmacKeys", "items"):
        email, name = str(key.get("serviceAccountEmail")), str(key.get("accessId"))
        if email in ours.accounts and key.get("state") == "ACTIVE":
            said = f"whoever has HMAC key {name[:12]}, made {str(key.get('timeCreated'))[:10]}, reads and writes as it"
            command = f"gcloud storage hmac update {shlex.quote(name)} --deactivate --project={project}"
            yield Opening(f"Account {email}", said, command)


def _providers(cloud: Cloud, pool: str, resources: Sequence[Json]) -> Iterator[Opening]:
    known = {_end(each) for each in _of(resources, PROVIDER)}
    for provider in _all(cloud, "iamBeta", f"{pool}/providers", "workloadIdentityPoolProviders"):
        name = _end(str(provider.get("name")))
        if name in known or provider.get("disabled"):
            continue
        issuer = str(cast("Json", provider.get("oidc") or {}).get("issuerUri") or "another identity provider")
        condition = (
            f" where {visible(str(provider['attributeCondition']))}" if provider.get("attributeCondition") else ""
        )
        project = pool.split("/")[1]
        yield Opening(
            f"WorkloadIdentityPool {_end(pool)}",
            f"provider {name} lets in whom {issuer} vouches for{condition}",
            f"gcloud iam workload-identity-pools providers delete {shlex.quote(name)} --location=global"
            f" --workload-identity-pool={shlex.quote(_end(pool))} --project={project}",
            path=f"iamBeta {pool}/providers/{escaped(name)}",
        )


def _all(cloud: Cloud, api: str, path: str, key: str, **parameters: str) -> list[Json]:
    """Read a list to its end, or raise CloudError: what is left out could be what is open."""
    found, more = cloud.pages(api, path, key, most=PAGES, **parameters)
    if more:
        raise CloudError(200, f"there are more than {len(found)}, and the rest was not looked at")
    return cast("list[Json]", found)


def _number(cloud: Cloud, project: str) -> str:
    try:
        return str(cloud.get("resourceManager", f"projects/{escaped(project)}").get("projectNumber") or "")
    except CloudError:
        return ""  # then Google's own agents are named like everybody else


def _of(resources: Iterable[Json], kind: str) -> list[str]:
    """List the ids of a state's resources of a type."""
    found = [each for each in resources if each.get("type") == kind and each.get("id") and not each.get("delete")]
    return [str(each["id"]) for each in found]


def _end(path: str) -> str:
    return path.rpartition("/")[2]

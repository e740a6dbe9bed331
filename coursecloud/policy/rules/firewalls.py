"""Firewalls: nothing comes in but SSH through Identity-Aware Proxy."""

import ipaddress
from collections.abc import Iterator

from coursecloud.plan.registration import Registration
from coursecloud.policy import expected
from coursecloud.policy.example import Example, add, firewall, open_to_all, then
from coursecloud.policy.reading import at, entries, is_true
from coursecloud.policy.rule import AmongRule, ResourceRule, Stack
from infra.settings import Settings

_FIREWALLS = frozenset({"compute.Firewall"}).__contains__
_WITH_PORTS = ("tcp", "6", "udp", "17", "sctp", "132")
_LARGEST = 2**24
"""Addresses of a /8: a public range as large as that is the internet cut into pieces."""
_LARGEST_6 = 2**32
"""Subnets of 64 bits of a /32, the same for IPv6."""


def _lets_in(firewall: Registration) -> bool:
    inputs = firewall.inputs
    return (
        at(inputs, "direction", "INGRESS") == "INGRESS"
        and not is_true(at(inputs, "disabled"))
        and bool(list(entries(inputs, "allows")))
    )


def _sources(firewall: Registration) -> Iterator[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Give the ranges that a rule lets in; none given at all, nor tags or accounts, means the whole internet."""
    given = ("sourceRanges", "sourceTags", "sourceServiceAccounts")
    if not any(at(firewall.inputs, key) for key in given):
        yield ipaddress.ip_network("0.0.0.0/0")
    for text in entries(firewall.inputs, "sourceRanges"):
        try:
            yield ipaddress.ip_network(str(text), strict=False)
        except ValueError:
            continue  # the API refuses it; there is nothing that it would open


def _together(firewall: Registration, stack: Stack) -> Iterator[str]:
    """Add up what all rules of the stack let in: a hundred small ranges are the internet, too.

    Left out is what is anybody by itself, which is named as that, and Google's proxy, which asks who somebody is.
    """
    if not _lets_in(firewall) or not (own := [*filter(_counts, _sources(firewall))]):
        return
    others = [r for r in stack.of("compute.Firewall") if _lets_in(r)]
    ranges = [each for other in others for each in _sources(other) if _counts(each)]
    for version, most, unit in ((4, _LARGEST, 1), (6, _LARGEST_6, 2**64)):
        listed = [each for each in ranges if each.version == version]
        total = sum(each.num_addresses for each in ipaddress.collapse_addresses(listed)) // unit  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType, reportUnknownArgumentType, reportArgumentType, reportCallIssue]
        if total >= most and any(each.version == version for each in own):
            yield f"with the other ranges that the stack lets in it opens {total:,} addresses of IPv{version}"


def _public(source: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    return source.prefixlen == 0 or not source.is_private


def _counts(source: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    return _public(source) and not _wide(source) and str(source) != expected.IAP_RANGE


def _wide(source: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    if source.prefixlen == 0:
        return True
    private = source.is_private and source.version == 4
    return not private and (source.num_addresses >= _LARGEST if source.version == 4 else source.prefixlen < 32)


def _open(firewall: Registration, _: Settings) -> Iterator[str]:
    if _lets_in(firewall):
        for source in filter(_wide, _sources(firewall)):
            yield f"it lets {source} in, that is anybody"


def _reaches_ssh(firewall: Registration) -> bool:
    for allowed in entries(firewall.inputs, "allows"):
        if str(at(allowed, "protocol")).lower() not in ("tcp", "6", "all"):
            continue
        ports = [str(port) for port in entries(allowed, "ports")]
        if not ports or any(_covers(port, 22) for port in ports):
            return True
    return False


def _covers(ports: str, port: int) -> bool:
    low, _, high = ports.partition("-")
    return low.isdigit() and int(low) <= port <= int(high if high.isdigit() else low)


def _ssh(firewall: Registration, _: Settings) -> Iterator[str]:
    if not _lets_in(firewall) or not _reaches_ssh(firewall):
        return
    for source in _sources(firewall):
        inside = source.is_private and source.prefixlen > 0
        if str(source) != expected.IAP_RANGE and not inside and not _wide(source):
            yield f"it lets {source} reach port 22 past Identity-Aware Proxy"


def _ports(firewall: Registration, _: Settings) -> Iterator[str]:
    """Want ports named: without any, every program that listens is reached, now and later."""
    if _lets_in(firewall):
        for allowed in entries(firewall.inputs, "allows"):
            protocol = str(at(allowed, "protocol")).lower()
            if protocol == "all" or (protocol in _WITH_PORTS and not list(entries(allowed, "ports"))):
                yield f"it names no ports of {'any protocol' if protocol == 'all' else protocol}, and so opens all"


RULES = (
    ResourceRule(
        id="firewall-not-open",
        title="Nothing is open to the internet",
        why="Open ports are found by scanners within minutes; a miner on a GPU spends the credit overnight.",
        remedy=f"Let in {expected.IAP_RANGE} (Identity-Aware Proxy) or ranges of the stack's own network only.",
        severity="critical",
        applies=_FIREWALLS,
        check=_open,
        cis=("3.6", "3.7"),
        breaks=(
            Example(
                "dev", "ssh-from-iap", firewall("sourceRanges", ["0.0.0.0/0"]), says="0.0.0.0/0", checkov=("CKV_GCP_2",)
            ),
            Example("dev", "ssh-from-iap", open_to_all(["3389"]), says="0.0.0.0/0", checkov=("CKV_GCP_3",)),
            Example("dev", "ssh-from-iap", open_to_all(["21"]), says="0.0.0.0/0", checkov=("CKV_GCP_75",)),
            Example("dev", "ssh-from-iap", open_to_all(["20"]), says="0.0.0.0/0", checkov=("CKV_GCP_77",)),
            Example("dev", "ssh-from-iap", open_to_all(["80"]), says="0.0.0.0/0", checkov=("CKV_GCP_106",)),
            Example(
                "dev",
                "ssh-from-iap",
                then(firewall("allows", [{"protocol": "all"}]), firewall("sourceRanges", ["0.0.0.0/0"])),
                says="0.0.0.0/0",
                checkov=("CKV2_GCP_12",),
            ),
        ),
        keeps=(Example("dev", "ssh-from-iap", firewall("sourceRanges", ["10.0.0.0/8"])),),
    ),
    AmongRule(
        id="firewall-not-open-together",
        title="Ranges do not add up to the internet",
        why="Many small ranges, in one rule or in several, let in as many as one that stands for everybody.",
        remedy=f"Let in {expected.IAP_RANGE} (Identity-Aware Proxy) or ranges of the stack's own network only.",
        severity="critical",
        applies=_FIREWALLS,
        check=_together,
        breaks=(
            Example(
                "dev",
                "ssh-from-iap",
                firewall("sourceRanges", [f"{number}.0.0.0/9" for number in range(20, 24)]),
                says="33,554,432 addresses of IPv4",
            ),
            Example(
                "dev",
                "ssh-from-iap",
                then(
                    firewall("sourceRanges", ["2000::/32"]),
                    add("compute/firewall:Firewall", "more", allows=[{"protocol": "tcp"}], sourceRanges=["2600::/32"]),
                ),
                says="addresses of IPv6",
            ),
        ),
        keeps=(Example("dev", "ssh-from-iap", firewall("sourceRanges", ["20.0.0.0/9", "10.0.0.0/8"])),),
    ),
    ResourceRule(
        id="firewall-ssh-through-iap",
        title="SSH comes through Identity-Aware Proxy",
        why="IAP asks who somebody is before a packet reaches the machine; an address range does not.",
        remedy=f'Set source_ranges=["{expected.IAP_RANGE}"] and use `gcloud compute ssh --tunnel-through-iap`.',
        severity="high",
        applies=_FIREWALLS,
        check=_ssh,
        cis=("3.6",),
        breaks=(Example("dev", "ssh-from-iap", firewall("sourceRanges", ["130.226.0.0/16"]), says="130.226.0.0/16"),),
        keeps=(
            Example(
                "dev",
                "ssh-from-iap",
                then(
                    firewall("sourceRanges", ["1.2.3.4/32"]),
                    firewall("allows", [{"protocol": "tcp", "ports": ["443"]}]),
                ),
            ),
        ),
    ),
    ResourceRule(
        id="firewall-names-ports",
        title="A firewall rule names the ports that it opens",
        why="Without ports a notebook, a database or a debugger that somebody starts tomorrow is open, too.",
        remedy='Set ports, e.g. ports=["22"].',
        severity="medium",
        applies=_FIREWALLS,
        check=_ports,
        breaks=(
            Example("dev", "ssh-from-iap", firewall("allows", [{"protocol": "tcp"}]), says="no ports of tcp"),
            Example("dev", "ssh-from-iap", firewall("allows", [{"protocol": "all"}]), says="any protocol"),
        ),
        keeps=(Example("dev", "ssh-from-iap", firewall("allows", [{"protocol": "icmp"}])),),
    ),
)

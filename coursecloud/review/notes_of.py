"""What a reader has to know of the two sides of a stack before they read its changes."""

from collections.abc import Iterable, Iterator

from coursecloud.diff.changes import Change
from coursecloud.plan import gpu_quota
from coursecloud.plan.planning import Plan
from coursecloud.review.quoting import quoted
from infra.settings.lease import Lease

INSTANCE = "gcp:compute/instance:Instance"


def sides(name: str, before: Plan | None, after: Plan | None, telling: Iterable[Change]) -> Iterator[str]:
    """Say what a reader has to know of the two sides before they read the changes."""
    if before and after and before.settings.stack != after.settings.stack:
        yield f"stack '{before.settings.stack}' is compared with stack '{after.settings.stack}'"
    if before is not None and after is None:
        yield (
            "merging deletes nothing by itself: what is deployed stays and bills. Before merging, take it down with"
            f" {quoted(f'make finish STACK={name}')}"
        )
    if before and after and (sooner := _access_ends(before.settings.lease, after.settings.lease)):
        yield sooner
    had = {(need.quota, need.region): need.count for need in gpu_quota.needs(before.settings)} if before else {}
    asked = gpu_quota.needs(after.settings) if after else []
    if more := [need for need in asked if need.count > had.get((need.quota, need.region), 0)]:
        listed = ", ".join(f"{need.count} for '{need.quota}' in {need.region}" for need in more)
        yield f"it fails unless Google has raised a quota, which takes hours to days: {listed} (the plan has the words)"
    if any(change.goes and change.before and change.before.type == INSTANCE for change in telling):
        yield "a machine that goes takes its boot disk along; files on its data disk stay as long as that disk does"


def _access_ends(old: Lease, new: Lease) -> str:
    """Say that the members' access ends sooner than before; empty where it does not."""
    was, will = old.kept_until, new.kept_until
    if will is None or (was is not None and was <= will):
        return ""
    return f"members' access ends sooner: with {will}, before the change {f'with {was}' if was else 'without an end'}"

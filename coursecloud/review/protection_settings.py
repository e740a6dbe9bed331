"""What of the stack file alone is made weaker: limits, exceptions, credit and lease, evenings."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from catalog.types.parts import About
from coursecloud.cost import Estimate
from coursecloud.plan.planning import Plan
from coursecloud.policy.rule import by_id
from coursecloud.policy.rules.stack import allowed_regions
from coursecloud.review import protection_builds, protection_comers, protection_counted, protection_money
from coursecloud.review.money import Findings
from coursecloud.review.protection import Weaker
from coursecloud.review.quoting import quoted
from infra.settings import Settings
from infra.settings.guardrails import GuardrailException
from infra.settings.machines import Machine

_NONE = "(none)"


def weaker(before: Plan, after: Plan, now: Estimate | None) -> Iterator[Weaker]:
    """List what the settings make weaker; `now`, the estimate after the change, says what could then be spent."""
    old, new = before.settings, after.settings
    yield from protection_money.weaker(old, new, now)
    yield from _lease(old, new, now)
    yield from _exceptions(old, new)
    yield from _allowed(old, new)
    yield from _evening(old, new, now)
    yield from protection_counted.weaker(old, new, now)
    yield from protection_builds.weaker(old, new)
    yield from _of_no_resource(old, new)
    yield from _new_machines(old, new)
    yield from _let_in(old, new)


def comes(after: Plan, now: Estimate | None) -> Iterator[Weaker]:
    """List what the stack file of a stack that comes takes beyond what holds every stack unless given."""
    new = after.settings
    given = Settings(stack=new.stack, project=new.project)
    lease: dict[str, object] = {"max_per_hour": given.lease.max_per_hour}
    if new.lease.credit.currency != given.lease.credit.currency:
        lease = {}
    lease |= {name: getattr(given.lease, name) for name in ("alerts", "grace_days", "reserve", "working_hours")}
    training = new.training.model_copy(update={"timeout": given.training.timeout})
    own = ("allow", "guardrails", "prices", "machines", "builds", "usage", "storage", "registry")
    update: dict[str, object] = {**{name: getattr(given, name) for name in own}, "training": training}
    old = new.model_copy(update=update | {"lease": new.lease.model_copy(update=lease)})
    credit, usual = new.lease.credit, given.lease.credit
    rate = protection_counted.rate(now)
    if rate is None or credit.amount * rate > usual.amount:
        then = "every rule on money takes that for there; a line in a file brings no credit to Google's account"
        was = f"{usual.amount:g} {usual.currency} unless given"
        yield Weaker("money", "`lease.credit`", was, f"{credit.amount:g} {credit.currency}", then)
    yield from protection_money.weaker(old, new, None)
    yield from _lease(old, new, now)
    yield from _exceptions(old, new)
    yield from _allowed(old, new)
    yield from protection_counted.weaker(old, new, now)
    yield from protection_builds.weaker(old, new)
    yield from _of_no_resource(old, new)
    yield from _new_machines(old, new, code=False)
    yield from protection_comers.told(given, new)
    yield from _let_in(old.model_copy(update={"course": given.course}), new)


def _of_no_resource(old: Settings, new: Settings) -> Iterator[Weaker]:
    """List what no resource follows, and what people are told or kept from by."""
    was, will = old.lease.alerts, new.lease.alerts
    if any(each not in will for each in was):
        then = "nobody is told when that part of the credit is spent"
        before, after = (_listed(f"{each:g}" for each in side) for side in (was, will))
        yield Weaker("notice", "`lease.alerts`", before, after, then)
    was, will = (each.training.region or each.region for each in (old, new))
    if was != will and new.training.enabled and old.region == new.region:
        then = "jobs run there, and what they read and write goes there: other prices, other laws"
        yield Weaker("money", "`training.region`", was, will, then)
    for name in sorted(old.services.keys() & new.services.keys()):
        was, will = old.services[name].deployed_by, new.services[name].deployed_by
        if was != will and will:
            then = "what that trigger builds is what runs, as the account of the services, and no longer `image`"
            yield Weaker("access", quoted(f"services.{name}.deployedBy"), was or "(the stack file)", will, then)


def _let_in(old: Settings, new: Settings) -> Iterator[Weaker]:
    """List whom of the course the file newly names, and another place for the state."""
    may = {"look": "see", "stop": "stop", "deploy": "change and delete"}
    for name, does in may.items():
        was, will = (getattr(each.course.accounts, name) for each in (old, new))
        if will and was != will:
            then = f"`coursecloud course join` lets that account {does} what is in the project: is it your course's?"
            yield Weaker("access", f"`course.accounts.{name}`", was or _NONE, will, then)
    was, will = (each.course.nightly for each in (old, new))
    if was != will and will != "stop":
        then = {"no": "the course stops no forgotten machine at night", "down": "at night what is not kept is deleted"}
        yield Weaker("money" if will == "no" else "data", "`course.nightly`", was, will, then[will])
    was, will = (each.course.backend for each in (old, new))
    if was != will:
        then = "up works with the state there: who writes it decides what up deletes, and without it all is made anew"
        yield Weaker("access", "`course.backend`", was or "(Pulumi.yaml's)", will or "(Pulumi.yaml's)", then)


def _new_machines(old: Settings, new: Settings, *, code: bool = True) -> Iterator[Weaker]:
    """List what machines that come have beyond what every machine has: a longer run, an image, `code` of their own."""
    longest = Machine.model_fields["max_run"].default
    for name, machine in new.machines.items():
        if name in old.machines:
            continue
        if machine.max_run > longest:
            then = "so long a forgotten machine bills in one go"
            usual, will = (f"{int(each) / 3600:g} h" for each in (longest, machine.max_run))
            yield Weaker("money", quoted(f"machines.{name}.maxRun"), f"{usual} unless given", will, then)
        scripts = {"startupScript": machine.startup_script, "beforeStop": machine.before_stop}
        container = machine.container.image if machine.container else None
        for key, runs in (scripts | {"container": container}).items():
            if code and runs:
                then = "it runs as the machines' account, with its data and secrets"
                yield Weaker("access", quoted(f"machines.{name}.{key}"), _NONE, runs, then)
        if machine.image and "/" in machine.image:
            then = "what is in the image runs as the machines' account, whoever made it"
            yield Weaker("access", quoted(f"machines.{name}.image"), "(none)", machine.image, then)


def covered(before: Plan, findings: Findings) -> Iterator[Weaker]:
    """Say what an exception covers that was there before, and what it did not cover then: its reason may not be that.

    A new exception is told by itself.
    """
    there = {(each.rule, each.resource) for each in before.settings.guardrails.exceptions}
    for was, finding in findings.covered:
        entry = finding.excepted
        # Of the whole stack a number moves with every change.
        moved = bool(was) and finding.urn is None
        if entry and (entry.rule, entry.resource) in there and not moved:
            what = f"{_exception(entry)}, now for {quoted(finding.name)}"
            then = f"its reason is {quoted(entry.reason)}: read whether that is this"
            yield Weaker(_about(entry), what, was or "not covered", finding.message, then, finding.urn)


def _lease(old: Settings, new: Settings, now: Estimate | None) -> Iterator[Weaker]:
    was, will = old.lease.credit, new.lease.credit
    if will.amount > was.amount or will.currency != was.currency:
        old_credit, new_credit = (f"{each.amount:g} {each.currency}" for each in (was, will))
        then = (
            f"every rule on money takes {new_credit} for there; a line in a file brings no credit to Google's account"
        )
        yield Weaker("money", "`lease.credit`", old_credit, new_credit, then)
    day = f"{now.per_day_planned:.2f} USD a day as planned" if now else "what it costs a day"
    if old.lease.ends and (new.lease.ends is None or new.lease.ends > old.lease.ends):
        until, ends = new.lease.ends, old.lease.ends
        longer = f"{(until - ends).days} days longer" if until else "without an end"
        then = f"it is there, and its members come in, {longer}: {day}"
        yield Weaker("money", "`lease.ends`", str(ends), str(until or _NONE), then)
    if new.lease.starts and (old.lease.starts is None or new.lease.starts > old.lease.starts):
        was, will = (str(each.lease.starts or _NONE) for each in (old, new))
        yield Weaker("money", "`lease.starts`", was, will, protection_comers.LATER)
    if new.lease.grace_days > old.lease.grace_days:
        then = f"members come in for {new.lease.grace_days - old.lease.grace_days} days more after the lease's end"
        yield Weaker("access", "`lease.graceDays`", str(old.lease.grace_days), str(new.lease.grace_days), then)
    runs = [int(each.training.timeout) for each in (old, new)]
    if runs[1] > runs[0]:
        job = _jobs(now) if now else None
        costs = [job * Decimal(run) / 3600 for run in runs] if job is not None else []
        cost = f": {costs[1]:.2f} USD instead of {costs[0]:.2f}" if costs else ""
        then = f"a training job that hangs runs {runs[1] / 3600:g} h instead of {runs[0] / 3600:g}{cost}"
        yield Weaker("money", "`training.timeout`", f"{runs[0] / 3600:g} h", f"{runs[1] / 3600:g} h", then)


def _jobs(estimate: Estimate) -> Decimal | None:
    amounts = [item.due.per_hour_on for item in estimate.items if (item.component, item.name) == ("training", "jobs")]
    return None if not amounts or None in amounts else sum((each for each in amounts if each is not None), Decimal(0))


def _exceptions(old: Settings, new: Settings) -> Iterator[Weaker]:
    there = {(each.rule, each.resource): each for each in old.guardrails.exceptions}
    for entry in new.guardrails.exceptions:
        was = there.get((entry.rule, entry.resource))
        if was is None or entry.until > was.until:
            yield Weaker(_about(entry), _exception(entry), _until(was), _until(entry), _why(entry))


def _exception(entry: GuardrailException) -> str:
    return f"the exception from {quoted(entry.rule)} of {quoted(entry.resource)}"


def _until(entry: GuardrailException | None) -> str:
    return _NONE if entry is None else f"until {entry.until} ({entry.reason})"


def _why(entry: GuardrailException) -> str:
    try:
        rule = by_id(entry.rule)
    except KeyError:
        return "no rule has that id"
    return f"until {entry.until} nothing holds: {rule.title[0].lower()}{rule.title[1:]}. {rule.why.rstrip('.')}"


def _about(entry: GuardrailException) -> About:
    try:
        return "money" if by_id(entry.rule).topic == "cost" else "access"
    except KeyError:
        return "notice"


def _allowed(old: Settings, new: Settings) -> Iterator[Weaker]:
    lists = (
        ("allow.machineTypes", old.allow.machine_types, new.allow.machine_types, "machine type"),
        ("allow.gpus", old.allow.gpus, new.allow.gpus, "GPU"),
        ("allow.zones", old.allow.zones, new.allow.zones, "zone"),
        ("allow.roles", old.allow.roles, new.allow.roles, "role"),
    )
    for path, was, will, what in lists:
        if more := [each for each in will if each not in was]:
            role = what == "role"
            then = f"nobody here knows what that {what} {'permits' if role else 'costs, or whether it is there'}"
            told = f"{then}: up may find out ({', '.join(map(quoted, more))})"
            yield Weaker("access" if role else "money", quoted(path), _listed(was), _listed(will), told)
    yield from _regions(old, new)


def _regions(old: Settings, new: Settings) -> Iterator[Weaker]:
    """List the regions that come, by the list of the stack file or, without one, by every key that names a place."""
    then = "resources may be where prices and laws are others, and copying between regions bills"
    was, will = old.guardrails.regions, new.guardrails.regions
    if was is None and will and not {each.lower() for each in will} <= (before := allowed_regions(old)):
        yield Weaker("money", "`guardrails.regions`", _listed(sorted(before)), _listed(will), then)
    elif was is None and will is None:
        before, after = (allowed_regions(each) for each in (old, new))
        if old.region == new.region and not after <= before:
            path = "`network.subnets`" if set(new.subnets) - set(old.subnets) else "the regions that the file names"
            yield Weaker("money", path, _listed(sorted(before)), _listed(sorted(after)), then)
    elif was is not None and (will is None or any(each not in was for each in will)):
        named = _listed(will) if will is not None else "every region that the file names"
        yield Weaker("money", "`guardrails.regions`", _listed(was), named, then)


def _evening(old: Settings, new: Settings, now: Estimate | None) -> Iterator[Weaker]:
    if (old.usage.evening, new.usage.evening) == ("down", "stop"):
        cost = f": {now.per_day_idle:.2f} USD a day instead of {24 * now.due.per_hour_down:.2f}" if now else ""
        yield Weaker("money", "`usage.evening`", "down", "stop", f"over night everything stays and bills{cost}")


def _listed(values: Iterable[str]) -> str:
    return ", ".join(values) or _NONE

"""Whose pushes newly run in a stack's builds, as which account, and whether somebody approves."""

from collections.abc import Iterator

from coursecloud.review.protection import Weaker
from coursecloud.review.quoting import quoted
from infra.settings import Settings
from infra.settings.delivery import Trigger

_NONE = "(none)"


def weaker(old: Settings, new: Settings) -> Iterator[Weaker]:
    """List what starts builds otherwise than before: the repository, its connection, triggers and their patterns."""
    was, will = old.builds.repository, new.builds.repository
    if will and (was is None or (was.owner, was.name) != (will.owner, will.name)):
        then = "what is pushed there runs as this stack's account for builds, with its rights and its secrets"
        before = f"{was.owner}/{was.name}" if was else _NONE
        yield Weaker("access", "`builds.repository`", before, f"{will.owner}/{will.name}", then)
    elif was and will and was.connection != will.connection:
        then = "pushes come in, and code is read, by that connection: read who made it, for which account"
        before, after = (each.connection or _NONE for each in (was, will))
        yield Weaker("access", "`builds.repository.connection`", before, after, then)
    for name in sorted(new.builds.triggers.keys() - old.builds.triggers.keys()):
        trigger = new.builds.triggers[name]
        by = {"branch": trigger.branch, "tag": trigger.tag, "pull requests to": trigger.pull_request}
        event = "; ".join(f"{kind} {pattern}" for kind, pattern in by.items() if pattern)
        asked = "after somebody's approval" if trigger.approval else "without anybody's approval"
        then = f"what is pushed there runs as {_account(trigger)}, {asked}"
        yield Weaker("access", quoted(f"builds.triggers.{name}"), _NONE, event, then)
    for name in sorted(old.builds.triggers.keys() & new.builds.triggers.keys()):
        yield from _of_one(name, old.builds.triggers[name], new.builds.triggers[name])


def _of_one(name: str, old: Trigger, new: Trigger) -> Iterator[Weaker]:
    for key in ("branch", "tag", "pull_request"):
        was, will = getattr(old, key), getattr(new, key)
        if was != will and will is not None:
            path = quoted(f"builds.triggers.{name}.{'pullRequest' if key == 'pull_request' else key}")
            yield Weaker("access", path, was or _NONE, will, f"other pushes than before run as {_account(new)}")
    if old.included_files and (not new.included_files or set(new.included_files) - set(old.included_files)):
        pushes = "other pushes than before build" if new.included_files else "every push builds"
        before, after = (", ".join(each.included_files) or _NONE for each in (old, new))
        path = quoted(f"builds.triggers.{name}.includedFiles")
        yield Weaker("money", path, before, after, f"{pushes}, as {_account(new)}, and bill")


def _account(trigger: Trigger) -> str:
    """Say as which account a trigger's builds run (infra/builds.py)."""
    if trigger.pull_request:
        return "the account for checks"
    return "the account that deploys" if trigger.deploys else "the account for builds"

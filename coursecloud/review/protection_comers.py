"""What a stack that comes takes beyond any stack's, which in one that is there a change would say."""

import datetime
import re
from collections.abc import Iterator, Mapping

from coursecloud.review import protection_counted
from coursecloud.review.protection import Weaker
from coursecloud.review.quoting import quoted
from infra.settings import Settings

_NONE = "(none)"
_AFAR = re.compile(r"[a-z][a-z0-9+.-]*://[^\s,;\"']+", re.IGNORECASE)
"""Anything with an address: a site, a bucket, a database."""


def told(given: Settings, new: Settings) -> Iterator[Weaker]:
    """List what of a new stack is less, or others', than what is `given` where a stack file says nothing."""
    yield from _kept(given, new)
    yield from _roles(new)
    yield from _others_images(new)
    yield from _afar(new)
    yield from _workflows(new)


LATER = "the credit is counted from that day on alone: what is there before costs nothing to every rule on it"
"""What follows where a lease begins later."""

_AHEAD = datetime.timedelta(days=62)
"""So long before a course its stacks may be written."""


def late(new: Settings, today: datetime.date) -> Iterator[Weaker]:
    """Say that a lease begins long after today: what is up before is in no cost."""
    starts = new.lease.starts
    if starts and starts > today + _AHEAD:
        yield Weaker("money", "`lease.starts`", _NONE, f"{starts}, {(starts - today).days} days from now", LATER)


def _kept(given: Settings, new: Settings) -> Iterator[Weaker]:
    """List what is kept for less long, or fewer of it."""
    then = "what is older is deleted, and nobody brings it back"
    usual = dict(protection_counted.keeps(given))
    for path, will in protection_counted.keeps(new):
        if will < usual[path]:
            yield Weaker("data", quoted(path), f"{usual[path]} unless given", f"{will}", then)
    if new.lease.ends and new.lease.grace_days < given.lease.grace_days:
        then = "so many days after the lease's end old versions go, and nobody of the team comes in to copy anything"
        was = f"{given.lease.grace_days} unless given"
        yield Weaker("data", "`lease.graceDays`", was, f"{new.lease.grace_days}", then)


def _roles(new: Settings) -> Iterator[Weaker]:
    if roles := new.team.extra_roles:
        then = "every member of the team has that on the whole project, beside the roles of any team"
        yield Weaker("access", "`team.extraRoles`", _NONE, ", ".join(roles), then)


def _others_images(new: Settings) -> Iterator[Weaker]:
    """List the images of containers that are in no registry of the stack's project."""
    machines = {name: each.container for name, each in new.machines.items() if each.container}
    images = {f"machines.{name}.container": container.image for name, container in machines.items()}
    images |= {f"services.{name}.image": each.image for name, each in new.services.items()}
    if new.training.enabled:
        images["training.image"] = new.training.image
    own = re.compile(rf"[a-z0-9-]+\.pkg\.dev/{re.escape(new.project)}/")
    for path, image in images.items():
        if "/" in image and not own.match(image):
            then = "what is in it runs as the stack's account, with its data and secrets, whoever made it"
            yield Weaker("access", quoted(path), _NONE, image, then)


def _afar(new: Settings) -> Iterator[Weaker]:
    """List addresses that code is told, of hosts and buckets that are not the project's: in a new stack all is told."""
    said: dict[str, Mapping[str, str] | tuple[str, ...]] = {
        "training.args": new.training.args,
        "training.env": new.training.env,
    }
    for name, job in new.training.jobs.items():
        said |= {f"training.jobs.{name}.args": job.args or (), f"training.jobs.{name}.env": job.env}
    for name, service in new.services.items():
        said[f"services.{name}.env"] = service.env
    for name, machine in new.machines.items():
        if machine.container:
            container = machine.container
            said |= {f"machines.{name}.container.args": container.args, f"machines.{name}.container.env": container.env}
    for path, values in said.items():
        texts = values.values() if isinstance(values, Mapping) else values
        afar = [each for text in texts for each in _AFAR.findall(text) if new.project not in each]
        if afar:
            then = "what runs is told that address, and what it reads and writes may be there: is it yours?"
            yield Weaker("access", quoted(path), _NONE, ", ".join(afar), then)


def _workflows(new: Settings) -> Iterator[Weaker]:
    """List whose workflows come in, which no resource tells in words that people know."""
    if new.github:
        does = "change and delete what the stack has, and read it" if new.github.deploy else "see what the stack has"
        then = f"the workflows of that repository, on that ref, may {does}: is it yours (`gh api repositories/ID`)?"
        yield Weaker("access", "`github`", _NONE, f"{new.github.repository_id}, {new.github.ref}", then)

"""One look at a project: what bills by the hour now, and what both audit logs say was done. It only reads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from coursecloud.deploy.cloud import Cloud
from coursecloud.look import changes, entries, found, listing, operations
from coursecloud.look.kinds import known_apis
from coursecloud.look.shapes import path_of
from coursecloud.look.world import World
from coursecloud.spend.model import Change, Look

__all__ = ["look", "places"]


def look(
    project: str,
    session: Cloud,
    since: datetime | None,
    *,
    stack: str = "",
    regions: Iterable[str] = (),
    elsewhere: datetime | None = None,
) -> Look:
    """Look at all of a project that bills by the hour, whoever made it, and at its logs since a time.

    `regions` are those in which Cloud Run and Vertex AI are asked, which Google lists region by region; those in which
    the logs say something was done are asked too, so `regions` has to name those of what older looks found. `stack`
    says whose labels make a thing declared. Without `since` no log is read, but for the regions in it since
    `elsewhere`. About twenty questions where Compute Engine alone is on, and twenty more a region with Vertex AI:
    `session.calls` counts them. Raises CloudError where not even the project's number can be read; all else that was
    not read is in `unread`, and what an API that is off would have is nothing.
    """
    on = listing.services(session, project)
    whole = listing.read(session, project, on.on, (), per="")
    logs = entries.read(session, project, since) if since else entries.Read()
    heard = entries.read(session, project, elsewhere) if elsewhere and not since else logs
    places = {*regions, *heard.regions, *_running(session, project, on.on)}
    regional = listing.read(session, project, on.on, places, per="region")
    bodies = {**whole.bodies, **regional.bodies}
    seen = found.found(bodies, project, stack)
    machines = {path_of(body.get("selfLink")): body for body in bodies.get(found.INSTANCE, ())}
    timed = frozenset(found.full(kind, body, project) for kind, body in found.once(bodies) if body.get(kind.since))
    world = World(project, {each.resource: each for each in seen}, machines, timed)
    did, pending = operations.done(logs.entries, session.now(), project)
    made = [*changes.changes(did, world)]
    made += changes.jobs(bodies, world, since) if since else ()
    unread = [*on.unread, *whole.unread, *regional.unread, *logs.unread, *pending, *world.unread, *_unknown(on)]
    if not heard.complete_until and (on.on is None or on.on & {"run", "aiplatform"}):
        where = ", ".join(sorted(places)) or "none"
        unread.append(("Cloud Run's and Vertex AI's other regions", f"Google lists by region, and asked were {where}"))
    return Look(
        at=session.now(),
        project=on.number,
        found=tuple(sorted(seen, key=lambda each: each.resource)),
        unread=tuple(dict.fromkeys(unread)),
        changes=tuple(sorted(_once(made), key=lambda each: (each.at, each.id))),
        complete_until=logs.complete_until,
        since=logs.since,
    )


def places(resources: Iterable[str]) -> frozenset[str]:
    """Name the regions that full names of what Google lists region by region have.

    >>> sorted(places(["//aiplatform.googleapis.com/projects/p/locations/europe-west4/customJobs/1",
    ...                "//compute.googleapis.com/projects/p/regions/us-east1/addresses/a"]))
    ['europe-west4']
    """
    return frozenset(filter(None, map(listing.region_of, resources)))


def _once(made: Iterable[Change]) -> Iterable[Change]:
    return {each.id: each for each in made}.values()


def _running(session: Cloud, project: str, on: frozenset[str] | None) -> Iterable[str]:
    """Where Cloud Run has services: its first version lists those of all regions at once."""
    return listing.service_regions(session, project) if on is None or "run" in on else ()


def _unknown(on: listing.Services) -> Iterable[tuple[str, str]]:
    """Name the APIs that are on and of which nobody has described what bills by the hour."""
    for api in sorted((on.on or frozenset[str]()) - known_apis()):
        yield f"{api}.googleapis.com", "the API is on, and what of it bills by the hour is not known here"

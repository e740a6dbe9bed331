"""Everything of a project that bills by the hour, as Google lists it: one question a kind, or one a kind and region."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from coursecloud.deploy.cloud import Cloud, CloudError, together
from coursecloud.look.kinds import Kind, kinds
from coursecloud.look.shapes import many, part

Json = dict[str, Any]
PLACE = "cloud.googleapis.com/location"
PAGES = 10
"""Pages of a list that are read at most; of what is beyond them the reader is told."""


@dataclass(frozen=True)
class Listed:
    """What the lists gave, kind by kind, and what of it was not read."""

    bodies: Mapping[str, tuple[Json, ...]]
    """By asset type."""
    unread: tuple[tuple[str, str], ...] = ()
    """What could not be read, and why in words."""


@dataclass
class Services:
    """Which APIs are on in a project."""

    number: str = ""
    """The project's number."""
    on: frozenset[str] | None = None
    """Their short names: `compute`; None where that could not be read."""
    unread: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


def services(cloud: Cloud, project: str) -> Services:
    """Ask which APIs are on, and for the project's number in the same answer. Raises CloudError for no such project."""
    try:
        found, more = cloud.pages(
            "serviceUsage",
            f"projects/{project}/services",
            "services",
            most=PAGES,
            filter="state:ENABLED",
            pageSize="200",
            fields="nextPageToken,services(name,config(name))",
        )
    except CloudError as error:
        why = f"{error.words}; those that bill by the hour were asked all the same"
        return Services(_number(cloud, project), None, [(f"which APIs are on in {project}", why)])
    names = [str(each.get("name") or "") for each in found]
    on = frozenset(name.rpartition("/")[2].removesuffix(".googleapis.com") for name in names)
    number = next((name.split("/")[1] for name in names if name.startswith("projects/")), "")
    said = [("some of the APIs that are on", f"only the first {len(found)} were read")] if more else []
    return Services(number if number.isdigit() else _number(cloud, project), on, said)


def _number(cloud: Cloud, project: str) -> str:
    return str(cloud.get("resourceManager", f"projects/{project}", fields="projectNumber").get("projectNumber") or "")


def read(cloud: Cloud, project: str, on: frozenset[str] | None, regions: Iterable[str], *, per: str) -> Listed:
    """Ask for every kind whose API is on: those that Google lists at once (`per` empty), or in each of the regions."""
    wanted = [kind for kind in kinds() if kind.per == per and (on is None or kind.api in on)]
    jobs = [(kind, region) for kind in wanted for region in (sorted(set(regions)) if per else [""])]
    answers = together([functools.partial(_list, cloud, project, kind, region) for kind, region in jobs])
    bodies: dict[str, tuple[Json, ...]] = {}
    unread: list[tuple[str, str]] = []
    for (kind, _), (found, missed) in zip(jobs, answers, strict=True):
        bodies[kind.asset] = bodies.get(kind.asset, ()) + tuple(found)
        unread += missed
    return Listed(bodies, tuple(unread))


def _list(cloud: Cloud, project: str, kind: Kind, region: str) -> tuple[list[Json], list[tuple[str, str]]]:
    where = f"in {region}: " if region else ""
    path = kind.path.format(project=project, region=region)
    more = {"returnPartialSuccess": "true", "maxResults": "500"} if kind.aggregated else {}
    more |= dict(kind.parameters or {}) | {"fields": kind.mask}
    found: list[Json] = []
    missed: list[str] = []
    token = ""
    for _ in range(PAGES):
        try:
            page = {"pageToken": token} if token else {}
            answer = cloud.get(kind.at or kind.api, path, region=region, **more, **page)
        except CloudError as error:
            if error.off:
                return [], []  # where an API is off nothing of it can be
            if region and error.status in (400, 404) and not found:
                return [], [(kind.asset, f"{where}{error.words} (Google may not have this kind there)")]
            return found, [(kind.asset, f"{where}{_why(error)}")]
        found += _entries(kind, answer)
        missed += _missed(kind, answer)
        token = str(answer.get("nextPageToken") or "")
        if not token:
            break
    else:
        missed.append(f"more than the first {len(found)}")
    return found, [(kind.asset, f"{where}Google left out {', '.join(sorted(set(missed)))}")] if missed else []


def _why(error: CloudError) -> str:
    if error.status == 403:
        return f"{error.words}; whoever may look there has to look"
    return error.words


def _entries(kind: Kind, answer: Json) -> Iterator[Json]:
    if not kind.aggregated:
        yield from cast("list[Json]", answer.get(kind.key) or [])
        return
    for scope in cast("dict[str, Json]", answer.get("items") or {}).values():
        yield from cast("list[Json]", scope.get(kind.key) or [])


def _missed(kind: Kind, answer: Json) -> Iterator[str]:
    """Name the places that an answer did not reach: Google leaves them out and says so beside the list."""
    for name in ("unreachables", "unreachable", "missingZones", "failedLocations"):
        yield from (str(each) for each in cast("list[Any]", answer.get(name) or []))
    for failed in cast("list[Json]", answer.get("failedLocation") or []):
        yield str(failed.get("name"))
    for warning in cast("list[Json]", answer.get("warnings") or []):
        yield str(warning.get("region") or warning.get("message"))
    if not kind.aggregated:
        return
    whole: Json = {"": {"warning": answer.get("warning")}, **cast("Json", answer.get("items") or {})}
    for scope, told in whole.items():
        warning = cast("Json", cast("Json", told).get("warning") or {})
        if warning.get("code") not in (None, "NO_RESULTS_ON_PAGE"):
            yield scope or str(warning.get("message") or warning["code"])


def region_of(resource: str) -> str:
    """Give the region in which a full name's kind is asked by itself; empty where one question asks for all."""
    service, _, path = resource.removeprefix("//").partition("/")
    if service not in _by_region():
        return ""
    parts = path.split("/")
    return next((after for word, after in itertools.pairwise(parts) if word in ("locations", "regions")), "")


@functools.cache
def _by_region() -> frozenset[str]:
    return frozenset(f"{kind.api}.googleapis.com" for kind in kinds() if kind.per)


def service_regions(cloud: Cloud, project: str) -> set[str]:
    """Name the regions in which Cloud Run has services, where its list of all regions says so; empty where it does not.

    What this fails to say is asked region by region all the same.
    """
    try:
        answer = cloud.get("cloudRunV1", f"projects/{project}/locations/-/services", fields="items(metadata(labels))")
    except CloudError:
        return set()
    told = [part(part(each, "metadata"), "labels") for each in many(answer, "items")]
    return {str(labels[PLACE]) for labels in told if PLACE in labels}

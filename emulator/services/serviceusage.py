"""Service Usage: which APIs are on in a project; everything else refuses while its own is off."""

from __future__ import annotations

from typing import Any

from .. import catalog, longrunning
from ..call import Call, page
from ..errors import ApiError, failed
from ..kinds import Handlers, Service
from ..shapes import many

Json = dict[str, Any]
handlers = Handlers()


def told(call: Call, host: str) -> Json:
    """An API and whether it is on."""
    project = call.project
    return {
        "name": f"projects/{project.number}/services/{host}",
        "parent": f"projects/{project.number}",
        "state": "ENABLED" if host in project.services else "DISABLED",
        "config": {"name": host, "title": host.split(".")[0]},
    }


def known(_call: Call, *hosts: str) -> None:
    """403 for an API that does not exist, as Google says it."""
    missing = [h for h in hosts if not catalog.known_api(h)]
    if missing:
        text = f"Not found or permission denied for service(s): {', '.join(missing)}."
        info = {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED",
            "domain": "serviceusage.googleapis.com",
            "metadata": {"services": ",".join(missing)},
        }
        raise ApiError(403, text, details=[info])


def _host(call: Call) -> str:
    return call.path.split("/services/")[1]


@handlers.on("serviceusage.services.get")
def get(call: Call) -> Any:
    """One API."""
    known(call, _host(call))
    return told(call, _host(call))


@handlers.on("serviceusage.services.list")
def listed(call: Call) -> Any:
    """Those that are on; without a filter also some that are not."""
    enabled = sorted(call.project.services)
    wanted = str(call.query.get("filter") or "")
    off = ["bigquery.googleapis.com", "container.googleapis.com"] if "ENABLED" not in wanted else []
    hosts = off if wanted == "state:DISABLED" else enabled + [h for h in off if h not in enabled]
    return page(call, "services", [told(call, h) for h in hosts])


@handlers.on("serviceusage.services.batchGet")
def batch_get(call: Call) -> Any:
    """Several at once."""
    return {"services": [told(call, n.split("/services/")[1]) for n in many(call.query, "names")]}


@handlers.on("serviceusage.services.enable")
def enable(call: Call) -> Any:
    """On from now."""
    known(call, _host(call))
    call.project.services.add(_host(call))
    return longrunning.reply(call, {"service": told(call, _host(call))})


@handlers.on("serviceusage.services.batchEnable")
def batch_enable(call: Call) -> Any:
    """Up to 20 at once."""
    hosts = many(call.body, "serviceIds")
    if not 0 < len(hosts) <= 20:
        raise ApiError(400, "Between 1 and 20 services can be enabled in one batch.")
    known(call, *hosts)
    call.project.services.update(hosts)
    return longrunning.reply(call, {"services": [told(call, h) for h in hosts]})


@handlers.on("serviceusage.services.disable")
def disable(call: Call) -> Any:
    """Off from now; with a check, not while something of it exists."""
    host = _host(call)
    usage = call.body.get("checkIfServiceHasUsage")
    if usage == "CHECK" and any(f"{r.service}.googleapis.com" == host for r in call.world.of_project(call.project)):
        raise failed(f"The service {host} has been used in the last 30 days.")
    call.project.services.discard(host)
    return longrunning.reply(call, {"service": told(call, host)})


handlers["serviceusage.operations.get"] = longrunning.read

SERVICE = Service("serviceusage", ("v1", "v1beta1"), handlers=handlers)

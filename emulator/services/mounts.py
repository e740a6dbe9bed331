"""What a revision of Cloud Run mounts, and how it is asked whether it is ready and well."""

from __future__ import annotations

from typing import Any

from .. import iampolicy
from ..call import Call
from ..errors import bad_value, failed, invalid
from ..shapes import many, part

Json = dict[str, Any]
SOURCES = ("secret", "cloudSqlInstance", "emptyDir", "nfs", "gcs", "filestore")
READ = {"storage.objects.get", "storage.objects.list"}
READERS = {"roles/storage.objectViewer"}
WRITERS = {"roles/storage.objectUser", "roles/storage.objectAdmin", "roles/storage.admin"}
WAYS = ("httpGet", "tcpSocket", "grpc")
KEPT = ("/dev", "/proc", "/sys")
LONGEST_START = 240


def volumes(call: Call, template: Json, where: str) -> None:
    """Each volume has one source, and a bucket is there and open to the account."""
    for index, volume in enumerate(many(template, "volumes")):
        at = f"{where}.volumes[{index}]"
        given = [source for source in SOURCES if volume.get(source) is not None]
        if len(given) != 1:
            raise invalid(f"{at}: exactly one volume source must be set, got {given}.", (at, "source"))
        if "gcs" not in given:
            continue
        if template.get("executionEnvironment") == "EXECUTION_ENVIRONMENT_GEN1":
            text = f"{at}: Cloud Storage volumes need the second generation."
            raise invalid(text, (f"{where}.execution_environment", text))
        _bucket(call, part(volume, "gcs"), str(template.get("serviceAccount") or ""))


def _bucket(call: Call, source: Json, account: str) -> None:
    name = str(source.get("bucket") or "")
    if call.world.get("storage", f"b/{name}") is None:
        raise failed(f"Revision is not ready: mounting volume failed: the bucket {name} does not exist.")
    account = account or f"{call.project.number}-compute@developer.gserviceaccount.com"
    enough = WRITERS if not source.get("readOnly") else READERS | WRITERS
    wanted = READ if source.get("readOnly") else READ | {"storage.objects.create"}
    policies = (f"storage:b/{name}", f"cloudresourcemanager:projects/{call.project.id}")
    if not iampolicy.may(call.world, f"serviceAccount:{account}", wanted, enough, *policies):
        raise failed(
            f"Revision is not ready: mounting volume failed: {account} does not have {', '.join(sorted(wanted))} on the"
            f" bucket {name}."
        )


def mounts(box: Json, at: str, names: set[str]) -> None:
    """Volumes that there are, each at a folder of its own."""
    seen: set[str] = set()
    for index, mount in enumerate(many(box, "volumeMounts")):
        path, place = str(mount.get("mountPath") or ""), f"{at}.volume_mounts[{index}]"
        if mount.get("name") not in names:
            raise invalid(f"{at}.volume_mounts: volume '{mount.get('name')}' is not found.", (at, "volume_mounts"))
        kept = any(path == each or path.startswith(f"{each}/") for each in KEPT)
        if not path.startswith("/") or path == "/" or ":" in path or kept or path in seen:
            raise bad_value(f"{place}.mount_path", path, "Must be an absolute path that is neither reserved nor used.")
        seen.add(path)


def probes(box: Json, at: str) -> None:
    """One way of asking, and bounds on how often and how long."""
    for name, longest in (("startupProbe", LONGEST_START), ("livenessProbe", 3600)):
        if (probe := box.get(name)) is None:
            continue
        # A client may send null for the ways that it does not mean.
        ways = [way for way in WAYS if probe.get(way) is not None]
        if len(ways) != 1:
            raise invalid(f"{at}.{name}: exactly one of http_get, tcp_socket, or grpc.", (f"{at}.{name}", f"{ways}"))
        period, wait = int(probe.get("periodSeconds") or 10), int(probe.get("timeoutSeconds") or 1)
        if not 1 <= period <= longest:
            raise bad_value(f"{at}.{name}.period_seconds", period, f"Must be between 1 and {longest}.")
        if wait > period:
            raise bad_value(f"{at}.{name}.timeout_seconds", wait, "Must not be longer than period_seconds.")
        failures = int(probe.get("failureThreshold") or 3)
        if name == "startupProbe" and period * failures > LONGEST_START:
            raise bad_value(
                f"{at}.{name}.failure_threshold", failures, f"Times the period must be at most {LONGEST_START} seconds."
            )
        if not str(part(probe, "httpGet").get("path", "/")).startswith("/"):
            raise bad_value(f"{at}.{name}.http_get.path", probe["httpGet"]["path"], "Must begin with '/'.")


def filled(probe: Json | None, port: int, usual: Json) -> Json:
    """What Cloud Run makes of a startup probe: its own where none is given."""
    if probe is None:
        return {**usual, "tcpSocket": {"port": port}}
    return asked(probe, port)


def asked(probe: Json, port: int) -> Json:
    """A probe with what Google sets where nothing is said."""
    made: Json = {"timeoutSeconds": 1, "periodSeconds": 10, "failureThreshold": 3, **probe}
    made = {key: value for key, value in made.items() if value is not None}
    for way in WAYS:
        if way in made:
            made[way] = {"port": port, **({"path": "/"} if way == "httpGet" else {}), **part(made, way)}
    return made

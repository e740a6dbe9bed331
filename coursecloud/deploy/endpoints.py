"""Where each of Google's APIs is asked: the provider's own addresses, and the proxies on the way there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

APIS = {
    "alloydb": "https://alloydb.googleapis.com/v1/",
    "artifactRegistry": "https://artifactregistry.googleapis.com/v1/",
    "bigtable": "https://bigtableadmin.googleapis.com/v2/",
    "billingBudgets": "https://billingbudgets.googleapis.com/v1/",
    "cloudBilling": "https://cloudbilling.googleapis.com/v1/",
    "cloudRunV1": "https://run.googleapis.com/v1/",
    "cloudRunV2": "https://run.googleapis.com/v2/",
    "composer": "https://composer.googleapis.com/v1/",
    "compute": "https://compute.googleapis.com/compute/v1/",
    "container": "https://container.googleapis.com/v1/",
    "dataflow": "https://dataflow.googleapis.com/v1b3/",
    "dataFusion": "https://datafusion.googleapis.com/v1/",
    "dataproc": "https://dataproc.googleapis.com/v1/",
    "filestore": "https://file.googleapis.com/v1/",
    "iamBeta": "https://iam.googleapis.com/v1/",
    "logging": "https://logging.googleapis.com/v2/",
    "memcache": "https://memcache.googleapis.com/v1/",
    "pubsub": "https://pubsub.googleapis.com/v1/",
    "redis": "https://redis.googleapis.com/v1/",
    "resourceManager": "https://cloudresourcemanager.googleapis.com/v1/",
    "secretManager": "https://secretmanager.googleapis.com/v1/",
    "serviceUsage": "https://serviceusage.googleapis.com/v1/",
    "spanner": "https://spanner.googleapis.com/v1/",
    "sql": "https://sqladmin.googleapis.com/v1/",
    "storage": "https://storage.googleapis.com/storage/v1/",
    "tpuV2": "https://tpu.googleapis.com/v2/",
    "vertexAi": "https://{{region}}-aiplatform.googleapis.com/v1/",
    "workbench": "https://notebooks.googleapis.com/v2/",
    "workstations": "https://workstations.googleapis.com/v1/",
}
"""Where each API is, under the name that the provider's setting for it begins with: gcp:NAMECustomEndpoint."""


SAME = {"cloudRunV1": ("cloudRunV2", "/v2", "/v1")}
"""An API that has no setting of its own: it is where another is, but for its version."""


def variable(api: str) -> str:
    """Name the environment variable that moves an API, for example GOOGLE_CLOUD_RUN_V2_CUSTOM_ENDPOINT."""
    return f"GOOGLE_{re.sub('(?=[A-Z])', '_', api).upper()}_CUSTOM_ENDPOINT"


def address(api: str, environment: Mapping[str, str], config: Mapping[str, object], region: str = "") -> str:
    """Give the address of an API, with a `/` at its end. Raises KeyError for one that is not in `APIS`."""
    usual = APIS[api]
    named, version, asked = SAME.get(api, (api, "", ""))
    moved = config.get(f"gcp:{named}CustomEndpoint") or environment.get(variable(named))
    found = moved.replace(version, asked) if isinstance(moved, str) else usual
    if api == "serviceUsage":  # the provider's setting names v1beta1, and its client calls v1
        found = found.replace("/v1beta1", "/v1")
    return found.replace("{{region}}", region).rstrip("/") + "/"


def upload_address(storage: str) -> str:
    """Give the address for uploads that belongs to one of Cloud Storage: the same with `/upload` before its path."""
    parts = urlsplit(storage)
    return urlunsplit(parts._replace(path=f"/upload{parts.path}"))


def proxies(environment: Mapping[str, str], url: str) -> dict[str, str]:
    """Give the proxies for an address by the variables that every program knows; none where NO_PROXY excepts it."""
    read = {name.lower(): value for name, value in environment.items() if name.isupper()}
    read |= {name: value for name, value in environment.items() if name.islower()}
    there = urlsplit(url)
    for entry in re.split(r"[\s,]+", read.get("no_proxy", "")):
        excepted = entry.lstrip("*").lstrip(".").lower()
        if entry == "*" or (excepted and f".{there.hostname}".endswith(f".{excepted}")) or entry == there.netloc:
            return {}
    found = {scheme: read.get(f"{scheme}_proxy", "") for scheme in ("http", "https", "all")}
    return {scheme: value for scheme, value in found.items() if value}

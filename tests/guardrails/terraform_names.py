"""How Terraform names what the stacks are made of, asked of the provider itself.

`python -m tests.guardrails.terraform_names` writes catalog/terraform.json anew; it needs the plugin
`pulumi-resource-gcp` on PATH or in Pulumi's home, and no cloud.
"""

import datetime
import inspect
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, cast

import grpc
import pulumi_gcp
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from catalog import tables
from tests.machine import FOUND
from tests.project import CHECKOUT as ROOT

FILE = ROOT / "coursecloud" / "data" / "terraform.json"

LATER = (
    "artifactregistry/repositoryIamBinding:RepositoryIamBinding",
    "artifactregistry/repositoryIamPolicy:RepositoryIamPolicy",
    "billing/budget:Budget",
    "cloudrun/iamMember:IamMember",
    "cloudrun/service:Service",
    "cloudrunv2/job:Job",
    "cloudrunv2/jobIamMember:JobIamMember",
    "cloudrunv2/serviceIamBinding:ServiceIamBinding",
    "cloudrunv2/serviceIamPolicy:ServiceIamPolicy",
    "cloudscheduler/job:Job",
    "compute/address:Address",
    "compute/globalAddress:GlobalAddress",
    "compute/image:Image",
    "compute/instanceTemplate:InstanceTemplate",
    "compute/projectMetadata:ProjectMetadata",
    "compute/projectMetadataItem:ProjectMetadataItem",
    "compute/regionInstanceTemplate:RegionInstanceTemplate",
    "compute/snapshot:Snapshot",
    "logging/metric:Metric",
    "monitoring/alertPolicy:AlertPolicy",
    "monitoring/dashboard:Dashboard",
    "monitoring/notificationChannel:NotificationChannel",
    "projects/iAMAuditConfig:IAMAuditConfig",
    "projects/iAMBinding:IAMBinding",
    "projects/iAMPolicy:IAMPolicy",
    "pubsub/subscription:Subscription",
    "pubsub/topic:Topic",
    "pubsub/topicIAMBinding:TopicIAMBinding",
    "pubsub/topicIAMMember:TopicIAMMember",
    "secretmanager/secretIamBinding:SecretIamBinding",
    "secretmanager/secretIamPolicy:SecretIamPolicy",
    "secretmanager/secretVersion:SecretVersion",
    "serviceaccount/iAMBinding:IAMBinding",
    "serviceaccount/iAMPolicy:IAMPolicy",
    "serviceaccount/key:Key",
    "storage/bucketACL:BucketACL",
    "storage/bucketAccessControl:BucketAccessControl",
    "storage/bucketIAMBinding:BucketIAMBinding",
    "storage/bucketIAMPolicy:BucketIAMPolicy",
    "storage/defaultObjectAccessControl:DefaultObjectAccessControl",
    "storage/hmacKey:HmacKey",
    "storage/notification:Notification",
)
"""Types that no stack has today and that a later edit could add: what the rules name, and what is near."""

BOOL, _INT, _FLOAT, _STRING, LIST, _MAP, SET = range(1, 8)
"""The types of a Terraform schema, as the provider's mapping numbers them."""


def plugin() -> str | None:
    """Find the provider plugin."""
    home = Path(FOUND.get("PULUMI_HOME") or Path(FOUND.get("HOME", "~")).expanduser() / ".pulumi")
    there = [str(path) for path in home.glob("plugins/resource-gcp-v*/pulumi-resource-gcp")]
    return shutil.which("pulumi-resource-gcp", path=FOUND.get("PATH")) or (max(there) if there else None)


def mapping(program: str) -> dict[str, Any]:
    """Ask the provider how it maps to Terraform."""
    with subprocess.Popen([program, "127.0.0.1:1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().decode().strip()
            options = [("grpc.max_receive_message_length", 2**30)]
            with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
                stub: Any = provider_pb2_grpc.ResourceProviderStub(channel)
                return json.loads(stub.GetMapping(provider_pb2.GetMappingRequest(key="terraform")).data)
        finally:
            process.terminate()


def table(mapped: dict[str, Any]) -> dict[str, Any]:
    """Make the table: of each type its Terraform name, its blocks, and names that are not plain snake case."""
    terraform = {info["tok"]: name for name, info in mapped["resources"].items()}
    wanted = sorted({*tables.table("resource-types")["types"], *(f"gcp:{token}" for token in LATER)})
    return {
        token: _type(
            terraform[token], mapped["provider"]["resources"][terraform[token]], mapped["resources"][terraform[token]]
        )
        for token in wanted
    }


def _type(name: str, schema: dict[str, Any], info: dict[str, Any]) -> dict[str, Any]:
    fields = _fields(schema, cast("dict[str, Any]", info.get("fields") or {}))
    return {"name": name} | ({"fields": fields} if fields else {})


def _fields(schema: dict[str, Any], infos: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for snake, field in schema.items():
        info = cast("dict[str, Any]", infos.get(snake) or {})
        listed = field["type"] in (LIST, SET)
        # The provider shows a list of at most one as the thing itself, unless it says otherwise.
        one = info.get("maxItemsOne", field.get("maxItems") == 1) if listed else False
        camel = info.get("name") or _camel(snake if not listed or one else _plural(snake))
        inner = field.get("element", {}).get("resource") if listed else None
        entry: dict[str, Any] = {}
        if _snake(camel) != snake:
            entry["name"] = snake
        if inner is not None:
            entry["block"] = True
            element = cast("dict[str, Any]", info.get("element") or info)
            if nested := _fields(inner, cast("dict[str, Any]", element.get("fields") or {})):
                entry["fields"] = nested
        elif one:
            entry["list"] = True
        if entry:
            found[camel] = entry
    return dict(sorted(found.items()))


def _plural(name: str) -> str:
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return name[:-1] + "ies"
    if re.search(r"(s|data|metadata)$", name) and not name.endswith(("ss", "us")):
        return name
    return name + ("es" if re.search(r"(ss|us|x|ch|sh)$", name) else "s")


def _camel(snake: str) -> str:
    first, *rest = snake.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def _snake(camel: str) -> str:
    return re.sub(r"([A-Z])", lambda match: f"_{match[1].lower()}", camel)


def unlike_the_sdk(made: dict[str, Any]) -> list[str]:
    """List the blocks and renamed fields of the table that the Python SDK does not have under that name."""
    wrong: list[str] = []
    for token, entry in made.items():
        module, _, name = token.removeprefix("gcp:").partition(":")
        resource: Any = getattr(getattr(pulumi_gcp, module.partition("/")[0]), name)
        members = cast("dict[str, Any]", vars(resource))
        known = {*inspect.signature(resource._internal_init).parameters, *members}
        wrong += [f"{token} {key}" for key in entry.get("fields", {}) if _sdk(key) not in known]
    return wrong


def _sdk(camel: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: f"_{match[1].lower()}", camel)


def main() -> None:
    """Write the table."""
    program = plugin()
    assert program, "no gcp plugin: https://www.pulumi.com/docs/install/, `pulumi plugin install resource gcp`"
    mapped = mapping(program)
    today = str(datetime.datetime.now().astimezone().date())
    head = {
        "source": [
            {
                "title": f"The mapping to Terraform of Pulumi's gcp provider {mapped['version']} (its call GetMapping)",
                "url": "https://www.pulumi.com/registry/packages/gcp/",
                "read": today,
            }
        ],
        "date": today,
        "note": "By type: Terraform's name, and of its fields those that are blocks (lists in Terraform also where"
        " Pulumi has one thing), lists of at most one, or not plain snake case.",
    }
    # One type a line, so that a change of one is one line of a diff.
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in table(mapped).items())
    FILE.write_text(f'{json.dumps(head, indent=1)[:-2]},\n "types": {{\n{lines}\n }}\n}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()

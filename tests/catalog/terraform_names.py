"""How Terraform names what the files of resource types are about, asked of the provider itself.

`python -m tests.catalog.terraform_names` writes catalog/types/generated/terraform.json anew, for each type whose file
says its Terraform name, and tells the names that files lack or have otherwise; it needs the plugin
`pulumi-resource-gcp` on PATH or in Pulumi's home, and no cloud.
"""

import datetime
import inspect
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import grpc
import pulumi_gcp
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from catalog import types
from tests.machine import FOUND

FILE = types.FOLDER / "generated" / "terraform.json"

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
    return {
        each.short: _type(name, mapped["provider"]["resources"][name], mapped["resources"][name])
        for each in types.every().values()
        if each.terraform and (name := terraform[each.type])
    }


def said() -> dict[str, Any]:
    """Give the same as it is said now: the names in the files of types, the fields in the generated one."""
    fields = types.terraform_fields()
    return {
        each.short: {"name": each.terraform} | ({"fields": fields[each.short]} if each.short in fields else {})
        for each in types.every().values()
        if each.terraform
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
    for short, entry in made.items():
        module, _, name = short.partition(".")
        resource: Any = getattr(getattr(pulumi_gcp, module), name)
        members = cast("dict[str, Any]", vars(resource))
        known = {*inspect.signature(resource._internal_init).parameters, *members}
        wrong += [f"{short} {key}" for key in entry.get("fields", {}) if _sdk(key) not in known]
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
        "note": "Written by `python -m tests.catalog.terraform_names`, and by nobody's hand. By type: of Terraform's"
        " fields those that are blocks (lists in Terraform also where Pulumi has one thing), lists of at most one, or"
        " not plain snake case.",
    }
    # One type a line, so that a change of one is one line of a diff.
    made = {short: entry["fields"] for short, entry in table(mapped).items() if "fields" in entry}
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in sorted(made.items()))
    FILE.write_text(f'{json.dumps(head, indent=1)[:-2]},\n "fields": {{\n{lines}\n }}\n}}\n', encoding="utf-8")
    for name, info in mapped["resources"].items():
        known = types.of(info["tok"])
        if known and known.terraform != name:
            sys.stdout.write(f'catalog/types/{known.short}.json: "terraform": "{name}"\n')


if __name__ == "__main__":
    main()

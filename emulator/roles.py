"""Predefined roles and the permissions that they give: dated data, for the services that the emulator imitates.

`python -m emulator.roles FOLDER` writes it anew from a checkout of the source that roles.json names (FOLDER is its
gcp/roles); a role to add is an empty entry there first.
"""

from __future__ import annotations

import functools
import json
import sys
from pathlib import Path
from typing import Any

Json = dict[str, Any]
FILE = Path(__file__).with_name("roles.json")
_DATA: Json = json.loads(FILE.read_text(encoding="utf-8"))
AGENTS: dict[str, str] = _DATA["agents"]
"""What Google itself grants on a project to the agents of its services, by the domain of the agent."""


@functools.cache
def of(role: str) -> frozenset[str] | None:
    """The permissions of a predefined role, or None where the table does not have it."""
    held = _DATA["roles"].get(role)
    return (
        None if held is None else frozenset(f"{what}.{verb}" for what, verbs in held.items() for verb in verbs.split())
    )


@functools.cache
def permissions() -> frozenset[str]:
    """Every permission that some role of the table gives."""
    return frozenset(p for role in _DATA["roles"] for p in of(role) or ())


def plain(permission: str) -> str:
    """The name that the pages use: `iam.googleapis.com/workloadIdentityPools.get` is iam.workloadIdentityPools.get."""
    return permission.replace(".googleapis.com/", ".")


def _short(given: list[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for permission in sorted({plain(p) for p in given}):
        what, _, verb = permission.rpartition(".")
        if permission.split(".")[0] in _DATA["services"]:
            found.setdefault(what, []).append(verb)
    return {what: " ".join(verbs) for what, verbs in found.items()}


def main(folder: Path) -> None:
    """Read the roles that the table has anew."""
    roles: Json = {}
    for role in _DATA["roles"]:
        told = json.loads((folder / f"{role.removeprefix('roles/')}.json").read_text(encoding="utf-8"))
        roles[role] = _short(told["includedPermissions"])
    rest = {key: value for key, value in _DATA.items() if key != "roles"}
    text = json.dumps(rest, indent=1)[:-2] + ',\n "roles": {\n'
    lines = (f"  {json.dumps(role)}: {json.dumps(what)}" for role, what in sorted(roles.items()))
    FILE.write_text(text + ",\n".join(lines) + "\n }\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""The metadata server of a machine: what runs on it is told by http who it is, and handed tokens of its account.

Each machine has an address of its own here: GCE_METADATA_HOST=HOST:PORT/_emulator/metadata/MACHINE, where MACHINE is
the name of a machine or the address of an account (a job's, a build's, a service's).
https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys (2026-11).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .caller import Caller, mint
from .errors import ApiError
from .media import Media
from .shapes import many

if TYPE_CHECKING:
    from .world import World

PREFIX = "/_emulator/metadata/"
FLAVOR = {"Metadata-Flavor": "Google", "Server": "Metadata Server for VM"}


def answer(world: World, path: str, query: dict[str, list[str]], headers: dict[str, str]) -> Media:
    """What the metadata server of the machine says; ApiError for what there is not."""
    machine, _, asked = path.removeprefix(PREFIX).partition("/")
    email, project = _account(world, machine)
    asked = asked.strip("/")
    if asked and headers.get("metadata-flavor") != "Google":
        raise ApiError(403, "Missing Metadata-Flavor:Google header.")
    told = world.projects[project]
    key = asked.removeprefix("computeMetadata/v1").strip("/")
    for name in ("default", email):
        key = key.replace(f"service-accounts/{name}", "service-accounts/*")
    about = {"aliases": ["default"], "email": email, "scopes": ["https://www.googleapis.com/auth/cloud-platform"]}
    texts = {
        "": "instance/\nproject/\n",
        "project/project-id": told.id,
        "project/numeric-project-id": told.number,
        "universe/universe-domain": "googleapis.com",
        "instance/name": machine,
        "instance/service-accounts": f"default/\n{email}/\n",
        "instance/service-accounts/*": json.dumps(about) if "recursive" in query else "aliases\nemail\nscopes\ntoken\n",
        "instance/service-accounts/*/email": email,
        "instance/service-accounts/*/scopes": "\n".join(about["scopes"]),
    }
    if key == "instance/service-accounts/*/token":
        token = mint(world, Caller(f"serviceAccount:{email}"))
        return _told(json.dumps({"access_token": token, "expires_in": 3599, "token_type": "Bearer"}))
    if key not in texts:
        raise ApiError(404, f"The metadata server has nothing at {asked}.")
    return _told(texts[key])


def _told(text: str) -> Media:
    return Media(text.encode(), "application/json" if text.startswith("{") else "application/text", headers=FLAVOR)


def _account(world: World, machine: str) -> tuple[str, str]:
    """The account of a machine, or the account itself, and its project."""
    if "@" in machine:
        for found in world.of("iam", "projects/serviceAccounts"):
            if found.body["email"] == machine:
                return machine, found.body["projectId"]
    for found in world.of("compute", "projects/zones/instances"):
        accounts = many(found.body, "serviceAccounts")
        if found.name == machine and accounts:
            return str(accounts[0]["email"]), found.path.split("/")[1]
    raise ApiError(404, f"There is no machine with an account, and no account, that is called {machine}.")

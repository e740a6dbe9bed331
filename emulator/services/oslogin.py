"""OS Login: who one is on a machine, and with which key; nobody logs in."""

from __future__ import annotations

import hashlib
from typing import Any

from ..call import Call
from ..errors import invalid
from ..kinds import Handlers, Service
from ..world import Resource

Json = dict[str, Any]
handlers = Handlers()


def profile(call: Call) -> Json:
    """The one account that everybody has on every machine, with the keys that were brought."""
    user = "/".join(call.path.split("/")[:2])
    keys = {r.name: r.body for r in call.world.below("oslogin", user)}
    account: Json = {
        "primary": True,
        "username": "operator_example_com",
        "uid": "1001",
        "gid": "1001",
        "homeDirectory": "/home/operator_example_com",
        "shell": "/bin/bash",
        "operatingSystemType": "LINUX",
        "accountId": str(call.query.get("projectId") or ""),
    }
    return {"name": user.rpartition("/")[2], "posixAccounts": [account], "sshPublicKeys": keys}


@handlers.on("oslogin.users.getLoginProfile")
def get_profile(call: Call) -> Any:
    """Who one is."""
    return profile(call)


@handlers.on("oslogin.users.importSshPublicKey")
def import_key(call: Call) -> Any:
    """Bring a key; it is known by its fingerprint."""
    key = str(call.body.get("key") or "")
    if len(key.split()) < 2:
        raise invalid("ssh_public_key.key: must be a key in OpenSSH's form.", ("ssh_public_key.key", "invalid"))
    mark = hashlib.sha256(key.encode()).hexdigest()
    user = "/".join(call.path.split("/")[:2])
    body = {**call.body, "fingerprint": mark, "name": f"{user}/sshPublicKeys/{mark}"}
    call.world.put(Resource("oslogin", f"{user}/sshPublicKeys/{mark}", "users/sshPublicKeys", body))
    return {"loginProfile": profile(call)}


SERVICE = Service("oslogin", ("v1",), handlers=handlers)

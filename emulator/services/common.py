"""Rules that several services share: labels, service accounts, references to other resources."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..errors import bad_value, invalid, not_found
from ..shapes import part

if TYPE_CHECKING:
    from ..call import Call
    from ..world import Resource, World

Json = dict[str, Any]
KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
VALUE = re.compile(r"[a-z0-9_-]{0,63}")
AGENT = re.compile(r"service-\d+@[a-z0-9.-]+\.iam\.gserviceaccount\.com|\d+(-compute)?@[a-z.]+\.gserviceaccount\.com")


def labels(body: Json, field: str = "labels") -> None:
    """At most 64; keys begin with a lowercase letter; values of lowercase letters, digits, _ and -."""
    found = part(body, field)
    if len(found) > 64:
        raise invalid(f"Too many labels: {len(found)}. At most 64 are allowed.", (field, "too many"))
    for key, value in found.items():
        if not KEY.fullmatch(key):
            raise bad_value(
                f"resource.{field}",
                key,
                "Label keys must begin with a lowercase letter and can only contain "
                "lowercase letters, numeric characters, underscores and dashes, at most 63.",
            )
        if value is not None and not VALUE.fullmatch(value):
            raise bad_value(
                f"resource.{field}",
                value,
                f"The value of label '{key}' can only contain lowercase letters, "
                "numeric characters, underscores and dashes, at most 63.",
            )


def account_exists(world: World, email: str) -> bool:
    """Is there a service account of this e-mail? Google's own agents and accounts of other projects count as there."""
    name, _, domain = email.partition("@")
    project = world.project(domain.removesuffix(".iam.gserviceaccount.com"))
    if AGENT.fullmatch(email) or (domain.endswith(".gserviceaccount.com") and project is None):
        return True
    return bool(name and project and world.get("iam", f"projects/{project.id}/serviceAccounts/{email}"))


def need_account(call: Call, text: str, field: str) -> None:
    """The named service account must be there (an e-mail, or projects/p/serviceAccounts/e-mail)."""
    if not text or text == "default":
        return
    if not account_exists(call.world, text.rsplit("/", 1)[-1]):
        raise invalid(f"Service account {text.rsplit('/', 1)[-1]} does not exist.", (field, text))


def by_id(call: Call, text: str) -> str:
    """projects/NUMBER/... as projects/ID/..., as the world keeps it."""
    parts = text.split("/")
    if len(parts) > 1 and parts[0] == "projects" and (project := call.world.project(parts[1])):
        parts[1] = project.id
    return "/".join(parts)


def need(call: Call, service: str, path: str) -> Resource:
    """The resource of another service that a body names, or 404."""
    found = call.world.get(service, by_id(call, path))
    if found is None:
        raise not_found(path)
    return found


def one_of(body: Json, names: tuple[str, ...], what: str) -> str:
    """Exactly one of the fields is set."""
    given = [n for n in names if body.get(n) is not None]
    if len(given) != 1:
        text = f"{what} must have exactly one of {', '.join(names)}; it has {', '.join(given) or 'none'}."
        raise invalid(text, (what, text))
    return given[0]


def seconds(text: str) -> float:
    """ "600s" as a number."""
    return float(text.removesuffix("s"))

"""Who asks: the one whom an access token names, and by which other names policies may mean them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from .environment import TOKEN
from .errors import ApiError, expired
from .iampolicy import MEMBER

if TYPE_CHECKING:
    from .world import World

LIFE = timedelta(hours=1)
"""How long an access token lasts, unless it was asked for otherwise."""


@dataclass(frozen=True)
class Caller:
    """One identity; `also` are groups and sets of principals that it belongs to. Nobody has no name."""

    member: str = ""
    also: frozenset[str] = frozenset()
    everything: bool = False
    """The owner of all projects here, whom no policy has to name."""

    @property
    def shown(self) -> str:
        """As Google writes it in a refusal: the bare address of an account or a person."""
        kind, _, rest = self.member.partition(":")
        return rest if kind in ("user", "serviceAccount") else self.member or "Anonymous caller"

    def means(self, member: str) -> bool:
        """Is the caller one of those whom a policy's member stands for?"""
        if member == "allUsers" or (member == "allAuthenticatedUsers" and self.member):
            return True
        return bool(self.member) and (member == self.member or member in self.also)


OWNER = Caller("user:operator@example.com", everything=True)
NOBODY = Caller()


@dataclass(frozen=True)
class Token:
    """A token of this emulator: whose it is, until when it is one (seconds of the clock there)."""

    caller: Caller
    until: float


def mint(world: World, caller: Caller, life: timedelta = LIFE) -> str:
    """A new access token; it looks like none of Google's, and names nobody elsewhere."""
    token = f"emulator-token-{secrets.token_hex(12)}"
    world.tokens[token] = Token(caller, (world.time() + life).timestamp())
    return token


def named(member: str, groups: tuple[str, ...] = ()) -> Caller:
    """The identity of this name, e.g. user:ada@example.com, with the groups that it is in; ValueError for no name."""
    for name in (member, *groups):
        if not MEMBER.fullmatch(name) or name.startswith(("all", "deleted", "domain", "project")):
            raise ValueError(
                f"{name!r} is nobody who asks; such as user:ada@example.com, serviceAccount:NAME@PROJECT..."
            )
    if member.startswith(("group:", "principalSet:")):
        raise ValueError(f"{member!r} is a set; a caller is one of it: as user:..., with groups [{member!r}]")
    kind, colon, rest = member.partition(":")
    return Caller(
        f"{kind}:{rest.lower()}" if kind in ("user", "serviceAccount") else kind + colon + rest, frozenset(groups)
    )


def of(world: World, authorization: str, host: str) -> Caller:
    """Whom a request's Authorization header names; 401 for a token that is none."""
    token = authorization.removeprefix("Bearer ").strip()
    if not token:
        return NOBODY
    if token == TOKEN:
        return OWNER
    found = world.tokens.get(token)
    if found is None or world.time().timestamp() >= found.until or not _there(world, found.caller):
        raise expired(host) if found else _unknown()
    return found.caller


def _there(world: World, caller: Caller) -> bool:
    """An account of a project here can be deleted or disabled, and its tokens are none then."""
    kind, _, email = caller.member.partition(":")
    domain = email.partition("@")[2].removesuffix(".iam.gserviceaccount.com")
    if kind != "serviceAccount" or world.project(domain) is None:
        return True
    found = world.get("iam", f"projects/{domain}/serviceAccounts/{email}")
    return found is not None and not found.body.get("disabled")


def _unknown() -> ApiError:
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_TYPE_UNSUPPORTED",
        "domain": "googleapis.com",
    }
    text = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
    return ApiError(401, text + "authentication credential.", details=[info])

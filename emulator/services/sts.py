"""Security Token Service: a token of somebody else's for one of Google's, by a provider of a federation pool.

Signatures are not looked at: whoever can reach the emulator may say who they are. Issuer, audience, time, mapping and
condition are the provider's. https://cloud.google.com/iam/docs/workload-identity-federation (2026-11).
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from .. import conditions
from ..call import Call
from ..caller import Caller, mint
from ..kinds import Handlers, Service
from ..media import Media
from ..shapes import is_list, is_object, many, part

Json = dict[str, Any]
handlers = Handlers()
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
KINDS = ("urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token")
ACCESS = "urn:ietf:params:oauth:token-type:access_token"


class RefusedError(Exception):
    """As OAuth says it: an error of a few known names, and words."""

    def __init__(self, error: str, text: str):
        super().__init__(text)
        self.error = error


@handlers.on("sts.token")
def exchange(call: Call) -> Any:
    """Who somebody is here, by the mapping of the provider, if its condition holds."""
    try:
        caller = federated(call)
    except RefusedError as refused:
        told = {"error": refused.error, "error_description": str(refused)}
        return Media(json.dumps(told).encode(), "application/json; charset=UTF-8", 400)
    token = mint(call.world, caller)
    return {"access_token": token, "issued_token_type": ACCESS, "token_type": "Bearer", "expires_in": 3600}


def federated(call: Call) -> Caller:
    """The principal of a token, and the sets that it is in."""
    body = call.body
    if body.get("grantType") != EXCHANGE:
        raise RefusedError("unsupported_grant_type", f"Unsupported grant type: {body.get('grantType')}")
    if body.get("subjectTokenType") not in KINDS:
        raise RefusedError("invalid_request", f"Invalid subject token type: {body.get('subjectTokenType')}")
    audience = str(body.get("audience") or "")
    provider = _provider(call, audience)
    claims = _claims(str(body.get("subjectToken") or ""))
    _judge(call, provider, claims, audience)
    mapped = _mapped(provider, claims)
    condition = str(provider.get("attributeCondition") or "")
    google = {name.removeprefix("google."): v for name, v in mapped.items() if name.startswith("google.")}
    own = {name.removeprefix("attribute."): v for name, v in mapped.items() if name.startswith("attribute.")}
    if condition:
        try:
            good = conditions.value(condition, {"assertion": claims, "google": google, "attribute": own})
        except conditions.UnclearError as unclear:
            call.notes.append(f"the provider's condition cannot be decided: {unclear}")
            good = False
        if good is not True:
            raise RefusedError("unauthorized_client", "The given credential is rejected by the attribute condition.")
    pool = audience.removeprefix("//iam.googleapis.com/").rpartition("/providers/")[0]
    several = f"principalSet://iam.googleapis.com/{pool}"
    groups = google.get("groups", [])
    sets = [f"{several}/attribute.{name}/{text}" for name, text in own.items()]
    sets += [f"{several}/group/{group}" for group in (groups if is_list(groups) else [groups])] + [f"{several}/*"]
    return Caller(f"principal://iam.googleapis.com/{pool}/subject/{google['subject']}", frozenset(sets))


def _provider(call: Call, audience: str) -> Json:
    rule = r"//iam\.googleapis\.com/(projects/)([^/]+)(/locations/global/workloadIdentityPools/[^/]+)(/providers/[^/]+)"
    found = re.fullmatch(rule, audience)
    project = call.world.project(found[2]) if found else None
    wrong = RefusedError(
        "invalid_target",
        'The target service indicated by the "audience" parameters is invalid. This might either be because the pool '
        "or provider is disabled or deleted or because it doesn't exist.",
    )
    if not found or project is None:
        raise wrong
    pool = call.world.get("iam", f"{found[1]}{project.id}{found[3]}")
    provider = call.world.get("iam", f"{found[1]}{project.id}{found[3]}{found[4]}")
    if pool is None or provider is None or pool.body.get("disabled") or provider.body.get("disabled"):
        raise wrong
    return provider.body


def _claims(token: str) -> Json:
    try:
        text = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (IndexError, ValueError):
        found = None
    if not is_object(found):
        raise RefusedError("invalid_request", "Unable to parse the ID Token.")
    return found


def _judge(call: Call, provider: Json, claims: Json, audience: str) -> None:
    issuer = str(part(provider, "oidc").get("issuerUri") or "")
    if claims.get("iss") != issuer:
        text = f"The issuer in ID Token {claims.get('iss')} does not match the expected ones: {issuer}"
        raise RefusedError("invalid_grant", text)
    allowed = many(part(provider, "oidc"), "allowedAudiences") or [audience, f"https:{audience}"]
    given = claims.get("aud")
    if not any(each in allowed for each in (given if is_list(given) else [given])):
        raise RefusedError("invalid_grant", f"The audience in ID Token [{given}] does not match the expected audience.")
    until = claims.get("exp")
    if not isinstance(until, int | float) or until <= call.world.time().timestamp():
        raise RefusedError("invalid_grant", f"ID Token issued at {claims.get('iat')} is stale to sign-in.")


def _mapped(provider: Json, claims: Json) -> Json:
    mapped: Json = {}
    for name, expression in part(provider, "attributeMapping").items():
        try:
            mapped[name] = conditions.value(str(expression), {"assertion": claims})
        except conditions.UnclearError:
            mapped[name] = None  # a claim that is not there leaves its attribute out, but for the subject
    mapped = {name: found for name, found in mapped.items() if found is not None}
    subject = mapped.get("google.subject")
    if not isinstance(subject, str) or not 0 < len(subject.encode()) <= 127:
        text = f"The mapped attribute google.subject is {subject!r}; it is a text of 1 to 127 bytes."
        raise RefusedError("invalid_grant", text)
    return mapped


SERVICE = Service("sts", ("v1",), handlers=handlers)

"""Workload Identity Federation: of all workflows on GitHub it lets in those of one repository."""

import re
from collections.abc import Iterator
from typing import cast

from coursecloud.plan.registration import Registration
from coursecloud.policy.example import DROP, Example, put
from coursecloud.policy.reading import Inputs, at
from coursecloud.policy.rule import ResourceRule
from infra.federation import CI_EVENTS, PULL_REQUEST, run_attribute
from infra.settings import Settings

_PROVIDERS = frozenset({"iam.WorkloadIdentityPoolProvider"}).__contains__
_GITHUB = "https://token.actions.githubusercontent.com"
_NAMES_ONE = re.compile(
    r"assertion\.(?P<what>(repository|repository_owner)(_id)?|sub) == '(?P<is>[^'*]+)'"
    r"|assertion\.sub\.startsWith\('repo:[\w.-]+/[^']*'\)"
)
"""A part of a condition that by itself keeps every repository out but one, or one owner's."""
_EVENTS = re.compile(r"assertion\.event_name (?:== (?P<one>'\w+')|in \[(?P<some>('\w+'(, ?)?)+)\])")
_ODD = re.compile(r"""[?\\]|\b[rRbB]{1,2}['"]|'{3}|\"{3}""")
"""What CEL reads otherwise than by the signs between parts: a choice, an escape, a raw text, one of many lines."""
_REF = re.compile(r"assertion\.ref == '([^']+)'")
"""Parts that say at which events, or of which branch, a workflow comes in."""


def _conditioned(provider: Registration, settings: Settings) -> Iterator[str]:
    condition = at(provider.inputs, "attributeCondition")
    if not str(condition or "").strip():
        yield "it has no attributeCondition: everybody whom the issuer knows gets in"
        return
    if at(provider.inputs, "oidc.issuerUri") != _GITHUB:
        return
    if odd := _ODD.search(str(condition)):
        yield f"its attributeCondition has {odd[0]}, by which it can mean anything to who does not evaluate it"
    parts = [] if len(list(_split(str(condition), "||"))) > 1 else list(_split(str(condition), "&&"))
    found = [match for part in parts if (match := _NAMES_ONE.fullmatch(part))]
    if not found:
        yield "no part of its attributeCondition that has to hold names one: every repository on GitHub can get in"
    declared = settings.github
    events = [each for part in parts for each in _events(part)]
    refs = [match[1] for part in parts if (match := _REF.fullmatch(part))]
    if strange := sorted(set(events) - {PULL_REQUEST, *CI_EVENTS}):
        yield f"it lets workflows in at {', '.join(strange)}, which strangers can start or nothing here deploys by"
    for ref in refs:
        if declared and ref != declared.ref:
            yield f"it lets workflows of {ref} in, and the stack file names {declared.ref}"
    if found and not events and not refs and not any(match["what"] == "sub" for match in found):
        yield "no part of its attributeCondition names an event or a ref: any workflow of any branch can get in"
    by_sub = any(match["what"] == "sub" for match in found)
    if declared and found and not refs and not by_sub and not _of_ref(declared.ref) & set(parts):
        yield f"no part of its attributeCondition that is understood here holds runs to {declared.ref} and tags"
    mapping = provider.inputs.get("attributeMapping")
    run = cast("Inputs", mapping).get("attribute.run") if isinstance(mapping, dict) else None
    if declared and run is not None and run != run_attribute(declared.ref):
        yield "its attribute.run is not made of repository, event and ref, for which the bindings ask"
    for match in found:
        if declared and match["what"] == "repository_id" and match["is"] != str(declared.repository_id):
            yield f"it lets repository {match['is']} in, and the stack file names {declared.repository_id}"


def _of_ref(ref: str) -> set[str]:
    """Write the part that lets pull requests, one ref and tags in, with and without the brackets around it."""
    refs = f"assertion.ref == '{ref}' || assertion.ref.startsWith('refs/tags/')"
    said = f"assertion.event_name == '{PULL_REQUEST}' || {refs}"
    return {said, f"({said})"}


def _events(part: str) -> list[str]:
    match = _EVENTS.fullmatch(part)
    return re.findall(r"\w+", match["one"] or match["some"]) if match else []


def _split(text: str, at_sign: str) -> Iterator[str]:
    """Cut a condition at a sign that stands in no quotes and no brackets; brackets around all of a part go."""
    begun = depth = 0
    quoted = ""
    for place, letter in enumerate(text):
        if quoted:
            quoted = "" if letter == quoted and text[place - 1] != "\\" else quoted
        elif letter in "'\"":
            quoted = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        elif depth == 0 and text.startswith(at_sign, place) and place >= begun:
            yield _bare(text[begun:place])
            begun = place + len(at_sign)
    yield _bare(text[begun:])


def _bare(text: str) -> str:
    stripped = text.strip().replace('"', "'")
    inner = re.fullmatch(r"\(([^()]*)\)", stripped)
    return inner[1].strip() if inner else stripped


RULES = (
    ResourceRule(
        id="federation-conditioned",
        title="Federation lets one repository in",
        why="Without a condition any workflow of anybody on GitHub can ask for a token of this project.",
        remedy="Set attribute_condition on assertion.repository_id.",
        severity="critical",
        applies=_PROVIDERS,
        check=_conditioned,
        trivy=("AVD-GCP-0068",),
        breaks=(
            Example(
                "full",
                "provider",
                put(
                    "iam.WorkloadIdentityPoolProvider",
                    "provider",
                    "attributeMapping",
                    {"google.subject": "assertion.sub", "attribute.run": "assertion.ref"},
                ),
                says="is not made of repository, event and ref",
            ),
            Example(
                "full",
                "provider",
                put("iam.WorkloadIdentityPoolProvider", "provider", "attributeCondition", DROP),
                says="no attributeCondition",
                checkov=("CKV_GCP_118", "CKV_GCP_125"),
            ),
        ),
        keeps=(
            Example(
                "full",
                "provider",
                put(
                    "iam.WorkloadIdentityPoolProvider",
                    "provider",
                    "attributeCondition",
                    "assertion.repository_owner_id == '7' && assertion.ref == 'refs/heads/main'",
                ),
            ),
        ),
    ),
)

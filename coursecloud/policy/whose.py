"""Whose a grant is: of the stack's own accounts, the team, the course, a workflow or Google's services, or nobody's."""

import re

from catalog import tables
from coursecloud.plan import grants
from coursecloud.plan.registration import Registration
from coursecloud.policy import expected
from coursecloud.policy.reading import UnknownError
from coursecloud.policy.rule import Stack

_POOL = "iam.WorkloadIdentityPool"
_DEPLOYER = "GitHub"
"""The component whose account deploys, and so has the roles that the types of the program need."""


def kind(resource: Registration, stack: Stack, each: grants.Grant) -> str:
    """Say who somebody is; an empty text where nobody has declared them. Raises UnknownError."""
    member = each.member
    if member is None:
        raise UnknownError(f"`{each.member_at}`")
    if pattern := resource.at_run.get(each.member_at):
        # What a preview does not know of a member stands as a pattern, which no text of a program can pass for.
        pools = "|".join(re.escape(r.name) for r in stack.of(_POOL))
        way = rf"principalSet://iam\.googleapis\.com/\$\{{({pools})\.name\}}/{_workflows(stack)}"
        if pools and re.fullmatch(way, pattern):
            return "federation"
        return "agents" if _agent(r"\*|\$\{[^}]*\}", pattern) else ""
    if grants.is_public(member):
        return "everybody"
    if member in stack.accounts:
        return "deploys" if deploys(member, stack) else "accounts"
    if member.lower() in {name.lower() for name in stack.settings.team.members}:
        return "members"
    accounts = stack.settings.course.accounts
    if member in {f"serviceAccount:{each}" for each in (accounts.stop, accounts.deploy) if each}:
        return "course"
    if stack.real:
        # In Pulumi's own run what Google computes is a text like any other.
        return _at_run(stack, member)
    return ""


def agent(resource: Registration, each: grants.Grant) -> str:
    """Name which of Google's services somebody is, by the agent's domain (`compute-system`)."""
    return _agent(r"\d+|\*|\$\{[^}]*\}", resource.at_run.get(each.member_at) or each.member or "")


def _agent(number: str, member: str) -> str:
    found = re.fullmatch(rf"serviceAccount:service-(?:{number})@([a-z-]+)\.iam\.gserviceaccount\.com", member)
    return found[1] if found and found[1] in tables.table("iam-by-google")["agents"] else ""


def _at_run(stack: Stack, member: str) -> str:
    if _agent(r"\d+", member):
        return "agents"
    pools = "|".join(re.escape(str(r.inputs.get("workloadIdentityPoolId"))) for r in stack.of(_POOL))
    way = r"principalSet://iam\.googleapis\.com/projects/\d+/locations/global/workloadIdentityPools/"
    return "federation" if pools and re.fullmatch(rf"{way}({pools})/{_workflows(stack)}", member) else ""


def _workflows(stack: Stack) -> str:
    """Write whose workflows come in: of the repository in the stack file, by the events that the program names."""
    declared = stack.settings.github
    if declared is None:
        return "(?!)"
    runs = [expected.PULL_REQUEST, f"push/{declared.ref}", *expected.runs(declared.ref)]
    # A program of before 2026-11-28 lets in by the repository or the ref alone.
    known = [f"repository_id/{declared.repository_id}", f"ref/{declared.ref}"]
    known += [f"run/{declared.repository_id}/{run}" for run in runs]
    return rf"attribute\.({'|'.join(map(re.escape, known))})"


def deploys(member: str, stack: Stack) -> bool:
    """Say whether a member is the account that deploys."""
    account = stack.accounts.get(member)
    return account is not None and account.name == "deploy-account" and f":{_DEPLOYER}$" in account.urn

"""Workload Identity Federation: of all workflows on GitHub it lets in those of one repository."""

from collections.abc import Iterator
from typing import cast

from coursecloud.plan.registration import Registration
from coursecloud.policy import expected
from coursecloud.policy.example import DROP, Example, put
from coursecloud.policy.reading import Inputs, at
from coursecloud.policy.rule import ResourceRule
from infra.settings import Settings

_PROVIDERS = frozenset({"iam.WorkloadIdentityPoolProvider"}).__contains__


def _conditioned(provider: Registration, settings: Settings) -> Iterator[str]:
    """Hold a provider letter by letter to the condition that the stack file's repository has.

    A condition is a program in CEL, with choices, comments, escapes and raw texts: what is read of it in any other way
    than by evaluating it can be made to mean something else.
    """
    said = at(provider.inputs, "attributeCondition")
    if not str(said or "").strip():
        yield "it has no attributeCondition: everybody whom the issuer knows gets in"
        return
    declared = settings.github
    if declared is None or at(provider.inputs, "oidc.issuerUri") != expected.ISSUER:
        who = "it is for another issuer than GitHub" if declared else "the stack file names no repository"
        yield f"{who}, and nothing here judges whom its attributeCondition lets in"
        return
    if said != expected.condition(declared.repository_id, declared.ref):
        yield (
            f"its attributeCondition is not the one that lets in repository {declared.repository_id} alone, at the"
            f" events by which it deploys, with {declared.ref} and tags: read whom it lets in"
        )
    mapping = provider.inputs.get("attributeMapping")
    run = cast("Inputs", mapping).get("attribute.run") if isinstance(mapping, dict) else None
    if run is not None and run != expected.run_attribute(declared.ref):
        yield "its attribute.run is not made of repository, event and ref, for which the bindings ask"


RULES = (
    ResourceRule(
        id="federation-conditioned",
        title="Federation lets one repository in",
        why="Without a condition any workflow of anybody on GitHub can ask for a token of this project.",
        remedy="Leave attribute_condition to infra/github.py, or give an exception that says whom it lets in.",
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
            Example("full", "provider", put("iam.WorkloadIdentityPoolProvider", "provider", "displayName", "GitHub")),
        ),
    ),
)

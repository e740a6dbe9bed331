"""Cases of the rules about what a program does beside asking for resources."""

import dataclasses

from coursecloud.plan.planning import Plan
from coursecloud.policy.example import Edit, another, opt
from tests.guardrails.cases import Case


def _by(provider: str) -> Edit:
    """Have another provider make the bucket of the data."""

    def edit(plan: Plan) -> Plan:
        changed = [
            dataclasses.replace(r, provider=provider) if r.name == "data" and r.custom else r for r in plan.resources
        ]
        return dataclasses.replace(plan, resources=tuple(changed))

    return edit


# What the engine does not tell a policy pack stands at stack gpu; at dev both ways are tried.
PROGRAM = [
    Case("program-nothing-unseen", "applied here", "gpu", "data", opt(transforms=["t"])),
    Case("program-nothing-unseen", "runs code", "gpu", "data", opt(hooks={"beforeCreate": ["h"]})),
    Case("program-nothing-unseen", "rewrites", "gpu", "data", opt(stateMigrations=1)),
    Case("program-nothing-unseen", "understand", "gpu", "data", opt(unread=["snippetId"])),
    Case("program-nothing-unseen", "dynamic", "dev", "other", another("pulumi-python:dynamic:Resource")),
    Case("program-nothing-unseen", "dynamic", "dev", "other", another("gcp:a/b:C", __provider="code")),
    Case("program-one-provider", "of its own", "dev", "other", another("pulumi:providers:gcp", project="p")),
    Case("program-one-provider", "of its own", "gpu", "data", _by("urn:pulumi:gpu::c::pulumi:providers:gcp::x::1")),
    Case("program-one-provider", "9.0.0", "gpu", "data", opt(otherVersion="9.0.0, where 10.2.0 is installed")),
    Case("program-owns-its-resources", "goes on billing", "gpu", "data", opt(retainOnDelete=True)),
    Case("program-owns-its-resources", "`other`", "gpu", "data", opt(deletedWith="urn:pulumi:a::b::c:d:E::other")),
    Case("program-owns-its-resources", "`labels`", "gpu", "data", opt(ignoreChanges=["labels"])),
    Case("program-owns-its-resources", "`2026-11`", "gpu", "data", opt(replacementTrigger=["2026-11"])),
    Case("program-owns-its-resources", "when `labels`", "gpu", "data", opt(replaceOnChanges=["labels"])),
    Case(
        "program-owns-its-resources", "`trainer`", "gpu", "data", opt(replaceWith=["urn:pulumi:a::b::c:d:E::trainer"])
    ),
    Case("program-owns-its-resources", "hide", "gpu", "data", opt(hideDiffs=["labels"])),
]

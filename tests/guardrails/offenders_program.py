"""Cases of the rules about what a program does beside asking for resources."""

import dataclasses
from collections.abc import Callable
from typing import Any

from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import Deed, Registration
from tests.guardrails.edits import Case, Edit, put


def does(kind: str, text: str) -> Edit:
    """Have the program do something more; deeds of an earlier plan are not kept."""
    return lambda plan: _new(plan, program=(*plan.program, Deed(kind, text)))


def opt(**options: Any) -> Edit:
    """Give the bucket of the data more options."""
    return _bucket(lambda r: dataclasses.replace(r, options={**r.options, **options}))


def _by(provider: str) -> Edit:
    return _bucket(lambda r: dataclasses.replace(r, provider=provider))


def another(kind: str, name: str = "other", *, custom: bool = True, **inputs: Any) -> Edit:
    """Add a resource of any type."""

    def edit(plan: Plan) -> Plan:
        urn = f"urn:pulumi:{plan.settings.stack}::coursecloud::{kind}::{name}"
        added = Registration(urn, kind, name, custom, None, inputs, (), {}, None, False, {})
        return _new(plan, resources=(*plan.resources, added))

    return edit


def _bucket(change: Callable[[Registration], Registration]) -> Edit:
    def edit(plan: Plan) -> Plan:
        changed = tuple(change(r) if r.name == "data" and r.custom else r for r in plan.resources)
        return _new(plan, resources=changed)

    return edit


def _new(plan: Plan, **changed: Any) -> Plan:
    return dataclasses.replace(plan, **changed)


_NEAR = put("storage.Bucket", "data", "labels.near", "miss")
# What the engine does not tell a policy pack stands at stack gpu; at dev both ways are tried.
PROGRAM = [
    Case("program-same-in-real-run", "real run only", "gpu", "stack", does("differs", "in the real run only, it x")),
    Case("program-same-in-real-run", "", "gpu", "stack", does("read", "looks at something")),
    Case("program-nothing-unseen", "hook", "gpu", "stack", does("hook", "runs code: hook `h`")),
    Case("program-nothing-unseen", "applied here", "gpu", "data", opt(transforms=["t"])),
    Case("program-nothing-unseen", "runs code", "gpu", "data", opt(hooks={"beforeCreate": ["h"]})),
    Case("program-nothing-unseen", "rewrites", "gpu", "data", opt(stateMigrations=1)),
    Case("program-nothing-unseen", "understand", "gpu", "data", opt(unread=["snippetId"])),
    Case("program-nothing-unseen", "dynamic", "dev", "other", another("pulumi-python:dynamic:Resource")),
    Case("program-nothing-unseen", "dynamic", "dev", "other", another("gcp:a/b:C", __provider="code")),
    Case("program-nothing-unseen", "", "dev", "data", _NEAR),
    Case("program-one-provider", "package", "gpu", "other", another("random:index/randomId:RandomId")),
    Case("program-one-provider", "of its own", "dev", "other", another("pulumi:providers:gcp", project="p")),
    Case("program-one-provider", "of its own", "gpu", "data", _by("urn:pulumi:gpu::c::pulumi:providers:gcp::x::1")),
    Case("program-one-provider", "9.0.0", "gpu", "data", opt(otherVersion="9.0.0, where 10.2.0 is installed")),
    Case("program-one-provider", "", "dev", "data", _NEAR),
    Case("program-owns-its-resources", "`foreign`", "gpu", "data", opt(importId="foreign")),
    Case("program-owns-its-resources", "goes on billing", "gpu", "data", opt(retainOnDelete=True)),
    Case("program-owns-its-resources", "`other`", "gpu", "data", opt(deletedWith="urn:pulumi:a::b::c:d:E::other")),
    Case("program-owns-its-resources", "`labels`", "gpu", "data", opt(ignoreChanges=["labels"])),
    Case("program-owns-its-resources", "hide", "gpu", "data", opt(hideDiffs=["labels"])),
    Case("program-owns-its-resources", "", "gpu", "data", opt(customTimeouts={"create": "3h"})),
]

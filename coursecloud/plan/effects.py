"""What a program does that no list of resources shows: what it takes over, leaves behind, lets others do, or hides.

Each deed is one sentence of which the resource, or the program, is the subject. The review names those that a change
brings, the plan shows them, and the rules of `coursecloud/policy/rules/program.py` judge them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from catalog import types
from coursecloud.plan import sdk
from coursecloud.plan.registration import Deed, Registration
from infra.settings import Settings

ALTERED = "altered"
"""The kind of the deed that says that all others are another program's."""

KINDS = {
    "differs": "gives other resources in another run",
    ALTERED: "is not the program that this version ships",
    "adopt": "uses what is the group's own",
    "import": "takes over what is there already",
    "retain": "leaves behind what it made",
    "unkept": "lets go what the stack file keeps",
    "overlook": "has changes overlooked",
    "anew": "has something made anew more often than Google does",
    "provider": "uses another provider, or another account, than the stack's",
    "package": "uses a provider of other things than Google's",
    "code": "runs code of its own during `pulumi up`",
    "transform": "changes resources on their way to Google",
    "hook": "runs code of its own during `pulumi up`",
    "asset": "sends files that no plan shows",
    "read": "looks at what is not of this stack",
    "option": "asks Pulumi for something unusual",
    "unread": "asks Pulumi for what this tool does not understand",
}
"""The kinds of deeds, each in words of which the program is the subject."""

MINOR = frozenset({"adopt", "option"})
"""What is worth a look in a change, and breaks no rule."""


def of_resource(resource: Registration, *, adopted: bool = False, keeps: bool | None = None) -> Iterator[Deed]:
    """List what one registration asks for beside a resource of this stack with the inputs that the plan shows.

    `adopted` says that it is the group's own, in the form of `coursecloud.plan.adoption`, and `keeps` whether the stack
    file says `keep` of it; None where there is none.
    """
    options = [("adopt", ADOPTED)] if adopted else [*_of_options(resource), *_of_aliases(resource)]
    known = types.of(resource.type)
    if resource.protect and keeps is False:
        options.append(
            ("retain", "is protected by the program alone, by no `keep` of the stack file: `make down` leaves it there")
        )
    if keeps and resource.custom and not resource.protect and not adopted and known and known.holds:
        options.append(
            ("unkept", f"is kept by the stack file and protected by nothing: `make down` takes {known.holds}")
        )
    for kind, text in (*_of_type(resource), *options, *_of_provider(resource)):
        yield Deed(kind, text, resource.name, resource.urn)
    for path, text in assets(resource.inputs):
        yield Deed("asset", f"sends {text} as `{path}`", resource.name, resource.urn)


def _of_type(resource: Registration) -> Iterator[tuple[str, str]]:
    kind = resource.type
    package = kind.partition(":")[0]
    if ":dynamic:" in kind or "__provider" in resource.inputs:
        yield "code", "is a dynamic resource: code of the program makes it during `pulumi up`, whatever the plan says"
    elif kind.startswith("pulumi:providers:"):
        project = resource.inputs.get("project")
        of = f" for project `{project}`" if isinstance(project, str) else ""
        own = [key for key in ("credentials", "accessToken", "impersonateServiceAccount") if key in resource.inputs]
        with_ = f" with {' and '.join(own)} of its own" if own else ""
        yield "provider", f"is a provider of its own, `{kind.rpartition(':')[2]}`{of}{with_}"
    elif resource.options.get("remote"):
        yield "code", f"is a component of package `{package}`: what is in it only the real run shows"
    elif resource.custom and package != "gcp":
        yield "package", f"is of package `{package}`: nothing here knows what it does, costs or exposes"
    if resource.options.get("packageRef"):
        yield "package", "is of a package that is only known once Pulumi has loaded it"


def _of_options(resource: Registration) -> Iterator[tuple[str, str]]:
    for key, (kind, text) in OPTIONS.items():
        value = resource.options.get(key)
        if value and not _is_own(resource, key, value):
            yield kind, text.format(_listed(value))
    for name in resource.options.get("unread", ()):
        yield "unread", f"asks Pulumi for `{name}`, which this version of the tool does not understand"


def _of_aliases(resource: Registration) -> Iterator[tuple[str, str]]:
    """Say as what Pulumi's state may know a resource, but for the spellings of its own type, which the SDK adds."""
    stack, project, *_ = (*resource.urn.split("::"), "")
    urns = [{"urn": each} for each in resource.options.get("aliasURNs", ())]
    for said in cast("list[dict[str, Any]]", [*resource.options.get("aliases", ()), *urns]):
        spec = cast("Mapping[str, Any]", said.get("spec", {}))
        urn = str(said.get("urn", f"urn:pulumi:{spec.get('stack', stack[11:])}::{spec.get('project', project)}"))
        if urn.split("::")[:2] != [stack, project]:
            yield (
                "import",
                f"takes the place of what another stack or project made, `{urn[11:200].replace('`', chr(39))}`",
            )
        elif said.get("urn") or spec.get("name") or str(spec.get("type")).lower() != resource.type.lower():
            was = spec.get("name") or spec.get("type") or urn
            yield "option", f"takes the place of `{_bare(was)}`, where Pulumi's state has one"


def made_by(resource: Registration) -> str:
    """Name the component of the program right above a resource; empty where it is none of infra/."""
    found = re.search(r"coursecloud:infra:(\w+)\$[^$]*$", resource.urn)
    return found[1] if found else ""


def kept(resource: Registration, settings: Settings) -> bool:
    """Say whether the stack file keeps what a component of the program has, beyond a `make down`."""
    component, name = made_by(resource), resource.name
    if component == "Machines" and name != "machines-account":
        machine = settings.machines.get(name.removesuffix("-work"))
        return bool(machine and machine.data_disk and machine.data_disk.keep and name.endswith("-work"))
    course = settings.course.accounts.deploy
    of = {"Storage": settings.storage, "Registry": settings.registry, "Secrets": settings.secrets}
    section = of.get(component, settings.github if component == "GitHub" else None)
    if component == "Storage" and name == "staging":
        return False  # what is in it goes after some days anyway
    return bool((section and section.keep) or (course and component in ("Operator", "Machines")))


ADOPTED = "is the group's own: used as it is, never changed and never deleted; only the grants on it are the stack's"
OPTIONS: Mapping[str, tuple[str, str]] = {
    "importId": ("import", "takes over {}, which is there already; from then on `make down` can delete it"),
    "retainOnDelete": ("retain", "stays at Google when Pulumi deletes it, and goes on billing"),
    "deletedWith": ("retain", "is never deleted by itself: Pulumi takes it to go with {}"),
    "ignoreChanges": ("overlook", "has Pulumi overlook changes of {}"),
    "hideDiffs": ("overlook", "has Pulumi hide changes of {} in its previews"),
    "replaceOnChanges": ("anew", "is deleted and made anew, with what it holds, when {} changes"),
    "replacementTrigger": ("anew", "is deleted and made anew, with what it holds, when {} is another value"),
    "replaceWith": ("anew", "is deleted and made anew, with what it holds, each time {} is"),
    "transforms": ("transform", "is changed on its way to Google by {}, which is applied here too"),
    "hooks": ("hook", "runs code of its own: {}"),
    "stateMigrations": ("code", "rewrites what Pulumi's state says of it"),
    "envVarMappings": ("provider", "hands its provider another environment: {}"),
    "pluginDownloadURL": ("provider", "has its provider loaded from {}"),
    "otherVersion": ("provider", "wants its provider in version {}"),
    "deleteBeforeReplace": ("option", "is deleted before it is made anew: in between there is none"),
    "pluginChecksums": ("option", "wants its provider with checksums of its own"),
    "customTimeouts": ("option", "waits for Google as long as {}"),
}
"""By option: the kind of deed, and what it means."""


def _is_own(resource: Registration, option: str, value: Any) -> bool:
    """Say whether an option is what the program itself asks for: a machine's GPU and disk, and what is overlooked."""
    machine = resource.type == "gcp:compute/instance:Instance"
    match option:
        case "ignoreChanges":
            return value in _own(resource.type)
        case "replacementTrigger":
            return machine and all(isinstance(each, str) and _GPU.fullmatch(each) for each in value)
        case "deleteBeforeReplace":
            return machine and bool({"replacementTrigger", "replaceWith"} & resource.options.keys())
        case "replaceWith":
            return machine and all(urn.endswith(f"::{resource.name}-work") for urn in value)
        case _:
            return False


_GPU = re.compile(r"no GPU|\d{1,2} nvidia-[a-z0-9-]{1,40}")
"""How many of which GPU a machine has: without it on it the provider overlooks that they go."""


def _own(kind: str) -> list[list[str] | None]:
    """List what the program itself has overlooked: of a type's id, and of a service what a build releases."""
    service = kind == "gcp:cloudrunv2/service:Service"
    return [_own_id(kind), *([_RELEASED] if service else [])]


_RELEASED = ["template.containers[0].image", "template.labels", "client", "clientVersion"]
"""What a build that releases a service writes there (`gcloud run deploy --image`), seen on 2026-11-20. It stands here
once more because a change of the program's own list is for a reader to see."""


def _own_id(kind: str) -> list[str] | None:
    """Name the input that is a resource's own id, where Google blocks it after a deletion.

    It is new with each creation, and what is there keeps its own: there is nothing in it to overlook.
    """
    known = types.of(kind)
    if not known or not known.id_blocked:
        return None
    return re.findall(r"\{(\w+)\}", known.import_id or "")[-1:]


def _listed(value: Any) -> str:
    if isinstance(value, Mapping):
        pairs = (f"{key} {_bare(entry)}" for key, entry in sorted(cast("Mapping[str, Any]", value).items()))
        return f"`{', '.join(pairs)}`"
    return f"`{_bare(value)}`"


def _bare(value: Any) -> str:
    entries: list[Any] = cast("list[Any]", value) if isinstance(value, list) else [value]
    texts = [text.rpartition("::")[2] if text.startswith("urn:pulumi:") else text for text in map(str, entries)]
    return ", ".join(texts).replace("`", "'")[:300]


def _of_provider(resource: Registration) -> Iterator[tuple[str, str]]:
    if resource.provider:
        yield "provider", f"is made by a provider of its own, `{provider_name(resource.provider)}`"
    for package, provider in sorted(resource.options.get("providers", {}).items()):
        yield "provider", f"hands down a provider of its own for `{package}`, `{provider_name(provider)}`"


def provider_name(reference: str) -> str:
    """Take the name out of a reference to a provider, `URN::id`."""
    parts = reference.split("::")
    return parts[3] if len(parts) > 3 else reference


def assets(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Find the files that inputs refer to, with where each comes from."""
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, Any]", value)
        if what := sdk.ASSETS.get(str(entries.get(sdk.SIGNATURE))):
            source = entries.get("uri") or entries.get("path")
            yield path, f"{what} from `{source}`" if source else what
        else:
            for key, entry in entries.items():
                yield from assets(entry, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, entry in enumerate(cast("list[Any]", value)):
            yield from assets(entry, f"{path}[{index}]")

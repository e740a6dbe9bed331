"""Keys of a stack's configuration that nothing reads: where each belongs, or what was meant."""

import re
from collections.abc import Iterable, Mapping
from typing import cast

from infra.settings import levels, not_offered
from infra.settings.model import SECTIONS
from infra.settings.problem import MISSING, Findings, Problem, likely, nearest
from infra.settings.types import Section
from infra.settings.unpacking import unpacked

NAMESPACE = "coursecloud:"
OURS = ("project", "region", "zone")
"""What the stack shares with its provider; other keys of `gcp:` are the provider's alone."""

PROVIDERS = (
    *("accessToken", "addPulumiAttributionLabel", "batching", "billingProject", "credentials", "defaultLabels"),
    *("deletionPolicy", "disableGlobalProjectWarning", "disableGooglePartnerName", "externalCredentials"),
    *("googlePartnerName", "impersonateServiceAccount", "impersonateServiceAccountDelegates", "pollInterval"),
    *("preferGlobalEndpoints", "preferRegionalEndpoints", "pulumiAttributionLabelAdditionStrategy", "requestReason"),
    *("requestTimeout", "scopes", "skipRegionValidation", "universeDomain", "userProjectOverride"),
    *("version", "pluginDownloadURL"),
)
"""Settings of the provider (pulumi_gcp 10.2.0), those of one service's endpoint apart; the last two are Pulumi's."""

_PULUMIS = ("autonaming", "disable-default-providers", "tags", "template")
"""Keys of `pulumi:` that its engine reads (CLI 3.272); one that it does not know it passes over."""

_WITHOUT = "disable-default-providers"


def check(config: Mapping[str, object], found: Findings) -> None:
    """Refuse keys that nothing reads. What another provider's namespace holds is its own."""
    for key, value in config.items():
        namespace, _, name = key.partition(":")
        if f"{namespace}:" == NAMESPACE:
            _own(key, name, value, found)
        elif namespace == "gcp":
            _of_provider(key, name, config, found)
        elif namespace == "pulumi":
            _of_pulumi(key, name, value, found)
        elif name in SECTIONS and not isinstance(unpacked(value), str | int | float):
            right = NAMESPACE + name
            found.add(Problem(key, MISSING, "nothing reads keys of this namespace", f"did you mean '{right}'?"), right)
        elif meant := likely(namespace, ("coursecloud", "gcp", "google")):
            right = "gcp" if meant == "google" else meant
            found.add(Problem(key, MISSING, "nothing reads keys of this namespace", f"did you mean '{right}:{name}'?"))


def _own(key: str, name: str, value: object, found: Findings) -> None:
    first, *below = [part for part in re.split(r"[.\[\]/]+", name) if part] or [""]
    if name in OURS:
        found.add(Problem(key, MISSING, "this belongs to the provider", f"write gcp:{name}"), f"gcp:{name}")
    elif name in SECTIONS:
        return
    elif reason := not_offered.why("Settings", name):
        found.add(Problem(key, MISSING, "this is not offered", f"remove it: {reason}"))
    elif right := _one_word(name, value):
        rule = "a key has its namespace in front, both in one word"
        found.add(Problem(key, MISSING, rule, f"write {' and '.join(f'`{each}:`' for each in right)}"), *right)
    elif first in SECTIONS and below:
        levels = ", under it ".join(f"`{'- ...' if part.isdigit() else f'{part}:'}`" for part in below)
        remedy = f"write `{NAMESPACE}{first}:`, and indented under it {levels}"
        found.add(Problem(key, MISSING, "a section is one word, and what is in it is indented under it", remedy))
    else:
        meant = likely(name.partition(":")[0], SECTIONS, closer=True)
        remedy, other = ("", "") if meant else not_offered.meant("Settings", name)
        meant = meant or other
        remedy = remedy or ("" if meant else _level(name))
        remedy = remedy or nearest(name, [meant] if meant else (), f"known here: {', '.join(sorted(SECTIONS))}")
        found.add(Problem(key, MISSING, "this section is not known", remedy), NAMESPACE + (meant or name))


_NAMESPACES = {"gcp": "gcp:", "google": "gcp:", "pulumi": "pulumi:", "coursecloud": NAMESPACE, "config": ""}


def _one_word(name: str, value: object) -> list[str]:
    """Write the keys that a namespace stands for which is a level of its own, or has another sign behind it."""
    match = re.fullmatch(r"(gcp|google|pulumi|coursecloud|config)(?:[._/-]([A-Za-z]+)\b.*)?", name)
    if match is None:
        return []
    entries = unpacked(value)
    inside: Iterable[str] = cast("Mapping[str, object]", entries) if isinstance(entries, Mapping) else ()
    names = [match[2]] if match[2] else [each for each in inside if re.fullmatch(r"[A-Za-z][A-Za-z0-9:-]{0,60}", each)]
    return [f"{_NAMESPACES[match[1]]}{each}" for each in names][:4]


def _of_provider(key: str, name: str, config: Mapping[str, object], found: Findings) -> None:
    # Pulumi's bridge takes Terraform's spelling, too: billing_project.
    camel = re.sub(r"_([a-z0-9])", lambda letter: letter[1].upper(), name)
    if name in OURS or camel in PROVIDERS or re.fullmatch(r"[a-z][A-Za-z0-9]*CustomEndpoint", camel):
        return
    rule = "the provider has no such setting, and Pulumi refuses it"
    near = likely(name, OURS, closer=True) or likely(name, PROVIDERS, closer=True)
    if name in SECTIONS:
        found.add(Problem(key, MISSING, rule, f"write `{NAMESPACE}{name}:`"), NAMESPACE + name)
    elif near == "project" and "gcp:project" not in config:
        return  # the project is missing: that is said, and what stands in its place
    elif near:
        found.add(Problem(key, MISSING, rule, f"did you mean 'gcp:{near}'?"), f"gcp:{near}")
    else:
        found.add(Problem(key, MISSING, rule, f"without `gcp:` {remedy}" if (remedy := _level(name)) else "remove it"))


def _of_pulumi(key: str, name: str, value: object, found: Findings) -> None:
    if name == _WITHOUT:
        packages = unpacked(value)
        listed: list[object] = cast("list[object]", packages) if isinstance(packages, list) else [packages]
        if "*" in listed or "gcp" in listed:
            rule = "it takes the provider away that makes every resource of the stack: Pulumi would make none"
            found.add(Problem(key, value, rule, "remove it, or name other packages only"))
    elif name not in _PULUMIS and (near := likely(name, _PULUMIS, closer=True)):
        found.add(Problem(key, MISSING, "Pulumi reads no such key, and says nothing", f"did you mean 'pulumi:{near}'?"))


def _level(name: str) -> str:
    """Say under what a key of this name stands, which is at the wrong level; empty where nothing has one."""
    places: list[str] = []
    for section, annotation in SECTIONS.items():
        entry = levels.entry(annotation)
        model = entry or (cast("type[Section]", annotation) if isinstance(annotation, type) else None)
        if model and any(name == (field.alias or each) for each, field in model.model_fields.items()):
            places.append(f"{'a name of ' if entry else ''}`{NAMESPACE}{section}:`")
    return f"indent it under {' or '.join(places)}" if places else ""

"""The data behind the check, held against Google's documents, the provider's SDK and the program itself."""

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pulumi
import pytest
from pydantic import BaseModel

import infra
from catalog import tables, types
from coursecloud.plan import provenance
from coursecloud.validation import constraints, discovery
from coursecloud.validation.mapping import Element, TypeMapping, generic, mappings, names_in
from coursecloud.validation.values import output_only
from infra import stack as program
from infra.settings import Settings
from infra.settings.model import SECTIONS
from tests.infra.planned import resource_class
from tests.project import CHECKOUT

FILES = ("api-facts", "components")
TYPES = sorted(mappings())


@pytest.mark.parametrize("name", FILES)
def test_each_file_has_a_date_and_sources(name: str) -> None:
    data = json.loads((tables.DATA / f"{name}.json").read_text(encoding="utf-8"))
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", data["date"])
    assert data["note"]
    assert all(set(source) == {"title", "url", "read"} for source in data["source"])
    assert data["source"]


def test_every_classed_type_is_mapped() -> None:
    assert {each.type for each in types.declared()} - set(TYPES) == set()


def field(mapping: TypeMapping, path: str) -> dict[str, Any]:
    """Follow a path through the messages of an API; raises KeyError where it leads nowhere."""
    document = discovery.load(mapping.service, mapping.version)
    node: Any = document.schemas[document.entries[mapping.method]["request"]["$ref"]]
    for part in path.split("."):
        name = re.sub(r"\[\w*\]|\{\}", "", part)
        node = node["properties"][name]
        assert not output_only(node), f"{path}: {name} is Google's to set"
        node = document.node(node)
        if "[" in part:
            node = document.node(node["items"])
        if "{}" in part:
            node = document.node(node["additionalProperties"])
    return node


@pytest.mark.parametrize("token", TYPES)
def test_each_entry_names_a_method_its_parameters_and_fields_that_google_has(token: str) -> None:
    mapping = mappings()[token]
    document = discovery.load(mapping.service, mapping.version)
    described = document.entries[mapping.method]["parameters"]
    in_path = {name for name, rule in described.items() if rule["location"] == "path"}
    assert set(mapping.path) == in_path
    assert {described[name]["location"] for name in mapping.query} <= {"query"}
    for name, target in mapping.inputs.items():
        below = field(mapping, f"{target.path}.value" if target.pairs else target.path)
        assert not (target.becomes and below.get("enum")), f"{name} has an enum to hold it against"


def test_a_path_that_google_does_not_have_is_seen() -> None:
    with pytest.raises(KeyError):
        field(mappings()["gcp:storage/bucket:Bucket"], "lifecycle.rules")


def camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)


@pytest.mark.parametrize("token", TYPES)
def test_each_entry_names_inputs_that_the_provider_has(token: str) -> None:
    mapping = mappings()[token]
    taken = {camel(name) for name in inspect.signature(resource_class(token)._internal_init).parameters}
    named = {name.partition(".")[0].partition("[")[0] for name in (*mapping.inputs, *mapping.unsent)}
    assert (named | mapping.composed) - taken == set()


@pytest.mark.parametrize("token", TYPES)
def test_no_input_goes_two_ways(token: str) -> None:
    mapping = mappings()[token]
    assert not set(mapping.inputs) & set(mapping.unsent)
    assert not mapping.composed & (set(mapping.inputs) | set(mapping.unsent))
    assert all(mapping.unsent.values())


def test_every_type_has_the_inputs_that_it_cannot_do_without() -> None:
    for token in TYPES:
        mapping = mappings()[token]
        described = discovery.load(mapping.service, mapping.version).entries[mapping.method]["parameters"]
        wanted = {name for name, rule in described.items() if rule.get("required")}
        assert wanted <= {*mapping.path, *mapping.query}


@pytest.mark.parametrize("name", sorted(constraints.rules()))
def test_each_rule_says_where_it_was_read_and_keeps_its_own_example(name: str) -> None:
    fact = constraints.rules()[name]
    assert fact.source
    assert fact.says
    kinds = {"pattern", "oneOf", "range", "table", "reader"} & set(fact.form)
    assert len(kinds) == 1
    if kinds & {"pattern", "range", "reader"}:
        assert constraints.breach(fact, fact.form["like"], Settings(stack="x", project="my-project-1")) is None
    assert constraints.breach(fact, "§ no=such/value ( " * 30, Settings(stack="x", project="my-project-1")) is not None


def test_every_rule_is_used_on_inputs_that_are_mapped() -> None:
    named = {token: each.rules for token, each in types.every().items() if each.rules}
    everywhere = tables.table("api-facts")["everywhere"]
    assert {rule for inputs in (everywhere, *named.values()) for rule in inputs.values()} == set(constraints.rules())
    assert set(named) <= set(TYPES)
    for token in TYPES:
        mapping = mappings()[token]
        for path in named.get(token, {}):
            top = path.partition(".")[0].partition("[")[0].partition("{")[0]
            known = {name.partition(".")[0].partition("[")[0] for name in (*mapping.inputs, *mapping.unsent)}
            assert top in known | mapping.composed, f"{token} {path}"


def listed() -> dict[str, Any]:
    return tables.table("components")


def components() -> Iterator[type]:
    waiting: list[type] = [pulumi.ComponentResource]
    while waiting:
        for each in waiting.pop().__subclasses__():
            waiting.append(each)
            if each.__module__.startswith(f"{infra.__name__}.") and each.__name__ != "Component":
                yield each


def test_every_component_is_listed_with_the_file_that_it_is_in() -> None:
    assert program
    files = {each.__name__: f"{each.__module__.replace('.', '/')}.py" for each in components()}
    assert {name: entry["file"] for name, entry in listed()["components"].items()} == files
    assert all((CHECKOUT / file).is_file() for file in files.values())


def every_key() -> Iterator[str]:
    yield from (key for keys in listed()["everywhere"].values() for key in keys)
    for entry in listed()["components"].values():
        yield from entry.get("keep", ())
        yield from (key for keys in entry.get("inputs", {}).values() for key in keys)
    for each in types.declared():
        yield from (key for part in each.components.values() for keys in part.inputs.values() for key in keys)


def has(annotation: Any, names: list[str]) -> bool:
    """Say whether settings of a type have a key, through sections, optional ones and maps by name."""
    if not names:
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        aliases = {info.alias or name: info.annotation for name, info in annotation.model_fields.items()}
        if names[0] == "{name}":  # a bucket: each is a setting of its own
            return any(has(each, names[1:]) for each in aliases.values())
        return names[0] in aliases and has(aliases[names[0]], names[1:])
    inner = get_args(annotation)
    if get_origin(annotation) is dict:
        return has(inner[1], names[1:])
    return any(has(each, names) for each in inner)


@pytest.mark.parametrize("key", sorted(set(every_key())))
def test_each_key_is_one_that_a_stack_file_can_have(key: str) -> None:
    namespace, _, path = key.partition(":")
    if namespace == "gcp":
        assert path in ("project", "region", "zone")
        return
    section, *names = path.split(".")
    assert has(SECTIONS[section], names)


def test_a_key_that_no_stack_file_has_is_seen() -> None:
    assert not has(SECTIONS["machines"], ["{name}", "spott"])
    assert not has(SECTIONS["storage"], ["data", "keep", "more"])
    assert has(SECTIONS["machines"], ["{name}", "bootDisk", "sizeGb"])


def test_each_place_is_of_a_type_and_an_input_that_are_mapped() -> None:
    for each in types.declared():
        mapping = mappings()[each.type]
        for component, part in each.components.items():
            assert component in listed()["components"], each.short
            inputs = part.inputs
            starts = [
                (path, other) for path in inputs for other in inputs if path.startswith((f"{other}.", f"{other}["))
            ]
            assert starts == [], "one place lies below another: which of them is meant?"
            for path in inputs:
                assert any(
                    path == name or path.startswith((f"{name}.", f"{name}[")) or name.startswith(f"{path}.")
                    for name in (*mapping.inputs, *mapping.unsent, *mapping.composed)
                ), f"{each.short} {path}"
            assert not part.named or "name" in re.compile(part.named).groupindex


def test_paths_and_templates_are_read_as_written() -> None:
    target = mappings()["gcp:compute/instance:Instance"].inputs["attachedDisks[].source"]
    assert list(target.steps(iter(["a"]))) == ["disks", Element("a"), "source"]
    assert generic("disks[boot].x") == "disks[].x"
    assert names_in("projects/{project}/x") == ["project"]
    assert provenance.Provenance("f").keys == ()


def test_the_files_of_data_are_those_that_are_read() -> None:
    assert {Path(f"{name}.json").name for name in FILES} <= {file.name for file in tables.DATA.glob("*.json")}

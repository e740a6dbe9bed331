"""A request held against an API's description: every field, every value, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from coursecloud.validation.discovery import Document
from coursecloud.validation.mapping import Element
from coursecloud.validation.request import Leaf, Node, Parameter
from coursecloud.validation.values import Breach, Rule, basis, breach, output_only, required


@dataclass(frozen=True)
class Held:
    """One field of a request that was held against its description."""

    field: str
    """The message and the path in it, e.g. `Bucket.lifecycle.rule[].action.type`."""
    leaf: Leaf | None
    """The input that fills it; None where the field is missing."""
    basis: str
    """What it was held against: enum, pattern, format, type, required; `later` for a value not known yet."""
    breach: Breach | None = None
    parameter: str = ""
    """The parameter of the path or the query, where it is not a field of the body."""


def hold_parameter(rule: Rule | None, parameter: Parameter, method: str) -> Iterator[Held]:
    """Hold a parameter of the path or the query against its description; one judgement an input of it."""
    field = f"{method} {{{parameter.name}}}"
    if rule is None:
        wrong = Breach("unknown field", "a parameter of the method")
        yield from (Held(field, leaf, "type", wrong, parameter.name) for leaf in parameter.leaves)
        return
    wrong = breach(rule, parameter.text) if parameter.text is not None else None
    blamed = _blamed(rule, parameter) if wrong else ()
    for leaf in parameter.leaves:
        broken = wrong if leaf in blamed else None
        if not leaf.unknown and not isinstance(leaf.value, str | int):
            broken = Breach("type", "text")
        yield Held(field, leaf, "later" if leaf.unknown else basis(rule), broken, parameter.name)


def _blamed(rule: Rule, parameter: Parameter) -> tuple[Leaf, ...]:
    """Find the inputs of a parameter that break its pattern: those that it would keep with a plain name instead."""
    texts = {str(leaf.parts[0]): str(leaf.value) for leaf in parameter.leaves}
    mended = (
        leaf
        for leaf in parameter.leaves
        if breach(rule, parameter.form.format_map(texts | {str(leaf.parts[0]): "name"})) is None
    )
    return tuple(mended) or parameter.leaves


@dataclass(frozen=True)
class Holder:
    """Holds the body of one method's request against the message that the method takes."""

    document: Document
    method: str

    def body(self, message: str, node: Node) -> Iterator[Held]:
        """Hold the whole body."""
        yield from self._message(self.document.schemas[message], node, message)

    def _message(self, rule: Rule, node: Node, field: str) -> Iterator[Held]:
        properties: dict[str, Rule] = rule.get("properties", {})
        entries: Rule | None = rule.get("additionalProperties")
        for step, child in node.children.items():
            name = str(step)
            below = f"{field}.{name}"
            if name in properties:
                if output_only(properties[name]):
                    yield Held(below, child.first(), "type", Breach("output only", "left to Google, which sets it"))
                else:
                    yield from self._value(properties[name], child, below)
            elif entries is not None:
                yield from self._value(entries, child, f"{field}{{}}")
            elif properties:
                wrong = Breach("unknown field", f"a field of {field}", tuple(properties))
                yield Held(below, child.first(), "type", wrong)
            else:
                yield Held(below, child.first(), "type")
        yield from self._missing(properties, node, field)

    def _missing(self, properties: dict[str, Rule], node: Node, field: str) -> Iterator[Held]:
        for name, rule in properties.items():
            wanted = required(name, rule, self.method)
            if not wanted or output_only(rule):
                continue
            there = name in node.children and node.children[name].value != ""
            yield Held(f"{field}.{name}", None, "required", None if there else Breach("required", "there"))

    def _value(self, rule: Rule, node: Node, field: str) -> Iterator[Held]:
        rule = self.document.node(rule)
        if node.leaf is not None:
            if node.counted:
                yield self._leaf(rule, node, node.leaf, field)
            if node.value == {} and rule.get("type") == "object":
                yield from self._missing(rule.get("properties", {}), Node(), field)
        elif any(isinstance(step, Element) for step in node.children):
            if rule.get("type") != "array":
                yield Held(field, node.first(), "type", Breach("type", "one value, not a list"))
                return
            for child in node.children.values():
                yield from self._value(rule["items"], child, f"{field}[]")
        elif rule.get("type") == "any":
            yield Held(field, node.first(), "type")
        elif rule.get("type") != "object":
            wrong = "a list" if rule.get("type") == "array" else "one value, not an object"
            yield Held(field, node.first(), "type", Breach("type", wrong))
        else:
            yield from self._message(rule, node, field)

    def _leaf(self, rule: Rule, node: Node, leaf: Leaf, field: str) -> Held:
        if leaf.unknown:
            return Held(field, leaf, "later")
        if node.changed:
            return Held(field, leaf, "type")
        if rule.get("type") == "array":
            return Held(field, leaf, "type", Breach("type", "a list"))
        if rule.get("type") == "object":
            wrong = None if node.value == {} else Breach("type", "an object")
            return Held(field, leaf, "type", wrong)
        if node.value == {}:
            return Held(field, leaf, "type", Breach("type", "one value, not an object"))
        return Held(field, leaf, basis(rule), breach(rule, node.value))

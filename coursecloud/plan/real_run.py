"""The program a second time, as the real run: what it then does otherwise is what no preview shows.

The two runs differ in what tells a program where it is: whether it is a dry run, whether what Google computes is
known, on whose machine it runs and on which day (`elsewhere`). A changed program that asks whether images are there
runs once more without any. What its modules decide while they load counts too (`own_modules`).
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from catalog.types import short_type
from coursecloud.plan import elsewhere, mock_outputs, nested, sdk, service_images, shipped
from coursecloud.plan.engine import Recording, record
from coursecloud.plan.mock_outputs import MARKS
from coursecloud.plan.registration import UNKNOWN, Deed, Registration
from infra.settings import EXAMPLE_PROJECT

STAND_IN = "another-project-1"
"""A project for stacks of the example, which the program refuses in a real run; as long as that one's id or shorter."""


def differences(
    program: Path,
    preview: Recording,
    *,
    project: str,
    stack: str,
    config: Mapping[str, object],
    patterns: dict[str, dict[str, str]] | None = None,
) -> tuple[Deed, ...]:
    """Record `program` as the real run of what `preview` is a preview of, and say all that differs.

    `patterns` is filled, by URN and path, with what is known of the values that a preview does not know. What the
    program prints is not shown again. A program that fails in the real run only is a difference.
    """

    def run(mark: str | None) -> Recording:
        with contextlib.redirect_stdout(io.StringIO()):
            if mark is None:
                return record(program, project=project, stack=stack, config=config)
            with elsewhere.here():
                return record(program, project=project, stack=stack, config=config, mark=mark)

    example = config.get("gcp:project") == EXAMPLE_PROJECT
    if example:
        config = {**config, "gcp:project": STAND_IN}
        preview = run(None)
    counted = Counter(resource.urn for resource in preview.resources)
    if again := sorted({urn.rpartition("::")[2] for urn, count in counted.items() if count > 1}):
        return (Deed("differs", f"registers two resources of one type as `{', '.join(again)}`: Pulumi refuses that"),)
    try:
        real = run(MARKS[0])
        if patterns is not None:
            patterns.update(_patterns(preview, real, example=example))
        found = [*_compared(preview, real)]
        if not found and any(_constants(preview, real)):
            other = run(MARKS[1])
            found = [*_hidden(preview, real, other)]
        if not found and preview.asked and shipped.altered(program.parent):
            with contextlib.redirect_stdout(io.StringIO()):
                absent = record(program, project=project, stack=stack, config=config, pushed=False)
            return tuple(_before_a_push(preview, absent))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a program raises is what is to be told
        text = " ".join(str(error).split())[:300]
        return (Deed("differs", f"fails when it is run as `pulumi up` runs it: {type(error).__name__}: {text}"),)
    if found and next(_compared(preview, run(None)), None):
        return tuple(
            Deed(each.kind, f"{each.text}; two previews differ, too, so it follows time, chance or something outside",
                 each.name, each.urn)
            for each in found
        )  # fmt: skip
    return tuple(found)


def _before_a_push(preview: Recording, absent: Recording) -> Iterator[Deed]:
    """Say what an `up` has otherwise before images are pushed, but that services begin with Google's sample."""

    def image(container: Any, own: Any) -> Any:
        return {**container, "image": own["image"]} if container.get("image") == service_images.SAMPLE else container

    old, resources = {resource.urn: resource for resource in preview.resources}, list[Registration]()
    for resource in absent.resources:
        sides = (resource, old.get(resource.urn, resource))
        template, own = (nested.mapping(each.inputs.get("template")) for each in sides)
        pairs = list(zip(nested.listed(template.get("containers")), nested.listed(own.get("containers")), strict=False))
        if pairs and short_type(resource.type) == "cloudrunv2.Service":
            inputs = {**resource.inputs, "template": {**template, "containers": [image(*pair) for pair in pairs]}}
            resource = replace(resource, inputs=inputs)
        resources.append(resource)
    yield from _compared(preview, replace(absent, resources=resources), "an `up` before images are pushed")


def _compared(preview: Recording, real: Recording, run: str = "the real run") -> Iterator[Deed]:
    """Say what the real run has otherwise; what the preview did not know may be anything."""
    old, new = ({resource.urn: resource for resource in side.resources} for side in (preview, real))
    for urn, resource in new.items():
        if urn not in old:
            text = f"is made in {run} only, with {_shown(resource.inputs)}"
            yield Deed("differs", text, resource.name, urn)
    for urn, resource in old.items():
        if urn not in new:
            yield Deed("differs", f"is in the preview only: {run} does not make it", resource.name, urn)
        else:
            for path, was, will in _places(_form(resource), _form(new[urn]), ""):
                text = f"`{path}` is {_shown(was)} in the preview and {_shown(will)} in {run}"
                yield Deed("differs", text, resource.name, urn)
    # A field of a block that Google fills in is nothing in a preview, also to the real engine.
    for path, was, will in _places(preview.outputs, real.outputs, "", _otherwise):
        text = f"has the output `{path}` as {_shown(was)} in the preview and {_shown(will)} in {run}"
        yield Deed("differs", text)
    for deed in real.deeds:
        if deed not in preview.deeds:
            yield Deed("differs", f"in {run} only, it {deed.text}")
    for deed in preview.deeds:
        if deed not in real.deeds:
            yield Deed("differs", f"in the preview only, it {deed.text}")


def _form(resource: Registration) -> dict[str, Any]:
    """Take what is compared, the inputs under their own names; a provider's id is another one in each run."""
    return {
        **resource.inputs,
        "(options)": {
            "type": resource.type,
            "custom": resource.custom,
            "parent": resource.parent,
            "protect": resource.protect,
            "provider": resource.provider and resource.provider.rpartition("::")[0],
            "dependencies": list(resource.dependencies),
            **{name: value for name, value in resource.options.items() if name != "providers"},
        },
    }


def _otherwise(old: Any, new: Any) -> bool:
    return old != UNKNOWN and not (old is None and MARKS[0] in json.dumps(new, default=str))


_Place = tuple[str, Any, Any]


def _places(
    old: Any, new: Any, path: str, wanted: Callable[[Any, Any], bool] = lambda old, _: old != UNKNOWN
) -> Iterator[_Place]:
    """Find where two values differ and it is `wanted`, as deep as both have the same shape; of a secret not inside."""
    if sdk.is_secret(old) and sdk.is_secret(new):
        if any(_places(old.get("value", UNKNOWN), new.get("value"), path, wanted)):
            yield path, old, new
    elif isinstance(old, Mapping) and isinstance(new, Mapping) and old != UNKNOWN and sdk.SIGNATURE not in {*old, *new}:
        was, will = cast("Mapping[str, Any]", old), cast("Mapping[str, Any]", new)
        for key in sorted(was.keys() | will.keys()):
            here = f"{path}.{key}" if path else key
            yield from _places(was.get(key), will.get(key), here, wanted)
    elif isinstance(old, list) and isinstance(new, list) and len(cast("list[Any]", old)) == len(cast("list[Any]", new)):
        for place, (was, will) in enumerate(zip(cast("list[Any]", old), cast("list[Any]", new), strict=True)):
            yield from _places(was, will, f"{path}[{place}]", wanted)
    elif old != new and wanted(old, new):
        yield path, old, new


def _patterns(preview: Recording, real: Recording, *, example: bool) -> Iterator[tuple[str, dict[str, str]]]:
    """Give what the real run made of each value that a preview does not know, what Google computes by its name."""
    new = {resource.urn: resource.inputs for resource in real.resources}
    for resource in preview.resources:
        made = _places(resource.inputs, new.get(resource.urn, {}), "", lambda old, _: old == UNKNOWN)
        found = {path: _pattern(value) for outer, _, will in made for path, value in _texts(will, outer)}
        if example:
            found = {path: text.replace(STAND_IN, EXAMPLE_PROJECT) for path, text in found.items()}
        if found:
            yield resource.urn, found


_COMPUTED = re.compile(
    rf"{mock_outputs.NUMBER}|{MARKS[0]}/(?P<what>[^{mock_outputs.END}]*){mock_outputs.END}|{MARKS[0]}[^\s:@]*"
)


def _pattern(text: str) -> str:
    return _COMPUTED.sub(lambda found: f"${{{found['what'].replace('/', '.')}}}" if found["what"] else "*", text)


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Give each text, number and word in a value with its path; the whole of it where it holds what is not shown."""
    if isinstance(value, Mapping) and sdk.SIGNATURE not in value:
        for key, each in cast("Mapping[str, Any]", value).items():
            yield from _texts(each, f"{path}.{key}")
    elif isinstance(value, list):
        for at, each in enumerate(cast("list[Any]", value)):
            yield from _texts(each, f"{path}[{at}]")
    elif isinstance(value, str | int | float):
        yield path, value if isinstance(value, str) else json.dumps(value)


def _unmarked(old: Any, new: Any) -> bool:
    """Say whether the preview did not know a value that has nothing of what Google would compute in it."""
    if old != UNKNOWN or new is None:
        return False
    text = json.dumps(new, default=str)
    return MARKS[0] not in text and str(mock_outputs.NUMBER) not in text


def _constants(preview: Recording, real: Recording) -> Iterator[tuple[Registration, _Place]]:
    new = {resource.urn: resource for resource in real.resources}
    for resource in (each for each in preview.resources if each.urn in new):
        for place in _places(_form(resource), _form(new[resource.urn]), "", _unmarked):
            yield new[resource.urn], place


def _hidden(preview: Recording, real: Recording, other: Recording) -> Iterator[Deed]:
    """Name what a preview does not show though it is the same whatever Google computes."""
    again = {(resource.urn, path): value for resource, (path, _, value) in _constants(preview, other)}
    for resource, (path, _, value) in _constants(preview, real):
        if again.get((resource.urn, path)) == value:
            text = f"`{path}` is {_shown(value)} whatever Google answers, and no preview shows it"
            yield Deed("differs", text, resource.name, resource.urn)


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=str)
    if sdk.SIGNATURE in text:
        return "something that is not shown"
    return f"`{text.replace('`', chr(39))}`"

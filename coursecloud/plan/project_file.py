"""What Pulumi.yaml has Pulumi run with: a program, settings or a provider that nothing here has read."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from coursecloud.plan import nested
from coursecloud.plan.registration import Deed
from infra import files

_HARMLESS = frozenset({"author", "backend", "description", "license", "name", "website"})
"""What says what the project is, and where its state is, which a group chooses."""

_OPTIONS = frozenset({"toolchain", "typechecker", "virtualenv"})
"""Of Python, in which Pulumi runs the program."""

_MEANS = {
    "config": ("provider", "by which settings come that no stack file has, the provider's account among them"),
    "main": ("unread", "so that Pulumi runs another program than the one that was planned"),
    "packages": ("package", "from which Pulumi takes other providers"),
    "plugins": ("provider", "from which Pulumi takes its provider, its policies or what runs the program"),
    "runtime": ("unread", "so that Pulumi runs the program otherwise than a plan does"),
    "stackConfigDir": ("unread", "so that Pulumi reads other stack files than those that were planned"),
}
"""By key: the kind of the deed, and what follows (sdk/go/common/workspace/project.go of pulumi/pulumi, CLI 3.260)."""


def deeds(root: Path) -> Iterator[Deed]:
    """Name each key of a project's Pulumi.yaml that has more done than the stack file and the program say."""
    try:
        said: object = yaml.safe_load(files.text_of(root / "Pulumi.yaml"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return  # whoever runs it is told by Pulumi, and by the list of what is shipped
    for key, value in sorted(cast("dict[object, Any]", said).items(), key=str) if isinstance(said, dict) else ():
        if key in _HARMLESS or (key == "runtime" and _is_python(value)):
            continue
        kind, then = _MEANS.get(str(key), ("unread", "which nothing here reads"))
        shown = json.dumps(value, default=str)[:200].replace("`", "'")
        yield Deed(kind, f"is run with `{key}: {shown}` of Pulumi.yaml, {then}")


def _is_python(runtime: Any) -> bool:
    if isinstance(runtime, str):
        return runtime == "python"
    if not isinstance(runtime, Mapping):
        return False
    said = cast("Mapping[str, Any]", runtime)
    options = nested.mapping(said.get("options"))
    return said.get("name") == "python" and said.keys() <= {"name", "options"} and {*options} <= _OPTIONS

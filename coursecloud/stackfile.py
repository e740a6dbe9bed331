"""Stack files, read as Pulumi's engine reads them but without it."""

import re
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any, cast

import yaml

from infra.settings import Problem, SettingsError
from infra.settings.problem import MISSING, nearest

PULUMIS_OWN = frozenset({"config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment"})
"""The keys that Pulumi itself reads and writes at the top of a stack file (CLI 3.272)."""

NAME = re.compile(r"Pulumi\.(?P<stack>.+)\.ya?ml")


class _Yaml(yaml.SafeLoader):
    """YAML as Go's yaml.v3 reads it: `18:00` and `on` are text, dates stay as written, keys are unique."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = cast("object", self.construct_object(key_node, deep=True))
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is not text", key_node.start_mark)
            if key in seen and key != "<<":
                raise yaml.constructor.ConstructorError(None, None, f"'{key}' is there twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


_Yaml.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"(?:~|null|Null|NULL|)", "~nN\0"),
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9_]*|0x[0-9a-fA-F]+|0o[0-7]+)", "-+0123456789"),
    ("float", r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("merge", r"<<", "<"),
):
    _Yaml.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^{_pattern}$"), list(_first) + [""] * (_tag == "null")
    )


def path_of(stack: str, folder: Path) -> Path:
    """Find the file of a stack; raises SettingsError that names the stacks there are."""
    for ending in ("yaml", "yml"):
        path = folder / f"Pulumi.{stack}.{ending}"
        if path.is_file():
            return path
    there = [name for name, _ in every(folder)]
    raise SettingsError(
        stack,
        [
            Problem(
                str(folder / f"Pulumi.{stack}.yaml"),
                MISSING,
                "there is no such stack file",
                f"create it, or take another --stack: {nearest(stack, there)}",
            )
        ],
    )


def every(folder: Path) -> Iterator[tuple[str, Path]]:
    """List the stack files of a folder, sorted, as name and path."""
    for path in sorted(folder.glob("Pulumi.*.y*ml")):
        if match := NAME.fullmatch(path.name):
            yield match["stack"], path


def read(stack: str, path: Path) -> dict[str, object]:
    """Read the configuration of a stack file, keyed `NAMESPACE:KEY`.

    Raises SettingsError where the file is not YAML or has a key that neither Pulumi nor the project knows.
    """
    try:
        content: Any = yaml.load(path.read_text(encoding="utf-8"), Loader=_Yaml)  # noqa: S506 - a SafeLoader
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise SettingsError(stack, [Problem(path.name, MISSING, _where(error), "mend the file's YAML")]) from None
    if not isinstance(content, dict):
        content = {"config": {}} if content is None else {"": content}
    top = cast("dict[str, object]", content)
    problems = [
        Problem(
            key,
            MISSING,
            "a stack file has no such key at its top",
            f"put it under `config:`; {nearest(key, PULUMIS_OWN)}",
        )
        for key in top
        if key not in PULUMIS_OWN
    ]
    config: Any = top.get("config") or {}
    if not isinstance(config, dict):
        problems.append(Problem("config", config, "config is a mapping of keys to values", "indent them under it"))
        config = {}
    entries = cast("dict[str, object]", config)
    if problems:
        raise SettingsError(stack, problems)
    # A key without a namespace is the project's own, to Pulumi too.
    return {key if ":" in key else f"coursecloud:{key}": value for key, value in entries.items()}


def _where(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    return str(error) or type(error).__name__

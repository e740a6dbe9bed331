"""Stack files, read as Pulumi's engine reads them but without it."""

import json
import os
import re
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any, cast

import yaml

from infra.settings import Problem, SettingsError
from infra.settings.problem import MISSING, likely, nearest

PULUMIS_OWN = frozenset({"config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment"})
"""The keys that Pulumi itself reads and writes at the top of a stack file (CLI 3.272)."""

NAME = re.compile(r"Pulumi\.(?P<stack>.+)\.ya?ml")


class _Yaml(yaml.SafeLoader):
    """YAML as Go's yaml.v3 reads it: `18:00` and `on` are text, dates stay as written, keys are unique."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = cast("object", self.construct_object(key_node, deep=True))
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is not text", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"'{key}' is there twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _leading_zero(_: yaml.SafeLoader, node: yaml.ScalarNode) -> None:
    problem = f"{node.value} is octal to one reader and decimal to another"
    raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


# Only what has a meaning in JSON: no other tag makes a value that Pulumi's engine could hand on.
_MEANT = (None, *(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map")))
_Yaml.yaml_constructors = {tag: make for tag, make in yaml.SafeLoader.yaml_constructors.items() if tag in _MEANT}
_Yaml.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"(?:~|null|Null|NULL|)", "~nN\0"),
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)", "tTfF"),
    ("leading-zero", r"[-+]?0[0-9_]+", "-+0"),
    ("int", r"[-+]?(?:0|[1-9][0-9_]*|0x[0-9a-fA-F]+|0o[0-7]+)", "-+0123456789"),
    ("float", r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("merge", r"<<", "<"),
):
    _Yaml.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^{_pattern}$"), list(_first) + [""] * (_tag == "null")
    )
_Yaml.add_constructor("tag:yaml.org,2002:leading-zero", _leading_zero)


def path_of(stack: str, folder: Path) -> Path:
    """Find the file of a stack; raises SettingsError that names the stacks there are."""
    for ending in ("yaml", "yml"):
        path = folder / f"Pulumi.{stack}.{ending}"
        # A link to nothing and a folder are there too: reading them says what they are.
        if os.path.lexists(path):
            return path
    there = [name for name, _ in every(folder)]
    raise SettingsError(
        stack,
        [
            Problem(
                str(folder / f"Pulumi.{stack}.yaml"),
                MISSING,
                "there is no such stack file",
                f"create it, or take another --stack: {nearest(stack, there)}"
                if there
                else "no other is there either: write it with `coursecloud init`, or name another --folder",
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

    Raises SettingsError where the file cannot be read, is not YAML, or has a key that neither Pulumi nor the project
    knows.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content: Any = yaml.load(text, Loader=_Yaml)  # noqa: S506 - a SafeLoader
        json.dumps(content)  # refuses an alias to what holds it
    except (OSError, KeyError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise SettingsError(stack, [Problem(path.name, MISSING, *_unreadable(error))]) from None
    if content is None:
        content = {}
    if not isinstance(content, dict):
        rule = "a stack file is a mapping with the key `config:` at its top"
        raise SettingsError(stack, [Problem(path.name, content, rule, "write `config:` and indent the keys under it")])
    top = cast("dict[str, object]", content)
    rule = "a stack file has no such key at its top"
    problems = [Problem(key, MISSING, rule, _moved(key)) for key in top if key not in PULUMIS_OWN]
    config: Any = top.get("config") or {}
    if not isinstance(config, dict):
        problems.append(Problem("config", config, "config is a mapping of keys to values", "indent them under it"))
        config = {}
    entries = cast("dict[str, object]", config)
    if problems:
        raise SettingsError(stack, problems)
    # A key without a namespace is the project's own, to Pulumi too.
    return {key if ":" in key else f"coursecloud:{key}": value for key, value in entries.items()}


def _moved(key: str) -> str:
    meant = likely(key, PULUMIS_OWN)
    return f"did you mean '{meant}'?" if meant else f"indent `{key}` under `config:`"


def _inaccessible(error: OSError) -> tuple[str, str]:
    """Say why there is no text to be read, which nothing in the file can mend."""
    match error:
        case FileNotFoundError():
            return "the file is not there, or is a link to one that is not", "write it, or mend the link"
        case IsADirectoryError():
            return "this is a folder, and a stack file is a file", "rename the folder, or remove it"
        case PermissionError():
            return "this account may not read the file", "let it, with `chmod u+r` as the file's owner"
        case _:
            return f"the file cannot be read: {error.strerror or error}", "look at it with `ls -l`"


def _unreadable(error: Exception) -> tuple[str, str]:
    """Say why a file cannot be read as YAML, and what to do."""
    if isinstance(error, OSError):
        return _inaccessible(error)
    if isinstance(error, UnicodeDecodeError):
        return "the file is not UTF-8 text", "save it as UTF-8"
    if isinstance(error, RecursionError):
        return "the file is nested too deeply", "look at its brackets and its indentation"
    if isinstance(error, KeyError | ValueError):
        return f"a value does not fit its place or its tag: {str(error)[:80]}", "mend that value"
    if not isinstance(error, yaml.MarkedYAMLError) or not error.problem_mark:
        return str(error) or type(error).__name__, "mend the file's YAML"
    mark, problem = error.problem_mark, error.problem or ""
    remedy = "mend the YAML of that line or of the one before"
    if "\\t" in problem:
        remedy = "indent with spaces; YAML takes no tabs"
    elif "there twice" in problem:
        remedy = "keep one of the two"
    elif "alphabetic or numeric" in problem or "alias" in problem:
        remedy = "put a value that begins with * or & in quotes"
    elif "tag" in problem:
        remedy = "put a value that begins with ! in quotes"
    elif "octal" in problem or "not text" in problem:
        remedy = "put it in quotes"
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}", remedy

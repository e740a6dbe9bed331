"""Stack files, read as Pulumi's engine reads them but without it."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import yaml

from coursecloud.common import stack_yaml
from coursecloud.common.stack_folder import NAME
from coursecloud.common.stack_folder import every as every
from infra import files
from infra.settings import Problem, SettingsError
from infra.settings.problem import MISSING, likely, nearest

PULUMIS_OWN = frozenset({"config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment"})
"""The keys that Pulumi itself reads and writes at the top of a stack file (CLI 3.272)."""

KEY = re.compile(r"[^\s:]+(:[^\s:]+)+")
"""A key of a stack's configuration, with its namespace."""


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


def beside(path: Path) -> dict[str, object]:
    """List what a readable stack file says to Pulumi or to a provider, and no setting of the project shows."""
    content = cast("dict[str, Any]", files.yaml_of(files.text_of(path), stack_yaml.Loader) or {})
    config = {
        key: value
        for key, value in cast("dict[str, object]", content.get("config") or {}).items()
        if ":" in key and not key.startswith("coursecloud:") and key not in ("gcp:project", "gcp:region", "gcp:zone")
    }
    return {key: content[key] for key in ("environment", "secretsprovider", "encryptedkey") if key in content} | config


def salt(path: Path) -> str:
    """Give what a readable stack file says its secrets are encrypted with by a passphrase; empty where nothing."""
    content = cast("dict[str, Any]", files.yaml_of(files.text_of(path), stack_yaml.Loader) or {})
    return str(content.get("encryptionsalt") or "")


def read(stack: str, path: Path) -> dict[str, object]:
    """Read the configuration of a stack file, keyed `NAMESPACE:KEY`.

    Raises SettingsError where the file cannot be read, is not YAML, or has a key that neither Pulumi nor the project
    knows.
    """
    twin = path.with_suffix(".yml" if path.suffix == ".yaml" else ".yaml")
    for other in (twin, path.with_suffix(".json")):
        if NAME.fullmatch(path.name) and os.path.lexists(other):
            rule = f"{other.name} is there too: two files of one stack, of which Pulumi reads one and not the other"
            raise SettingsError(stack, [Problem(path.name, MISSING, rule, "keep one of the two")])
    if NAME.fullmatch(path.name) and os.path.lexists(path.with_name("Pulumi.json")):
        # sdk/go/common/workspace/paths.go of pulumi/pulumi, 2026-11
        rule = f"Pulumi.json is beside it, which Pulumi reads in place of Pulumi.yaml: it passes {path.name} over"
        raise SettingsError(stack, [Problem(path.name, MISSING, rule, "take Pulumi.json away")])
    if NAME.fullmatch(path.name) and path.suffix == ".yml" and not os.path.lexists(path.with_name("Pulumi.yml")):
        # sdk/go/common/workspace/paths.go of pulumi/pulumi, 2026-11
        rule = f"Pulumi reads {twin.name} alone, as the project's own file is Pulumi.yaml: this one it passes over"
        raise SettingsError(stack, [Problem(path.name, MISSING, rule, f"git mv {path.name} {twin.name}")])
    try:
        text = files.text_of(path)
        content: Any = files.yaml_of(text, stack_yaml.AsPulumi)
    except (OSError, KeyError, ValueError, yaml.YAMLError) as error:
        raise SettingsError(stack, [Problem(path.name, MISSING, *_unreadable(error))]) from None
    if content is None:
        content = {}
    if not isinstance(content, dict):
        rule = "a stack file is a mapping with the key `config:` at its top"
        raise SettingsError(stack, [Problem(path.name, MISSING, rule, "write `config:` and indent the keys under it")])
    top = cast("dict[str, object]", content)
    rule = "a stack file has no such key at its top"
    problems = [Problem(key, MISSING, rule, _moved(key)) for key in top if key not in PULUMIS_OWN]
    config: Any = top.get("config") or {}
    if not isinstance(config, dict):
        problems.append(Problem("config", MISSING, "config is a mapping of keys to values", "indent them under it"))
        config = {}
    entries = cast("dict[str, object]", config)
    if problems:
        raise located(SettingsError(stack, problems), text)
    spelt: dict[str, list[str]] = {}
    for key in entries:
        spelt.setdefault(full_key(key), []).append(key)
    problems = [*_unreadable_keys(entries), *_twice(spelt)]
    if problems:
        raise located(SettingsError(stack, problems), text)
    return {full: entries[key] for full, (key, *_) in spelt.items()}


def full_key(key: str) -> str:
    """Write a key as Pulumi understands it: one without a namespace is the project's own, and `:config:` is nothing."""
    namespace, *names = key.split(":")
    return (
        ":".join([namespace, *(names[1:] if names[1:] and names[0] == "config" else names)])
        if names
        else f"coursecloud:{key}"
    )


def _twice(spelt: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    for full, keys in spelt.items():
        if len(keys) > 1:
            also = " and ".join(f"`{key}:`" for key in keys)
            rule = f"{also} are the same key to Pulumi, which would take one of them without a word"
            yield Problem(keys[-1], MISSING, rule, f"put both into one, `{full}:`")


def _unreadable_keys(keys: Iterable[str]) -> Iterator[Problem]:
    for key in keys:
        if not KEY.fullmatch(full_key(key)):
            meant = ":".join(part.strip() for part in key.strip().strip(":").split(":") if part.strip())
            rule = "a key is NAMESPACE:NAME or NAME, without spaces, and Pulumi reads no other"
            yield Problem(key, MISSING, rule, f"write `{meant}:`" if KEY.fullmatch(full_key(meant)) else "rename it")


def located(error: SettingsError, text: str) -> SettingsError:
    """Say of each mistake in which line of the stack file its key stands, as far as the file has it."""
    try:
        root = cast("yaml.Node | None", yaml.compose(text, Loader=stack_yaml.Loader))
    except (yaml.YAMLError, RecursionError):
        return error
    problems = [
        problem if problem.line else replace(problem, line=_line(root, problem.path)) for problem in error.problems
    ]
    return SettingsError(error.stack, problems)


def _line(root: yaml.Node | None, path: str) -> tuple[int, int] | None:
    """Find where the deepest key of a path stands: `coursecloud:machines.trainer.gpu`, or a key of the file's top."""
    top = _entries(root)
    config = next((value for key, value in top if key.value == "config"), None)
    found, node, rest = None, config, path
    for key, _ in top:
        if key.value == path:
            return key.start_mark.line + 1, key.start_mark.column + 1
    while rest:
        fitting = [
            (name, at, value)
            for at, value in _entries(node)
            for name in ((at.value, full_key(at.value)) if node is config else (at.value,))
            if rest == name or rest.startswith((f"{name}.", f"{name}["))
        ]
        if not fitting:
            if not (match := re.match(r"\[(\d+)\]", rest)) or not isinstance(node, yaml.SequenceNode):
                break
            items = cast("list[yaml.Node]", node.value)
            if int(match[1]) >= len(items):
                break
            node = found = items[int(match[1])]
            rest = rest[match.end() :].removeprefix(".")
            continue
        name, found, node = max(fitting, key=lambda each: (len(each[0]), each[1].value == each[0]))
        rest = rest[len(name) :].removeprefix(".")
    # What is missing altogether has to be added under `config:`.
    at = found or next((key for key, _ in top if key.value == "config"), None)
    return (at.start_mark.line + 1, at.start_mark.column + 1) if at else None


def _entries(node: yaml.Node | None) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
    return cast("list[tuple[yaml.ScalarNode, yaml.Node]]", node.value) if isinstance(node, yaml.MappingNode) else []


def _moved(key: str) -> str:
    if meant := likely(key, PULUMIS_OWN, closer=True):
        return f"did you mean '{meant}'?"
    if key in _PROJECTS:
        return "remove it: it is a key of the project's own file, Pulumi.yaml"
    return f"indent `{key}` under `config:`"


_PROJECTS = (
    *("name", "runtime", "main", "description", "author", "website", "license", "backend", "options", "template"),
    *("plugins", "packages", "stackConfigDir", "requiredPulumiVersion", "resources", "variables", "outputs"),
)
"""Keys of Pulumi.yaml (CLI 3.272), or of a program in YAML."""


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
    if "nested too deeply" in str(error):
        return "the file is nested too deeply", "look at its brackets and its indentation"
    if isinstance(error, files.NotReadError):
        return f"the file cannot be a stack file: {error}", "is it the right file?"
    if isinstance(error, KeyError | ValueError):
        return "a value does not fit its place or its tag", "mend that value: quotes make a text of it"
    if not isinstance(error, yaml.MarkedYAMLError) or not error.problem_mark:
        return "this is not YAML", "mend it, or write the file anew with `coursecloud init`"
    mark, problem = error.problem_mark, error.problem or ""
    remedy = "mend the YAML of that line or of the one before"
    if "\\t" in problem:
        remedy = "indent with spaces; YAML takes no tabs"
    elif "aliases stand for" in problem:
        remedy = "write out what the aliases (*NAME) stand for, or use fewer of them"
    elif "stands within" in problem:
        remedy = "write out what the alias (*NAME) stands for"
    elif "too many digits" in problem:
        remedy = "write a smaller number, or put it in quotes where it is a text"
    elif "there twice" in problem:
        remedy = "keep one of the two"
    elif "alphabetic or numeric" in problem or "alias" in problem:
        remedy = "put a value that begins with * or & in quotes"
    elif "tag" in problem:
        remedy = "put a value that begins with ! in quotes"
    elif "cannot start any token" in problem and "\\t" not in problem:
        remedy = "put a value that begins with @, ` or % in quotes"
    elif "mapping values are not allowed" in problem:
        remedy = "put a text with ': ' in it, or with ':' at its end, in quotes; else mend the indentation"
    elif "octal" in problem or "not text" in problem:
        remedy = "put it in quotes"
    return f"line {mark.line + 1}, column {mark.column + 1}: {_unquoted(problem)}", remedy


def _unquoted(problem: str) -> str:
    """Leave out what a message repeats of the file: a value that begins with `*` or `!` may be a password.

    What stays are single signs, such as the ':' that is missing, and the key that is there twice.
    """
    if problem.endswith("is there twice"):
        return problem
    return re.sub(r" ?(['\"])(?:(?!\1).){3,}\1", "", problem)

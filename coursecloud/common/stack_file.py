"""Stack files, read as Pulumi's engine reads them but without it."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import yaml

from coursecloud.common import stack_yaml, unreadable
from coursecloud.common.stack_folder import NAME
from coursecloud.common.stack_folder import every as every
from infra import files
from infra.settings import Problem, SettingsError, load
from infra.settings.problem import MISSING, likely, look_alikes, nearest

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


def read(stack: str, path: Path, root: Path | None = None) -> dict[str, object]:
    """Read the configuration of a stack file, keyed `NAMESPACE:KEY`.

    Raises SettingsError where the file cannot be read, is not YAML, or has a key that neither Pulumi nor the project
    knows. With the project's folder as `root`, what only seems to be YAML hides no mistake of the settings.
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
    text = ""
    try:
        text = files.text_of(path)
        slips: list[yaml.MarkedYAMLError] = []
        content: Any = files.yaml_of(text, lambda text: stack_yaml.AsPulumi(text, slips))
    except (OSError, KeyError, ValueError, yaml.YAMLError) as error:
        raise SettingsError(stack, [Problem(path.name, MISSING, *unreadable.said(error, text))]) from None
    wrong = [Problem(path.name, MISSING, *unreadable.said(slip, text)) for slip in slips]
    if content is None:
        content = {}
    if not isinstance(content, dict):
        rule = "a stack file is a mapping with the key `config:` at its top"
        raise SettingsError(stack, [Problem(path.name, MISSING, rule, "write `config:` and indent the keys under it")])
    top = cast("dict[str, object]", content)
    rule = "a stack file has no such key at its top"
    problems = [Problem(key, MISSING, rule, _moved(key)) for key in top if key not in PULUMIS_OWN]
    problems += _of_pulumi(top)
    config: Any = top.get("config") or {}
    if not isinstance(config, dict):
        odd = look_alikes(config) if isinstance(config, str) else ""
        remedy = f"indent them under it{f'; {odd}' if odd else ''}"
        problems.append(Problem("config", MISSING, "config is a mapping of keys to values", remedy))
        config = {}
    entries = cast("dict[str, object]", config)
    at_top = problems
    spelt: dict[str, list[str]] = {}
    for key in entries:
        spelt.setdefault(full_key(key), []).append(key)
    problems = [*_unreadable_keys(entries), *_twice(spelt)]
    made = {full: entries[key] for full, (key, *_) in spelt.items()}
    if (wrong or (at_top and entries)) and root and not problems:
        try:
            load(made, stack, root)
        except SettingsError as error:
            # What is said of a value that was read otherwise than it is written follows from that.
            lines = {slip.problem_mark.line + 1 for slip in slips if slip.problem_mark}
            problems = [one for one in located(error, text).problems if not one.line or one.line[0] not in lines]
    if problems := [*at_top, *problems]:
        problems = list(located(SettingsError(stack, problems), text).problems)
    if wrong or problems:
        raise SettingsError(stack, [*wrong, *problems])
    return made


_KEEPERS = ("default", "passphrase", "awskms", "azurekeyvault", "gcpkms", "hashivault")
"""What Pulumi encrypts secrets with (`pulumi stack change-secrets-provider`, CLI 3.272)."""


def _of_pulumi(top: Mapping[str, object]) -> Iterator[Problem]:
    """Hold Pulumi's own keys to what it takes: where it takes none of it, no command of its would work."""
    keeper, environment = top.get("secretsprovider"), top.get("environment")
    if keeper is not None and str(keeper).partition(":")[0] not in _KEEPERS:
        remedy = f"write one of {', '.join(_KEEPERS)}, such as gcpkms://projects/...; or remove it"
        yield Problem("secretsprovider", keeper, "Pulumi encrypts secrets with no such thing", remedy)
    if environment is not None and not isinstance(environment, list | dict | str):
        yield Problem("environment", environment, "an environment of Pulumi is named", "write [PROJECT/NAME]")


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


def located(error: SettingsError, text: str, folder: Path | None = None) -> SettingsError:
    """Say of each mistake in which line of the stack file its key stands, as far as the file has it.

    Of a mistake in `members.STACK.yaml` it is that one's line, where `folder` has it.
    """
    try:
        root = cast("yaml.Node | None", yaml.compose(text, Loader=stack_yaml.Loader))
    except (yaml.YAMLError, RecursionError):
        return error
    problems = [
        problem
        if problem.line
        else replace(problem, line=_member(match[1], int(match[2] or -1), folder))
        if (match := _MEMBER.match(problem.path))
        else replace(problem, line=_line(root, problem.path))
        for problem in error.problems
    ]
    return SettingsError(error.stack, problems)


_MEMBER = re.compile(r"(members\.[\w-]+\.yaml)(?:\[(\d+)\])?")


def _member(name: str, index: int, folder: Path | None) -> tuple[int, int] | None:
    """Find where an entry of a members' file stands."""
    try:
        text = files.text_of(folder / name) if folder else ""
        node = cast("yaml.Node | None", yaml.compose(text, Loader=stack_yaml.Loader))
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return None
    items = cast("list[yaml.Node]", node.value) if isinstance(node, yaml.SequenceNode) else []
    mark = items[index].start_mark if 0 <= index < len(items) else None
    return (mark.line + 1, mark.column + 1) if mark else None


def deepest(root: yaml.Node | None, path: str, called: Callable[[str], str] = lambda key: key) -> yaml.Node | None:
    """Find the deepest key or entry of a path that is there, e.g. `groups.a.settings[0]`; None where nothing is.

    `called` gives the other name by which a key at the top may be asked for.
    """
    found: yaml.Node | None = None
    node: yaml.Node | None = root
    rest = path
    while rest:
        keys: list[tuple[str, yaml.Node, yaml.Node]] = [(str(at.value), at, value) for at, value in _entries(node)]
        if node is root:
            keys += [(called(name), at, value) for name, at, value in keys]
        fitting: list[tuple[str, yaml.Node, yaml.Node]]
        fitting = [each for each in keys if rest == each[0] or rest.startswith((f"{each[0]}.", f"{each[0]}["))]
        if not fitting:
            if not (match := re.match(r"\[(\d+)\]", rest)) or not isinstance(node, yaml.SequenceNode):
                break
            items = cast("list[yaml.Node]", node.value)
            if int(match[1]) >= len(items):
                break
            node = found = items[int(match[1])]
            rest = rest[match.end() :].removeprefix(".")
            continue
        # Of two alike the one as it stands there.
        longest = max(range(len(fitting)), key=lambda index: (len(fitting[index][0]), -index))
        name, found, node = fitting[longest]
        rest = rest[len(name) :].removeprefix(".")
    return found


def _line(root: yaml.Node | None, path: str) -> tuple[int, int] | None:
    """Find where the deepest key of a path stands: `coursecloud:machines.trainer.gpu`, or a key of the file's top."""
    top = _entries(root)
    config = next((value for key, value in top if key.value == "config"), None)
    for key, _ in top:
        if key.value == path:
            return key.start_mark.line + 1, key.start_mark.column + 1
    found = deepest(config, path, full_key)
    # What is missing altogether has to be added under `config:`; a place that is not given is the stack's region.
    place = re.search(r"\.(region|zone)$", path) and next(
        (k for k, _ in _entries(config) if k.value == "gcp:region"), None
    )
    at = found or place or next((key for key, _ in top if key.value == "config"), None)
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

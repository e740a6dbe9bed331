"""A group's first stack file: from a few answers to its text, every key explained in one line. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from coursecloud.cli.init.answers import Answers, members_of, stack_of
from coursecloud.cli.init.forms import name_like
from coursecloud.cli.init.lines import KeyLine, lines
from infra.secrecy import find
from infra.settings import EXAMPLE_PROJECT, Problem, SettingsError, load
from infra.settings.problem import MISSING, Hidden, RuleViolationError

ROSTER = "By a rule of the roster."
"""Explains a key that no answer made."""


def refusals(answers: Answers) -> list[tuple[str, Problem]]:
    """Hold answers against the loader's own rules: each mistake with the answer that it is about.

    Answers that are still missing do not count against those that are there.
    """
    unread, answers = readable(answers)
    unread += secret(answers)
    made = lines(answers)
    config: dict[str, Any] = {"gcp:project": "any-project-1"}
    for line in made:
        *way, last = line.path
        holder = config
        for name in way:
            holder = holder[name]
        holder[last] = {} if line.value is None else line.value
    if members := members_of(answers):
        config["coursecloud:team"] = {"members": members}
    try:
        load(config, stack_of(answers) if answers.get("group") else "any", Path("members are not in a file here"))
    except SettingsError as error:
        # What could not be read is there.
        there = [f"add `{name}: `" for name, _ in unread]
        found = answered(error, made, answers.get("group", ""))
        unread += [each for each in found if not any(each[1].remedy.startswith(add) for add in there)]
    return unread


def wrong_alone(name: str, answer: str) -> list[Problem]:
    """List what no stack file takes of an answer, whatever the others are: what is missing beside it, they may say."""
    return [each for about, each in refusals({name: answer}) if about == name and each.value is not MISSING]


def secret(answers: Answers) -> list[tuple[str, Problem]]:
    """Refuse answers that hold a secret: they would be written into a file that is committed."""
    rule, remedy = "this looks like the value of a secret, and would be in a file", "leave it out, and revoke it"
    found = [(name, Problem(name, Hidden(), rule, remedy)) for name, answer in answers.items() if find(answer)]
    if answers.get("project") == EXAMPLE_PROJECT:
        ids = "`gcloud projects list` shows your own"
        found.append(
            ("project", Problem("project", EXAMPLE_PROJECT, "this id is an example; nobody can deploy to it", ids))
        )
    return found


def readable(answers: Answers) -> tuple[list[tuple[str, Problem]], Answers]:
    """Set apart the answers that cannot be read at all: what is wrong with each, and the others."""
    wrong: list[tuple[str, Problem]] = []
    while True:
        try:
            lines(answers)
        except RuleViolationError as error:
            name = error.keys[0]
            wrong.append((name, Problem(name, answers[name], error.rule, error.remedy)))
            answers = {other: answer for other, answer in answers.items() if other != name}
        else:
            return wrong, answers


def answered(error: SettingsError, made: list[KeyLine], group: str = "") -> list[tuple[str, Problem]]:
    """Give each mistake of a stack file with the answer it comes from, and a rule about an answer once.

    A GPU, say, ends in two places of the file: in a machine and in training jobs.
    """
    found: dict[tuple[str, str], tuple[str, Problem]] = {}
    for problem in error.problems:
        name = asked(problem.path, made)
        if name == "group" and (problem.path.startswith("Pulumi.") or name_like(group) not in ("", group)):
            problem = replace(problem, remedy=f"name the group for example {name_like(group) or 'group-07'}")
        # A group's name is held to the rules of files and of labels; one name that fits both mends both.
        found.setdefault((name, problem.remedy if name == "group" else problem.rule), (name, problem))
    return list(found.values())


def asked(path: str, made: list[KeyLine]) -> str:
    """Say which answer a path of the stack file, or of what belongs to it, comes from."""
    if path.startswith(("coursecloud:team", "members.")):
        return "members"
    if path.startswith("Pulumi."):
        return "group"
    if path == "gcp:project":
        return "project"
    fitting = [line for line in made if path.startswith(".".join(line.path))]
    return max(fitting, key=lambda line: len(line.path), default=KeyLine((), None, "", "region")).answer


def text(answers: Answers, *, owner: str = "", schema: str = "", settings: Mapping[str, Any] | None = None) -> str:
    """Write the stack file. `owner` is a pseudonym; `schema` the path of the JSON Schema from beside the file.

    `settings` are further keys, by sections as in a stack file; what they say goes before what the answers make.

    Raises RuleViolationError for an answer that cannot be read; its first key is the question's name.
    """
    front = [f"# yaml-language-server: $schema={schema}"] if schema else []
    front.append(f"# The environment of {answers['group']}. What a key does and costs: coursecloud explain KEY")
    return "\n".join([*front, "config:", *_written(with_settings(lines(answers, owner), settings or {})), ""])


def with_settings(made: list[KeyLine], settings: Mapping[str, Any], at: tuple[str, ...] = ()) -> list[KeyLine]:
    """Put further keys among the lines of the answers: in the place of one, or below what they belong to."""
    for key, value in settings.items():
        path = (*at, str(key))
        there = next((number for number, line in enumerate(made) if line.path == path), None)
        inner = cast("Mapping[str, Any]", value) if isinstance(value, Mapping) and value else None
        if there is None:
            above = [number for number, line in enumerate(made) if at and line.path[: len(at)] == at]
            there = (above[-1] if above else len(made) - 1) + 1
            made = [*made[:there], KeyLine(path, None if inner else value, ROSTER, "settings"), *made[there:]]
        elif inner is None:
            below = [line for line in made[there + 1 :] if line.path[: len(path)] != path]
            made = [*made[:there], replace(made[there], value=value, comment=ROSTER), *below]
        if inner:
            made = with_settings(made, inner, path)
    return made


def _written(made: list[KeyLine]) -> Iterator[str]:
    for line in made:
        indent = "  " * len(line.path)
        value = "" if line.value is None else f" {_yaml(line.value)}"
        if len(line.path) == 1:
            yield f"{indent}# {line.comment}"
            yield f"{indent}{line.path[0]}:{value}"
        else:
            yield f"{indent}{line.path[-1]}:{value}  # {line.comment}"


_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9/_.-]*|[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def _yaml(value: Any) -> str:
    match value:
        case str() if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
            return value
        case list():
            return f"[{', '.join(map(_yaml, cast('list[Any]', value)))}]"
        case float():
            return f"{value:.10g}"
        case _:
            return json.dumps(value)

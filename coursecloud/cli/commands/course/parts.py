"""How the parts of a roster are read: what is wrong is said where it stands, each once, and all in one round."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, cast

import yaml

from coursecloud.cli import init
from coursecloud.cli.init import said
from coursecloud.cli.init.answers import NAMES, YES, Answers, credit_of, gpu_of, keeps, region_for
from coursecloud.cli.init.forms import date_of
from coursecloud.common import stack_file, stack_yaml
from infra import secrecy
from infra.settings import Problem, alone
from infra.settings.lease import Lease
from infra.settings.problem import MISSING, RuleViolationError, nearest, shown

_RULE = ("when", "answers", "settings")
ADDRESSES = "a roster may be committed, and an address is a person's"


def rules(given: object, mistakes: list[str]) -> Iterator[tuple[Answers, Answers, Mapping[str, Any]]]:
    """Read the rules: of which groups each is, what it answers for them, and its keys of a stack file."""
    if given is not None and not isinstance(given, list):
        mistakes.append(mistake("rules", given, "rules are a list", "begin each with `- when:`"))
        return
    for number, each in enumerate(cast("list[object]", given or [])):
        at = f"rules[{number}]"
        rule = mapping(each, at, mistakes)
        mistakes += [
            mistake(f"{at}.{key}", None, f"a rule has {', '.join(_RULE)}", nearest(key, _RULE, "remove it"))
            for key in sorted(rule.keys() - set(_RULE))
        ]
        yield (
            answers(rule.get("when"), f"{at}.when", mistakes, patterns=True),
            answers(rule.get("answers"), f"{at}.answers", mistakes),
            settings(rule.get("settings"), f"{at}.settings", mistakes),
        )


def matches(when: Answers, answers: Answers) -> bool:
    """Say whether a rule is about a group: each pattern fits what was answered, or what that means."""
    return all(
        (name == "gpu" and pattern.lower() in YES and _meaning(name, answers) != "no")
        or any(
            fnmatch.fnmatch(text.lower(), like) for text in _texts(name, answers) for like in _patterns(name, pattern)
        )
        for name, pattern in when.items()
    )


def _texts(name: str, answers: Answers) -> set[str]:
    return {answers.get(name, ""), _meaning(name, answers)}


def _patterns(name: str, pattern: str) -> set[str]:
    return {pattern.lower(), _meaning(name, {name: pattern}).lower()} if pattern else {""}


def _meaning(name: str, answers: Answers) -> str:
    """Write an answer as what it means: `ja` of a GPU is T4, nothing of one is no."""
    try:
        match name:
            case "gpu":
                found = gpu_of(answers)
                return found.short if found else "no"
            case "keep":
                return "yes" if keeps(answers) else "no"
            case "credit":
                usual = Lease().credit
                amount, currency = credit_of(answers[name]) if answers.get(name) else (usual.amount, usual.currency)
                return f"{amount:g} {currency}"
            case "region":
                return answers.get(name) or region_for(answers)
            case "timezone":
                return (answers.get(name) or Lease().time_zone).removeprefix("Etc/")
            case "starts" | "ends" if answers.get(name):
                return str(date_of(answers[name], name))
            case _:
                return answers.get(name, "")
    except RuleViolationError:
        return answers.get(name, "")


def answers(given: object, at: str, mistakes: list[str], *, patterns: bool = False) -> dict[str, str]:
    """Read answers as `init` takes them: text, whatever YAML made of it. What no stack file can have is a mistake here,
    where it stands, but for `patterns` of answers."""
    found: dict[str, str] = {}
    for name, value in mapping(given, at, mistakes).items():
        if name not in NAMES:
            known = f"what is said of a group is {', '.join(NAMES)}; any other key goes below `settings`"
            mistakes.append(
                mistake(f"{at}.{name}", value, "no question has this name", nearest(str(name), NAMES, known))
            )
        elif name == "members":
            mistakes.append(
                mistake(f"{at}.{name}", None, ADDRESSES, "write members into the table, or `members.STACK.yaml`")
            )
        elif isinstance(value, dict | list):
            mistakes.append(mistake(f"{at}.{name}", None, "an answer is a text", "write it as in a cell of a table"))
        elif value is not None:
            answer = {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
            wrong = [] if patterns else init.wrong_alone(name, answer)
            mistakes += [mistake(f"{at}.{name}", answer, each.rule, each.remedy) for each in wrong]
            if not wrong:
                found[name] = answer
    return found


def settings(given: object, at: str, mistakes: list[str]) -> Mapping[str, Any]:
    """Read keys of a stack file; those that no stack file can have are mistakes here."""
    found = mapping(given, at, mistakes)
    wrong = alone(found)
    if "gcp:project" in found:
        rule = "a group's project is an answer, by which its stack, its state and its bill are known"
        wrong = [*wrong, Problem("gcp:project", found["gcp:project"], rule, "write it as `project` in the table")]
    mistakes += [mistake(f"{at}.{each.path}", each.value, each.rule, each.remedy) for each in wrong]
    team = {key: value for key, value in found.items() if re.match(r"coursecloud:team\b", key)}
    if any(text.strip().lower().startswith("user:") for _, text, _ in secrecy.texts(team)):
        place = f"{at}.coursecloud:team.members"
        mistakes.append(mistake(place, None, ADDRESSES, "write members into the table, or `members.STACK.yaml`"))
    left: dict[str, Any] = dict(found)
    for each in wrong:
        left = _without(left, each.path)
    return left


def _without(found: dict[str, Any], path: str) -> dict[str, Any]:
    """Leave out the deepest mapping's key on a path, so that the rest can be held to the other rules."""
    key = max(
        (each for each in found if path == each or path.startswith((f"{each}.", f"{each}["))), key=len, default=""
    )
    if not key:
        return found
    inner, rest = found[key], path.removeprefix(key).removeprefix(".")
    if rest and isinstance(inner, dict) and (less := _without(cast("dict[str, Any]", inner), rest)) != inner:
        return {**found, key: less}
    return {each: value for each, value in found.items() if each != key}


def names(content: Mapping[str, Any], key: str, mistakes: list[str]) -> dict[str, str]:
    """Read which group is another now."""
    return {str(old): str(new) for old, new in mapping(content.get(key), key, mistakes).items()}


def mapping(given: object, at: str, mistakes: list[str]) -> dict[str, Any]:
    """Read a mapping; nothing is an empty one."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        mistakes.append(mistake(at, given, "this is a mapping", "write `KEY: VALUE` below it"))
        return {}
    return cast("dict[str, Any]", given)


def mistake(what: str, value: object, rule: str, remedy: str) -> str:
    """Write a mistake: the place in the roster, the value where it has one, the rule and the remedy."""
    if isinstance(value, str):
        told = said.value(value)
    else:
        told = "" if value in (None, MISSING) or isinstance(value, dict | list) else f": {shown(value)}"
    return f"  {what}{told}\n{said.why(Problem(what, MISSING, rule, remedy))}"


def over(under: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Lay settings over others, section by section."""
    made = dict(under)
    for key, value in more.items():
        before = made.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            made[key] = over(cast("Mapping[str, Any]", before), cast("Mapping[str, Any]", value))
        else:
            made[key] = value
    return made


def located(mistakes: Iterable[str], source: str, keys: Collection[str]) -> Iterator[str]:
    """Say of each mistake of the roster, as `mistake` writes them, in which line of it the key stands."""
    try:
        root = cast("yaml.Node | None", yaml.compose(source, Loader=stack_yaml.Loader))
    except (yaml.YAMLError, RecursionError):
        root = None
    for text in mistakes:
        first, end, rest = text.partition("\n")
        path = first.removeprefix("  ").partition(": ")[0]
        own = first.startswith("  ") and re.split(r"[.\[]", path)[0] in keys
        node = stack_file.deepest(root, path) if own else None
        mark = node.start_mark if node else None
        yield f"{first}  (line {mark.line + 1}, column {mark.column + 1}){end}{rest}" if mark else text

"""Build files of Cloud Build, and the commands of scripts, tasks and workflows that build, submit and deploy."""

from __future__ import annotations

import re
from collections.abc import Iterator

from coursecloud.starter import lined, shell
from coursecloud.starter.facts import Facts
from coursecloud.starter.finding import FileFinding
from coursecloud.starter.repository import Repository
from coursecloud.starter.rules.commands import commands, names_secret


def found(facts: Facts, repository: Repository) -> Iterator[FileFinding]:
    """Hold build files against the rules, and each command in them and in scripts."""
    for path, text in repository.build_files.items():
        made = lined.read(path, text, "Cloud Build would not take it either")
        yield from (made,) if isinstance(made, FileFinding) else _file(facts, path, made)
    for path, text in repository.matching(r"(.*/)?([\w.-]+\.(sh|bash|mk)|makefile|justfile)").items():
        plain = _recipes(text) if "file" in path.lower() or path.endswith(".mk") else text
        for command in shell.commands(plain):
            yield from commands(facts, path, command, logged=False)
    for path, text in repository.matching(r"(.*/)?(tasks|invoke|noxfile|fabfile)\.py").items():
        for number, line in enumerate(text.split("\n"), 1):
            for quoted in re.findall(r"[\"']((?:gcloud|docker)\s[^\"']*)", line):
                for command in shell.commands(quoted, number):
                    yield from commands(facts, path, command, logged=False)


def _recipes(text: str) -> str:
    """Write the lines of a Makefile as the shell gets them: its own variables are filled in by the shell here."""
    plain = re.sub(r"(?m)^[\t ]*[@-]*", "", text)
    return re.sub(r"(?<!\$)\$\((\w+)\)", r"${\1}", plain).replace("$$", "$")


def _file(facts: Facts, path: str, made: dict[str, object]) -> Iterator[FileFinding]:
    options = lined.mapping(made.get("options"))
    steps = lined.listed(made.get("steps"))
    if (
        steps
        and not made.get("logsBucket")
        and str(options.get("logging", "")) not in ("CLOUD_LOGGING_ONLY", "NONE", "GCS_ONLY")
    ):
        rule = (
            "the stack's builds run as accounts of their own, and Google refuses such a build that does not say"
            " where its log goes"
        )
        yield FileFinding(
            path, 0, "build-log", "fails", "no options.logging", rule, "add `options: {logging: CLOUD_LOGGING_ONLY}`"
        )
    values = {str(name): str(value) for name, value in lined.mapping(made.get("substitutions")).items()}
    for name, value in lined.mapping(made.get("substitutions")).items():
        if names_secret(str(name)) and str(value) and "/" not in str(value):
            rule = "substitutions stand in the build's settings and its log"
            yield FileFinding(
                path,
                lined.line_of(name),
                "secret-substitution",
                "leaks",
                str(name),
                rule,
                "name it under coursecloud:secrets for `builds`, and use availableSecrets and secretEnv",
            )
    values |= {"PROJECT_ID": facts.project, "LOCATION": facts.region}
    for step in map(lined.mapping, steps):
        secret = bool(step.get("secretEnv"))
        for command in step_commands(step, values):
            yield from commands(facts, path, command, logged=True, secret=secret)


def step_commands(step: dict[str, object], values: dict[str, str]) -> list[shell.Command]:
    """List the commands of a step of a build, its substitutions filled in."""
    if isinstance(script := step.get("script"), lined.Lined):
        return shell.commands(lined.substituted(script, values), script.line)
    words = [each for each in lined.listed(step.get("args")) if isinstance(each, lined.Lined)]
    entry = str(step.get("entrypoint", "")).rpartition("/")[2]
    filled = [lined.substituted(word, values) for word in words]
    if entry in ("sh", "bash") or (filled[:1] and filled[0] in ("sh", "bash")):
        return [
            each
            for text, word in zip(filled, words, strict=True)
            if not text.startswith("-") and text not in ("sh", "bash")
            for each in shell.commands(text.replace("$$", "$"), word.line)
        ]
    image = str(step.get("name", ""))
    if entry:
        program = [entry]
    elif "docker" in image:
        program = ["docker"]
    elif re.search(r"cloud-builders/gcloud|cloud-sdk|cloudsdktool", image):
        program = [] if filled[:1] == ["gcloud"] else ["gcloud"]
    else:
        program = []
    line = next((word.line for word in words), lined.line_of(step))
    shown = (*program, *filled)
    lines = (*(line for _ in program), *(word.line for word in words))
    return [shell.Command(shown, line, shown=True, lines=lines)] if shown else []

"""A Dockerfile of others, read as far as the rules ask: stages, what they begin with, and what they run."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

_CONTINUED = re.compile(r"\\\s*$")
_HEREDOC = re.compile(r"<<-?[\"']?([A-Za-z_]\w*)[\"']?")
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")


@dataclass(frozen=True)
class Instruction:
    """One instruction, in upper case, with its text on one line."""

    name: str
    text: str
    line: int
    script: str = ""
    """What a heredoc holds, or the text with the lines that it has in the file."""

    @property
    def form(self) -> list[str] | None:
        """The words of the exec form `["a", "b"]`; None of the shell form."""
        if self.text.startswith("["):
            try:
                made = json.loads(self.text)
            except ValueError:
                return None
            return [str(each) for each in made] if isinstance(made, list) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return None


@dataclass
class Stage:
    """From one FROM to the next."""

    base: str
    """The image that it begins with, its variables filled in."""
    line: int
    alias: str | None
    instructions: list[Instruction] = field(default_factory=list[Instruction])


@dataclass
class Dockerfile:
    """The stages of a file; the last one is the image unless a build names another."""

    path: str
    stages: list[Stage]

    def lineage(self) -> list[Stage]:
        """List the last stage and those that it begins with, nearest first."""
        found: list[Stage] = []
        at = self.stages[-1] if self.stages else None
        while at is not None and at not in found:
            found.append(at)
            before = self.stages[: self.stages.index(at)]
            base = at.base
            at = next((each for each in before if each.alias and each.alias.lower() == base.lower()), None)
        return found

    def last(self, name: str) -> Instruction | None:
        """Give the last instruction of a name that holds for the image."""
        for stage in self.lineage():
            for each in reversed(stage.instructions):
                if each.name == name:
                    return each
        return None

    def copied_bases(self) -> list[tuple[str, int]]:
        """List every image that a stage begins with and that is not a stage, with its line."""
        aliases = {stage.alias.lower() for stage in self.stages if stage.alias}
        return [(stage.base, stage.line) for stage in self.stages if stage.base.lower() not in aliases]


def parse(path: str, text: str) -> Dockerfile:
    """Read a Dockerfile. What is no instruction is passed over, as it is nothing that a rule asks about."""
    arguments: dict[str, str] = {}
    stages: list[Stage] = []
    for each in _instructions(text):
        if each.name == "ARG" and not stages:
            name, _, value = each.text.partition("=")
            arguments[name.strip()] = _filled(value.strip().strip("\"'"), arguments)
        elif each.name == "FROM":
            words = [word for word in each.text.split() if not word.startswith("--")]
            base = _filled(words[0], arguments) if words else ""
            alias = words[2] if len(words) > 2 and words[1].lower() == "as" else None
            stages.append(Stage(base, each.line, alias))
        elif stages:
            stages[-1].instructions.append(each)
    return Dockerfile(path, stages)


def _filled(text: str, values: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda match: values.get(match[1] or match[3]) or match[2] or match[0], text)


def _instructions(text: str) -> list[Instruction]:
    lines = text.split("\n")
    found: list[Instruction] = []
    at = 0
    while at < len(lines):
        first = lines[at].strip()
        if not first or first.startswith("#"):
            at += 1
            continue
        start = at
        parts: list[str] = []
        while True:
            each = lines[at]
            at += 1
            comment = each.lstrip().startswith("#")
            if not comment:
                parts.append(_CONTINUED.sub("", each) if _CONTINUED.search(each) else each)
            if not (comment or _CONTINUED.search(each)) or at >= len(lines):
                break
        whole = " ".join(part.strip() for part in parts)
        script = "\n".join(lines[start:at])
        for marker in _HEREDOC.findall(whole) if whole[:3].upper() in ("RUN", "COP") else ():
            body: list[str] = []
            while at < len(lines) and lines[at].strip() != marker:
                body.append(lines[at])
                at += 1
            at += 1
            script += "\n" + "\n".join(body)
        name, _, rest = whole.partition(" ")
        found.append(Instruction(name.upper(), rest.strip(), start + 1, script[len(name) + 1 :]))
    return found

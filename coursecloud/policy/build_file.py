"""What a build prints: steps of a trigger, or of the Cloud Build file that it names, as far as that can be read."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

import yaml

from catalog.tables import table
from coursecloud.plan import nested
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.policy.reading import UnknownError, at, entries, texts

Step = Mapping[str, Any]


def missing(resource: Registration, *names: object) -> None:
    """Raise UnknownError where a file that a resource names was not there to be read: all of them, or `names`."""
    gone = [name for name, text in resource.files.items() if text is None and (not names or name in names)]
    if gone:
        begun = [name for name in resource.files if name not in gone and name.endswith(tuple(gone))]
        instead = f"; {', '.join(begun)}, which a repository begins with, was" if begun else ""
        said = f"{', '.join(gone)} was not read: it is in the repository that is built, and not here{instead}"
        raise UnknownError(f"what is in {', '.join(gone)}", said)


def printed(trigger: Registration) -> Iterator[str]:
    """Say what a build prints of its secrets; raises UnknownError for a file that cannot be read."""
    yield from _steps(list(entries(trigger.inputs, "build.steps")), at(trigger.inputs, "build", {}), "")
    for name, text in trigger.files.items():
        if text is None or not name.endswith((".yaml", ".yml", ".json")):
            continue
        try:
            content: Any = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError):
            raise UnknownError(f"what {name} does", f"not judged: {name} is not YAML") from None
        build = nested.mapping(content)
        yield from _steps(nested.listed(build.get("steps")), build, f" of {name}")
    missing(trigger, at(trigger.inputs, "filename"), at(trigger.inputs, "gitFileSource.path"))


def _steps(steps: list[Any], build: Mapping[str, Any], where: str) -> Iterator[str]:
    everywhere = _names(nested.mapping(at(build, "options")))
    filled = False
    for index, step in enumerate(steps):
        if step == UNKNOWN or not isinstance(step, Mapping):
            continue
        entry = cast("Step", step)
        names = {*_names(entry), *everywhere}
        # A file that an earlier step has filled in holds the secret in a step without any, too.
        if (names or filled or _fetches(entry)) and (said := _said(entry, names)):
            has = "has secrets in its environment" if names else "follows one with secrets"
            yield f"step {index}{where} {has} and {said}"
        filled = filled or bool(names) or _fetches(entry)


def _names(step: Mapping[str, Any]) -> set[str]:
    """Give the variables that are secrets; what only the real run knows is one of any name."""
    found: set[str] = set()
    for key in ("secretEnvs", "secretEnv"):
        found |= set(map(str, nested.listed(step.get(key))))
    return found


def _fetches(step: Step) -> bool:
    return any("secrets versions access" in re.sub(r"\s+", " ", text) for _, text in texts(dict(step)))


def _said(step: Step, names: set[str]) -> str | None:
    """Say how a step prints, with the command as far as it stands there; None for one that does not."""
    facts = table("google")
    words = [text for key in ("entrypoint", "args") for _, text in texts(step.get(key, ""))]
    image = str(step.get("name", "")).partition("@")[0].rpartition("/")[2].partition(":")[0]
    called = words[:1] if step.get("entrypoint") else [image]
    if called[:1] and called[0].rpartition("/")[2] in ("bash", "sh", "dash", "zsh"):
        for word in words:
            if re.match(facts["tracing"], word) and word != "-o":
                return f"prints each command with its variables filled in: `{word}`"
    lines = [line for text in (" ".join(words), *words, str(step.get("script") or "")) for line in _lines(text)]
    known = _derived(lines, names)
    for line in lines:
        for how, pattern in facts["printing"].items():
            if found := re.search(pattern, line, re.MULTILINE):
                return f"{how}: `{found[0].strip()[:60]}`"
        if _says(line, known, facts):
            return f"prints one of them: `{line.strip()[:60]}`"
        if shown := re.search(rf"--build-arg[ =]\S*({_any_of(known)})", line) if known else None:
            return f"leaves one in the image's history: `{shown[0][:60]}`"
    return None


def _lines(text: str) -> list[str]:
    """Cut a script into lines, with those that end in a backslash put together, and without comments."""
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [line for line in lines if not line.lstrip().startswith("#")]


def _derived(lines: list[str], names: set[str]) -> set[str]:
    """Add the variables that are given one of the secrets, or a value from Secret Manager."""
    known = set(names)
    for line in lines:
        for match in re.finditer(r"\b([A-Za-z_]\w*)=(\S+(?:\([^)]*\))?)", line):
            if "secrets versions access" in line or (known and re.search(_any_of(known), match[2])):
                known.add(match[1])
    return known


def _any_of(names: set[str]) -> str:
    return rf"\${{1,2}}(?:{{)?(?:{'|'.join(sorted(map(re.escape, names)))})\b"


def _says(line: str, names: set[str], facts: Mapping[str, Any]) -> bool:
    """Say whether a command of a line writes a secret where the log is."""
    if not names:
        return False
    for command in re.split(r";|&&|\|\|", line):
        spoken = re.search(facts["saying"], command)
        if spoken and re.search(_any_of(names), command[spoken.start() :]) and not re.search(facts["aside"], command):
            return True
        if spoken and re.search(rf"(?:environ\W+|getenv\W+|process\.env\W+)(?:{'|'.join(names)})", command):
            return True
    return False

"""Commands of builds, scripts, tasks and workflows: what they print, give away and release."""

from __future__ import annotations

import re
from collections.abc import Iterator

from coursecloud.starter import shell
from coursecloud.starter.facts import Facts
from coursecloud.starter.finding import FileFinding
from coursecloud.starter.rules.releases import gcloud
from infra import secrecy

_REFERENCE = re.compile(r"\$\{?\{?\s*([A-Za-z_][\w.]*)")


_CONFIG = re.compile(r"\.(ya?ml|json|env|ini|cfg|toml)$|(^|/)\.env")


_LOGGED = "the log of a build is read by many, and secrets that were put in stand in it"


def commands(
    facts: Facts, path: str, command: shell.Command, *, logged: bool, secret: bool = False
) -> Iterator[FileFinding]:
    """Hold one command against the rules. `logged`: many read what it prints; `secret`: it is given secrets."""
    words = shell.program(command.words)
    if not words:
        return
    if logged:
        yield from prints(path, command, words, secret=secret)
    if secret and (words[0] == "envsubst" or (words[0] == "sed" and _tells(command.text))):
        rule = "the secret then stands in a file that a job's configuration or an image is made of, which many can read"
        remedy = "leave it out: the job has NAME_SECRET, the secret's name, and reads it as its own account"
        yield FileFinding(path, command.line, "secret-in-config", "leaks", command.text[:60], rule, remedy)
    if words[:2] == ("gcloud", "auth") and command.has("auth", "activate-service-account"):
        rule = "the stack makes no keys: builds, jobs and machines are an account already, workflows by federation"
        yield FileFinding(
            path,
            command.line,
            "key-login",
            "fails",
            "gcloud auth activate-service-account",
            rule,
            "remove the line; in a workflow use google-github-actions/auth with workload_identity_provider",
        )
    if words[:1] == ("gcloud",):
        yield from gcloud(facts, path, command)
        yield from _environment(facts, path, command)
    if words[:1] == ("docker",) and command.has("docker", "build") and _tells(" ".join(_given(command))):
        rule = "what is given so stands in the image's history, for all who may pull it"
        yield FileFinding(
            path,
            command.line,
            "secret-in-image",
            "leaks",
            "--build-arg",
            rule,
            "let the program read the secret where it runs",
        )


def names_secret(name: str) -> bool:
    """Say whether a variable is that of a secret: by its name, as errors and plans hide it, or because it is a key."""
    plain = re.sub(r"(?i)_(json|b64|base64)$", "", name)
    kind = secrecy.kind(plain)
    return kind == "secret" or (kind == "perhaps" and plain.lower().endswith(("key", "secret")))


def _tells(text: str) -> bool:
    """Say whether a text has the value of a secret in it when it is run: `$API_KEY`, `${{ secrets.KEY }}`."""
    named = _REFERENCE.findall(text)
    return any(each.lower().startswith("secrets.") or names_secret(each) for each in named)


def _environment(facts: Facts, path: str, command: shell.Command) -> Iterator[FileFinding]:
    """Find a release that puts a secret's value into the environment of a service."""
    for flag in ("--set-env-vars", "--update-env-vars", "--set-build-env-vars"):
        if _tells(command.option(flag) or ""):
            rule = "everybody who may see the service reads its environment, and each revision keeps it"
            remedy = (
                f"name it under coursecloud:secrets of {facts.file} for `services`, and it under `secrets` of the"
                " service: the variable is there then, and the value in no command"
            )
            yield FileFinding(path, command.line_of(flag), "secret-in-config", "leaks", flag, rule, remedy)


def _given(command: shell.Command) -> list[str]:
    return [
        following for name, following in zip(command.words, command.words[1:], strict=False) if name == "--build-arg"
    ] + [word for word in command.words if word.startswith("--build-arg=")]


def prints(path: str, command: shell.Command, words: tuple[str, ...], *, secret: bool) -> Iterator[FileFinding]:
    """Find a command that prints its environment, a configuration or a secret."""
    if not command.shown:
        return
    program, *rest = words
    program = program.rpartition("/")[2]
    plain = [word for word in rest if not word.startswith("-")]
    what = ""
    if (
        (program in ("env", "printenv") and not plain)
        or (program in ("set", "export", "declare") and not rest)
        or words in (("export", "-p"), ("declare", "-p"), ("declare", "-x"))
    ):
        what = "its environment"
    elif program == "printenv" and any(map(names_secret, plain)):
        what = "a secret"
    elif program in ("cat", "less", "more", "head", "tail", "bat") and any(_CONFIG.search(word) for word in plain):
        what = "a configuration"
    elif program in ("echo", "printf") and _tells(" ".join(plain)):
        what = "a secret"
    elif program == "set" and secret and any(re.match(r"-\w*x", word) for word in rest):
        what = "every command with its secrets"
    if what:
        remedy = 'remove the line; to see whether a variable is there: [ -n "$$NAME" ]'
        yield FileFinding(
            path, command.line, "prints-secrets", "leaks", f"{command.text[:60]} prints {what}", _LOGGED, remedy
        )

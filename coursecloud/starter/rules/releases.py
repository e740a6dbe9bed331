"""Commands of gcloud that submit, deploy and release: as whom, which image, and what is the stack's to set."""

from __future__ import annotations

import re
from collections.abc import Iterator

from coursecloud.starter import shell
from coursecloud.starter.facts import Facts
from coursecloud.starter.finding import FileFinding


def gcloud(facts: Facts, path: str, command: shell.Command) -> Iterator[FileFinding]:
    """Hold a command of gcloud against the rules."""
    words = tuple(word for word in command.words if word not in ("beta", "alpha"))
    plain = shell.Command(words, command.line, command.shown)
    if plain.has("functions", "deploy"):
        rule = (
            "the stack has no Cloud Functions: from source they leave buckets and a repository behind, and its"
            " accounts may not deploy them"
        )
        yield FileFinding(
            path,
            command.line,
            "undeclared-service",
            "fails",
            "gcloud functions deploy",
            rule,
            "declare a service under coursecloud:services, and release its image",
        )
        return
    for verb in (("run", "deploy"), ("run", "services", "update")):
        if plain.has(*verb):
            at = next(index for index in range(len(words)) if words[index : index + len(verb)] == verb) + len(verb)
            yield from _release(facts, path, command, _positional(words[at:]))
    if plain.has("builds", "submit") and command.option("--service-account") is None and "build" in facts.commands:
        rule = (
            "without the stack's own account and bucket gcloud takes an account that may do more or nothing, and"
            " makes a bucket"
        )
        yield FileFinding(
            path,
            command.line,
            "build-account",
            "warns",
            "gcloud builds submit",
            rule,
            f"`coursecloud commands build --stack {facts.stack}` has the line",
        )
    if plain.has("run", "services", "replace"):
        rule = "the account of the stack's builds may give a service another image, and no more"
        yield FileFinding(
            path,
            command.line,
            "undeclared-service",
            "fails",
            "gcloud run services replace",
            rule,
            "gcloud run services update NAME --image=...",
        )


_FLAGS = re.compile(
    r"--(quiet|allow-unauthenticated|no-allow-unauthenticated|no-traffic|async|verbosity=.*|platform=.*)$"
)


def _positional(words: tuple[str, ...]) -> str | None:
    """Give the first word that is neither an option nor an option's value."""
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = "=" not in word and not _FLAGS.match(word) and word != "-q"
        else:
            return word
    return None


def _release(facts: Facts, path: str, command: shell.Command, name: str | None) -> Iterator[FileFinding]:
    yield from service(facts, path, command.line_of(name or ""), name)
    image = command.option("--image") or ""
    line = command.line_of(image or "--image")
    yield from deployed(path, line, image)
    if command.option("--source") is not None or (not image and "deploy" in command.words):
        rule = (
            "a release from source makes a bucket and a repository of its own, for which the stack's accounts have"
            " no right"
        )
        yield FileFinding(
            path,
            command.line,
            "run-source",
            "fails",
            "no --image",
            rule,
            "build and push the image first, and name it: --image=...:$COMMIT_SHA",
        )
    for flag, key in (
        ("--allow-unauthenticated", "public: true"),
        ("--service-account", "its own account"),
        ("--set-env-vars", "env"),
        ("--update-env-vars", "env"),
        ("--update-secrets", "mountedSecrets"),
        ("--set-secrets", "mountedSecrets"),
        ("--port", "port"),
        ("--memory", "memory"),
    ):
        if any(word == flag or word.startswith(f"{flag}=") for word in command.words):
            refused = flag in ("--allow-unauthenticated", "--service-account")
            rule = (
                "who may call a service is the stack's, and releases may not change it"
                if refused
                else "the next `make up` sets this back to what the stack file says"
            )
            yield FileFinding(
                path,
                command.line_of(flag),
                "run-setting",
                "fails" if refused else "warns",
                flag,
                rule,
                f"write it into {facts.file}: services.NAME.{key}",
            )


def service(facts: Facts, path: str, line: int, name: str | None) -> Iterator[FileFinding]:
    """Hold the name of a service that is released against those that the stack declares."""
    declared = [each.name for each in facts.services]
    if not name or name in declared or "$" in name or not re.fullmatch(r"[\w-]+", name):
        return
    rule = "the stack declares no service of this name, and its accounts may release the declared ones only"
    key = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    near = next((each for each in facts.services if each.key in name), None)
    remedy = (
        f"write {near.name}"
        if near
        else (
            f"declare it under coursecloud:services ({key}: {{deployedBy: TRIGGER}}); it is then"
            f" {facts.names.resource(key)}"
        )
    )
    yield FileFinding(path, line, "undeclared-service", "fails", name, rule, remedy)


def deployed(path: str, line: int, image: str) -> Iterator[FileFinding]:
    """Hold the image that a release names against saying which one it is."""
    if not image or "@sha256:" in image:
        return
    tag = image.rpartition("/")[2].partition(":")[2]
    if tag not in ("", "latest") or (not tag and re.search(r"\$\{?\w+\}?$", image)):
        return
    rule = "`latest` is whatever was pushed last: nobody can say what runs, and the one before cannot be gone back to"
    yield FileFinding(
        path, line, "latest-deployed", "warns", image, rule, "push by commit and release that: IMAGE:$COMMIT_SHA"
    )

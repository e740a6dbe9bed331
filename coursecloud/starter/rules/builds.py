"""Build files of Cloud Build, and the commands of scripts, tasks and workflows that build, submit and deploy."""

from __future__ import annotations

import re
from collections.abc import Iterator

from coursecloud.starter import lined, shell
from coursecloud.starter.facts import Facts
from coursecloud.starter.finding import Finding
from coursecloud.starter.repository import Repository

_VALUE = re.compile(
    r"\$\{?\{?\s*(secrets\.|_?[A-Z_]*(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL)[A-Z_]*)", re.IGNORECASE
)
_CONFIG = re.compile(r"\.(ya?ml|json|env|ini|cfg|toml)$|(^|/)\.env")
_LOGGED = "the log of a build is read by many, and secrets that were put in stand in it"


def found(facts: Facts, repository: Repository) -> Iterator[Finding]:
    """Hold build files against the rules, and each command in them and in scripts."""
    for path, text in repository.build_files.items():
        try:
            made = lined.mapping(lined.load(text))
        except lined.UnreadableError as error:
            rule = f"{error}, and Cloud Build would not take it either"
            yield Finding(
                path, error.line, "unreadable", "fails", "", rule, "mend the YAML of that line or the one before"
            )
            continue
        yield from _file(facts, path, made)
    for path, text in repository.matching(r"(.*/)?([\w.-]+\.(sh|bash|mk)|makefile|justfile)").items():
        plain = re.sub(r"(?m)^[\t ]*[@-]*", "", text) if "file" in path.lower() else text
        for command in shell.commands(plain):
            yield from commands(facts, path, command, logged=False)
    for path, text in repository.matching(r"(.*/)?(tasks|invoke|noxfile|fabfile)\.py").items():
        for number, line in enumerate(text.split("\n"), 1):
            for quoted in re.findall(r"[\"']((?:gcloud|docker)\s[^\"']*)", line):
                for command in shell.commands(quoted, number):
                    yield from commands(facts, path, command, logged=False)


def _file(facts: Facts, path: str, made: dict[str, object]) -> Iterator[Finding]:
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
        yield Finding(
            path, 0, "build-log", "fails", "no options.logging", rule, "add `options: {logging: CLOUD_LOGGING_ONLY}`"
        )
    values = {str(name): str(value) for name, value in lined.mapping(made.get("substitutions")).items()}
    for name, value in lined.mapping(made.get("substitutions")).items():
        if re.search(r"KEY|TOKEN|SECRET|PASSWORD", str(name)) and str(value) and "/" not in str(value):
            rule = "substitutions stand in the build's settings and its log"
            yield Finding(
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


def commands(
    facts: Facts, path: str, command: shell.Command, *, logged: bool, secret: bool = False
) -> Iterator[Finding]:
    """Hold one command against the rules. `logged`: many read what it prints; `secret`: it is given secrets."""
    words = shell.program(command.words)
    if not words:
        return
    if logged:
        yield from prints(path, command, words, secret=secret)
    if secret and (words[0] == "envsubst" or (words[0] == "sed" and _VALUE.search(command.text))):
        rule = "the secret then stands in a file that a job's configuration or an image is made of, which many can read"
        remedy = "leave it out: the job has NAME_SECRET, the secret's name, and reads it as its own account"
        yield Finding(path, command.line, "secret-in-config", "leaks", command.text[:60], rule, remedy)
    if words[:2] == ("gcloud", "auth") and command.has("auth", "activate-service-account"):
        rule = "the stack makes no keys: builds, jobs and machines are an account already, workflows by federation"
        yield Finding(
            path,
            command.line,
            "key-login",
            "fails",
            "gcloud auth activate-service-account",
            rule,
            "remove the line; in a workflow use google-github-actions/auth with workload_identity_provider",
        )
    if words[:1] == ("gcloud",):
        yield from _gcloud(facts, path, command)
    if words[:1] == ("docker",) and command.has("docker", "build") and _VALUE.search(" ".join(_given(command))):
        rule = "what is given so stands in the image's history, for all who may pull it"
        yield Finding(
            path,
            command.line,
            "secret-in-image",
            "leaks",
            "--build-arg",
            rule,
            "let the program read the secret where it runs",
        )


def _given(command: shell.Command) -> list[str]:
    return [
        following for name, following in zip(command.words, command.words[1:], strict=False) if name == "--build-arg"
    ] + [word for word in command.words if word.startswith("--build-arg=")]


def prints(path: str, command: shell.Command, words: tuple[str, ...], *, secret: bool) -> Iterator[Finding]:
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
    elif program == "printenv" and any(re.search(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", word) for word in plain):
        what = "a secret"
    elif program in ("cat", "less", "more", "head", "tail", "bat") and any(_CONFIG.search(word) for word in plain):
        what = "a configuration"
    elif program in ("echo", "printf") and _VALUE.search(" ".join(plain)):
        what = "a secret"
    elif program == "set" and secret and any(re.match(r"-\w*x", word) for word in rest):
        what = "every command with its secrets"
    if what:
        remedy = 'remove the line; to see whether a variable is there: [ -n "$$NAME" ]'
        yield Finding(
            path, command.line, "prints-secrets", "leaks", f"{command.text[:60]} prints {what}", _LOGGED, remedy
        )


def _gcloud(facts: Facts, path: str, command: shell.Command) -> Iterator[Finding]:
    words = tuple(word for word in command.words if word not in ("beta", "alpha"))
    plain = shell.Command(words, command.line, command.shown)
    if plain.has("functions", "deploy"):
        rule = (
            "the stack has no Cloud Functions: from source they leave buckets and a repository behind, and its"
            " accounts may not deploy them"
        )
        yield Finding(
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
        yield Finding(
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
        yield Finding(
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


def _release(facts: Facts, path: str, command: shell.Command, name: str | None) -> Iterator[Finding]:
    yield from service(facts, path, command.line_of(name or ""), name)
    image = command.option("--image") or ""
    line = command.line_of(image or "--image")
    yield from deployed(path, line, image)
    if command.option("--source") is not None or (not image and "deploy" in command.words):
        rule = (
            "a release from source makes a bucket and a repository of its own, for which the stack's accounts have"
            " no right"
        )
        yield Finding(
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
            yield Finding(
                path,
                command.line_of(flag),
                "run-setting",
                "fails" if refused else "warns",
                flag,
                rule,
                f"write it into {facts.file}: services.NAME.{key}",
            )


def service(facts: Facts, path: str, line: int, name: str | None) -> Iterator[Finding]:
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
    yield Finding(path, line, "undeclared-service", "fails", name, rule, remedy)


def deployed(path: str, line: int, image: str) -> Iterator[Finding]:
    """Hold the image that a release names against saying which one it is."""
    if not image or "@sha256:" in image:
        return
    tag = image.rpartition("/")[2].partition(":")[2]
    if tag not in ("", "latest") or (not tag and re.search(r"\$\{?\w+\}?$", image)):
        return
    rule = "`latest` is whatever was pushed last: nobody can say what runs, and the one before cannot be gone back to"
    yield Finding(
        path, line, "latest-deployed", "warns", image, rule, "push by commit and release that: IMAGE:$COMMIT_SHA"
    )

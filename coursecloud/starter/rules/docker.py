"""Dockerfiles: where a service listens, and whether PyTorch gets into the image as the machine needs it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from coursecloud.starter import images, install, shell
from coursecloud.starter.dockerfile import Dockerfile, Instruction
from coursecloud.starter.facts import Facts
from coursecloud.starter.finding import Finding
from coursecloud.starter.repository import Repository

_DEFAULTS = {
    "uvicorn": 8000,
    "gunicorn": 8000,
    "hypercorn": 8000,
    "granian": 8000,
    "fastapi": 8000,
    "streamlit": 8501,
    "flask": 5000,
    "bentoml": 3000,
    "gradio": 7860,
    "waitress-serve": 8080,
}
"""The port of each program where nothing names one."""
_LOCAL = frozenset({"uvicorn", "gunicorn", "hypercorn", "granian", "flask"})
"""Programs that listen on the machine itself alone unless told otherwise."""
_PORTS = ("--port", "-p", "--server.port", "-b", "--bind", "--listen")
_HOSTS = ("--host", "-h", "--server.address", "-b", "--bind", "--listen")


def _or(path: str) -> str:
    """Say what else can be done: have a Dockerfile written anew. Nothing else is to be removed."""
    docker = re.search(r"(?i)dockerfile", path)
    return f"; or remove {path} and run this again, which writes one" if docker else ""


def found(facts: Facts, repository: Repository) -> Iterator[Finding]:
    """Hold every Dockerfile against the rules, and the stack's triggers against the files that they name."""
    for path, file in images.read(repository).items():
        purpose = images.purpose(file)
        yield from _bases(repository, file)
        yield from _copies(repository, file)
        if purpose == "service":
            yield from _listens(facts, repository, file)
        if purpose == "training":
            yield from _torch(facts, repository, file)
            yield from _signals(facts, file)
        del path
    named = facts.settings.builds.triggers.items()
    for name, trigger in named:
        file = trigger.dockerfile or trigger.build_file
        if file and not repository.has(file):
            yield Finding(
                facts.file,
                0,
                "trigger-file",
                "fails",
                f"builds.triggers.{name}: {file}",
                "the repository has no such file, and each build of the trigger fails",
                "name one that it has, such as "
                + (
                    next(iter(repository.dockerfiles if trigger.dockerfile else repository.build_files), "")
                    or "what this command writes; where it writes none, it says below what it lacks for that"
                ),
            )


def _bases(repository: Repository, file: Dockerfile) -> Iterator[Finding]:
    torch = repository.torch or any(
        re.search(r"\btorch", each.text) for stage in file.stages for each in stage.instructions if each.name == "RUN"
    )
    for base, line in file.copied_bases():
        if "$" in base:
            rule = "its name is only known to the build, so that nothing can be said of it"
            yield Finding(file.path, line, "base-unknown", "warns", f"FROM {base}", rule, "give its ARG a default")
        elif torch and re.search(r"alpine|musl", base) and _installs(file, line):
            rule = "PyTorch has no packages for alpine (musl), and no sources there: the image cannot be built"
            other = re.sub(r"-alpine[\w.]*", "-bookworm-slim" if "/uv" in base else "-slim", base)
            other = "python:3.12-slim" if "alpine" in other else other
            yield Finding(
                file.path, line, "alpine-torch", "fails", f"FROM {base}", rule, f"FROM {other}{_or(file.path)}"
            )


def _installs(file: Dockerfile, line: int) -> bool:
    """Say whether the stage of a line, or one that begins with it, installs packages of Python."""
    names = {stage.alias.lower() for stage in file.stages if stage.line == line and stage.alias}
    fitting = [stage for stage in file.stages if stage.line == line or stage.base.lower() in names]
    runs = (f"{each.text} {each.script}" for stage in fitting for each in stage.instructions if each.name == "RUN")
    return any(re.search(r"\b(pip3?|uv|poetry|pipenv|pdm)\b", text) for text in runs)


def _copies(repository: Repository, file: Dockerfile) -> Iterator[Finding]:
    folder = images.context(repository, file)
    for stage in file.stages:
        for each in stage.instructions:
            if each.name not in ("COPY", "ADD"):
                continue
            missing = [source for source in images.sources(each) if not images.there(repository, source, folder)]
            # Of a pattern such as `uv.loc[k]`, another source suffices.
            missing = [source for source in missing if not re.search(r"[*?\[]", source)]
            for source in missing:
                rule = "the repository has no such file (git ignores it, or it is not there): the build stops here"
                remedy = "commit it, leave it out, or fetch it in the build or at the start (`dvc pull`, the bucket)"
                yield Finding(file.path, each.line, "copy-missing", "fails", f"{each.name} {source}", rule, remedy)


def _listens(facts: Facts, repository: Repository, file: Dockerfile) -> Iterator[Finding]:
    ports = {each.port for each in facts.services} or {8080}
    for each in images.started(file):
        for command, exec_form in _commands(file, each):
            yield from _of_command(repository, ports, file, command, exec_form=exec_form)


def _commands(file: Dockerfile, each: Instruction) -> Iterator[tuple[shell.Command, bool]]:
    """List what an image starts; of a script of the repository, what stands in it."""
    form = each.form
    if form is None:
        for command in shell.commands(each.script, each.line):
            yield command, False
        return
    if form[:1] and form[0].rpartition("/")[2] in ("sh", "bash") and "-c" in form:
        for command in shell.commands(form[-1], each.line):
            yield command, False
        return
    entry = file.last("ENTRYPOINT")
    if each.name == "CMD" and entry is not None and (before := entry.form):
        form = [*before, *form]
    yield shell.Command(tuple(form), each.line, shown=True, lines=_lines(each, form)), True


def _lines(each: Instruction, form: list[str]) -> tuple[int, ...]:
    """Say in which line of an instruction each word of its exec form stands."""
    lines = each.script.split("\n")
    at = ((number for number, line in enumerate(lines) if word in line) for word in form)
    return tuple(each.line + next(numbers, 0) for numbers in at)


def _of_command(
    repository: Repository,
    ports: set[int],
    file: Dockerfile,
    command: shell.Command,
    *,
    exec_form: bool,
) -> Iterator[Finding]:
    words = shell.program(command.words)
    if words[:1] and words[0].rpartition("/")[2] in ("sh", "bash") and len(words) > 1:
        words = words[1:]
    script = _found(repository, file, words[0]) if words else ""
    if script.endswith(".sh") and script in repository.texts:
        for inner in shell.commands(repository.texts[script]):
            yield from _server(ports, script, inner, shell.program(inner.words), exec_form=False)
        return
    program = [word for word in words if word not in ("python", "python3", "-u", "-m", "-O")]
    source = _found(repository, file, program[0]) if program else ""
    if source.endswith(".py") and source in repository.texts:
        yield from _own_server(ports, source, repository.texts[source])
        return
    yield from _server(ports, file.path, command, tuple(program), exec_form=exec_form)


def _found(repository: Repository, file: Dockerfile, word: str) -> str:
    """Find the file of the repository that a path in the image is; the word itself where there is none."""
    folder = images.context(repository, file)
    plain = re.sub(r"^(\./|/)+", "", word)
    inside = [plain, plain.removeprefix("app/"), plain.partition("/")[2]]
    paths = [path for each in inside if each for path in (f"{folder}/{each}" if folder != "." else each,)]
    return next((path for path in paths if path in repository.texts), word)


def _own_server(ports: set[int], path: str, text: str) -> Iterator[Finding]:
    """Find where a program that starts its own server listens."""
    for match in re.finditer(r"(?:uvicorn\.run|\.run|\.launch)\(([^)]*)\)", text):
        line = text.count("\n", 0, match.start()) + 1
        if found_port := re.search(r"(?:server_)?port\s*=\s*(\d+)", match[1]):
            if int(found_port[1]) not in ports:
                yield _port(path, line, found_port[0], ports)
        elif "uvicorn.run" in match[0] and 8000 not in ports and not re.search(r"port\s*=", match[1]):
            yield _port(path, line, "uvicorn.run without a port is 8000", ports)
        if host := re.search(r"host\s*=\s*[\"'](127\.0\.0\.1|localhost)[\"']", match[1]):
            yield _host(path, line, host[0])
        elif "uvicorn.run" in match[0] and not re.search(r"host\s*=", match[1]):
            yield _host(path, line, "uvicorn.run without a host is 127.0.0.1")


def _server(
    ports: set[int], path: str, whole: shell.Command, words: tuple[str, ...], *, exec_form: bool
) -> Iterator[Finding]:
    program = words[0].rpartition("/")[2] if words else ""
    if program not in _DEFAULTS:
        return
    command = shell.Command(words, whole.line, shown=True)
    line = whole.line_of(words[0])
    said = _value(command, _PORTS, bind=True)
    if said is None:
        if _DEFAULTS[program] not in ports:
            yield _port(path, line, f"{program} without a port is {_DEFAULTS[program]}", ports)
    elif "$" in said:
        if exec_form:
            rule = "no shell reads this line, so that the program gets the letters `$PORT` and not a number"
            remedy = "write the line without brackets: CMD exec ... --port ${PORT:-8080}"
            yield Finding(path, whole.line_of(said), "port-not-read", "fails", said, rule, remedy + _or(path))
        elif not re.search(r"\$\{?PORT\b", said):
            yield Finding(
                path, whole.line_of(said), "port-unknown", "warns", said, _PORT_RULE, "write ${PORT:-8080}" + _or(path)
            )
    elif said.isdigit() and int(said) not in ports:
        yield _port(path, whole.line_of(said), f"port {said}", ports)
    host = _value(command, _HOSTS, bind=False)
    if host in ("127.0.0.1", "localhost", "::1"):
        yield _host(path, whole.line_of(host), host)
    elif host is None and (program in _LOCAL or words[:2] == ("fastapi", "dev")):
        yield _host(path, line, f"{program} without a host is 127.0.0.1")


def _value(command: shell.Command, names: tuple[str, ...], *, bind: bool) -> str | None:
    """Give the port (`bind`) or the host that a command names."""
    for name in names:
        value = command.option(name)
        if value is None:
            continue
        if name in ("-b", "--bind", "--listen"):
            host, colon, port = value.rpartition(":")
            if bind:
                return port
            return (host or "0.0.0.0") if colon else value  # noqa: S104 - what gunicorn makes of it
        return value
    return None


_PORT_RULE = "Cloud Run sends requests to the port that it names in $PORT"


def _port(path: str, line: int, value: str, ports: set[int]) -> Finding:
    named = " or ".join(map(str, sorted(ports)))
    rule = f"{_PORT_RULE}, {named} in this stack: on another the service never becomes ready, and the release fails"
    return Finding(
        path,
        line,
        "port-fixed",
        "fails",
        value,
        rule,
        "listen on $PORT: --port ${PORT:-8080}, in a line without brackets" + _or(path),
    )


def _host(path: str, line: int, value: str) -> Finding:
    rule = "only the container itself reaches this address: the service never becomes ready, and the release fails"
    return Finding(path, line, "host-local", "fails", value, rule, "listen on 0.0.0.0: --host 0.0.0.0" + _or(path))


def _torch(facts: Facts, repository: Repository, file: Dockerfile) -> Iterator[Finding]:
    if not facts.trains or not (repository.torch or "torch" in repository.texts.get(file.path, "")):
        return
    runs = [each for stage in file.lineage() for each in stage.instructions if each.name == "RUN"]
    named = [(command, each) for each in runs for command in shell.commands(each.script, each.line)]
    own_cuda = any(re.search(r"whl/cu\d", command.text) for command, _ in named)
    base_has = any(re.search(r"pytorch|cuda|nvcr\.io|deeplearning", base) for base, _ in file.copied_bases())
    without = next(
        (
            (command, each)
            for command, each in named
            if re.search(r"whl/cpu\b|\+cpu\b|torch-backend[ =]cpu", command.text)
        ),
        None,
    )
    if facts.gpu_name:
        rule = f"the stack's jobs have a {facts.gpu_name}, and PyTorch without CUDA leaves it idle while it bills"
        remedy = f"in {file.path}: pip install torch --index-url {install.index(facts.gpu)}{_or(file.path)}"
        if without is not None:
            yield Finding(file.path, without[0].line, "cpu-torch", "fails", without[0].text[:80], rule, remedy)
        elif not own_cuda and (at := install.cpu_index(repository)) and _follows(repository, file, at[0], named):
            shown = repository.texts[at[0]].split("\n")[at[1] - 1].strip()[:80]
            yield Finding(
                at[0], at[1], "cpu-torch", "fails", shown, f"{rule}; {file.path} installs by this file", remedy
            )
    elif own_cuda or base_has:
        line = next((command.line for command, _ in named if re.search(r"whl/cu\d", command.text)), file.stages[0].line)
        rule = "the stack's jobs have no GPU: CUDA is several GB that each build makes and the registry bills"
        remedy = f"pip install torch --index-url {install.CPU}{_or(file.path)}"
        yield Finding(file.path, line, "cuda-torch", "warns", "PyTorch with CUDA", rule, remedy)


def _follows(
    repository: Repository, file: Dockerfile, source: str, named: list[tuple[shell.Command, Instruction]]
) -> bool:
    """Say whether an image's packages are installed by a file that asks for PyTorch without CUDA."""
    text = repository.texts[file.path]
    said = " ; ".join(command.text for command, _ in named)
    if source in ("pyproject.toml", "uv.toml"):
        if "--no-sources" in said or re.search(r"--extra[= ](gpu|cu\w*)", said):
            return False
        # pip does not read uv's part of pyproject.toml.
        return bool(re.search(r"\buv\b", text))
    return source.rpartition("/")[2] in said or bool(re.search(r"(-r|--requirement)[ =]\S*requirements", said))


def _signals(facts: Facts, file: Dockerfile) -> Iterator[Finding]:
    entry = file.last("ENTRYPOINT") or file.last("CMD")
    if entry is None or entry.form is not None or not facts.settings.training.spot or entry.text.startswith("exec "):
        return
    rule = "a shell starts the program and hands no SIGTERM on: what Spot capacity takes away cannot be saved"
    remedy = 'write ENTRYPOINT ["python", "..."]' + _or(file.path)
    yield Finding(file.path, entry.line, "no-signal", "warns", f"{entry.name} {entry.text[:60]}", rule, remedy)

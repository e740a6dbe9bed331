"""Where what a Dockerfile starts listens: on the port and for the hosts that Cloud Run asks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from coursecloud.starter import images, shell
from coursecloud.starter.dockerfile import Dockerfile, Instruction
from coursecloud.starter.facts import Facts
from coursecloud.starter.finding import FileFinding
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


def or_anew(path: str) -> str:
    """Say what else can be done: have a Dockerfile written anew. Nothing else is to be removed."""
    docker = re.search(r"(?i)dockerfile", path)
    return f"; or remove {path} and run this again, which writes one" if docker else ""


def listens(facts: Facts, repository: Repository, file: Dockerfile) -> Iterator[FileFinding]:
    """Hold what a Dockerfile starts against the ports of the stack's services."""
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
) -> Iterator[FileFinding]:
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


def _own_server(ports: set[int], path: str, text: str) -> Iterator[FileFinding]:
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
) -> Iterator[FileFinding]:
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
            yield FileFinding(path, whole.line_of(said), "port-not-read", "fails", said, rule, remedy + or_anew(path))
        elif not re.search(r"\$\{?PORT\b", said):
            yield FileFinding(
                path,
                whole.line_of(said),
                "port-unknown",
                "warns",
                said,
                _PORT_RULE,
                "write ${PORT:-8080}" + or_anew(path),
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


def _port(path: str, line: int, value: str, ports: set[int]) -> FileFinding:
    named = " or ".join(map(str, sorted(ports)))
    rule = f"{_PORT_RULE}, {named} in this stack: on another the service never becomes ready, and the release fails"
    return FileFinding(
        path,
        line,
        "port-fixed",
        "fails",
        value,
        rule,
        "listen on $PORT: --port ${PORT:-8080}, in a line without brackets" + or_anew(path),
    )


def _host(path: str, line: int, value: str) -> FileFinding:
    rule = "only the container itself reaches this address: the service never becomes ready, and the release fails"
    return FileFinding(
        path, line, "host-local", "fails", value, rule, "listen on 0.0.0.0: --host 0.0.0.0" + or_anew(path)
    )

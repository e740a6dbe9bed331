"""Dockerfiles: what they begin with, copy and start, and whether PyTorch comes as the machine needs it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from coursecloud.starter import images, install, shell
from coursecloud.starter.dockerfile import Dockerfile, Instruction
from coursecloud.starter.facts import Facts
from coursecloud.starter.finding import FileFinding
from coursecloud.starter.repository import Repository
from coursecloud.starter.rules.listening import listens, or_anew


def found(facts: Facts, repository: Repository) -> Iterator[FileFinding]:
    """Hold every Dockerfile against the rules, and the stack's triggers against the files that they name."""
    for path, file in images.read(repository).items():
        purpose = images.purpose(file)
        yield from _bases(repository, file)
        yield from _copies(repository, file)
        if purpose == "service":
            yield from listens(facts, repository, file)
        if purpose == "training":
            yield from _torch(facts, repository, file)
            yield from _signals(facts, file)
        del path
    named = facts.settings.builds.triggers.items()
    for name, trigger in named:
        file = trigger.dockerfile or trigger.build_file
        if file and not repository.has(file):
            yield FileFinding(
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


def _bases(repository: Repository, file: Dockerfile) -> Iterator[FileFinding]:
    torch = repository.torch or any(
        re.search(r"\btorch", each.text) for stage in file.stages for each in stage.instructions if each.name == "RUN"
    )
    for base, line in file.copied_bases():
        if "$" in base:
            rule = "its name is only known to the build, so that nothing can be said of it"
            yield FileFinding(file.path, line, "base-unknown", "warns", f"FROM {base}", rule, "give its ARG a default")
        elif torch and re.search(r"alpine|musl", base) and _installs(file, line):
            rule = "PyTorch has no packages for alpine (musl), and no sources there: the image cannot be built"
            other = re.sub(r"-alpine[\w.]*", "-bookworm-slim" if "/uv" in base else "-slim", base)
            other = "python:3.12-slim" if "alpine" in other else other
            yield FileFinding(
                file.path, line, "alpine-torch", "fails", f"FROM {base}", rule, f"FROM {other}{or_anew(file.path)}"
            )


def _installs(file: Dockerfile, line: int) -> bool:
    """Say whether the stage of a line, or one that begins with it, installs packages of Python."""
    names = {stage.alias.lower() for stage in file.stages if stage.line == line and stage.alias}
    fitting = [stage for stage in file.stages if stage.line == line or stage.base.lower() in names]
    runs = (f"{each.text} {each.script}" for stage in fitting for each in stage.instructions if each.name == "RUN")
    return any(re.search(r"\b(pip3?|uv|poetry|pipenv|pdm)\b", text) for text in runs)


def _copies(repository: Repository, file: Dockerfile) -> Iterator[FileFinding]:
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
                yield FileFinding(file.path, each.line, "copy-missing", "fails", f"{each.name} {source}", rule, remedy)


def _torch(facts: Facts, repository: Repository, file: Dockerfile) -> Iterator[FileFinding]:
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
        remedy = f"in {file.path}: pip install torch --index-url {install.index(facts.gpu)}{or_anew(file.path)}"
        if without is not None:
            yield FileFinding(file.path, without[0].line, "cpu-torch", "fails", without[0].text[:80], rule, remedy)
        elif not own_cuda and (at := install.cpu_index(repository)) and _follows(repository, file, at[0], named):
            shown = repository.texts[at[0]].split("\n")[at[1] - 1].strip()[:80]
            yield FileFinding(
                at[0], at[1], "cpu-torch", "fails", shown, f"{rule}; {file.path} installs by this file", remedy
            )
    elif own_cuda or base_has:
        line = next((command.line for command, _ in named if re.search(r"whl/cu\d", command.text)), file.stages[0].line)
        rule = "the stack's jobs have no GPU: CUDA is several GB that each build makes and the registry bills"
        remedy = f"pip install torch --index-url {install.CPU}{or_anew(file.path)}"
        yield FileFinding(file.path, line, "cuda-torch", "warns", "PyTorch with CUDA", rule, remedy)


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


def _signals(facts: Facts, file: Dockerfile) -> Iterator[FileFinding]:
    entry = file.last("ENTRYPOINT") or file.last("CMD")
    if entry is None or entry.form is not None or not facts.settings.training.spot or entry.text.startswith("exec "):
        return
    rule = "a shell starts the program and hands no SIGTERM on: what Spot capacity takes away cannot be saved"
    remedy = 'write ENTRYPOINT ["python", "..."]' + or_anew(file.path)
    yield FileFinding(file.path, entry.line, "no-signal", "warns", f"{entry.name} {entry.text[:60]}", rule, remedy)

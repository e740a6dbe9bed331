"""Where the program itself fails while it is planned: what failed, in which line of it, and what to do.

It loads nothing of the program, which may be what fails.
"""

import re
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

DEBUG = "PULUMI_DEBUG"
"""The variable that has the whole traceback printed instead."""

OF, AT = "of stack", "where it asks: "
"""How the notes of an error begin that say of which stack the program has failed, and in which line it asks."""

ASKS = "the program asks the cloud a question"

_LONGEST = 400
_HERE = Path(__file__).parents[1]
_NOT_THE_PROGRAMS = (_HERE, *(Path(sysconfig.get_path(name)) for name in ("purelib", "platlib", "scripts")))
_LINE = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<name>\S+)')


class _Frame(NamedTuple):
    file: Path
    line: int
    name: str


def asked(what: str) -> NotImplementedError:
    """Refuse a question to the cloud, from the program in this folder, with the line in which it waits for an answer.

    Pulumi puts a question in a thread of its own, so that what is raised there has no line of the program.
    """
    error, root = NotImplementedError(f"{ASKS}: {what}"), Path.cwd()
    for thread in sys._current_frames().values():  # pyright: ignore[reportPrivateUsage] - nothing else has other threads
        for frame, line in traceback.walk_stack(thread):
            file = Path(frame.f_code.co_filename)
            if is_the_programs(file, root):
                error.add_note(f"{AT}{file.relative_to(root)}, line {line}")
                return error
    return error


def told(error: Exception, root: Path) -> str | None:
    """Say in a few lines what failed; None where it was not the program in `root` that did."""
    chain = _chain(error)
    frames = {id(each): list(_frames(each)) for each in chain}
    planned = any(_Frame(frame.file, 0, frame.name) == _RECORD for each in chain for frame in frames[id(each)])
    if not planned and not any(_loads(frame, root) for each in chain for frame in frames[id(each)]):
        return None
    places = [(each, [frame for frame in frames[id(each)] if is_the_programs(frame.file, root)]) for each in chain]
    # The first that has a line of the program; what a library made of it afterwards says less.
    failed, lines = next((place for place in places if place[1]), places[0])
    # What came from a process of a pool has its traceback for a cause, and that has the lines.
    failed = next((each for each in chain if each.__cause__ is failed and hasattr(failed, "tb")), failed)
    text = " ".join(str(failed).split())
    notes = [note for each in chain for note in getattr(each, "__notes__", ())]
    done = "planned" if planned else "loaded"
    said = [f"the program fails while it is {done}: {type(failed).__name__}: {text[:_LONGEST]}".rstrip(": ")]
    places = [note.removeprefix(AT) for note in notes if note.startswith(AT)]
    if lines:
        places = [f"{lines[-1].file.relative_to(root)}, line {lines[-1].line}"]
    if where := [*places[:1], *[note for note in notes if note.startswith(OF)][:1]]:
        said.append(f"where   {', '.join(where)}")
    whole = f"{DEBUG}=1 before the command prints the whole traceback"
    mend = f"mend {'that line' if places else 'the program'}"
    if text.startswith(ASKS):
        mend = "take the answer from the stack file or from a resource of the program: a plan asks nobody"
    said.append(f"remedy  {mend}; {whole}")
    return "\n    ".join(said)


def _loads(frame: _Frame, root: Path) -> bool:
    """Say whether a module of the program is being loaded, by the tools, which use some of them too."""
    return frame.name == "<module>" and frame.file.is_relative_to(root / "infra")


_RECORD = _Frame(_HERE / "plan" / "engine.py", 0, "record")


def _chain(error: Exception) -> list[BaseException]:
    """List an error and what it came from. Pulumi raises an error from itself, so that the way may lead round."""
    chain: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and not any(found is one for one in chain):
        chain.append(found)
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)
    return chain


def _frames(error: BaseException) -> Iterator[_Frame]:
    for frame, line in traceback.walk_tb(error.__traceback__):
        yield _Frame(Path(frame.f_code.co_filename), line, frame.f_code.co_name)
        # Pulumi registers a resource after the program has gone on; what it keeps is the line that made it.
        position = frame.f_locals.get("source_position")
        if uri := getattr(position, "uri", ""):
            yield _Frame(Path(uri.removeprefix("file://")), int(getattr(position, "line", 0)), "")
    if isinstance(error, SyntaxError) and error.filename:  # of a file that cannot be read nothing has run
        yield _Frame(Path(error.filename), error.lineno or 1, "<module>")
    # Of an error in a process of a pool the traceback arrives as text.
    for match in _LINE.finditer(str(getattr(error, "tb", ""))):
        yield _Frame(Path(match["file"]), int(match["line"]), match["name"])


def is_the_programs(file: Path, root: Path) -> bool:
    """Say whether a file is of the program in a folder, and neither of these tools nor of a library."""
    return file.is_relative_to(root) and not any(file.is_relative_to(folder) for folder in _NOT_THE_PROGRAMS)

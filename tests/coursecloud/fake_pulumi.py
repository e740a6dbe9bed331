"""A `pulumi` that reaches nothing: it writes down each call, answers from files, and tells events as Pulumi does.

The folder that FAKE_PULUMI names has `stacks` (JSON; what `stack ls` lists), `state` (what `stack export` gives and
`stack import` writes) and `answers`: by command a list, of which each call takes the first. An answer may have
`events` (printed as JSON lines), `lines` (printed as they are), `errors` (to standard error), `code`, `state` (what is
in the state afterwards), `seconds` (of work) and `stays` (it is not taken off). A command without one does nothing,
and succeeds.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ["FAKE_PULUMI"])


def named(words: list[str]) -> str:
    """Name what is asked for, as the answers do."""
    command = " ".join(words[:2] if words[0] in ("stack", "state", "config") else words[:1])
    looks = {"refresh": "--preview-only", "import": "--preview-only", "preview": "--refresh"}
    return f"{command} {looks[command]}" if looks.get(command) in words else command


def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def write(name: str, content: object) -> None:
    """Write a file whole: who is interrupted here leaves no half of one."""
    (FOLDER / f"{name}.new").write_text(json.dumps(content), encoding="utf-8")
    (FOLDER / f"{name}.new").replace(FOLDER / name)


def answer(command: str) -> dict[str, Any]:
    """Take the next answer."""
    answers = read("answers")
    listed: list[dict[str, Any]] = answers.get(command) or [{}]
    if not listed[0].get("stays"):
        answers[command] = listed[1:]
        write("answers", answers)
    return listed[0]


def say(line: str) -> None:
    """Print a line, at once: whoever reads it sees how far this came."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def after(words: list[str], word: str) -> str:
    return words[words.index(word) + 1]


def main(words: list[str]) -> int:
    said = answer(named(words))
    call: dict[str, Any] = {"words": words, "passphrase": os.environ.get("PULUMI_CONFIG_PASSPHRASE")}
    if "--file" in words:
        call["file"] = json.loads(Path(after(words, "--file")).read_text(encoding="utf-8"))
    with (FOLDER / "calls").open("a", encoding="utf-8") as calls:
        calls.write(json.dumps(call) + "\n")
    events: list[Any] = said.get("events", [])
    lines: list[str] = said.get("lines", [])
    for line in [*map(json.dumps, events), *lines]:
        say(line)
    sys.stderr.write(said.get("errors", ""))
    sys.stderr.flush()
    if "seconds" in said:
        time.sleep(said["seconds"])
    code: int = said.get("code", 0)
    if "state" in said:
        write("state", {"version": 3, "deployment": said["state"]})
    if not code:
        obey(words)
    return code


def obey(words: list[str]) -> None:
    """Do what a command that succeeds has done to the files."""
    command = named(words)
    if command == "stack ls" and "--json" in words:
        say(json.dumps(read("stacks")))
    elif command == "stack export":
        say(json.dumps(read("state")))
    elif command == "stack import":
        write("state", json.loads(Path(after(words, "--file")).read_text(encoding="utf-8")))
    elif command in ("stack init", "stack select"):
        chosen = after(words, "--stack")
        selects = "--no-select" not in words
        stacks = [{**each, "current": each["current"] and not selects} for each in read("stacks")]
        stacks = [each for each in stacks if each["name"] != chosen]
        write("stacks", [*stacks, {"name": chosen, "current": selects}])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

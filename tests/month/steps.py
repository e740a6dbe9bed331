"""The verbs of events.yaml beside the product's own commands: each is a function of the month and the verb's value."""

from __future__ import annotations

import copy
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import yaml

from infra.settings import EXAMPLE_PROJECT
from tests.e2e.refactorings import REFACTORINGS
from tests.gcloud import Gcloud
from tests.month.cutoff import interrupted
from tests.month.hands import RefusedError
from tests.month.month import PRODUCT, Month
from tests.month.place import PROJECT, copy_code
from tests.project import CHECKOUT

Json = dict[str, Any]


def _place(path: str) -> list[str]:
    """`machines.workbench` is below `coursecloud:machines`; `gcp:zone` is itself."""
    first, *rest = path.split(".")
    return [first if ":" in first else f"coursecloud:{first}", *rest]


def _rewrite(month: Month, change: Callable[[Json], None], file: Path | None = None) -> None:
    path = file or month.file
    content = cast("Json", yaml.safe_load(path.read_text(encoding="utf-8")))
    change(content["config"])
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def edit(month: Month, values: Json) -> None:
    """Set keys of the stack file; `null` is a value.

    The machine that a stack has unless it names others is named with them, as somebody does who wants one more.
    """

    def change(config: Json) -> None:
        if any(path.startswith("machines.") for path in values):
            config.setdefault("coursecloud:machines", {"workbench": {}})
        for path, value in values.items():
            *above, last = _place(path)
            node = config
            for name in above:
                if not isinstance(node.get(name), dict):
                    node[name] = {}
                node = node[name]
            node[last] = copy.deepcopy(value)

    _rewrite(month, change)


def unset(month: Month, listed: list[str]) -> None:
    """Take keys out of the stack file, where they are."""

    def change(config: Json) -> None:
        for path in listed:
            *above, last = _place(path)
            node = config
            for name in above:
                node = cast("Json", node.get(name) or {})
            node.pop(last, None)

    _rewrite(month, change)


def rename(month: Month, names: dict[str, str]) -> None:
    """Call an entry of a map in the stack file by another name."""

    def change(config: Json) -> None:
        for path, new in names.items():
            *above, last = _place(path)
            node = config
            for name in above:
                node = node.setdefault(name, {})
            if last not in node:  # the machine that every stack has unless it names others
                node[last] = {}
            node[new] = node.pop(last)

    _rewrite(month, change)


def swap(month: Month, two: list[str]) -> None:
    """Let two entries of a map trade their names."""

    def change(config: Json) -> None:
        (*above, one), (*_, other) = _place(two[0]), _place(two[1])
        node = config
        for name in above:
            node = node[name]
        node[one], node[other] = node[other], node[one]

    _rewrite(month, change)


def undo(month: Month, _: object) -> None:
    """Take the edits of stack files back."""
    month.undo()


def members_file(month: Month, members: list[str], who: str = "own") -> None:
    """Write the list of members that git ignores; an empty list removes the file."""
    path = month.place.clone(who) / f"members.{month.stack}.yaml"
    if members:
        path.write_text(yaml.safe_dump(members), encoding="utf-8")
    else:
        path.unlink(missing_ok=True)


def replace(month: Month, value: dict[str, str]) -> None:
    """Change the program's source: `file`, `old`, `new`."""
    path = month.place.root / value["file"]
    text = path.read_text(encoding="utf-8")
    assert value["old"] in text, f"{value['file']} has no {value['old']!r} any more: write the event anew"
    month.place.code_differs()
    path.write_text(text.replace(value["old"], value["new"]), encoding="utf-8")


def refactoring(month: Month, called: str, aliases: bool = False) -> None:
    """Change names in the program that Google does not see."""
    change = next(each for each in REFACTORINGS if each.called == called)
    month.place.code_differs()
    change.apply(month.place.root, aliases=aliases)


def write_file(month: Month, text: str, to: str) -> None:
    """Write a file of the project's folder."""
    path = month.place.root / to.replace("{stack}", month.stack)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def present_file(month: Month, name: str) -> None:
    """See that a file is there still."""
    if not (month.place.root / name).is_file():
        month.broken(f"the file {name} is gone")


def cli(month: Month, words: str, code: int = 0) -> None:
    """Run another command of the product, which touches nothing."""
    line = [*PRODUCT, *words.split()]
    said = month.command(line, words.split()[0], month.stack, terminal=False)
    if said.code != code or said.writes or "Traceback" in said.ended.text:
        month.broken(f"{words}: exit code {said.code}, {len(said.writes)} writes", said.ended)


def wait(month: Month, _: object) -> None:
    """Wait until what lives on has ended."""
    until = time.monotonic() + 180
    while month.processes() and time.monotonic() < until:
        time.sleep(0.2)
    month.clean("after waiting", locks=False)


def code(month: Month, commit: str) -> None:
    """Let the clone have the code of an older commit and the stack file that came with it, or `today`'s code."""
    root = month.place.root
    month.place.code_differs()
    for name in ("catalog", "coursecloud", "emulator", "guardrails", "infra", "starter"):
        shutil.rmtree(root / name, ignore_errors=True)
    if commit == "today":
        copy_code(CHECKOUT, root)
        return
    archive = subprocess.run(["git", "-C", str(CHECKOUT), "archive", commit], capture_output=True, check=True)
    kept = ["--exclude=Pulumi.*.yaml", "--exclude=tests", "--exclude=.pulumi-state", "--exclude=.gitignore"]
    subprocess.run(["tar", "-x", "-C", str(root), *kept], input=archive.stdout, check=True)
    file = f"Pulumi.{month.stack}.yaml"
    shown = ["git", "-C", str(CHECKOUT), "show", f"{commit}:{file}"]
    text = subprocess.run(shown, capture_output=True, text=True, check=True).stdout
    # Today's may have keys that the older code does not know.
    (root / file).write_text(text.replace(EXAMPLE_PROJECT, PROJECT), encoding="utf-8")


def old_up(month: Month, _: object) -> None:
    """Deploy with plain Pulumi, as older code did it."""
    ended = month.plain("stack", "init")
    if ended.code and "already exists" not in ended.text:
        month.broken("pulumi stack init", ended)
    ended = month.plain("up", "--yes", "--skip-preview", "--non-interactive")
    if ended.code:
        month.broken("the older code does not come up", ended)


def pulumi(month: Month, words: str, code: int | None = 0, who: str = "own") -> None:
    """Run plain Pulumi in between."""
    ended = month.plain(*words.split(), who=who)
    if code is not None and ended.code != code:
        month.broken(f"pulumi {words}: exit code {ended.code}", ended)
    month.clean(f"after pulumi {words}", ended, locks=False)


def by_hand(name: str) -> Callable[..., None]:
    """Take a verb of somebody with a browser."""

    def do(month: Month, value: Any) -> None:
        method = getattr(month.hands, name)
        if isinstance(value, dict):
            method(**cast("Json", value))
        else:
            method(value)

    return do


def pass_time(month: Month, value: Json) -> None:
    """Let days go by."""
    month.hands.request("POST", "_emulator/clock", value)


def absent(month: Month, patterns: str | list[str]) -> None:
    """See that something is not there."""
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        if found := month.hands.find(pattern):
            month.broken(f"still there: {found[0].path}")


def present(month: Month, patterns: str | list[str]) -> None:
    """See that something is there."""
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        if not month.hands.find(pattern):
            month.broken(f"not there: {pattern}")


def shut(month: Month, value: dict[str, str]) -> None:
    """See that somebody is not let in any more."""
    resource = month.hands.one(value["of"])
    policy = month.place.emulator.world.policies.get(f"{resource.service}:{resource.path}") or {}
    bindings = cast("list[Json]", policy.get("bindings") or [])
    if any(value["member"] in binding["members"] for binding in bindings):
        month.broken(f"{value['member']} is still let in to {resource.path}")


def network(month: Month, value: Json) -> None:
    """Let faults begin or, with `{}`, end: a scenario of the emulator."""
    month.place.emulator.use(value)


def clone(month: Month, who: str, state: str = "shared", members: bool = True) -> None:
    """Let somebody else clone the project; `state` is `shared` (in a bucket), `copy` or `none`."""
    there = month.place.clone(who)
    ignored = shutil.ignore_patterns(".pulumi-state", "members.*")
    shutil.copytree(month.place.root, there, symlinks=True, ignore=ignored)
    if state == "copy":
        shutil.copytree(month.place.root / ".pulumi-state", there / ".pulumi-state")
    else:
        (there / ".pulumi-state").mkdir()
    if members:
        for path in month.place.root.glob("members.*"):
            shutil.copy(path, there)


def lose_state(month: Month, what: str) -> None:
    """Lose the state: `all`, or what a person removes by mistake."""
    folder = month.place.root / ".pulumi-state"
    if what == "all":
        shutil.rmtree(folder)
        folder.mkdir()
    elif what == "half":  # the computer stopped while it was written
        file = folder / f".pulumi/stacks/coursecloud/{month.stack}.json"
        text = file.read_bytes()
        file.write_bytes(text[: len(text) // 2])
    else:
        raise ValueError(what)


def second_stack(month: Month, name: str) -> None:
    """Write another stack's file, for the same project."""
    text = month.file.read_text(encoding="utf-8")
    (month.place.root / f"Pulumi.{name}.yaml").write_text(text, encoding="utf-8")


def quiet(month: Month, _: object, who: str = "own", stack: str = "") -> None:
    """See that nothing is to be changed."""
    month.quiet(who=who, stack=stack)


def settle(month: Month, _: object) -> None:
    """Come back to a quiet day by whatever the product says."""
    month.settle()


def gcloud(month: Month, line: str) -> None:
    """Do it through the real gcloud, as somebody does who does not like consoles."""
    home = month.place.folder / "home-gcloud"
    home.mkdir(exist_ok=True)
    filled = line.replace("{stack}", month.stack).replace("{project}", PROJECT)
    done = Gcloud(home, month.place.emulator).run(f"gcloud {filled} --quiet --project={PROJECT}")
    if done.returncode:
        raise RefusedError(f"gcloud {filled}: {done.returncode}\n{done.stderr[-1500:]}")


STEPS: dict[str, Callable[..., None]] = {
    "edit": edit,
    "unset": unset,
    "rename": rename,
    "swap": swap,
    "undo": undo,
    "members": members_file,
    "replace": replace,
    "refactoring": refactoring,
    "write file": write_file,
    "present file": present_file,
    "cli": cli,
    "wait": wait,
    "gcloud": gcloud,
    "code": code,
    "old up": old_up,
    "pulumi": pulumi,
    "time": pass_time,
    "absent": absent,
    "present": present,
    "shut": shut,
    "network": network,
    "clone": clone,
    "lose state": lose_state,
    "second stack": second_stack,
    "quiet": quiet,
    "settle": settle,
    "interrupted": interrupted,
    **{
        name: by_hand(name)
        for name in (
            "delete",
            "post",
            "patch",
            "insert",
            "label",
            "detach",
            "allow",
            "deny",
            "write",
            "value",
            "image",
            "disable",
        )
    },
}

"""The process that works on one group: `python -m coursecloud.cli.commands.course.group VERB STACK --root FOLDER ...`.

What a script wants to know is one JSON document on standard output, all else is on standard error, which is the group's
log. Its exit codes are those of the command of the same name.
"""

import argparse
import ctypes
import functools
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from coursecloud.cli import refusals
from coursecloud.cli.commands.shared import refuse

if TYPE_CHECKING:
    from coursecloud.diff.data_loss import Loss
    from coursecloud.operate.session import Operation

VERBS = ("up", "stop", "down", "finish", "status", "save")
BUCKETS = ("data", "models")
"""The stores that `coursecloud save` copies."""
_NO_CODE = ("code: ",)
"""A group's repository is not on the machine of whoever runs the course."""


def main(words: Sequence[str]) -> NoReturn:
    """Do a verb on a stack; ends with its exit code."""
    given = _given(words)
    end_with(given.parent)
    refusals.expect(["--json"])
    try:
        if given.verb in ("up", "down", "finish"):
            _life(given)
        else:
            _look(given)
    except typer.Exit as end:
        raise SystemExit(end.exit_code) from None
    raise SystemExit(0)


def _given(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="coursecloud.cli.commands.course.group")
    parser.add_argument("verb", choices=VERBS)
    parser.add_argument("stack")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--parent", type=int, default=0, help="who started it; it stops when that one ends")
    parser.add_argument("--named", action="store_true", help="the group was named: what holds data may go")
    parser.add_argument("--members", action="store_true", help="a members' file belongs to the group")
    parser.add_argument("--night", action="store_true", help="nobody has asked for it now: jobs go on")
    parser.add_argument("--saved", type=Path, help="the folder that has what an earlier `save` copied")
    parser.add_argument(
        "--lose", action="append", default=[], help="a type, or the name of a store, whose data may go: Disk, staging"
    )
    parser.add_argument("--to", type=Path, help="the folder that `save` copies into")
    parser.add_argument("--ended", help="who held the stack's lease and has ended, as JSON: their locks are lifted")
    return parser.parse_args(words)


def end_with(parent: int) -> None:
    """Stop in order when whoever started this has ended, be it by `kill -9`: nobody would go on from what it does."""
    if not parent or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(1, int(signal.SIGINT))  # PR_SET_PDEATHSIG, prctl(2)
    if os.getppid() != parent:
        raise SystemExit(130)


def ended_by(periods: str | None) -> "Callable[[dict[str, Any]], bool] | None":
    """Read whose locks of Pulumi's may be lifted; None where no lease is held, and processes tell."""
    if periods is None:
        return None
    from coursecloud.course.lease import Period

    known = [Period(**each) for each in json.loads(periods)]
    return lambda lock: any(each.covers(lock) for each in known)


def _life(given: argparse.Namespace) -> None:
    from coursecloud.cli.commands.life import End
    from coursecloud.deploy import lifecycle

    end, root, stack = End(wanted=True), given.root, given.stack
    said: dict[str, Any] = {"output": end.output, "tell": end.tell, "ended": ended_by(given.ended)}
    if given.verb == "up":
        end.run(lambda: members_there(given) or lifecycle.up(root, stack, yes=True, **said))
    holds = None if given.named else functools.partial(hold, given)
    if given.verb == "down":
        end.run(lambda: idle(given) or lifecycle.down(root, stack, yes=True, hold=holds, **said))
    end.run(lambda: lifecycle.finish(root, stack, hold=holds, **said))


def members_there(given: argparse.Namespace) -> None:
    """Refuse an `up` without the members' file of the group: it would take the members' access away."""
    from coursecloud.deploy.preconditions import RefusedError

    if given.members and not (given.root / f"members.{given.stack}.yaml").exists():
        raise RefusedError(
            f"members.{given.stack}.yaml is not here; up of stack {given.stack} was not begun",
            "an `up` without the members' file would take the members' access away",
            "`coursecloud course apply` writes it from the table; or bring it from the machine that has it",
        )


def idle(given: argparse.Namespace) -> None:
    """Refuse, at night, to take down a group of which a job runs: it is left to its end."""
    from coursecloud.deploy.cloud import CloudError
    from coursecloud.deploy.preconditions import RefusedError
    from coursecloud.look.kinds import of_asset
    from coursecloud.operate import session, targets

    if not given.night:
        return

    def a_job(asset: str) -> bool:
        kind = of_asset(asset)
        return bool(kind and kind.end)

    operation = session.begin(
        given.verb, given.root, given.stack, yes=True, ask=lambda _: False, say=lambda _: None, told={}
    )
    try:
        seen = operation.look()
        jobs = [each for each in seen.found if a_job(each.shape.asset) and (each.running or each.stopped is None)]
        why = [f"{targets.called(each)} {'runs' if each.running else 'waits'}" for each in jobs]
        why += [f"not read whether {what} runs: {words}" for what, words in seen.unread if a_job(what)]
    except CloudError as error:
        why = [f"not read whether a job runs: {error.words}"]
    if why:
        raise RefusedError(
            f"down of stack {given.stack} was not begun: {'; '.join(why)}",
            "at night a job is left to its end",
            f"`coursecloud course down --only {given.stack}` by day",
        )


def hold(given: argparse.Namespace, going: "Sequence[Loss]") -> None:
    """Refuse to delete what holds data, unless it is saved, and what is there now was saved just now."""
    from coursecloud.deploy.preconditions import RefusedError, settings_of
    from infra.names import Names

    rest = [loss for loss in going if not _may_go(loss, given.lose)]
    settings = settings_of(given.root, given.stack)
    names = Names(settings.project, settings.stack, settings.existing)
    saves = {names.bucket(name) for name in BUCKETS}
    saved = [loss for loss in rest if loss.called.removeprefix("gs://") in saves]
    if saved and given.saved and given.saved.is_dir() and _saved_now(given):
        rest = [loss for loss in rest if loss not in saved]
    if not rest:
        return
    kinds = sorted({_kind(loss) if _kind(loss) != "Bucket" else loss.name for loss in rest if loss not in saved})
    ways = ["`coursecloud course save --to FOLDER` copies buckets, and then this goes on"] if saved else []
    kept = {"Disk": ", with files that `save` does not copy"}
    ways += [f"--lose {kind} lets it go in every group{kept.get(kind, '')}" for kind in kinds]
    ways += [f"or name the group: `coursecloud course {given.verb} --only {given.stack}`"]
    raise RefusedError(
        f"{given.verb} of stack {given.stack} was not begun; it would delete " + "; ".join(map(str, rest)),
        "what holds data and is neither kept nor saved goes only where the group is named",
        "; ".join(ways),
    )


def _saved_now(given: argparse.Namespace) -> bool:
    """Copy what is in the buckets now beside what an earlier save has copied; says whether all of it is there."""
    from coursecloud.deploy.cloud import CloudError
    from coursecloud.deploy.preconditions import RefusedError

    try:
        return _save(given, given.saved, {}) == 0
    except (CloudError, RefusedError) as error:
        sys.stderr.write(f"not saved: {error}\n")
        return False


def _may_go(loss: "Loss", lose: Sequence[str]) -> bool:
    """Say whether a store was named, or its type; what `save` copies goes by neither."""
    kind = _kind(loss)
    return (kind != "Bucket" and kind in lose) or (loss.name in lose and loss.name not in BUCKETS)


def _kind(loss: "Loss") -> str:
    return loss.type.rpartition(":")[2]


def _look(given: argparse.Namespace) -> None:
    """Do what asks Google without Pulumi."""
    from coursecloud.deploy.cloud import CloudError
    from coursecloud.deploy.preconditions import RefusedError
    from infra.settings import SettingsError

    told: dict[str, Any] = {}
    try:
        if given.verb == "status":
            code = _status(given, told)
        elif given.verb == "save":
            code = _save(given, given.to, told)
        else:
            from coursecloud.operate import stop

            code = _operated(given, "stop", told, _machines if given.night else lambda each: stop.stop(each, ()))
    except (SettingsError, RefusedError) as error:
        refuse(error)
    except CloudError as error:
        refuse(f"{given.verb} of stack {given.stack}: {error.words}; nothing was changed", 1)
    except KeyboardInterrupt:
        refusals.told("interrupted", 130)
        raise typer.Exit(130) from None
    if code and "error" not in told:
        words = told.get("notSaved") or [told.get("headline") or f"{given.verb} did not do all of it"]
        told["error"] = {"message": "; ".join(map(str, words)), "mistakes": []}
    refusals.document(told)
    raise typer.Exit(code)


def _machines(operation: "Operation") -> int:
    """Stop the stack's machines and nothing else: a training that runs over night is meant to."""
    from coursecloud.look.found import INSTANCE
    from coursecloud.operate import stop, targets

    mine, _ = targets.of_stack(operation.look())
    machines = [each.resource.partition(".com/")[2] for each in mine if each.shape.asset == INSTANCE]
    if machines:
        return stop.stop(operation, machines)
    operation.first(f"no machine of stack {operation.stack} runs: nothing was changed")
    return 0


def _status(given: argparse.Namespace, told: dict[str, Any]) -> int:
    from coursecloud.cli.commands import status
    from coursecloud.common import stack_file
    from coursecloud.course.permissions import joined
    from coursecloud.deploy import preconditions
    from coursecloud.deploy.cloud import Cloud
    from coursecloud.spend import table

    settings = preconditions.settings_of(given.root, given.stack)
    config = stack_file.read(given.stack, stack_file.path_of(given.stack, given.root))
    cloud = Cloud(os.environ, config)
    seen = status.look(cloud, settings)
    told |= table.to_json(seen) | {"running": [each.entry.name for each in seen.running]}
    told["joined"] = joined(cloud, settings.project)
    return 0


def _save(given: argparse.Namespace, folder: Path, told: dict[str, Any]) -> int:
    """Copy what a group's buckets hold; what is there already and the same is not copied again."""
    from coursecloud.operate import save

    def copy(operation: "Operation") -> int:
        return save.save(operation, folder, Path(folder.absolute().anchor))

    code = _operated(given, "save", told, copy)
    # Without a bucket there is nothing to save; and a group's code is in its own repository, which is not here.
    left = [each for each in told.get("notSaved", []) if not each.startswith(_NO_CODE) and not each.endswith("it is not there")]  # noqa: E501  # fmt: skip
    told["notSaved"] = left
    return 1 if left else 0 if told.get("saved") is not None else code


def _operated(given: argparse.Namespace, verb: str, told: dict[str, Any], action: "Callable[[Operation], int]") -> int:
    from coursecloud.operate import session

    def say(line: str) -> None:
        sys.stderr.write(f"{line}\n")

    return action(session.begin(verb, given.root, given.stack, yes=True, ask=lambda _: False, say=say, told=told))


if __name__ == "__main__":
    main(sys.argv[1:])

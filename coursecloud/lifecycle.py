"""Up, down and finish: what Pulumi needs around its own commands on a fresh clone. Decisions pure, I/O apart."""

import datetime
import os
import shutil
import socket
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import IO

import google.auth
import google.auth.exceptions

from coursecloud import mend, preflight, stackfile
from coursecloud.pulumicli import Json, Pulumi, alive
from infra import secrecy
from infra.names import member_key
from infra.settings import EXAMPLE_PROJECT, Settings, load

Ask = Callable[[str], bool]
"""Puts a question to the user; True is yes."""

EXHAUSTED = (
    "ZONE_RESOURCE_POOL_EXHAUSTED",
    "does not have enough resources available to fulfill the request",
)
"""How Compute Engine says that a zone has no capacity (both forms seen in the provider's messages)."""

CREDENTIALS = (
    "GOOGLE_OAUTH_ACCESS_TOKEN",
    "GOOGLE_CREDENTIALS",
    "GOOGLE_CLOUD_KEYFILE_JSON",
    "GCLOUD_KEYFILE_JSON",
)
"""Variables that hand the provider credentials in another way than Application Default Credentials."""


UNASKED = ("--yes", "--skip-preview")
"""Nobody is asked, so nobody reads the preview, which takes a third of the time of a small stack's `up`."""


SECRET_RULES = ("no-secret-values", "stack-file-no-secrets")
"""The guardrails that an `up` holds a stack to before anything else."""


class StoppedError(Exception):
    """An update would take away what nobody named; the text says all of it, and whether anything was touched."""

    def __init__(self, stack: str, said: Iterable[str], *, begun: bool):
        when = "before it lost anything; what it had begun stays" if begun else "before it touched anything"
        super().__init__(f"up of stack {stack} stopped {when}.\n" + "\n".join(said))


class RefusedError(Exception):
    """Something that Pulumi would trip over later, said before anything is touched."""

    def __init__(self, value: str, rule: str, remedy: str):
        super().__init__(f"{value}\n    rule    {rule}\n    remedy  {remedy}")


def up(
    root: Path,
    stack: str,
    *,
    yes: bool,
    lose: Collection[str] = (),
    ask: Ask | None = None,
    environment: Mapping[str, str] | None = None,
    output: IO[str] | None = None,
) -> int:
    """Bring a stack up; move machines along their fallback zones, take over what an interrupted update left behind.

    `yes` answers every question but one: what holds data goes only where a person named it in `lose`. `ask` puts
    questions to somebody; without either the answer is no. `environment` is the process's own unless given; `output`
    gets what Pulumi says in place of the terminal. Returns Pulumi's exit code; raises SettingsError or RefusedError
    before anything is touched, and StoppedError where an update would lose what nobody named.
    """
    no_secrets(root, _settings(root, stack), datetime.datetime.now().astimezone().date())
    settings, pulumi = _ready(root, stack, environment, output)
    code, begun = _settle(pulumi)
    if code:
        return code
    taken: set[str] = set()
    state = pulumi.state()
    before = mend.urns(state)
    while True:
        known = mend.urns(state)
        # What was made a moment ago is empty; what was taken over may not be.
        made = known - before - taken
        if known and (code := _look_first(pulumi, settings, state, lose, made, begun=begun)):
            return code
        begun = True
        done = pulumi.update(*(UNASKED if yes else ()))
        if not done.code:
            return 0
        state = pulumi.state()
        moves = next_zones(settings, done.messages, before | taken)
        there, twins = mend.already_there(done.messages, done.wanted, state)
        there = [found for found in there if found.urn not in taken]
        for found in twins:
            pulumi.say(f"{found.name}: the state holds {found.id} already, under another name; {preflight.ALIAS}")
        if not (yes or (there and ask and ask(question(there)))):
            there = []
        if not moves and not there:
            return done.code
        if moves:
            _move(pulumi, settings, moves, made=mend.urns(state) - before - taken)
            settings = _settings(root, stack)
        if there:
            taken |= {found.urn for found in there}
            _take_over(pulumi, there)
            state = pulumi.state()


def down(
    root: Path,
    stack: str,
    *,
    yes: bool,
    ask: Ask | None = None,
    environment: Mapping[str, str] | None = None,
    output: IO[str] | None = None,
) -> int:
    """Destroy what is not kept. Returns Pulumi's exit code.

    What holds data and is not kept is named first; `ask` is asked whether it may go, unless `yes`.
    """
    _, pulumi = _ready(root, stack, environment, output)
    code, mended = _settle(pulumi)
    if code:
        return code
    going = preflight.in_state(mend.resources(pulumi.state()), protected=False)
    if going:
        pulumi.say(f"{preflight.count(going)} will be GONE, because the stack file does not keep them:")
        pulumi.say("\n".join(f"    {loss}" for loss in going))
        pulumi.say("    Where its section of the stack file takes `keep: true`, that and one `up` keep it over night.")
        if not yes and not (ask and ask("Delete all of that")):
            raise RefusedError(
                f"down of stack {stack} was not confirmed; nothing was deleted",
                "what holds data goes only when somebody says so",
                "answer yes, or say --yes, or keep it",
            )
    unasked = UNASKED if yes or going else ()
    return _destroy(pulumi, "--exclude-protected", *unasked, mended=mended)


def finish(
    root: Path,
    stack: str,
    *,
    confirm: Callable[[str], bool] = lambda _: True,
    environment: Mapping[str, str] | None = None,
    output: IO[str] | None = None,
) -> int:
    """Lift the protection of what is kept and destroy everything. Returns Pulumi's exit code.

    `confirm` gets in words what goes, and says whether it may.
    """
    _, pulumi = _ready(root, stack, environment, output)
    going = preflight.in_state(mend.resources(pulumi.state()), protected=True)
    listed = "".join(f"\n    {loss}" for loss in going)
    if not confirm(f"This deletes ALL of '{stack}', data included:{listed or ' it holds none'}"):
        raise RefusedError(
            f"finish of stack {stack} was not confirmed; nothing was deleted",
            "the end of a course deletes all data, so the stack's name is typed once more",
            "type the name of the stack",
        )
    code, mended = _settle(pulumi)
    code = code or pulumi.run("state unprotect", "--all", "--yes")
    return code or _destroy(pulumi, *UNASKED, mended=mended)


def question(there: Iterable[mend.Found]) -> str:
    """Ask whether what Google has already is this stack's own."""
    listed = "".join(f"\n    {found.name}: {found.id}" for found in there)
    return (
        f"Google has already what this stack wants to create:{listed}\n"
        "An update that was cut off leaves such things behind. Take them over? From then on `down` and `finish` "
        "delete them too"
    )


def _look_first(
    pulumi: Pulumi, settings: Settings, state: Json, lose: Collection[str], made: Collection[str], *, begun: bool
) -> int:
    """Hold what the update would do against what nobody may lose; raises StoppedError.

    `made` are URNs that this very command has created: nothing is in them yet. Where Pulumi's preview fails, it is
    shown, and its exit code given: an update of which nobody knows what it does is none.
    """
    pulumi.say("Looking at what this update would change ...")
    preview = pulumi.preview()
    if preview.code:
        return pulumi.run("preview") or preview.code
    losses = preflight.losses(preview.steps, made)
    members = {member_key(member) for member in settings.team.members}
    leaving = preflight.leaving(preview.steps, state, members)
    stopped = [
        *preflight.renamed(preflight.twins(preview.steps, mend.resources(state))),
        *preflight.lost([loss for loss in losses if loss.name not in lose]),
        *preflight.locked_out([key for key in leaving if key not in lose], settings.stack),
    ]
    if stopped:
        raise StoppedError(settings.stack, stopped, begun=begun)
    for name in sorted(set(lose) - {loss.name for loss in losses} - set(leaving)):
        pulumi.say(f"--lose {name}: nothing of that name would go now; take it out where it stands")
    for loss in losses:
        pulumi.say(f"As named: {loss}")
    return 0


def held(locks: Iterable[Json], host: str, runs: Callable[[object], bool]) -> list[Json]:
    """List the locks of those who may still be working: on another computer, or in a process that runs."""
    return [lock for lock in locks if lock.get("hostname") != host or runs(lock.get("pid", 0))]


def next_zones(
    settings: Settings, messages: Iterable[tuple[str, str]], existing: frozenset[str]
) -> dict[str, tuple[str, ...]]:
    """Decide which machines move where: name to the new zone and the fallback zones after it.

    `messages` are (URN, text) of an up that failed; `existing` the URNs that were there before it. A machine
    whose data disk was there before stays: moving would lose the disk's files.
    """
    moves: dict[str, tuple[str, ...]] = {}
    for urn, text in messages:
        name = urn.rpartition("::")[2]
        machine = settings.machines.get(name)
        if not machine or not machine.fallback_zones or not any(sign in text for sign in EXHAUSTED):
            continue
        if machine.data_disk and any(urn.endswith(f"::{name}-work") for urn in existing):
            continue
        moves[name] = machine.fallback_zones
    return moves


def _ready(
    root: Path, stack: str, environment: Mapping[str, str] | None, output: IO[str] | None
) -> tuple[Settings, Pulumi]:
    """Check all that can be checked without a cloud, and make the backend and the stack where they are not."""
    settings = _settings(root, stack)
    if settings.project == EXAMPLE_PROJECT:
        raise RefusedError(
            f"gcp:project is {EXAMPLE_PROJECT}",
            "this id is an example; nothing can be deployed to it",
            f"write your project's id into {stackfile.path_of(stack, root)} (`gcloud projects list` shows it)",
        )
    switched = dict(os.environ if environment is None else environment)
    if not shutil.which("pulumi", path=switched.get("PATH", "")):
        raise RefusedError(
            "pulumi is not on PATH",
            "deploying needs the Pulumi CLI; planning does not",
            "install it (https://www.pulumi.com/docs/install/) and open a new shell",
        )
    config = stackfile.read(stack, stackfile.path_of(stack, root))
    _credentials(switched, config)
    passphrase = {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & set(switched)
    switched.setdefault("PULUMI_SKIP_UPDATE_CHECK", "true")
    # Pulumi asks pip what is installed, each time, and pip would ask PyPI whether there is a newer pip.
    switched.setdefault("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    secrets_elsewhere = "secretsprovider" in stackfile.path_of(stack, root).read_text(encoding="utf-8")
    if not secrets_elsewhere and not passphrase:
        _readable_by_all(config)
        # The state holds no secret, so the passphrase protects nothing and may be empty.
        switched["PULUMI_CONFIG_PASSPHRASE"] = ""
    pulumi = Pulumi(root, stack, switched, output)
    if folder := pulumi.backend_folder():
        folder.mkdir(parents=True, exist_ok=True)  # Pulumi fails where it is missing
    _unlock(pulumi)
    if code := pulumi.select():
        raise SystemExit(code)
    return settings, pulumi


def no_secrets(root: Path, settings: Settings, today: datetime.date) -> None:
    """Refuse to hand Pulumi what looks like a secret: it would print it, and keep it in its state.

    The guardrails say the same of the whole plan (`coursecloud check`); where one of the two rules about secrets has an
    exception that holds today, this does not stop an `up`. Raises RefusedError.
    """
    if any(entry.rule in SECRET_RULES and today <= entry.until for entry in settings.guardrails.exceptions):
        return
    scripts = {name: machine.startup_script for name, machine in settings.machines.items() if machine.startup_script}
    held = {f"coursecloud:{path}": found.what for path, _, found in secrecy.walk(settings.model_dump(by_alias=True))}
    for name, script in scripts.items():
        for found in secrecy.find((root / script).read_text(encoding="utf-8")):
            held[f"{script} of coursecloud:machines.{name}"] = found.what
    if held:
        raise RefusedError(
            "; ".join(f"{path} holds what looks like a secret ({what})" for path, what in held.items()),
            "Pulumi would print it, and keep it in its state; nothing was touched",
            "name it under coursecloud:secrets, add its value by the command in the outputs, and revoke this one; if it"
            " is none, `coursecloud check` names the rule, and docs/guardrails.md how to except it",
        )


def _readable_by_all(config: Mapping[str, object]) -> None:
    """Refuse an encrypted credential that the empty passphrase would decrypt for everybody who has the file.

    Members are encrypted against a glance, not a reader (README); a credential is worth more than that.
    """
    found = sorted(
        key for key, value in config.items() if not key.startswith("coursecloud:") and "secure" in str(value)
    )
    found = [key for key in found if key not in ("gcp:project", "gcp:region", "gcp:zone")]
    if found:
        raise RefusedError(
            f"{', '.join(found)}: encrypted, with an empty passphrase",
            "what is encrypted with an empty passphrase is readable by everybody who has the stack file",
            "revoke a value that was encrypted so; encrypt another with a passphrase of your own in"
            " PULUMI_CONFIG_PASSPHRASE, which from then on every command needs",
        )


def _unlock(pulumi: Pulumi) -> None:
    """Lift the locks of processes that have died, and mend the state they were writing; refuse while one may run."""
    locks = pulumi.locks()
    if busy := held(locks, socket.gethostname(), alive):
        lock = busy[0]
        who = f"{lock.get('username')} on {lock.get('hostname')}, process {lock.get('pid')}"
        raise RefusedError(
            f"stack {pulumi.stack} is being worked on by {who}, since {lock.get('timestamp')}",
            "one `up`, `down` or `finish` at a time: they all write the same state",
            f"wait until it has ended; if it no longer runs: `pulumi cancel --stack {pulumi.stack}`",
        )
    if pulumi.restore():
        pulumi.say("An earlier update was cut off while it wrote the state; what was half written is mended.")
    if locks:
        pulumi.say("An earlier update was ended from outside; its lock is lifted.")
        pulumi.run("cancel", "--yes")


def _destroy(pulumi: Pulumi, *words: str, mended: bool) -> int:
    """Run `pulumi destroy`. What was taken over lacks its dependencies in the state, so its order may be wrong.

    Then some of it goes only when something else has gone: an error does not end it, and it is tried again as long
    as that makes the state smaller.
    """
    if mended:
        words = (*words, "--continue-on-error")
    while True:
        before = len(mend.urns(pulumi.state())) if mended else 0
        code = pulumi.run("destroy", *words)
        if not code or len(mend.urns(pulumi.state())) >= before:
            return code
        pulumi.say("Trying again with what is left.")


def _settle(pulumi: Pulumi) -> tuple[int, bool]:
    """End what an interrupted update left open: look at what Google has, take over what it was making.

    Returns Pulumi's exit code, and whether there was anything to end.
    """
    if not (pending := mend.pending(pulumi.state())):
        return 0, False
    pulumi.say(f"An earlier update was cut off with {len(pending)} operations open; looking at what Google has.")
    if code := pulumi.run("refresh", "--clear-pending-creates", "--yes", "--skip-preview"):
        return code, True
    _take_over(pulumi, mend.half_made(pending, pulumi.state()))
    return 0, True


def _take_over(pulumi: Pulumi, found: list[mend.Found]) -> None:
    """Import what is there. Pulumi stops at the first that is not, so it is asked again for the rest."""
    while found:
        pulumi.say(f"Taking over, if there: {', '.join(each.name for each in found)}")
        if not pulumi.take_over(mend.import_file(found)):
            return
        known = mend.urns(pulumi.state())
        missing = [each for each in found if each.urn not in known]
        if len(missing) == len(found):
            return
        found = missing


def _move(pulumi: Pulumi, settings: Settings, moves: Mapping[str, tuple[str, ...]], made: Collection[str]) -> None:
    """Write the new zone of each machine, and the fallback zones after it, into the stack file.

    `made` are the URNs that this command has created: an empty data disk among them follows its machine, also where
    it is to be kept.
    """
    for name, zones in moves.items():
        for urn in sorted(made):
            if urn.endswith(f"::{name}-work"):
                pulumi.run("state unprotect", urn, "--yes")
        pulumi.say(f"\n{name}: no capacity in {settings.zone_of(settings.machines[name])}; trying {zones[0]}")
        path = f"coursecloud:machines.{name}"
        pulumi.run("config set", "--path", f"{path}.zone", zones[0])
        for index, zone in enumerate(zones[1:]):
            pulumi.run("config set", "--path", f"{path}.fallbackZones[{index}]", zone)
        rest = f"[{len(zones) - 1}]" if len(zones) > 1 else ""
        pulumi.run("config rm", "--path", f"{path}.fallbackZones{rest}")


def _settings(root: Path, stack: str) -> Settings:
    return load(stackfile.read(stack, stackfile.path_of(stack, root)), stack, root)


def _credentials(environment: Mapping[str, str], config: Mapping[str, object]) -> None:
    if any(environment.get(name) for name in CREDENTIALS) or {"gcp:accessToken", "gcp:credentials"} & set(config):
        return
    try:
        google.auth.default()
    except google.auth.exceptions.GoogleAuthError as error:
        raise RefusedError(
            f"no Google credentials ({type(error).__name__})",
            "the provider acts with Application Default Credentials",
            "run `gcloud auth application-default login`",
        ) from None

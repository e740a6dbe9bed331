"""What is checked and prepared before Pulumi touches anything: settings, credentials, the stack, who holds its lock."""

from __future__ import annotations

import datetime
import os
import shutil
import socket
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import google.auth
import google.auth.exceptions

from coursecloud.common import stack_file
from coursecloud.deploy import backends, last_update
from coursecloud.deploy.cloud import Cloud
from coursecloud.deploy.pulumi_cli import Ended, Pulumi, PulumiError, alive
from infra import secrecy
from infra.settings import EXAMPLE_PROJECT, Settings, load

Json = dict[str, Any]

CREDENTIALS = (
    "GOOGLE_OAUTH_ACCESS_TOKEN",
    "GOOGLE_CREDENTIALS",
    "GOOGLE_CLOUD_KEYFILE_JSON",
    "GCLOUD_KEYFILE_JSON",
)
"""Variables that hand the provider credentials in another way than Application Default Credentials."""

SECRET_RULES = ("no-secret-values", "stack-file-no-secrets")
"""The guardrails that an `up` holds a stack to before anything else."""


class RefusedError(Exception):
    """Something that would go wrong later, said before anything is touched."""

    def __init__(self, value: str, rule: str = "", remedy: str = ""):
        super().__init__(f"{value}\n    rule    {rule}\n    remedy  {remedy}" if rule else value)


def ready(
    root: Path,
    stack: str,
    environment: Mapping[str, str] | None,
    output: IO[str] | None,
    ended: Ended | None = None,
) -> tuple[Settings, Pulumi, Cloud]:
    """Check all that can be checked without a cloud, and make the backend and the stack where they are not.

    `ended` says whose lock is lifted, where a lease of the stack knows. Raises SettingsError or RefusedError.
    """
    settings = settings_of(root, stack)
    if settings.project == EXAMPLE_PROJECT:
        raise RefusedError(
            f"gcp:project is {EXAMPLE_PROJECT}",
            "this id is an example; nothing can be deployed to it",
            f"write your project's id into {stack_file.path_of(stack, root)} (`gcloud projects list` shows it)",
        )
    switched = dict(os.environ if environment is None else environment)
    if not shutil.which("pulumi", path=switched.get("PATH", "")):
        raise RefusedError(
            "pulumi is not on PATH",
            "deploying needs the Pulumi CLI; planning does not",
            "install it (https://www.pulumi.com/docs/install/) and open a new shell",
        )
    config = stack_file.read(stack, stack_file.path_of(stack, root))
    _credentials(switched, config)
    passphrase = {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & set(switched)
    switched.setdefault("PULUMI_SKIP_UPDATE_CHECK", "true")
    # Pulumi asks pip what is installed, each time, and pip would ask PyPI whether there is a newer pip.
    switched.setdefault("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    secrets_elsewhere = "secretsprovider" in stack_file.path_of(stack, root).read_text(encoding="utf-8")
    if not secrets_elsewhere and not passphrase:
        _readable_by_all(config)
        # The state holds no secret, so the passphrase protects nothing and may be empty.
        switched["PULUMI_CONFIG_PASSPHRASE"] = ""
    if named := settings.course.backend:
        if other := backends.disagreement(named, stack, root, switched):
            raise RefusedError(*other)
        switched[backends.VARIABLE] = last_update.address_of(named, root)
    pulumi = Pulumi(root, stack, switched, output, ended)
    if folder := pulumi.backend_folder():
        folder.mkdir(parents=True, exist_ok=True)  # Pulumi fails where it is missing
    unlock(pulumi, pulumi.locks())
    if pulumi.restore():
        pulumi.say("An earlier update was cut off while it wrote the state; what was half written is mended.")
    _choose(pulumi)
    return settings, pulumi, Cloud(switched, config)


def settings_of(root: Path, stack: str) -> Settings:
    """Read and check the stack file; raises SettingsError."""
    return load(stack_file.read(stack, stack_file.path_of(stack, root)), stack, root)


def no_secrets(root: Path, settings: Settings, today: datetime.date) -> None:
    """Refuse to hand Pulumi what looks like a secret: it would print it, and keep it in its state.

    The guardrails say the same of the whole plan (`coursecloud check`); where one of the two rules about secrets has an
    exception that holds today, this does not stop an `up`. Raises RefusedError.
    """
    if any(entry.rule in SECRET_RULES and today <= entry.until for entry in settings.guardrails.exceptions):
        return
    scripts = [
        (name, script)
        for name, machine in settings.machines.items()
        for script in (machine.startup_script, machine.before_stop)
        if script
    ]
    found = {f"coursecloud:{path}": secret.what for path, _, secret in secrecy.walk(settings.model_dump(by_alias=True))}
    for name, script in scripts:
        for secret in secrecy.find((root / script).read_text(encoding="utf-8")):
            found[f"{script} of coursecloud:machines.{name}"] = secret.what
    if found:
        raise RefusedError(
            "; ".join(f"{path} holds what looks like a secret ({what})" for path, what in found.items()),
            "Pulumi would print it, and keep it in its state; nothing was touched",
            "name it under coursecloud:secrets, add its value by the command in the outputs, and revoke this one; if it"
            " is none, `coursecloud check` names the rule, and docs/guardrails.md how to except it",
        )


def held(locks: Iterable[Json], host: str, runs: Callable[[Json], bool]) -> list[Json]:
    """List the locks of those who may still be working: on another computer, or in a process that runs."""
    return [lock for lock in locks if lock.get("hostname") != host or runs(lock)]


def unlock(pulumi: Pulumi, locks: list[Json], *, touched: bool = False) -> None:
    """Lift the locks of those who have ended; refuse while one may run. `touched`: this command has begun.

    Under a lease the lease says who has ended: host name and process repeat in containers.
    """
    ended = pulumi.ended
    busy = held(locks, socket.gethostname(), alive) if ended is None else [each for each in locks if not ended(each)]
    if busy:
        lock = busy[0]
        who = f"{lock.get('username')} on {lock.get('hostname')}, process {lock.get('pid')}"
        raise RefusedError(
            f"stack {pulumi.stack} is being worked on by {who}, since {lock.get('timestamp')}"
            + ("" if touched else "; nothing was touched"),
            "one `up`, `down` or `finish` at a time: they all write the same state",
            f"wait until it has ended; if it no longer runs: `pulumi cancel --stack {pulumi.stack}`"
            + ("" if ended is None else ", or `--lift-locks` where it was a runner of the course on another machine"),
        )
    if locks:
        pulumi.say("An earlier update was ended from outside; its lock is lifted.")
        pulumi.run("cancel", "--yes")


def _choose(pulumi: Pulumi) -> None:
    """Make the stack where it is not; it becomes the selected one only where none was."""
    try:
        stacks = pulumi.stacks()
        if pulumi.stack not in stacks:
            code, _, errors = pulumi.run("stack init", *(("--no-select",) if any(stacks.values()) else ()))
            if code:
                raise PulumiError(errors.strip().removeprefix("error: "))
        elif not any(stacks.values()):
            pulumi.run("stack select")
    except PulumiError as error:
        raise RefusedError(
            f"Pulumi cannot use its state in {pulumi.backend() or 'the backend that it is logged in to'}: {error}",
            "the state says what exists; without it nothing is touched",
            "see that the address in Pulumi.yaml (`backend`) is right, and that you may read and write there",
        ) from None


def _readable_by_all(config: Mapping[str, object]) -> None:
    """Refuse an encrypted credential that the empty passphrase would decrypt for everybody who has the file.

    Members are encrypted against a glance, not a reader (docs/environment.md); a credential is worth more than that.
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

"""Up, down and finish: what Pulumi needs around its own commands on a fresh clone. Decisions pure, I/O apart."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import google.auth
import google.auth.exceptions
import yaml

from coursecloud import stackfile
from infra.settings import EXAMPLE_PROJECT, Settings, load

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


class RefusedError(Exception):
    """Something that Pulumi would trip over later, said before anything is touched."""

    def __init__(self, value: str, rule: str, remedy: str):
        super().__init__(f"{value}\n    rule    {rule}\n    remedy  {remedy}")


def up(root: Path, stack: str, *, yes: bool) -> int:
    """Bring a stack up; where Google has no capacity, move machines along their fallback zones.

    Returns Pulumi's exit code; raises SettingsError or RefusedError before anything is touched.
    """
    settings, environment = _ready(root, stack)
    while True:
        before = _urns(root, stack, environment)
        code, messages = _up_once(root, stack, environment, yes=yes, watch=_may_move(settings))
        moves = next_zones(settings, messages, before) if code else {}
        if not moves:
            return code
        for name, zones in moves.items():
            print(f"\n{name}: no capacity in {settings.zone_of(settings.machines[name])}; trying {zones[0]}")  # noqa: T201
            path = f"coursecloud:machines.{name}"
            _pulumi(root, environment, "config", "set", "--stack", stack, "--path", f"{path}.zone", zones[0])
            for index, zone in enumerate(zones[1:]):
                key = f"{path}.fallbackZones[{index}]"
                _pulumi(root, environment, "config", "set", "--stack", stack, "--path", key, zone)
            if len(zones) == 1:
                _pulumi(root, environment, "config", "rm", "--stack", stack, "--path", f"{path}.fallbackZones")
            else:
                key = f"{path}.fallbackZones[{len(zones) - 1}]"
                _pulumi(root, environment, "config", "rm", "--stack", stack, "--path", key)
        settings = _settings(root, stack)


def down(root: Path, stack: str, *, yes: bool) -> int:
    """Destroy what is not kept. Returns Pulumi's exit code."""
    _, environment = _ready(root, stack)
    answer = ["--yes"] if yes else []
    return _pulumi(root, environment, "destroy", "--stack", stack, "--exclude-protected", *answer)


def finish(root: Path, stack: str) -> int:
    """Lift the protection of what is kept and destroy everything. Returns Pulumi's exit code."""
    _, environment = _ready(root, stack)
    code = _pulumi(root, environment, "state", "unprotect", "--all", "--yes", "--stack", stack)
    return code or _pulumi(root, environment, "destroy", "--stack", stack, "--yes")


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


def _ready(root: Path, stack: str) -> tuple[Settings, dict[str, str]]:
    """Check all that can be checked without a cloud, and make the backend and the stack where they are not."""
    settings = _settings(root, stack)
    if settings.project == EXAMPLE_PROJECT:
        raise RefusedError(
            f"gcp:project is {EXAMPLE_PROJECT}",
            "this id is an example; nothing can be deployed to it",
            f"write your project's id into Pulumi.{stack}.yaml (`gcloud projects list` shows it)",
        )
    if not shutil.which("pulumi"):
        raise RefusedError(
            "pulumi is not on PATH",
            "deploying needs the Pulumi CLI; planning does not",
            "install it (https://www.pulumi.com/docs/install/) and open a new shell",
        )
    environment = dict(os.environ)
    config = stackfile.read(stack, stackfile.path_of(stack, root))
    _credentials(environment, config)
    environment.setdefault("PULUMI_SKIP_UPDATE_CHECK", "true")
    secrets_elsewhere = "secretsprovider" in stackfile.path_of(stack, root).read_text(encoding="utf-8")
    if not secrets_elsewhere and not {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & set(environment):
        # The state holds no secret, so the passphrase protects nothing and may be empty.
        environment["PULUMI_CONFIG_PASSPHRASE"] = ""
    _backend(root, environment)
    if code := _pulumi(root, environment, "stack", "select", "--create", stack):
        raise SystemExit(code)
    return settings, environment


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


def _backend(root: Path, environment: Mapping[str, str]) -> None:
    """Make the folder of a file backend: Pulumi fails where it is missing."""
    project = yaml.safe_load((root / "Pulumi.yaml").read_text(encoding="utf-8"))
    url = environment.get("PULUMI_BACKEND_URL") or project.get("backend", {}).get("url", "")
    if url.startswith("file://") and not url.startswith("file://~"):
        (root / url.removeprefix("file://")).mkdir(parents=True, exist_ok=True)


def _may_move(settings: Settings) -> bool:
    return any(machine.fallback_zones for machine in settings.machines.values())


def _up_once(
    root: Path, stack: str, environment: Mapping[str, str], *, yes: bool, watch: bool
) -> tuple[int, list[tuple[str, str]]]:
    """Run `pulumi up`; with `watch` also return the (URN, text) of what it said about resources."""
    command = ["up", "--stack", stack, *(["--yes"] if yes else [])]
    if not watch:
        return _pulumi(root, environment, *command), []
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "events.json"
        # Pulumi offers the event log only with its debug commands switched on.
        switched = {**environment, "PULUMI_DEBUG_COMMANDS": "true"}
        code = _pulumi(root, switched, *command, "--event-log", str(log))
        return code, _messages(log.read_text(encoding="utf-8") if log.exists() else "")


def _messages(log: str) -> list[tuple[str, str]]:
    decoder = json.JSONDecoder()
    found: list[tuple[str, str]] = []
    position = 0
    while position < len(log):
        try:
            event, position = decoder.raw_decode(log, position)
        except ValueError:
            position += 1  # white space between events, or the half of one that a crash left
            continue
        said = cast("dict[str, str]", event.get("diagnosticEvent") or {})
        if said.get("urn") and said.get("message"):
            found.append((said["urn"], said["message"]))
    return found


def _urns(root: Path, stack: str, environment: Mapping[str, str]) -> frozenset[str]:
    exported = subprocess.run(
        ["pulumi", "stack", "export", "--stack", stack],
        cwd=root,
        env=environment,
        capture_output=True,
        check=False,
    )
    if exported.returncode:
        return frozenset()
    state = cast("dict[str, Any]", json.loads(exported.stdout))
    resources = cast("list[dict[str, str]]", state.get("deployment", {}).get("resources") or [])
    return frozenset(resource["urn"] for resource in resources)


def _pulumi(root: Path, environment: Mapping[str, str], *words: str) -> int:
    return subprocess.run(["pulumi", *words], cwd=root, env=environment, check=False).returncode

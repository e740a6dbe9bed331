"""The project that tests plan: the program of this checkout with stacks of the tests' own, in a folder of its own.

The checkout's stack files, members and state may be those of a group that deploys with them: no test reads or writes
them. `tests/stacks` has the stacks that the project itself comes with.
"""

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from emulator import Emulator
from emulator.world import Resource

CHECKOUT = Path(__file__).parents[1]
"""Where the code, the documents and the tests are."""

STACKS = Path(__file__).parent / "stacks"
NAMES = ("dev", "gpu", "full")

_FOLDER = Path(tempfile.mkdtemp(prefix="coursecloud-tests-"))
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)

ROOT = _FOLDER / "project"
"""The project's folder."""


def make(root: Path) -> Path:
    """Make the project in a folder that is not there yet."""
    for name in ("catalog", "coursecloud", "emulator", "guardrails", "infra", "starter"):
        shutil.copytree(CHECKOUT / name, root / name)
    for name in ("__main__.py", "Pulumi.yaml", "pyproject.toml", "requirements.txt", "stack.schema.json"):
        shutil.copyfile(CHECKOUT / name, root / name)
    for stack in NAMES:
        shutil.copyfile(STACKS / f"Pulumi.{stack}.yaml", root / f"Pulumi.{stack}.yaml")
    return root


make(ROOT)


def everything(project: str) -> dict[str, Any]:
    """Give the settings of a stack with all that a stack can have, in a project."""
    text = (STACKS / "Pulumi.full.yaml").read_text(encoding="utf-8").replace("example-project-id", project)
    config: dict[str, Any] = yaml.safe_load(text)["config"]
    more: dict[str, dict[str, Any]] = yaml.safe_load((STACKS / "everything.yaml").read_text(encoding="utf-8"))
    for section, keys in more.items():
        config[section] = config.get(section, {}) | keys
    return config


CHANNEL = "12345678901234567890"
"""The number of a notification channel, which is nobody's but the person's who made it."""


def make_channel(emulator: Emulator, project: str) -> None:
    """Make the channel that `everything` tells, as somebody does once."""
    path = f"projects/{project}/notificationChannels/{CHANNEL}"
    body = {"name": path, "type": "email", "labels": {"email_address": "ada@example.com"}}
    emulator.world.put(Resource("monitoring", path, "projects/notificationChannels", body))


def changed_examples(checkout: Path) -> list[str]:
    """List the stacks that the project comes with and that a checkout has no longer, or has otherwise."""
    return [
        stack
        for stack in NAMES
        if not (file := checkout / f"Pulumi.{stack}.yaml").is_file()
        or file.read_bytes() != (STACKS / file.name).read_bytes()
    ]


def is_used(checkout: Path) -> bool:
    """Say whether a group uses a checkout: it has a project's id, stacks, members or a state of its own."""
    own = {f"Pulumi.{stack}.yaml" for stack in NAMES}
    there = {file.name: file for file in checkout.glob("Pulumi.*.y*ml")}
    return (
        there.keys() != own
        or any("example-project-id" not in file.read_text(encoding="utf-8") for file in there.values())
        or any(checkout.glob("members.*.y*ml"))
        or any(path.name != ".gitignore" for path in (checkout / ".pulumi-state").glob("*"))
    )


def owned(checkout: Path) -> dict[str, str]:
    """Take what belongs to whoever uses a checkout, by path: a hash of each file's content."""
    return {
        str(path.relative_to(checkout)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in _owned(checkout)
        if path.is_file()
    }


def _owned(checkout: Path) -> Iterator[Path]:
    for pattern in ("Pulumi*", "members.*", "groups*", "owners.key", ".gitignore", ".pulumi-state/**/*"):
        yield from checkout.glob(pattern)
    # What a command could leave behind in git; commits and the index are the user's own doing, also while tests run.
    for pattern in ("config", "hooks/*", "refs/stash", "worktrees/*/*"):
        yield from (checkout / ".git").glob(pattern)

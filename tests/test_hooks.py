"""The hooks of .pre-commit-config.yaml: each that looks for something sees an offender and lets an innocent pass."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.project import STACKS

ROOT = Path(__file__).parents[1]
HOOKS: dict[str, dict[str, Any]] = {
    hook["id"]: hook
    for repository in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    for hook in repository["hooks"]
}


def stops(hook: str, file: str, text: str) -> bool:
    """Say whether a hook stops a commit of a file, as pre-commit decides: its name first, then each line."""
    about = HOOKS[hook]
    if not re.search(about.get("files", ""), file):
        return False
    return about["language"] == "fail" or any(re.search(about["entry"], line) for line in text.splitlines())


# Put together here, so that this file itself can be committed.
BEGIN = "-----BEGIN " + "PRIVATE KEY-----"
OFFENDERS = [
    ("no-keys", "key.json", f'{{"private_key": "{BEGIN}\\nMII"}}'),
    ("no-keys", "deploy.pem", BEGIN.replace("PRIVATE", "RSA PRIVATE")),
    ("no-keys", "starter/train.py", "key = 'AIza" + "B" * 35 + "'"),
    ("no-keys", "notes.md", "ya29." + "a" * 40),
    ("no-keys", ".github/workflows/x.yml", "token: ghp_" + "a" * 36),
    ("no-keys", ".github/workflows/x.yml", "token: github_pat_" + "a" * 82),
    ("no-keys", "starter/train.py", "login('hf_" + "A" * 34 + "')"),
    ("no-keys", "Pulumi.dev.yaml", "env: {WANDB_API_KEY: " + "0" * 40 + "}"),
    ("no-addresses", "Pulumi.group-07.yaml", "    members: [user:ada@student.dtu.dk]"),
    ("no-addresses", "Pulumi.group-07.yaml", "      - user:ada@notexample.com"),
    ("no-addresses", "Pulumi.group-07.yaml", "      - user:ada@example.community"),
    ("no-salt", "Pulumi.dev.yaml", "encryptionsalt: v1:AAAA:v1:BBBB"),
    ("no-salt", "Pulumi.dev.yml", "encryptedkey: AAAA"),
    ("no-members", "members.dev.yaml", "- user:ada@example.com"),
    ("no-members", "groups.csv", "group,member"),
    ("no-members", "groups-2026.csv", ""),
    ("no-members", "owners.key", ""),
    ("no-tables", "students.csv", "group-01,mlops-01,ada@student.dtu.dk"),
]
INNOCENTS = [
    ("no-keys", "Pulumi.dev.yaml", "  coursecloud:secrets: {names: {WANDB_API_KEY: [training]}}"),
    ("no-keys", "README.md", "a service account never gets a private key"),
    ("no-addresses", "Pulumi.full.yaml", "      - user:teaching-assistant@example.com"),
    ("no-addresses", "Pulumi.full.yaml", "      - group:mlops-group-07@googlegroups.com"),
    ("no-addresses", "Pulumi.full.yaml", "      - user:encrypted-1@encrypted.invalid"),
    ("no-addresses", "README.md", "a principal is user:ada@dtu.dk"),
    ("no-salt", "Pulumi.dev.yaml", "# encryptionsalt: is written here by Pulumi; do not commit it"),
    ("no-members", "tests/test_members.py", ""),
    ("no-members", "Pulumi.groups.yaml", ""),
    ("no-tables", "costs.csv", "group-01,mlops-01,12.50"),
]


@pytest.mark.parametrize(("hook", "file", "text"), OFFENDERS)
def test_an_offender_stops_the_commit(hook: str, file: str, text: str) -> None:
    assert stops(hook, file, text)


@pytest.mark.parametrize(("hook", "file", "text"), INNOCENTS)
def test_an_innocent_line_does_not(hook: str, file: str, text: str) -> None:
    assert not stops(hook, file, text)


def test_no_hook_needs_a_download() -> None:
    assert {hook["language"] for hook in HOOKS.values()} == {"system", "pygrep", "fail"}


def test_every_tool_that_a_hook_starts_is_in_the_environment_of_make_setup() -> None:
    tools = {hook["entry"].split()[0] for hook in HOOKS.values() if hook["language"] == "system"}
    assert tools == {".venv/bin/ruff", ".venv/bin/python", ".venv/bin/basedpyright"}


@pytest.mark.parametrize("stack", ["dev", "gpu", "full"])
def test_the_committed_stack_files_pass(stack: str) -> None:
    text = (STACKS / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    assert not [hook for hook in ("no-keys", "no-addresses", "no-salt") if stops(hook, f"Pulumi.{stack}.yaml", text)]

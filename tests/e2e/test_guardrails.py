"""`pulumi preview --policy-pack guardrails`: the rules in the real engine, on what the real provider checks."""

import datetime
import re
import shutil
from typing import Any

import pytest
import yaml

from tests.e2e.conftest import PROJECT, Project
from tests.project import CHECKOUT, everything, make_channel

SOON = str(datetime.datetime.now().astimezone().date() + datetime.timedelta(days=30))
PACK = ("--policy-pack", "guardrails", "--non-interactive", "--color", "never")


@pytest.fixture
def packed(project: Project) -> Project:
    """A project with the pack in it."""
    for name in ("guardrails", "coursecloud"):
        shutil.copytree(CHECKOUT / name, project.root / name, ignore=shutil.ignore_patterns("__pycache__"))
    return project


def stack(project: Project, name: str, **sections: Any) -> None:
    """Make a stack; without sections, one of the committed."""
    if sections:
        project.stack_file(
            name, {"gcp:project": PROJECT} | {f"coursecloud:{key}": section for key, section in sections.items()}
        )
    else:
        # The pack knows what day it is; a committed exception ends, and this test does not.
        path = project.root / f"Pulumi.{name}.yaml"
        text = re.sub(r"until: .*", f"until: {SOON}", path.read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8")
    assert project.pulumi("stack", "init", name).returncode == 0


def edit(project: Project, file: str, before: str, after: str) -> None:
    path = project.root / "infra" / file
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, after), encoding="utf-8")


def preview(project: Project, name: str) -> tuple[int, str]:
    done = project.pulumi("preview", "--stack", name, *PACK)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "name", ["dev", *(pytest.param(name, marks=pytest.mark.long) for name in ("gpu", "full", "everything"))]
)
def test_a_stack_passes_the_pack_with_what_the_provider_adds_to_its_inputs(packed: Project, name: str) -> None:
    if name == "everything":
        packed.stack_file(name, everything(PROJECT))
        make_channel(packed.emulator, PROJECT)
        assert packed.pulumi("stack", "init", name).returncode == 0
    else:
        stack(packed, name)
    code, output = preview(packed, name)
    assert code == 0, output
    assert "coursecloud-guardrails" in output
    assert "[mandatory]" not in output
    config = yaml.safe_load((packed.root / f"Pulumi.{name}.yaml").read_text(encoding="utf-8"))["config"]
    assert ("exceptions-in-force" in output) is ("coursecloud:guardrails" in config)
    assert ("lease-ends" in output) is ("coursecloud:lease" not in config)


@pytest.mark.long
def test_a_change_that_breaks_a_rule_ends_the_preview_until_an_exception_says_why(packed: Project) -> None:
    edit(packed, "machines.py", "can_ip_forward=False", "can_ip_forward=True")
    stack(packed, "broken", lease={"maxPerHour": 0.001})
    code, output = preview(packed, "broken")
    assert code != 0
    assert "[mandatory] [severity: medium]  machine-no-forwarding" in output
    assert "canIpForward is true" in output
    assert "remedy: Set can_ip_forward=False." in output
    assert "the limit is 0.001" in output

    excepted = {"resource": "workbench", "reason": "it routes for the others", "until": SOON}
    packed.stack_file(
        "broken",
        {
            "gcp:project": PROJECT,
            "coursecloud:guardrails": {"exceptions": [{"rule": "machine-no-forwarding"} | excepted]},
        },
    )
    code, output = preview(packed, "broken")
    assert code == 0, output
    assert f"machine-no-forwarding until {SOON}, for workbench: it routes for the others" in output


@pytest.mark.long
def test_what_a_preview_cannot_know_up_judges(packed: Project) -> None:
    edit(
        packed,
        "machines.py",
        "serviceAccount:service-{int(number)}@compute-system.iam.gserviceaccount.com",
        "serviceAccount:{int(number)}-compute@developer.gserviceaccount.com",
    )
    stack(packed, "later", lease={"stopSchedule": "0 20 * * *"})
    code, output = preview(packed, "later")
    assert code == 0, output
    assert "iam-no-default-accounts: only the real run knows `member` of scheduled-stop-agent" in output
    done = packed.pulumi("up", "--yes", "--skip-preview", "--stack", "later", *PACK)
    assert done.returncode != 0
    assert "[mandatory] [severity: high]  iam-no-default-accounts" in done.stdout + done.stderr
    exported = packed.pulumi("stack", "export", "--stack", "later").stdout
    assert "serviceaccount" in exported
    assert "-compute@developer" not in exported, "it was made before it was judged"

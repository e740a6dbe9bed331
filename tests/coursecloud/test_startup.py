"""A command starts quickly because it loads nothing that it does not use, and a plan no SDK module beside its own."""

import json
import os
import re
import subprocess
import sys

import pytest

from coursecloud.cli.listed import COMMANDS
from coursecloud.common import stack_file
from coursecloud.plan import planning
from tests.coursecloud.tabs import asked
from tests.project import ROOT

LOADED = """
import json, sys
from coursecloud.cli.application import app
app({words}, standalone_mode=False)
print(json.dumps(sorted(name for name in sys.modules if name.startswith("pulumi_gcp."))))
"""


def loaded_by(*words: str) -> set[str]:
    program = LOADED.format(words=list(words))
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT)
    # The SDK's own `import pulumi_gcp` names its modules; one that was touched has loaded its parts.
    names: list[str] = json.loads(done.stdout.splitlines()[-1])
    return {name.split(".")[1] for name in names if name.count(".") > 1}


HEAVY = {"google", "grpc", "hypothesis", "infra", "jinja2", "pulumi", "pulumi_gcp", "pydantic", "requests", "rich",
         "typing_extensions", "yaml"}  # fmt: skip
"""What takes longer to load than a person likes to wait for an answer that needs none of it."""


def loaded(*words: str, **environment: str) -> set[str]:
    """Name the packages that a process loads for a command line."""
    command = [sys.executable, "-X", "importtime", "-m", "coursecloud", *words]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **environment}
    )
    return set(re.findall(r"^import time:.*\| +([a-z_0-9]+)", done.stderr, re.MULTILINE))


@pytest.mark.parametrize("words", [(), *((name,) for name in COMMANDS), ("prices", "check")], ids=" ".join)
def test_help_loads_nothing_that_it_does_not_say(words: tuple[str, ...]) -> None:
    found = loaded(*words, "--help")
    assert found & HEAVY == set()
    assert "typer" in found


@pytest.mark.parametrize(
    "line",
    ["pl", "plan --st", "plan --stack ", "explain machines.", "review --fail-on ", "review --base x --stack ",
     "init --gpu x --re", "prices check --days 5 --d", "export --format "],
)  # fmt: skip
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_tab_loads_nothing_that_it_does_not_offer(line: str, shell: str) -> None:
    found = loaded(**asked(shell, line))
    assert found & HEAVY == set()
    assert "typer" in found


def test_what_a_plan_loads_is_seen() -> None:
    assert loaded("plan") >= {"pulumi", "pulumi_gcp", "pydantic", "rich", "yaml", "infra"}


@pytest.mark.parametrize("stack", ["dev"])
def test_a_plan_loads_only_what_its_resources_need(stack: str) -> None:
    made = planning.make(stack, stack_file.path_of(stack, ROOT), ROOT)
    needed = {planning.short_type(resource.type).partition(".")[0] for resource in made.custom}
    assert loaded_by("plan", "--stack", stack) == needed

"""A command starts quickly because it loads no SDK module that the stack does not use."""

import json
import subprocess
import sys

import pytest

from coursecloud.common import stack_file
from coursecloud.plan import planning
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


def test_help_loads_no_part_of_the_sdk() -> None:
    assert loaded_by("plan", "--help") == set()


@pytest.mark.parametrize("stack", ["dev"])
def test_a_plan_loads_only_what_its_resources_need(stack: str) -> None:
    made = planning.make(stack, stack_file.path_of(stack, ROOT), ROOT)
    needed = {planning.short_type(resource.type).partition(".")[0] for resource in made.custom}
    assert loaded_by("plan", "--stack", stack) == needed

"""The script before a machine stops: Google's own on a machine, systemd's before docker's end in a container."""

import os
import subprocess
from pathlib import Path

import pytest

from infra import startup
from infra.settings.machines import STOPPING, STOPPING_SPOT, Machine
from tests.infra.planned import Planner, of
from tests.settings.stacks import PROJECT, mistakes, settings

SCRIPT = "starter/checkpoint.sh"
TOOLS = {
    # Answers as the metadata server does, and never goes out.
    "curl": """cat "$METADATA" """,
    "systemctl": """echo "systemctl $*" >> "$CALLS" """,
    # The container's shell is this machine's.
    "docker": """echo "docker $*" >> "$CALLS"; [ "$1" = stop ] || { shift 3; exec "$@"; }""",
}


def machines(*entries: str) -> str:
    return f"coursecloud:machines: {{{', '.join(entries)}}}"


def metadata(plan_of: Planner, entry: str) -> dict[str, str]:
    (found,) = of(plan_of(machines(f"box: {entry}")), "compute.Instance")
    return found.inputs["metadata"]


def test_a_machine_gets_google_s_own_shutdown_script(plan_of: Planner) -> None:
    found = metadata(plan_of, f"{{beforeStop: {SCRIPT}}}")
    assert found["shutdown-script"] == Path(SCRIPT).read_text(encoding="utf-8")
    assert "before-stop" not in found
    assert "coursecloud-before-stop" not in found["startup-script"]


def test_a_container_s_script_is_run_by_a_unit_that_ends_before_docker(plan_of: Planner) -> None:
    found = metadata(plan_of, f"{{beforeStop: {SCRIPT}, container: {{image: a}}}}")
    assert found["before-stop"] == Path(SCRIPT).read_text(encoding="utf-8")
    assert "shutdown-script" not in found
    start = found["startup-script"]
    # A failed pull must not leave the machine without it.
    assert start.index("coursecloud-before-stop.service") < start.index("docker pull")


def test_a_machine_without_one_is_as_it_was(plan_of: Planner) -> None:
    for entry in ("{}", "{container: {image: a}}"):
        found = metadata(plan_of, entry)
        assert found.keys() == {"enable-oslogin", "block-project-ssh-keys", "serial-port-enable", "startup-script"}
        assert "before-stop" not in found["startup-script"]


@pytest.mark.parametrize(("spot", "most"), [(True, STOPPING_SPOT), (False, STOPPING)])
def test_script_and_container_end_within_what_google_gives(spot: bool, most: int) -> None:
    assert sum(startup.BEFORE_STOP_SPOT if spot else startup.BEFORE_STOP) + 3 < most


def played(tmp_path: Path, own: str, *, spot: bool = True) -> list[str]:
    """Run the part that sets the unit up, and then what the unit would run; give the calls of both."""
    (tmp_path / "own.sh").write_text(own, encoding="utf-8")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, text in TOOLS.items():
        (tools / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (tools / name).chmod(0o755)
    machine = Machine.model_validate(
        {"dataDisk": None, "spot": spot, "container": {"image": "a"}, "beforeStop": str(tmp_path / "own.sh")}
    )
    script = startup.script(machine, "r.dev/a", {}, gpu=False)
    assert script
    begin = script.index("#!/bin/sh\nRUN=/run")
    setup = script[begin : script.index("\nCOURSECLOUD_PART_0\n", begin)].replace("RUN=/run", f"RUN={tmp_path}/run", 1)
    environment = {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "CALLS": str(tmp_path / "calls"),
        "METADATA": str(tmp_path / "own.sh"),
    }

    def run(text: str) -> None:
        subprocess.run(["/bin/sh"], input=text, text=True, check=True, env=environment, cwd=tmp_path, timeout=30)

    run(setup)
    unit = (tmp_path / "run/systemd/system/coursecloud-before-stop.service").read_text(encoding="utf-8")
    lines = dict(line.split("=", 1) for line in unit.splitlines() if "=" in line)
    assert "docker.service" in lines["After"].split()
    assert lines["RemainAfterExit"] == "true"
    run(lines["ExecStop"])
    return [*(tmp_path / "calls").read_text(encoding="utf-8").splitlines(), lines["TimeoutStopSec"]]


def test_the_script_runs_in_the_container_and_the_container_is_then_told_to_end(tmp_path: Path) -> None:
    calls = played(tmp_path, "echo saved > saved\n")
    assert (tmp_path / "saved").read_text(encoding="utf-8") == "saved\n"
    assert calls == [
        "systemctl daemon-reload",
        "systemctl start --no-block coursecloud-before-stop.service",
        "docker exec --interactive work /bin/sh",
        "docker stop --time 5 work",
        "28",
    ]


@pytest.mark.parametrize(
    ("first", "runs"),
    [("#!/bin/bash", "/bin/bash"), ("#!/usr/bin/env python3", "/usr/bin/env python3"), ("", "/bin/sh")],
)
def test_the_script_s_first_line_says_which_program_reads_it(tmp_path: Path, first: str, runs: str) -> None:
    own = "open('saved', 'w').write('by python')" if "python" in first else "echo by > saved"
    calls = played(tmp_path, f"{first}\n{own}\n")
    assert f"docker exec --interactive work {runs}" in calls
    assert (tmp_path / "saved").is_file()


def test_a_script_that_fails_leaves_the_container_its_time(tmp_path: Path) -> None:
    assert "docker stop --time 10 work" in played(tmp_path, "exit 7\n", spot=False)


@pytest.mark.parametrize(
    ("script", "says"),
    [("starter/none.sh", "no such file"), ("/etc/passwd", "outside the project"), ("../x.sh", "outside the project")],
)
def test_the_script_is_a_file_of_the_project(tmp_path: Path, script: str, says: str) -> None:
    (said,) = mistakes(f"{PROJECT}{machines(f'box: {{beforeStop: {script}}}')}\n", tmp_path)
    assert said.path == "coursecloud:machines.box.beforeStop"
    assert says in said.rule


def test_a_container_may_have_a_script_before_its_end(tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text("true\n", encoding="utf-8")
    config = f"{PROJECT}{machines('box: {beforeStop: a.sh, container: {image: a}}')}\n"
    assert settings(config, tmp_path).machines["box"].before_stop == "a.sh"

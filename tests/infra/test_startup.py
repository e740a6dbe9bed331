"""The start-up script: shell that parses, runs what the stack file says, and runs nothing else."""

import shlex
import subprocess
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from infra import startup
from infra.settings.disks import DataDisk
from infra.settings.machines import Container, Machine
from infra.startup import WORK

HOSTILE = "$(touch pwned) `touch pwned`; touch pwned & 'quoted' \"double\" \\ *"


def machine(**settings: object) -> Machine:
    return Machine.model_validate({"dataDisk": None, **settings})


def parses(text: str) -> bool:
    return subprocess.run(["/bin/sh", "-n"], input=text, text=True, check=False).returncode == 0


def script(machine: Machine, image: str | None, *, gpu: bool, told: Mapping[str, str] | None = None) -> str | None:
    return startup.script(machine, image, told or {}, gpu=gpu)


def docker_line(text: str | None) -> list[str]:
    assert text is not None
    return shlex.split(text.rstrip().splitlines()[-1])


def container(**settings: object) -> Machine:
    return machine(container={"image": "trainer:latest", **settings})


def test_a_machine_with_nothing_to_run_has_no_script() -> None:
    assert script(machine(), None, gpu=False) is None


def test_every_combination_is_valid_shell(tmp_path: Path) -> None:
    own = tmp_path / "setup.sh"
    own.write_text("#!/bin/bash\necho it\\'s fine\n", encoding="utf-8")
    disk = DataDisk().model_dump(by_alias=True)
    for settings in (
        {"dataDisk": disk},
        {"startupScript": str(own)},
        {"dataDisk": disk, "startupScript": str(own)},
        {"dataDisk": disk, "container": {"image": "a:b", "args": [HOSTILE], "env": {"A": HOSTILE}}},
        {"dataDisk": disk, "container": {"image": "a:b"}, "beforeStop": str(own)},
    ):
        found = script(machine(**settings), "registry.example/a:b", gpu=True)
        assert found
        assert found.startswith("#!/bin/")
        assert parses(found)


def test_broken_shell_is_seen() -> None:
    assert not parses("if true; then")


def test_arguments_and_variables_reach_docker_as_they_are_written() -> None:
    line = docker_line(
        script(container(args=[HOSTILE, "--epochs", "3"], env={"NAME": HOSTILE}), "r.dev/t:1", gpu=False)
    )
    assert line[:2] == ["docker", "run"]
    assert line[-4:] == ["r.dev/t:1", HOSTILE, "--epochs", "3"]
    assert line[line.index("--env") + 1] == f"NAME={HOSTILE}"


def test_a_hostile_image_name_stays_one_word() -> None:
    text = script(container(), f"r.dev/{HOSTILE}", gpu=False)
    assert text is not None
    assert docker_line(text)[-1] == f"r.dev/{HOSTILE}"
    settings = [line for line in text.splitlines() if line.startswith("IMAGE=")]
    assert [shlex.split(line) for line in settings] == [[f"IMAGE=r.dev/{HOSTILE}"]]


@pytest.mark.parametrize("gpu", [True, False])
def test_a_container_gets_the_gpus_where_there_are_some(gpu: bool) -> None:
    assert ("--gpus" in docker_line(script(container(), "r.dev/t", gpu=gpu))) is gpu


def test_a_container_sees_the_data_disk() -> None:
    with_disk = container().model_copy(update={"data_disk": DataDisk()})
    text = script(with_disk, "r.dev/t", gpu=False)
    assert text is not None
    (run,) = (line for line in text.splitlines() if line.startswith("docker run"))
    words = shlex.split(run)
    assert words[words.index("--volume") + 1] == f"{WORK}:{WORK}"
    assert "--volume" not in docker_line(script(container(), "r.dev/t", gpu=False))


def test_the_parts_run_in_order_each_with_its_own_shell(tmp_path: Path) -> None:
    own = tmp_path / "setup.sh"
    own.write_text("#!/bin/bash\n[[ 1 == 1 ]] && echo own\nexit 0\n", encoding="utf-8")
    text = script(machine(dataDisk={}, startupScript=str(own)), None, gpu=False)
    assert text is not None
    assert text.index("mkfs.ext4") < text.index("echo own")
    assert "exit 0\nCOURSECLOUD_PART_1\n" in text
    # Without the disk's part, which needs a machine, the rest really runs.
    first, second = text.index("COURSECLOUD_PART_0'"), text.index("\nCOURSECLOUD_PART_0\n")
    harmless = text[: first + len("COURSECLOUD_PART_0'")] + "\n#!/bin/sh\necho disk" + text[second:]
    done = subprocess.run(["/bin/sh"], input=harmless, text=True, check=True, capture_output=True, cwd=tmp_path)
    assert done.stdout.split() == ["disk", "own"]


def test_the_disk_is_formatted_only_when_it_is_empty() -> None:
    text = script(machine(dataDisk={}), None, gpu=False)
    assert text is not None
    (line,) = (line for line in text.splitlines() if "mkfs" in line)
    assert line.startswith("[ -n ")
    assert "blkid" in line.partition("mkfs")[0]
    assert "||" in line.partition("mkfs")[0]


def test_the_registrys_token_is_in_no_command_line() -> None:
    text = script(container(), "europe-west1-docker.pkg.dev/p/r/t:1", gpu=False)
    assert text is not None
    assert "--password-stdin" in text
    assert "-p " not in "".join(line for line in text.splitlines() if "docker login" in line).replace("mkdir -p ", "")


def test_a_container_that_fails_does_not_start_for_ever() -> None:
    line = docker_line(script(container(), "r.dev/t", gpu=False))
    assert line[line.index("--restart") + 1] == "on-failure:3"
    assert isinstance(container().container, Container)


def test_the_stack_file_has_the_last_word_on_a_variable() -> None:
    told = {"DATA_BUCKET": "gs://stack", "MODELS_BUCKET": "gs://models"}
    line = docker_line(script(container(env={"DATA_BUCKET": "gs://own"}), "r.dev/t", gpu=False, told=told))
    variables = [value for flag, value in pairwise(line) if flag == "--env"]
    assert variables == ["DATA_BUCKET=gs://own", "MODELS_BUCKET=gs://models"]


@pytest.mark.parametrize(("registry", "told"), [("europe-west1-docker.pkg.dev", True), ("ghcr.io", False)])
def test_only_googles_registries_see_the_machines_token(tmp_path: Path, registry: str, told: bool) -> None:
    """The script really runs, with programs that only write down how they are called."""
    for name in ("docker", "curl"):
        program = tmp_path / name
        program.write_text('#!/bin/sh\necho "$(basename "$0") $*" >> "$CALLS"\n', encoding="utf-8")
        program.chmod(0o755)
    text = script(container(args=["--epochs", "3"]), f"{registry}/team/trainer:1", gpu=False)
    assert text is not None
    calls = tmp_path / "calls"
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "CALLS": str(calls)}
    inside = text.replace("/var/lib/coursecloud", str(tmp_path / "var"))
    subprocess.run(["/bin/sh"], input=inside, text=True, check=True, env=environment)
    called = calls.read_text(encoding="utf-8").splitlines()
    assert any(line.startswith("curl") for line in called) is told
    assert any(line.startswith("docker login") for line in called) is told
    assert called[-1].startswith("docker run ")
    assert called[-1].endswith(f" {registry}/team/trainer:1 --epochs 3")


def test_a_container_runs_in_the_background_and_logs_to_cloud_logging() -> None:
    line = docker_line(script(container(), "r.dev/t", gpu=True))
    assert line == [
        *("docker", "run", "--detach", "--name", "work", "--restart", "on-failure:3"),
        *("--log-driver", "gcplogs", "--gpus", "all", "r.dev/t"),
    ]


def test_a_container_whose_image_is_not_known_does_not_run() -> None:
    assert script(container(), None, gpu=False) is None


def test_a_part_without_a_first_line_of_its_own_is_run_by_the_plain_shell(tmp_path: Path) -> None:
    own = tmp_path / "setup.sh"
    own.write_text("echo plain\n", encoding="utf-8")
    text = script(machine(dataDisk={}, startupScript=str(own)), None, gpu=False)
    assert text is not None
    assert text.startswith("#!/bin/sh\nset -eu\n")
    assert text.splitlines()[-1].endswith('; /bin/sh "$parts/1"')
    assert text.endswith("\n")

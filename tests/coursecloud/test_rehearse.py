"""Rehearsals without the engine: what they may see, what they do in which order, and how they end."""

import contextlib
import io
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from coursecloud.cli.application import app
from coursecloud.rehearse import calls, life, report, stage
from coursecloud.rehearse.stage import Tools
from emulator.world import Resource
from tests.project import ROOT

FAKE = """#!/bin/sh
[ "$1" = version ] && { echo v3.0.0; exit 0; }
[ "$1" = -version ] && { echo 10.0.0; exit 0; }
[ "$1 $2" = "stack export" ] && { echo '{"deployment": {"resources": []}}'; exit 0; }
[ "$1 $2" = "stack ls" ] && { echo '[]'; exit 0; }
echo "asked to $*"
[ -n "$(find "$0.fails" -prune 2>/dev/null)" ] && grep -qx "$1" "$0.fails" && { echo "no: $1"; exit 255; }
exit 0
"""
ACCOUNTS = {
    "GOOGLE_APPLICATION_CREDENTIALS": "/home/ada/key.json",
    "GOOGLE_CREDENTIALS": "{}",
    "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": "owner@somewhere",
    "CLOUDSDK_CORE_ACCOUNT": "ada@example.com",
    "CLOUDSDK_CONFIG": "/home/ada/.config/gcloud",
    "PULUMI_ACCESS_TOKEN": "pul-0",
    "PULUMI_BACKEND_URL": "gs://the-groups-state",
    "PULUMI_CONFIG_PASSPHRASE": "hunter2",
    "AWS_ACCESS_KEY_ID": "A",
    "HTTPS_PROXY": "http://proxy:3128",
    "NO_PROXY": "*",
    "PYTHONPATH": "/elsewhere",
}


@pytest.fixture(autouse=True)
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a `pulumi` on PATH that agrees to everything and does nothing; what is in `pulumi.fails` it refuses."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("pulumi", "pulumi-resource-gcp"):
        (folder / name).write_text(FAKE)
        (folder / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return folder


def rehearse(*options: str) -> Result:
    return CliRunner().invoke(app, ["rehearse", *options])


def stack_file(folder: Path, text: str = "config: {gcp:project: some-project-1}", name: str = "x") -> Path:
    path = folder / f"Pulumi.{name}.yaml"
    path.write_text(text)
    return path


def on_stage(file: Path, scenario: dict[str, Any] | None = None) -> contextlib.AbstractContextManager[stage.Stage]:
    return stage.stage(ROOT, "x", file, Tools("3", "10"), scenario)


def test_a_rehearsal_sees_no_account_no_proxy_and_no_backend_of_its_caller() -> None:
    seen = stage.scrubbed({"PATH": "/bin", **ACCOUNTS}, {"HTTPS_PROXY": "http://127.0.0.1:1"}, Path("/t"))
    assert seen["PATH"] == "/bin"
    assert seen["HTTPS_PROXY"] == "http://127.0.0.1:1"
    assert seen["PULUMI_BACKEND_URL"] == "file:///t/state"
    assert not {value for name, value in ACCOUNTS.items() if value and seen.get(name) == value}
    assert seen["HOME"] == "/t"


@pytest.mark.parametrize("given", ["example-project-id", {"secure": "v1:abc"}, None])
def test_what_is_no_project_is_rehearsed_in_one_that_is(given: object) -> None:
    project, config = stage.settings_of({"gcp:project": given, "gcp:region": "r"})
    assert project == config["gcp:project"] == stage.PROJECT
    assert config["gcp:region"] == "r"


def test_settings_of_the_provider_that_name_credentials_or_addresses_are_left_out() -> None:
    named = {"gcp:credentials": "{}", "gcp:accessToken": "ya29", "gcp:computeCustomEndpoint": "https://x/"}
    project, config = stage.settings_of({"gcp:project": "mine-1", "coursecloud:team": {}, **named})
    assert project == "mine-1"
    assert config == {"gcp:project": "mine-1", "coursecloud:team": {}}


def test_a_rehearsal_takes_place_in_a_folder_that_is_gone_afterwards(tmp_path: Path) -> None:
    text = "config: {gcp:project: some-project-1, coursecloud:team: {}}\nencryptionsalt: v1:abc\n"
    file = stack_file(tmp_path, text)
    (tmp_path / "members.x.yaml").write_text("[]")
    with on_stage(file) as on:
        written = json.loads((on.root / "Pulumi.x.yaml").read_text())
        assert written == {"config": {"gcp:project": "some-project-1", "coursecloud:team": {}}}
        assert (on.root / "members.x.yaml").exists()
        assert (on.root / "infra/stack.py").read_text() == (ROOT / "infra/stack.py").read_text()
        assert not (on.root / ".pulumi-state").exists()
        assert {path.name for path in on.root.glob("Pulumi.*")} == {"Pulumi.yaml", "Pulumi.x.yaml"}
        assert list(on.emulator.world.projects) == ["some-project-1"]
    assert not on.root.exists()
    assert file.read_text() == text


def test_a_connection_that_the_stack_file_names_is_there(tmp_path: Path) -> None:
    builds = "coursecloud:builds: {repository: {owner: o, name: n, connection: github}}"
    with on_stage(stack_file(tmp_path, f"config: {{gcp:project: p-12345, gcp:region: europe-west4, {builds}}}")) as on:
        assert [left["name"] for left in on.emulator.remaining()] == [
            "projects/p-12345/locations/europe-west4/connections/github"
        ]


def test_calls_are_counted_by_service_and_looking_for_what_is_not_there_is_no_refusal() -> None:
    requests = [
        {"method": "POST", "id": "compute.networks.insert", "write": True, "status": 200},
        {"method": "GET", "id": "compute.networks.get", "write": False, "status": 404},
        {"method": "POST", "id": "storage.buckets.insert", "write": True, "status": 409},
        {"method": "CONNECT", "id": "", "path": "pypi.org:443", "status": 403},
        {"method": "CONNECT", "id": "", "path": "pypi.org:443", "status": 403},
    ]
    counted = calls.count(requests)
    assert counted == calls.Calls({"compute": 2, "storage": 1}, 2, 1)
    assert counted.total == 3
    assert calls.outside(requests) == {"pypi.org": 2}


Meddle = Callable[[stage.Stage, life.Step], None]


def lived(file: Path, meddle: Meddle | None = None, scenario: dict[str, Any] | None = None) -> list[life.Step]:
    steps: list[life.Step] = []
    with on_stage(file, scenario) as on:
        for step in life.live(on):
            steps.append(step)
            if meddle:
                meddle(on, step)
    return steps


@pytest.mark.parametrize("name", ["dev", "gpu", "full"])
def test_each_committed_stack_can_be_put_on_the_stage(name: str) -> None:
    done = rehearse("--stack", name)
    assert done.exit_code == 0, done.output


def test_a_life_goes_through_all_its_steps(tmp_path: Path) -> None:
    steps = lived(stack_file(tmp_path))
    assert all(step.passed for step in steps)
    assert [step.name for step in steps][:4] == [
        "first morning: up",
        "nothing to change: preview",
        "nothing drifted: refresh",
        "evening: down",
    ]
    assert set(report.PHASES.values()) <= {step.name for step in steps}


@pytest.mark.parametrize(("refused", "name"), [("up", "first morning: up"), ("destroy", "evening: down")])
def test_a_life_ends_with_the_step_that_fails_and_what_pulumi_said(
    tmp_path: Path, programs: Path, refused: str, name: str
) -> None:
    (programs / "pulumi.fails").write_text(f"{refused}\n")
    last = lived(stack_file(tmp_path))[-1]
    assert (last.name, last.passed, last.note) == (name, False, "exit code 1")
    assert f"no: {refused}" in last.output


def test_what_is_left_at_the_end_is_named_with_what_it_bills(tmp_path: Path) -> None:
    def forget(on: stage.Stage, step: life.Step) -> None:
        if step.name == "the end: finish":
            on.emulator.world.put(Resource("compute", "projects/p/zones/z/disks/d", "disks", {}, bills="20 GB"))

    last = lived(stack_file(tmp_path), forget)[-1]
    assert (last.name, last.passed) == ("nothing is left", False)
    assert last.note == "disks projects/p/zones/z/disks/d, bills: 20 GB"


@pytest.mark.parametrize(("host", "passed"), [("pypi.org", False), ("openidconnect.googleapis.com", True)])
def test_whoever_wants_to_leave_the_machine_is_named(tmp_path: Path, host: str, passed: bool) -> None:
    def ask(on: stage.Stage, step: life.Step) -> None:
        if step.name == "first morning: up":
            on.emulator.requests.append({"method": "CONNECT", "id": "", "path": f"{host}:443", "status": 403})

    last = lived(stack_file(tmp_path), ask)[-1]
    assert (last.name, last.passed, last.note) == ("nothing left this machine", passed, f"refused: {host} (1)")


def test_a_fault_that_never_happens_fails_the_rehearsal(tmp_path: Path) -> None:
    last = lived(stack_file(tmp_path), scenario={"faults": [{"match": "compute.instance.insert", "status": 503}]})[-1]
    assert (last.name, last.passed, last.note) == ("every fault happened", False, "never: compute.instance.insert")


def test_on_bad_days_an_up_that_fails_is_tried_again(tmp_path: Path, programs: Path) -> None:
    (programs / "pulumi.fails").write_text("up\n")
    last = lived(stack_file(tmp_path), scenario={"faults": [{"match": "compute.*", "status": 503}]})[-1]
    assert last.note == f"exit code 1 after {life.ATTEMPTS} attempts"


def test_the_command_tells_each_step_and_ends_with_0(tmp_path: Path) -> None:
    stack_file(tmp_path)
    done = rehearse("--stack", "x", "--folder", str(tmp_path))
    assert done.exit_code == 0, done.output
    assert "Rehearsing x with Pulumi 3.0.0 and its Google provider 10.0.0." in done.output
    assert "nothing is left" in done.output


def test_the_command_ends_with_1_where_a_stack_does_not_go_through_and_tries_the_others(
    tmp_path: Path, programs: Path
) -> None:
    stack_file(tmp_path)
    stack_file(tmp_path, name="y")
    (programs / "pulumi.fails").write_text("preview\n")
    done = rehearse("--all", "--folder", str(tmp_path))
    assert done.exit_code == 1
    assert "Did not go through: x, y" in done.output


def test_json_goes_to_standard_output_and_progress_elsewhere(tmp_path: Path) -> None:
    stack_file(tmp_path)
    done = rehearse("--stack", "x", "--folder", str(tmp_path), "--json")
    told = json.loads(done.stdout)
    assert told["passed"] is True
    assert told["tools"] == {"pulumi": "3.0.0", "provider": "10.0.0"}
    assert {"name", "passed", "seconds", "calls", "writes", "refused", "note", "output"} == set(
        told["stacks"][0]["steps"][0]
    )


def test_missing_programs_are_said_with_their_remedies_in_a_line_each(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    done = rehearse("--stack", "dev")
    assert done.exit_code == 2
    assert "pulumi is not on PATH: install it: https://www.pulumi.com/docs/install/" in done.output
    assert "pulumi plugin install resource gcp" in done.output


def test_an_installed_plugin_is_found_without_being_on_path(programs: Path, tmp_path: Path) -> None:
    (programs / "pulumi-resource-gcp").unlink()
    (tmp_path / "plugins/resource-gcp-v10.2.0").mkdir(parents=True)
    found = stage.tools(ROOT, {"PATH": os.environ["PATH"], "PULUMI_HOME": str(tmp_path)})
    assert (found.provider, found.plugins, found.missing) == ("10.2.0", tmp_path / "plugins", ())


def test_without_the_clients_of_google_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(_name: str) -> bool:
        return False

    monkeypatch.setattr(stage, "_importable", nothing)
    missing = stage.tools(ROOT, os.environ).missing
    assert [each.remedy.partition(" -m ")[2] for each in missing] == ["pip install google-api-python-client"]


def test_an_installed_package_without_the_stand_in_says_where_it_is(tmp_path: Path) -> None:
    assert "clone" in stage.tools(tmp_path, os.environ).missing[0].remedy


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "--scenario"),
        ("[]", "it is an object"),
        ('{"faults": [{"match": "*", "status": "503"}]}', "status is '503'"),
        ('{"fautls": []}', "unknown key ['fautls']"),
    ],
)
def test_a_scenario_that_cannot_be_read_is_a_mistake(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "s.json"
    file.write_text(text)
    done = rehearse("--scenario", str(file))
    assert done.exit_code == 2
    assert words in done.output.replace("\n", " ")
    assert "remedy" in done.output


def test_a_scenario_that_is_not_there_is_a_mistake() -> None:
    assert rehearse("--scenario", "/none.json").exit_code == 2


@pytest.mark.parametrize(
    ("files", "options", "words"),
    [
        ({}, ["--all"], "no stack file"),
        ({}, ["--stack", "x"], "there is no such stack file"),
        ({"x": "config: {coursecloud:machines: {a: {machineType: e2-mediun}}}"}, ["--stack", "x"], "e2-mediun"),
        ({"x": "config: {", "y": "config: {gcp:project: ok-project-1}"}, ["--all"], "Pulumi.x.yaml"),
    ],
)
def test_stack_files_with_mistakes_are_refused_before_anything_starts(
    tmp_path: Path, files: dict[str, str], options: list[str], words: str
) -> None:
    for name, text in files.items():
        stack_file(tmp_path, text, name)
    done = rehearse("--folder", str(tmp_path), *options)
    assert done.exit_code == 2
    assert words in done.output
    assert "Rehearsing" not in done.output


@pytest.mark.parametrize("width", [80, 120])
def test_lines_fit_the_terminal_and_tell_the_step(width: int) -> None:
    from rich.console import Console

    step = life.Step("first morning: up", True, 61.23, calls.Calls({"compute": 14}, 3, 0), "42 resources")
    out = io.StringIO()
    Console(file=out, width=width).print(report.line(step))
    assert out.getvalue() == "  ok    first morning: up              61.2 s    14 API calls   42 resources\n"

"""A command is about the project that one stands in, says where it looked, and names itself as it was called."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from coursecloud.cli.application import app
from coursecloud.common import project
from tests.project import ROOT, make


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "200", "NO_COLOR": ""})


def real(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the installed command as a person does who has not activated its environment."""
    program = Path(sys.executable).parent / "coursecloud"
    path = [entry for entry in os.environ["PATH"].split(os.pathsep) if not (Path(entry) / "coursecloud").exists()]
    environment = {**os.environ, "PATH": os.pathsep.join(path)}
    return subprocess.run([program, *words], cwd=cwd, env=environment, check=False, capture_output=True, text=True)


def pulumi_yaml(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text(f"# a project\nname: {name}\nruntime: python\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["coursecloud", '"coursecloud"', "coursecloud  # ours"])
def test_a_project_is_found_upwards(tmp_path: Path, name: str) -> None:
    root = pulumi_yaml(tmp_path / "ours", name)
    pulumi_yaml(root / "an" / "other", "an-other")
    assert project.find(root) == root
    assert project.find(root / "an" / "other" / "one") == root


@pytest.mark.parametrize("name", ["other", "coursecloud-2", "my-coursecloud"])
def test_another_project_is_none(tmp_path: Path, name: str) -> None:
    assert project.find(pulumi_yaml(tmp_path, name)) is None


@pytest.mark.parametrize(
    "words",
    [["plan"], ["cost"], ["check"], ["up"], ["down"], ["finish", "--confirm", "dev"],
     ["init"], ["schema", "--write"], ["review"]],
    ids=" ".join,
)  # fmt: skip
def test_outside_of_a_project_it_says_what_it_looked_for_and_where(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert result.exit_code == 2
    first, rule, remedy = result.stderr.splitlines()
    assert first.startswith(f"no project here: neither {tmp_path} nor a folder above it has a Pulumi.yaml")
    assert rule.strip().startswith("rule")
    assert str(project.OWN) in remedy
    assert list(tmp_path.iterdir()) == []


def test_in_a_folder_of_stack_files_they_are_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Pulumi.group-07.yaml").write_text("config: {gcp:project: some-project-1}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert "some-project-1" in run("plan", "--stack", "group-07").output
    result = run("plan")
    assert result.exit_code == 2
    assert f"{tmp_path}/Pulumi.dev.yaml" in result.stderr
    assert "group-07" in result.stderr


def test_below_a_project_its_own_stacks_are_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "starter")
    assert "compute.Instance workbench" in run("plan").output


def test_a_folder_without_stack_files_says_so(tmp_path: Path) -> None:
    result = run("plan", "--stack", "x", "--folder", str(tmp_path))
    assert result.exit_code == 2
    assert "`coursecloud init`" in result.stderr


def test_in_another_clone_its_own_code_runs(tmp_path: Path) -> None:
    clone = make(tmp_path / "clone")
    names = clone / "infra" / "names.py"
    names.write_text(names.read_text(encoding="utf-8").replace('else "-") +', 'else "-other-") +'), encoding="utf-8")
    done = real("plan", "--json", cwd=clone / "starter")
    assert done.returncode == 0, done.stderr
    assert '"dev-other-network"' in done.stdout
    assert '"dev-network"' not in done.stdout


def test_a_review_is_not_done_by_the_code_that_it_looks_at(tmp_path: Path) -> None:
    clone = make(tmp_path / "clone")
    (clone / "coursecloud" / "cli" / "__init__.py").write_text("raise SystemExit('taken over')\n", encoding="utf-8")
    assert "taken over" in real("plan", cwd=clone).stderr
    assert "Usage" in real("review", "--help", cwd=clone).stdout


def test_a_line_to_type_begins_as_the_command_was_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "coursecloud"
    program.touch(mode=0o755)
    monkeypatch.setattr(sys, "argv", [str(program)])
    assert project.as_typed("see `coursecloud plan`") == f"see `{program} plan`"
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert project.called() == "coursecloud"
    monkeypatch.setattr(sys, "argv", ["/somewhere/coursecloud/__main__.py"])
    monkeypatch.setattr(sys, "orig_argv", ["python3", "-m", "coursecloud"])
    assert project.called() == "python3 -m coursecloud"


def test_init_says_how_to_go_on_as_it_was_called(tmp_path: Path) -> None:
    clone = make(tmp_path / "clone")
    done = real("init", "--project", "our-project-1", "--group", "group-07", "--yes", cwd=clone)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"  {Path(sys.executable).parent / 'coursecloud'} plan --stack group-07\n" in done.stdout

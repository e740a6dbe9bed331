"""A command is about the project that one stands in, says where it looked, and names itself as it was called."""

import os
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from coursecloud.cli.application import app
from coursecloud.common import project
from tests.project import CHECKOUT, ROOT, make


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "200", "NO_COLOR": ""})


PROGRAM = Path(sys.executable).parent / "coursecloud"


def real(*words: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command as a person does who has not activated its environment."""
    path = [entry for entry in os.environ["PATH"].split(os.pathsep) if not (Path(entry) / "coursecloud").exists()]
    environment = {**os.environ, "PATH": os.pathsep.join(path), **variables}
    return subprocess.run([PROGRAM, *words], cwd=cwd, env=environment, check=False, capture_output=True, text=True)


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
    assert done.stderr == f"coursecloud: this is about {clone}, by the code there; this command is that of {CHECKOUT}\n"


def test_a_review_is_not_done_by_the_code_that_it_looks_at(tmp_path: Path) -> None:
    clone = make(tmp_path / "clone")
    (clone / "coursecloud" / "cli" / "__init__.py").write_text("raise SystemExit('taken over')\n", encoding="utf-8")
    assert "taken over" in real("plan", cwd=clone).stderr
    done = real("review", "--help", cwd=clone)
    assert "Usage" in done.stdout
    assert done.stderr.startswith(f"coursecloud: this review is done by the code of {CHECKOUT}; it is about {clone}")


def test_whose_code_it_was_is_said_below_everything_else(tmp_path: Path) -> None:
    """The first line of an output tells what comes of it, also where both streams go to one place."""
    clone = make(tmp_path / "clone")
    line = f"cd {shlex.quote(str(clone))} && {shlex.quote(str(PROGRAM))} cost --stack"
    for stack in ("dev", "none"):
        done = subprocess.run(["sh", "-c", f"{line} {stack} 2>&1"], capture_output=True, text=True, check=False)
        assert "this is about" not in done.stdout.splitlines()[0]
        assert done.stdout.splitlines()[-1].startswith(f"coursecloud: this is about {clone}")


def test_in_its_own_project_it_does_not_say_which_it_took() -> None:
    assert real("--help", cwd=CHECKOUT / "starter").stderr == ""


def test_a_shell_that_completes_a_word_gets_nothing_but_the_words(tmp_path: Path) -> None:
    clone = make(tmp_path / "clone")
    asked = {"_COURSECLOUD_COMPLETE": "complete_bash", "COMP_WORDS": "coursecloud pl", "COMP_CWORD": "1"}
    done = real("pl", cwd=clone, **asked)
    assert (done.stdout.strip(), done.stderr) == ("plan", "")


def test_outside_of_a_project_it_says_whose_program_plans(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.x.yaml").write_text("config: {gcp:project: some-project-1}", encoding="utf-8")
    said = f"coursecloud: {tmp_path} is in no project; these stack files are planned by the program in {CHECKOUT}\n"
    assert real("cost", "--stack", "x", cwd=tmp_path).stderr.endswith(said)


def test_the_version_is_that_of_the_code_that_runs(tmp_path: Path) -> None:
    written = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert real("--version", cwd=tmp_path).stdout == f"coursecloud {written}\n"
    clone = make(tmp_path / "clone")
    file = clone / "pyproject.toml"
    text = file.read_text(encoding="utf-8").replace(f'version = "{written}"', 'version = "9.8.7"')
    file.write_text(text, encoding="utf-8")
    assert real("--version", cwd=clone / "infra").stdout == "coursecloud 9.8.7\n"


WHEEL = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """Give a folder that holds what a wheel brings, and nothing else of the project."""
    folder = tmp_path / "site"
    for name in WHEEL["wheel"]["only-include"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((CHECKOUT / name).read_bytes())
    return folder


def by(folder: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command that is in a folder of libraries, as the script does that pip writes."""
    script = f"import sys; sys.path.insert(0, {str(folder)!r}); sys.argv[0] = 'coursecloud'\n"
    script += "from coursecloud.__main__ import main\nmain()"
    return subprocess.run(
        [sys.executable, "-P", "-c", script, *words], cwd=cwd, check=False, capture_output=True, text=True
    )


def test_a_wheel_brings_the_command_and_no_package_that_stands_before_a_clones_own(alone: Path) -> None:
    assert [entry.name for entry in alone.iterdir()] == ["coursecloud"]
    assert not (alone / "coursecloud" / "cli").exists()


@pytest.mark.parametrize("words", [["plan"], ["review"], ["--help"], ["explain", "gcp:project"]], ids=" ".join)
def test_a_command_without_a_project_says_what_it_needs(words: list[str], alone: Path, tmp_path: Path) -> None:
    done = by(alone, *words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    first, rule, remedy = done.stderr.splitlines()
    assert first.startswith(f"no project here: neither {tmp_path} nor a folder above it has a Pulumi.yaml")
    assert rule.strip().startswith("rule")
    assert "`git clone`" in remedy


def test_a_command_that_came_alone_works_by_the_clone_that_one_stands_in(alone: Path, tmp_path: Path) -> None:
    clone = make(tmp_path / "clone")
    (clone / "coursecloud" / "cli" / "__init__.py").write_text("raise SystemExit('taken over')\n", encoding="utf-8")
    for words in (["plan"], ["review"]):
        done = by(alone, *words, cwd=clone / "starter")
        assert done.stderr == "taken over\n"


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

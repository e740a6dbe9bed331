"""Each block of README and of the documents is of a kind that a test runs or parses; each command in them is known."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

import pytest
import typer
import yaml

from coursecloud.cli.application import app
from coursecloud.cli.commands.course.roster import read as read_roster
from coursecloud.common import stack_file
from coursecloud.plan import once, outputs, planning
from coursecloud.policy import RULES
from coursecloud.validation import discovery
from emulator import Emulator
from infra.settings import load
from tests import gcloud
from tests.documents.reading import Block, Command, blocks, commands, forms, spans, steps
from tests.machine import FOUND
from tests.project import CHECKOUT, ROOT

FILES = sorted(
    path for pattern in ("*.md", "docs/**/*.md", "emulator/*.md", ".github/**/*.md") for path in CHECKOUT.glob(pattern)
)
BLOCKS = [block for file in FILES for block in blocks(file, CHECKOUT)]
PROGRAMS = {
    "coursecloud": "tests/documents/test_commands.py runs it",
    "make": "`make -n` says whether it could run",
    "gcloud": "held against gcloud's own parser",
    "pulumi": "held against a list, and that against the CLI's help where it is on PATH",
    "eval": "asks for a command of the stack, which has to be there and to have nothing to fill in",
    "sudo": "`.ci/bare` installs these packages in a new root of Debian",
    ".": "tests/documents/test_commands.py runs it",
    ".venv/bin/ruff": "tests/documents/test_commands.py runs it",
}
"""Whose command lines the documents have, and what is done with them."""

PULUMI = {
    "cancel": set[str](), "config set": {"--stack"}, "destroy": {"--stack", "--yes"}, "import": set[str](),
    "plugin install": set[str](), "preview": {"--expect-no-changes", "--policy-pack"}, "refresh": set[str](),
    "stack export": {"--file"}, "stack import": {"--file"}, "stack init": set[str](), "stack ls": set[str](),
    "stack rm": set[str](), "state unprotect": set[str](), "up": {"--stack", "--yes"},
}  # fmt: skip
"""Pulumi's commands and options that the documents name; a test holds them against the CLI where it is."""


def kind(block: Block) -> str:
    """Say what a block is, by its language and its first line, or '' where nobody knows."""
    if block.language in ("yaml", "json", "mermaid", "sh"):
        return block.language
    if block.language == "text" and block.file == "docs/guide/messages.md":
        return "message"  # tests/test_messages_page.py holds the page to the catalogue
    if block.language in ("bash", "text") and block.file.startswith("docs/guide/"):
        return f"guide: {block.language}"  # tests/guide runs these, and holds what they print to what is shown
    if block.language == "{toctree}" and block.file == "docs/index.md":
        return "navigation"  # of the site; tests/documents/test_site.py
    first = next(iter(block.text.split()), "")
    if not block.language and first in PROGRAMS:
        return "commands"
    return "tree" if first == "__main__.py" else ""


def of(*kinds: str) -> list[Block]:
    return [block for block in BLOCKS if kind(block) in kinds]


def test_every_block_is_of_a_kind_that_a_test_runs_or_parses() -> None:
    assert len(BLOCKS) > 20
    assert [str(block) for block in BLOCKS if not kind(block)] == []


def test_a_block_of_another_kind_is_seen() -> None:
    text = ("terraform apply\n", "tomorrow\n")
    assert [kind(Block("x.md", 1, "", each)) for each in text] == ["", ""]
    assert kind(Block("x.md", 1, "toml", "a = 1")) == ""


def unknown(block: Block) -> list[str]:
    """List the lines of a block that begin with a program that nobody tries."""
    return [
        each.line
        for each in commands(block)
        for form in forms(each.line)
        for words in steps(form)
        if words[0] not in PROGRAMS
    ]


@pytest.mark.parametrize("block", of("commands"), ids=str)
def test_every_command_of_a_block_is_run_or_parsed(block: Block) -> None:
    assert unknown(block) == []


def test_a_line_in_between_that_nobody_tries_is_seen() -> None:
    block = Block("x.md", 1, "", "make plan\nrm -rf /\ncoursecloud plan && curl x   # y\n")
    assert unknown(block) == ["rm -rf /", "coursecloud plan && curl x   # y"]


# What stands between backticks, and in blocks: commands of this project.


def named(program: str) -> list[Command]:
    """List a program's command lines, in blocks and in the text; each once."""
    found = [each for block in of("commands", "sh", "guide: bash") for each in commands(block)]
    found += [each for file in FILES for each in spans(file, CHECKOUT)]
    lines: dict[str, Command] = {}
    for each in found:
        for form in forms(each.line):
            for words in _steps(form):
                if words[0] == program and len(words) > 1:
                    lines.setdefault(" ".join(words), Command(each.where, " ".join(words)))
    return list(lines.values())


def _steps(line: str) -> list[list[str]]:
    try:
        return steps(line)
    except ValueError:  # a word with one quotation mark is no command
        return []


def misused(words: list[str]) -> str:
    """Say what a command line of `coursecloud` names that there is not, or ''."""
    at: Any = typer.main.get_command(app)
    words = words[1:]
    while hasattr(at, "get_command") and words and not words[0].startswith("-"):
        name = words.pop(0)
        below = at.get_command(at.make_context("coursecloud", [], resilient_parsing=True), name)
        if below is None:
            return f"no command {name}"
        at = below.loaded() if hasattr(below, "loaded") else below
    options = {option for each in at.params for option in (*each.opts, *each.secondary_opts)}
    options |= {"--install-completion", "--show-completion", "--help"}
    wrong = [word for word in words if word.startswith("-") and word.partition("=")[0] not in options]
    return f"no option {', '.join(wrong)}" if wrong else ""


def test_every_command_of_ours_that_a_document_names_is_there() -> None:
    lines = named("coursecloud")
    assert len(lines) > 20
    wrong = {f"{each.where} {each.line}": said for each in lines if (said := misused(each.words))}
    assert wrong == {}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("coursecloud plna", "no command plna"),
        ("coursecloud plan --stak dev", "no option --stak"),
        ("coursecloud prices refresh --dry", "no option --dry"),
    ],
)
def test_a_command_that_is_not_there_is_seen(line: str, said: str) -> None:
    assert misused(line.split()) == said
    assert misused(["coursecloud", "plan", "--stack", "dev"]) == ""


def made(words: Iterable[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "-n", *words], cwd=CHECKOUT, check=False, capture_output=True, text=True)


def test_every_target_of_make_that_a_document_names_is_there() -> None:
    lines = [each.words[1:] for each in named("make")]
    assert ["plan"] in lines
    assert {" ".join(words): done.stderr for words in lines if (done := made(words)).returncode} == {}
    assert made(["plna"]).returncode == 2


def test_the_first_commands_plan_stack_dev_and_run_the_tests() -> None:
    assert ".venv/bin/coursecloud plan --stack dev" in made(["plan"]).stdout
    assert ".venv/bin/coursecloud plan --stack gpu" in made(["plan", "STACK=gpu"]).stdout
    assert "-m pytest" in made(["test"]).stdout


@pytest.mark.skipif(not shutil.which("pulumi", path=FOUND.get("PATH")), reason="no pulumi on PATH")
@pytest.mark.parametrize("command", PULUMI)
def test_the_cli_has_the_commands_and_options_of_the_list(command: str, tmp_path: Path) -> None:
    environment = {"PATH": FOUND["PATH"], "HOME": str(tmp_path), "PULUMI_SKIP_UPDATE_CHECK": "true"}

    def help_of(words: list[str]) -> str:
        line = ["pulumi", *words, "--help"]
        return subprocess.run(line, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    text = help_of(command.split())
    # Of a command that there is not it gives the help of what that would be a part of.
    assert text != help_of(command.split()[:-1])
    assert {option for option in PULUMI[command] if option not in text} == set()


def test_every_command_of_pulumi_that_a_document_names_is_known() -> None:
    for each in named("pulumi"):
        words = each.words[1:]
        command = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in PULUMI), None)
        assert command is not None, f"{each.where}: {each.line}"
        options = {word for word in words if word.startswith("--")}
        assert options <= PULUMI[command], f"{each.where}: {each.line}"


@gcloud.MISSING
def test_gcloud_understands_every_command_that_a_document_names(tmp_path: Path) -> None:
    lines = [" ".join(each.words) for each in named("gcloud")]
    assert len(lines) >= 3
    assert gcloud.refuses(tmp_path, lines) == []


def test_what_is_installed_beside_is_offered_and_is_an_extra_of_the_project() -> None:
    text = (CHECKOUT / "docs/commands.md").read_text(encoding="utf-8")
    extras = re.findall(r"pip install -e '\.\[(\w+)\]'", text.replace("\n", " "))
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert extras
    assert set(extras) <= project["optional-dependencies"].keys()


def test_every_command_of_a_stack_that_a_document_has_run_is_there_and_whole() -> None:
    made = planning.make("full", ROOT / "Pulumi.full.yaml", ROOT)
    offered = outputs.texts(made.outputs, "commands") | once.commands(made.settings)
    guide = {path.name for path in (CHECKOUT / "docs/guide").glob("*.md")}  # tests/guide follows it
    blocks = [block for block in of("commands") if Path(block.file).name not in guide]
    lines = [each for block in blocks for each in commands(block) if each.line.startswith("eval ")]
    lines = [each for each in lines if each.line != 'eval "$(coursecloud env dev)"']  # tests/coursecloud/test_backends
    assert len(lines) > 3
    for each in lines:
        asked = re.fullmatch(r'eval "\$\(coursecloud commands ([^)]+)\)"', each.line)
        assert asked, f"{each.where}: {each.line}"
        found = outputs.wanted(offered, asked[1])
        assert len(found) == 1, f"{each.where}: {each.line}"
        assert not re.search(r"\b(EMAIL|FILE|JOB|BUILD|TAG)\b", "".join(found.values()))


# Files of every form.


def stack(text: str, folder: Path) -> None:
    """Hold a stack file, or a section of one, to what the program takes."""
    content: Any = yaml.safe_load(text)
    if "config" not in content:
        content = {"config": {"gcp:project": "your-project-id", **content}}
    file = folder / "Pulumi.x.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    settings = load(stack_file.read("x", file), "x", folder)
    rules = {rule.id for rule in RULES}
    assert [each.rule for each in settings.guardrails.exceptions if each.rule not in rules] == []


def backend(text: str, _: Path) -> None:
    """Hold a part of Pulumi.yaml to what stands in the project's, which it is put in place of."""
    content, whole = yaml.safe_load(text), yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    assert content.keys() == {"backend"} <= whole.keys()
    assert content["backend"].keys() == whole["backend"].keys()


def workflow(text: str, _: Path) -> None:
    """Hold the steps of a workflow to the actions that they use."""
    checkout, review = yaml.safe_load(text)
    used = (CHECKOUT / ".github/workflows/review.yml").read_text(encoding="utf-8")
    assert f"# {checkout['uses'].partition('@')[2]}." in used, "another version than our own workflows use"
    folder = review["uses"].partition("@")[0].partition("/coursecloud/")[2]
    action = yaml.safe_load((CHECKOUT / folder / "action.yml").read_text(encoding="utf-8"))
    assert review["with"].keys() <= action["inputs"].keys()
    gates = review["with"]["fail-on"].split()
    assert all(re.search(rf"`{gate}`", (CHECKOUT / "docs/review.md").read_text(encoding="utf-8")) for gate in gates)


def job(text: str, _: Path) -> None:
    """Hold a job that comes in without a key to the action that our own workflows use, and to the rights it names."""
    content = yaml.safe_load(text)
    action = content["steps"][0]
    deploy = (CHECKOUT / ".github/workflows/deploy.yml").read_text(encoding="utf-8")
    assert action["uses"] in deploy
    assert all(f"{name}: " in deploy for name in action["with"])
    assert content["permissions"] == {"contents": "read", "id-token": "write"}


def build(text: str, _: Path) -> None:
    """Hold a build file to Cloud Build's description, and its variables to those that a trigger that deploys gives."""
    content = yaml.safe_load(text)
    schemas = discovery.load("cloudbuild", "v1").schemas
    assert content.keys() <= schemas["Build"]["properties"].keys()
    assert all(step.keys() <= schemas["BuildStep"]["properties"].keys() for step in content["steps"])
    assert set(re.findall(r"\$\{(\w+)\}", text)) == {"_IMAGE", "_REGION", "_SERVICE"}
    made = (ROOT / "infra/builds.py").read_text(encoding="utf-8")
    assert all(f'"{name}": ' in made for name in ("_IMAGE", "_REGION", "_SERVICE"))


def roster(text: str, folder: Path) -> None:
    """Hold a roster to what `coursecloud course` reads, with a table of the groups that it names."""
    names = ("group-01", "group-07", "avengers")
    lines = ["project,group,gpu", *(f"mlops-{name},{name},T4" for name in names)]
    (folder / "groups.csv").write_text("\n".join(lines), encoding="utf-8")
    (folder / "course.yaml").write_text(text, encoding="utf-8")
    found = read_roster(folder / "course.yaml")
    assert found.groups["group-01"].settings["coursecloud:lease"] == {"maxPerHour": 3}
    assert (
        found.groups["group-01"].settings["coursecloud:course"]["backend"] == "gs://mlops-course-state/mlops-group-01"
    )
    assert found.groups["group-07"].answers["region"] == "europe-west4"


YAML: dict[str, Callable[[str, Path], None]] = {
    "config:": stack,
    "coursecloud:guardrails:": stack,
    "backend:": backend,
    "- uses: actions/checkout@v7": workflow,
    "permissions: {contents: read, id-token: write}": job,
    "steps:": build,
    "table: groups.csv": roster,
}


@pytest.mark.parametrize("block", of("yaml"), ids=str)
def test_every_yaml_of_a_document_is_what_it_is_said_to_be(block: Block, tmp_path: Path) -> None:
    YAML[block.text.partition("\n")[0]](block.text, tmp_path)


def test_a_key_that_the_program_does_not_take_is_seen(tmp_path: Path) -> None:
    text = next(block.text for block in of("yaml") if "exceptions:" in block.text)
    for wrong in (text.replace("until:", "untill:"), text.replace("machine-ends", "machine-end")):
        with pytest.raises(Exception, match=r"untill|machine-end"):
            stack(wrong, tmp_path)


@pytest.mark.parametrize("block", of("json"), ids=str)
def test_every_scenario_of_a_document_is_one(block: Block) -> None:
    scenario: dict[str, Any] = json.loads(block.text)
    with Emulator(projects=["my-project"], scenario=scenario) as emulator:
        assert emulator.url
    faults = cast("list[dict[str, Any]]", scenario["faults"])
    with pytest.raises(ValueError, match="statsu"):
        Emulator(projects=["my-project"], scenario={"faults": [{**faults[0], "statsu": 500}]})


@pytest.mark.parametrize("block", of("tree"), ids=str)
def test_every_folder_that_a_document_lists_is_there(block: Block) -> None:
    paths = [path for line in block.text.splitlines() for path in re.split(r"\s{2,}", line)[0].split(", ")]
    assert len(paths) > 8
    assert [path for path in paths if not (CHECKOUT / path).exists()] == []


@pytest.mark.parametrize("block", of("sh"), ids=str)
def test_every_script_of_a_document_is_one_that_a_shell_reads(block: Block) -> None:
    for text, code in ((block.text, 0), (f"{block.text}if true", 2)):
        assert subprocess.run(["bash", "-n"], input=text, text=True, check=False, stderr=-1).returncode == code


def test_python_is_named_as_it_is_supported() -> None:
    needs = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert f"Python {needs.removeprefix('>=')} or newer" in text
    assert sys.version_info >= tuple(map(int, needs.removeprefix(">=").split(".")))

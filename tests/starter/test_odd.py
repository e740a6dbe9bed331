"""Odd repositories: whatever stands in a file is read, or said not to be, and nothing falls over."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursecloud.starter import contents, rules, starting
from coursecloud.starter.facts import Facts
from coursecloud.starter.repository import Repository
from coursecloud.starter.rules.commands import names_secret
from tests.starter.repositories import NAMES, case, look, plan

FILES = [(name, path) for name in NAMES for path, text in case(name).files.items() if text.strip()]
VALUES = [
    "",
    "[]",
    "{}",
    "null",
    "1",
    "- 1",
    "x: [1, {a: b}]",
    "? [a]\n: b",
    "&a [*a]",
    '"',
    "'",
    "[",
    "\t",
    "\x00",
    "a = 1",
]


def held(stack: str, texts: dict[str, str], folder: Path) -> None:
    """Work out all that is said of a repository that is nowhere on the disk."""
    repository = Repository(folder)
    repository = starting.with_written(repository, texts)
    facts = Facts(plan(stack), f"Pulumi.{stack}.yaml")
    made = contents.wanted(facts, repository)
    rules.found(facts, starting.with_written(repository, made.files))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nowhere")


@given(st.data())
def test_a_file_that_is_cut_off_or_has_lines_of_another(folder: Path, data: st.DataObject) -> None:
    name, path = data.draw(st.sampled_from(FILES))
    told = case(name)
    lines = told.files[path].split("\n")
    first, last = sorted(data.draw(st.tuples(st.integers(0, len(lines)), st.integers(0, len(lines)))))
    other = case(data.draw(st.sampled_from(NAMES))).files
    inserted = data.draw(st.sampled_from([*VALUES, *other.values()]))
    cut = data.draw(st.integers(0, 40))
    text = "\n".join([*lines[:first], inserted, *lines[last:]])[cut:]
    held(told.stack, {**told.files, path: text}, folder)


PLACES = ("pyproject.toml", "uv.lock", "requirements.txt", "cloudbuild.yaml", ".github/workflows/a.yml", ".dvc/config",
          "Dockerfile", "start.sh", "Makefile", "tasks.py", "config.yaml", ".python-version")  # fmt: skip
ODD = [
    *VALUES,
    "[project]\ndependencies = 'torch'\nrequires-python = 3\n[dependency-groups]\ndev = 'x'\n",
    "[project]\ndependencies = [1, {a = 2}]\noptional-dependencies = ['x']\n[tool]\npoetry = 1\n",
    "project = 1\ntool = 'x'\ndependency-groups = [1]\n",
    "[tool.poetry]\ndependencies = ['x']\n[tool.poetry.x]\n",
    "package = [1, {name = 'torch', source = 'x'}]\n",
    "package = 'x'\n",
    "steps: x\nsubstitutions: [a]\noptions: x\n",
    "steps: [1, [2], {args: x, secretEnv: y}, {name: {a: b}, args: {c: d}}, {script: [1]}]\n",
    "steps: [{entrypoint: [bash], args: [-c]}]\n",
    "on: [[push]]\njobs: {a: x, b: {steps: x}, c: {steps: [1, {uses: [x], with: y, run: {z: w}, env: [q]}]}}\n",
    "on: {push: }\npermissions: [x]\njobs: [x]\nruns: x\n",
    "FROM\nRUN\nCMD [\nENTRYPOINT []\nCOPY\nCOPY []\nFROM --platform=x\n",
    "ARG A\nFROM $A AS a\nFROM a AS a\nCMD []\nRUN <<EOF\nnever ended",
    "RUN x \\\n",
    'CMD [\'x\']\nFROM x\nENTRYPOINT ["sh", "-c"]\nCMD {}\n',
    "[core]\n[core]\n",
    "['remote \"x\"']\nurl\n",
    "gcloud run deploy\ngcloud run deploy --image\ndocker build --build-arg\nset -\necho $(\n'",
]


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_what_is_of_no_form_at_all(path: str, text: str, folder: Path) -> None:
    held("group", {"train.py": "", "requirements.txt": "torch\n", path: text}, folder)


def test_what_is_not_text_is_said_not_to_be_read(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "cloudbuild.yaml").symlink_to("/etc/hostname")
    start = look("group", tmp_path)
    assert {each.path: each.why for each in start.repository.unread} == {
        "Dockerfile": "it is not UTF-8 text",
        "cloudbuild.yaml": "it is a link",
    }


def test_toml_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = = 1\n", encoding="utf-8")
    found = look("group", tmp_path).findings
    assert [(each.place, each.id) for each in found if each.id == "unreadable"] == [("pyproject.toml:2", "unreadable")]


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        *dict.fromkeys(
            ("WANDB_API_KEY", "KEY", "TOKEN", "SECRET", "PASSPHRASE", "GCP_KEY_JSON", "SERVICE_KEY_B64", "openaiKey"),
            True,
        ).items(),
        *dict.fromkeys(("MAX_TOKENS", "_SECRET_NAME", "LOGIN", "MONKEY", "KEY_FILE", "COMMIT_SHA"), False).items(),
    ],
)
def test_a_variable_is_a_secrets_by_its_name(name: str, is_one: bool) -> None:
    assert names_secret(name) is is_one

"""Folders as people have them: without git, in another's repository, with links, spaces, and what Windows writes."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from coursecloud.starter import formatting, starting
from coursecloud.starter.starting import Start
from tests.starter.repositories import KEY, look, made

CODE = {
    "requirements.txt": "torch\nfastapi\n",
    "train.py": "print('training')\n",
    "api.py": "from fastapi import FastAPI\napp = FastAPI()\n",
}


def put(folder: Path, texts: dict[str, str]) -> Path:
    for path, text in texts.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")
    return folder


def git(folder: Path, *words: str) -> None:
    said = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "protocol.file.allow=always")
    subprocess.run(["git", *said, *words], cwd=folder, check=True, capture_output=True)


def states(start: Start) -> dict[str, str]:
    return {each.path: each.state for each in start.outcomes}


def unread(start: Start) -> dict[str, str]:
    return {each.path: each.why for each in start.repository.unread}


def test_without_a_repository_what_gitignore_names_is_not_looked_at(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            **CODE,
            ".gitignore": "*.json\n/env311/\n",
            "key.json": json.dumps({"type": "service_account", "private_key": KEY}),
        },
    )
    put(tmp_path, {"env311/Dockerfile": "FROM python:3.12-alpine\nRUN pip install torch\n"})
    start = look("group", tmp_path)
    assert not start.repository.versioned
    assert start.findings == ()
    (tmp_path / ".gitignore").unlink()
    assert {each.id for each in look("group", tmp_path).findings} >= {"key-in-repository", "alpine-torch"}


def test_what_training_leaves_behind_is_no_reason_to_write_again(tmp_path: Path) -> None:
    """Who follows the guide trains before there is a repository: `models/` is the project's own .gitignore's."""
    starting.write(tmp_path, look("group", tmp_path))
    put(tmp_path, {"models/model.bin": "x", "data/counts.csv": "1\n"})
    assert set(states(look("group", tmp_path)).values()) == {"same"}


def test_a_folder_that_the_repository_above_ignores_is_looked_at_by_itself(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    put(tmp_path, {".gitignore": "/ours/\n"})
    start = look("group", put(tmp_path / "ours", CODE))
    assert not start.contents.project, "there is code: it is no empty folder"
    assert "dockerfiles/train.dockerfile" in states(start)


def test_what_to_do_next_can_be_done_without_a_repository(tmp_path: Path) -> None:
    folder = put(tmp_path / "our code", CODE)
    lines = [each for each in formatting.following(look("group", folder)).splitlines() if each.startswith("  git ")]
    assert len(lines) == 2
    script = "\n".join(lines).replace(" commit", " status")
    subprocess.run(["bash", "-ec", script], check=True, capture_output=True)
    assert (folder / ".git").is_dir()
    assert formatting.following(look("group", folder)).count("  git ") == 1


def test_a_repository_within_is_said_not_to_be_read(tmp_path: Path) -> None:
    model = put(tmp_path / "origin", {"Dockerfile": "FROM alpine\nRUN pip install torch\n"})
    ours, other = put(tmp_path / "ours", CODE), put(tmp_path / "ours/other", CODE)
    for folder in (model, ours, other):
        git(folder, "init", "--quiet")
    git(model, "add", "--all")
    git(model, "commit", "--quiet", "--message=first")
    git(ours, "submodule", "add", "--quiet", str(model), "model")
    start = look("group", ours)
    assert set(unread(start)) == {"model", "other"}
    assert all("repository of its own" in why for why in unread(start).values())


def test_a_link_in_place_of_a_file_is_not_said_to_be_checked(tmp_path: Path) -> None:
    put(tmp_path, {**CODE, "build.yaml": "x: 1\n"})
    (tmp_path / "cloudbuild.yaml").symlink_to("build.yaml")
    start = look("group", tmp_path)
    outcome = next(each for each in start.outcomes if each.path == "cloudbuild.yaml")
    assert (outcome.state, outcome.said) == ("theirs", "it is a link, which was not followed")
    assert "cloudbuild.yaml" in unread(start)


def test_names_with_spaces_stay_one_word(tmp_path: Path) -> None:
    api = 'FROM python:3.12-slim\nCMD exec uvicorn api:app --host 0.0.0.0 --port "$PORT"\n'
    train = 'FROM python:3.12-slim\nENTRYPOINT ["python", "train.py"]\n'
    put(tmp_path, {**CODE, "docker files/Dockerfile.api": api, "docker files/Dockerfile.train": train})
    texts = look("group", tmp_path).contents.files
    steps = {each["id"]: each for each in yaml.safe_load(texts["cloudbuild.yaml"])["steps"]}
    assert "--file=docker files/Dockerfile.api" in steps["image"]["args"]
    assert "--file=docker files/Dockerfile.train" in shlex.split(steps["training-image"]["args"][1])
    run = next(line for line in texts[".github/workflows/train.yaml"].splitlines() if "docker build" in line)
    assert "--file=docker files/Dockerfile.train" in shlex.split(run)


def test_a_program_in_a_folder_with_a_space_is_started(tmp_path: Path) -> None:
    put(tmp_path, {"requirements.txt": CODE["requirements.txt"]})
    put(tmp_path / "our project", {"train.py": CODE["train.py"], "api.py": CODE["api.py"]})
    texts = look("group", tmp_path).contents.files
    assert 'ENTRYPOINT ["python", "our project/train.py"]' in texts["dockerfiles/train.dockerfile"]
    command = next(line for line in texts["dockerfiles/api.dockerfile"].splitlines() if line.startswith("CMD"))
    assert "our project.api:app" in shlex.split(command)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig"])
def test_what_a_windows_shell_writes_is_read(tmp_path: Path, encoding: str) -> None:
    put(tmp_path, {name: text for name, text in CODE.items() if name != "requirements.txt"})
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    (tmp_path / "requirements.txt").write_bytes((mark + "torch==2.6\r\nfastapi\r\n").encode(encoding))
    start = look("sweep", tmp_path)
    assert '"torch<=2.6"' in start.contents.files["dockerfiles/train.dockerfile"]
    assert unread(start) == {}


def test_a_mark_that_no_editor_shows_is_named(tmp_path: Path) -> None:
    put(tmp_path, {**CODE, "pyproject.toml": "\ufeff[project]\nname = 'a'\n"})
    found = next(each for each in look("group", tmp_path).findings if each.id == "unreadable")
    assert (found.place, "byte order mark" in found.value) == ("pyproject.toml:1", True)


def test_packages_of_conda_are_said_to_be_what_is_missing(tmp_path: Path) -> None:
    put(tmp_path, {"train.py": CODE["train.py"], "environment.yml": "dependencies: [python=3.11, pytorch]\n"})
    assert any(
        "environment.yml is for conda" in note and "no training image" in note
        for note in look("group", tmp_path).contents.notes
    )


def test_pytorch_of_poetrys_own_source_comes_from_its_index_by_pip_too(tmp_path: Path) -> None:
    texts = look("group", made("poetry-torch", tmp_path)).contents.files
    for name in ("train", "api"):
        lines = [line for line in texts[f"dockerfiles/{name}.dockerfile"].splitlines() if line.startswith("RUN pip")]
        assert lines[:2] == [
            "RUN pip install --no-cache-dir torch --index-url https://download.pytorch.org/whl/cpu",
            "RUN pip install --no-cache-dir .",
        ]
    assert "FROM python:3.13-slim" in texts["dockerfiles/train.dockerfile"]


def test_an_image_is_built_from_the_folder_that_has_most_of_what_it_copies(tmp_path: Path) -> None:
    steps = yaml.safe_load(look("group", made("folders", tmp_path)).contents.files["cloudbuild.yaml"])["steps"]
    assert next(each for each in steps if each["id"] == "image")["args"][-1] == "backend"


def test_a_workflow_of_ours_stays_where_another_tests_too(tmp_path: Path) -> None:
    put(tmp_path, {**CODE, "tests/test_a.py": "def test_a(): pass\n"})
    starting.write(tmp_path, look("group", tmp_path))
    put(tmp_path, {".github/workflows/tests.yaml": "on: push\njobs: {a: {steps: [{run: pytest}]}}\n"})
    assert states(look("group", tmp_path))[".github/workflows/ci.yaml"] == "same"


def test_a_notebook_alone_is_told_how_it_becomes_a_program(tmp_path: Path) -> None:
    put(tmp_path, {"notebooks/first try.ipynb": "{}", "requirements.txt": "torch\n"})
    assert any(
        "nbconvert --to script 'notebooks/first try.ipynb'" in each for each in look("group", tmp_path).contents.notes
    )


def test_a_workflow_of_the_same_name_is_not_said_to_be_missing(tmp_path: Path) -> None:
    put(tmp_path, {**CODE, ".github/workflows/ci.yaml": "on: push\njobs: {}\n"})
    assert not any("ci.yaml is not written" in note for note in look("group", tmp_path).contents.notes)


def test_a_build_that_is_there_and_releases_nothing_is_said_to(tmp_path: Path) -> None:
    steps = "steps: [{name: gcr.io/cloud-builders/docker, args: [version]}]\noptions: {logging: CLOUD_LOGGING_ONLY}\n"
    put(tmp_path, {**CODE, "cloudbuild.yaml": steps})
    assert any("releases nothing" in note for note in look("group", tmp_path).contents.notes)
    (tmp_path / "cloudbuild.yaml").unlink()
    starting.write(tmp_path, look("group", tmp_path))
    assert not any("releases nothing" in note for note in look("group", tmp_path).contents.notes)

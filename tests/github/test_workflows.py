"""What must hold of every workflow: pinned actions, no right that is not named, no text of strangers in a shell."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from tests.project import CHECKOUT as ROOT

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
ACTION = GITHUB / "actions" / "review" / "action.yml"
FILES = [*WORKFLOWS, ACTION]

named = pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name + "/" + file.name)


def read(file: Path) -> dict[Any, Any]:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def steps(content: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    jobs: list[Any] = [content.get("runs", {}), *content.get("jobs", {}).values()]
    for job in jobs:
        yield from cast("list[dict[str, Any]]", job.get("steps", []))


def unpinned(file: Path) -> list[str]:
    used = re.findall(r"uses: (\S+)( # v\d+\.\d+\.\d+)?", file.read_text(encoding="utf-8"))
    return [
        name
        for name, version in used
        if not name.startswith("./") and not (re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name) and version)
    ]


def expressions_in_shell(content: dict[Any, Any]) -> list[str]:
    return [step["run"] for step in steps(content) if "${{" in step.get("run", "")]


@named
def test_every_action_is_pinned_by_commit_and_names_its_version(file: Path) -> None:
    assert unpinned(file) == []


def test_a_tag_is_no_pin(tmp_path: Path) -> None:
    file = tmp_path / "w.yml"
    file.write_text("- uses: actions/checkout@v7\n- uses: actions/checkout@" + 40 * "a" + "\n", encoding="utf-8")
    assert len(unpinned(file)) == 2


@named
def test_no_expression_is_put_into_a_shell_line(file: Path) -> None:
    assert expressions_in_shell(read(file)) == []


def test_an_expression_in_a_shell_line_is_seen() -> None:
    line = "echo ${{ github.event.pull_request.title }}"
    assert expressions_in_shell({"jobs": {"x": {"steps": [{"run": line}]}}}) == [line]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_starts_with_no_right_and_no_job_outlives_its_limit(file: Path) -> None:
    content = read(file)
    assert content["permissions"] == {}
    for job in content["jobs"].values():
        assert job["timeout-minutes"] <= 45
        assert job["permissions"]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_what_runs_code_of_a_pull_request_can_write_nothing_and_has_no_secret(file: Path) -> None:
    content = read(file)
    events = content[True]  # YAML 1.1 reads the key `on` as true
    assert "pull_request_target" not in events
    if "pull_request" not in events:
        return
    assert "secrets." not in file.read_text(encoding="utf-8")
    for job in content["jobs"].values():
        rights = {right for right, level in job["permissions"].items() if level == "write"}
        # An identity token is no right on the repository; a job with one is closed to forks.
        assert rights <= {"id-token"}
        if rights and "github.event_name == 'pull_request'" in job["if"]:
            assert "head.repo.full_name == github.repository" in job["if"]


def test_the_job_that_comments_runs_nothing_of_the_pull_request() -> None:
    content = read(GITHUB / "workflows" / "review-comment.yml")
    checkout, download, comment = steps(content)
    assert checkout["with"]["ref"] == "${{ github.event.repository.default_branch }}"
    assert download["with"]["path"].startswith("${{ runner.temp }}")
    assert comment["run"].startswith("python3 .github/scripts/comment.py")


def test_a_checkout_leaves_no_token_behind() -> None:
    for file in FILES:
        for step in steps(read(file)):
            if "actions/checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False, file


def test_the_report_goes_where_the_comment_looks_for_it() -> None:
    upload = next(step for step in steps(read(ACTION)) if "upload-artifact" in step.get("uses", ""))
    comment = read(GITHUB / "workflows" / "review-comment.yml")
    download = next(step for step in steps(comment) if "download-artifact" in step.get("uses", ""))
    assert upload["with"]["name"] == download["with"]["name"]
    written = next(step["run"] for step in steps(read(ACTION)) if step.get("id") == "review")
    reader = next(step["run"] for step in steps(comment) if "run" in step)
    assert 'data="$RUNNER_TEMP/review.json"' in written
    assert reader.endswith('"$RUNNER_TEMP/review/review.json"')
    assert next(iter(comment[True]["workflow_run"]["workflows"])) == read(GITHUB / "workflows" / "review.yml")["name"]


def test_zizmor_finds_nothing() -> None:
    program = Path(sys.executable).parent / "zizmor"
    done = subprocess.run(
        [program, "--offline", "--no-progress", "--quiet", GITHUB], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("actionlint"), reason="actionlint is not on PATH (github.com/rhysd/actionlint)")
def test_actionlint_finds_nothing() -> None:
    done = subprocess.run(["actionlint", *WORKFLOWS], check=False, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout

"""The script that comments, held against a GitHub of its own on the loopback."""

import json
import os
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from coursecloud.review.json_form import to_json
from tests.project import CHECKOUT as ROOT
from tests.review.made import INSTANCE, resource, reviewed, whole

SCRIPT = ROOT / ".github" / "scripts" / "comment.py"
OLD = "<!-- coursecloud-review -->\n## Infrastructure: old\n"
BOT = {"login": "github-actions[bot]"}


class GitHub(ThreadingHTTPServer):
    """Pull requests and comments of one repository, with GitHub's paging."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pulls: list[dict[str, Any]] = []
        self.comments: list[dict[str, Any]] = []
        self.files: list[dict[str, Any]] = [{"filename": "Pulumi.dev.yaml"}, {"filename": "docs/x.md"}]
        self.asked: list[tuple[str, str]] = []
        self.refusal: int | None = None

    def page(self, entries: list[dict[str, Any]], query: dict[str, list[str]]) -> list[dict[str, Any]]:
        size, page = int(query["per_page"][0]), int(query["page"][0])
        return entries[size * (page - 1) : size * page]


class _Handler(BaseHTTPRequestHandler):
    @property
    def github(self) -> GitHub:
        assert isinstance(self.server, GitHub)
        return self.server

    def do_GET(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        if url.path == "/repos/group/course/pulls":
            owner, _, branch = query["head"][0].partition(":")
            states = {"all": ("open", "closed")}.get(query["state"][0], (query["state"][0],))
            found = [p for p in self.github.pulls if (p["owner"], p["branch"]) == (owner, branch)]
            found = [p for p in found if p["state"] in states]
            self.answer(self.github.page(found, query))
        elif url.path == "/repos/group/course/pulls/7":
            self.answer({"changed_files": len(self.github.files)})
        elif url.path == "/repos/group/course/pulls/7/files":
            self.answer(self.github.page(self.github.files[:3000], query))
        else:
            assert url.path == "/repos/group/course/issues/7/comments"
            self.answer(self.github.page(self.github.comments, query))

    def do_POST(self) -> None:
        body = self.body()
        self.github.comments.append({"id": len(self.github.comments), "user": BOT, "body": body})
        self.answer({})

    def do_PATCH(self) -> None:
        self.github.comments[int(self.path.rpartition("/")[2])]["body"] = self.body()
        self.answer({})

    def body(self) -> str:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]

    def answer(self, content: object) -> None:
        self.github.asked.append((self.command, self.path))
        assert self.headers["Authorization"] == "Bearer token"
        text = json.dumps({"message": "no"} if self.github.refusal else content).encode()
        self.send_response(self.github.refusal or 200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def github() -> Iterator[GitHub]:
    server = GitHub()
    server.pulls = [
        {
            "number": 7,
            "owner": "student",
            "branch": "more-disk",
            "head": {"sha": "abc"},
            "base": {"ref": "main"},
            "state": "open",
        }
    ]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def run(github: GitHub, report: Path | str, **changed: str | None) -> subprocess.CompletedProcess[str]:
    environment: dict[str, str | None] = {
        "PATH": os.environ["PATH"],
        "GITHUB_API_URL": f"http://127.0.0.1:{github.server_port}",
        "GITHUB_REPOSITORY": "group/course",
        "GITHUB_TOKEN": "token",
        "HEAD_OWNER": "student",
        "HEAD_BRANCH": "more-disk",
        "HEAD_SHA": "abc",
        **changed,
    }
    return subprocess.run(
        [sys.executable, SCRIPT, report],
        check=False,
        capture_output=True,
        text=True,
        env={name: value for name, value in environment.items() if value is not None},
    )


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = tmp_path / "review.json"
    small, large = (whole(resource(INSTANCE, "m", {"machineType": kind})) for kind in ("e2-small", "e2-medium"))
    file.write_text(json.dumps(to_json(reviewed(small, large))), encoding="utf-8")
    return file


def test_a_first_report_makes_a_comment(github: GitHub, report: Path) -> None:
    done = run(github, report)
    assert (done.returncode, done.stdout) == (0, "The comment of #7 made.\n")
    (body,) = (comment["body"] for comment in github.comments)
    assert body.startswith("<!-- coursecloud-review -->\n")
    assert "what the code of the base branch says" in body
    assert "updates 1 machine" in body
    assert "Of commit `abc` against `main` alone" in body


@pytest.mark.parametrize(
    "entry",
    [
        {"filename": "coursecloud/review/report.py"},
        {"filename": ".github/actions/review/action.yml"},
        {"filename": "Pulumi.yaml"},
        {"filename": "docs/x.md", "previous_filename": "infra/x.py"},
        {"filename": "docs/x.png"},
        {"filename": ".github/workflows/Pulumi.x.yaml"},
        {"filename": ".claude/commands/x.md"},
        {"filename": "cloud/.hidden/Pulumi.x.yml"},
    ],
    ids=lambda entry: list(entry.values())[-1],
)
def test_a_pull_request_that_changes_code_is_never_fine_by_its_own_words(
    github: GitHub, tmp_path: Path, entry: dict[str, str]
) -> None:
    file = tmp_path / "review.json"
    same = whole(resource(INSTANCE, "m", {"machineType": "e2-small"}))
    file.write_text(json.dumps(to_json(reviewed(same, same))), encoding="utf-8")
    run(github, file)
    assert "## Infrastructure: NO CHANGE" in github.comments[0]["body"]
    github.files += [{"filename": f"docs/{n}.md"} for n in range(150)] + [entry]
    run(github, file)
    body = github.comments[0]["body"]
    assert "## Infrastructure: LOOK FIRST" in body
    assert "can say anything" in body
    assert f"`{list(entry.values())[-1]}`" in body


def test_files_that_github_does_not_list_are_none_that_it_vouches_for(github: GitHub, report: Path) -> None:
    github.files = [{"filename": f"a/{n:05}.md"} for n in range(3000)] + [{"filename": "infra/x.py"}]
    run(github, report)
    assert "`1 more that GitHub does not list`" in github.comments[0]["body"]


def test_many_files_of_code_are_counted(github: GitHub, report: Path) -> None:
    github.files = [{"filename": f"infra/{n:03}.py"} for n in range(140)]
    run(github, report)
    assert "`infra/011.py` and 128 more" in github.comments[0]["body"]


def test_a_comment_names_the_commit_and_the_branch_that_it_is_proposed_for(github: GitHub, report: Path) -> None:
    assert run(github, report).returncode == 0
    assert "Of commit `abc` against `main` alone" in github.comments[0]["body"]


@pytest.mark.parametrize("state", ["open", "closed"])
def test_of_two_pull_requests_of_one_commit_none_gets_the_others_verdict(
    github: GitHub, report: Path, state: str
) -> None:
    github.pulls.append({**github.pulls[0], "number": 6, "base": {"ref": "other"}, "state": state})
    done = run(github, report)
    assert (done.returncode, github.comments) == (2, [])
    assert "#7 (against main), #6 (against other) have one commit" in done.stderr


def test_a_pull_request_that_was_closed_gets_no_comment(github: GitHub, report: Path) -> None:
    github.pulls[0]["state"] = "closed"
    assert (run(github, report).returncode, github.comments) == (0, [])


def test_the_next_report_is_written_over_it_wherever_it_is(github: GitHub, report: Path) -> None:
    github.comments = [{"id": n, "user": {"login": "ada"}, "body": "hm"} for n in range(150)]
    github.comments.append({"id": 150, "user": BOT, "body": OLD})
    assert run(github, report).stdout == "The comment of #7 updated.\n"
    assert len(github.comments) == 151
    assert "updates 1 machine" in github.comments[150]["body"]


def test_a_report_that_says_the_same_writes_nothing(github: GitHub, report: Path) -> None:
    run(github, report)
    github.asked.clear()
    assert "is current" in run(github, report).stdout
    assert {method for method, _ in github.asked} == {"GET"}


def test_a_comment_of_somebody_else_is_never_written_over(github: GitHub, report: Path) -> None:
    github.comments = [{"id": 0, "user": {"login": "mallory"}, "body": OLD + "mine"}]
    run(github, report)
    assert github.comments[0]["body"] == OLD + "mine"
    assert len(github.comments) == 2


@pytest.mark.parametrize(
    "changed", [{"HEAD_SHA": "def"}, {"HEAD_BRANCH": "other"}, {"HEAD_OWNER": "other"}], ids=lambda c: next(iter(c))
)
def test_a_head_that_has_moved_on_gets_no_comment(github: GitHub, report: Path, changed: dict[str, str]) -> None:
    done = run(github, report, **changed)
    assert (done.returncode, github.comments) == (0, [])
    assert "nothing to do" in done.stdout


def test_a_branch_name_cannot_change_the_question(github: GitHub, report: Path) -> None:
    assert "nothing to do" in run(github, report, HEAD_BRANCH="more-disk&state=closed#").stdout


@pytest.mark.parametrize(
    "content", [b"", b"## no review", b"\xff\xfe", b"[]", b"{}", b"[" * 100_000, b'{"version": 1, "level": "none"}']
)
def test_what_is_no_report_is_refused_before_github_is_asked(github: GitHub, report: Path, content: bytes) -> None:
    report.write_bytes(content)
    done = run(github, report)
    assert (done.returncode, github.asked) == (2, [])
    assert "Traceback" not in done.stderr


def test_a_missing_file_is_refused(github: GitHub, tmp_path: Path) -> None:
    assert run(github, tmp_path / "none.md").returncode == 2


def test_all_missing_variables_are_named_at_once(github: GitHub, report: Path) -> None:
    done = run(github, report, GITHUB_TOKEN=None, HEAD_SHA="")
    assert done.returncode == 2
    assert "missing: GITHUB_TOKEN, HEAD_SHA" in done.stderr


@pytest.mark.parametrize("refusal", [401, 403, 404, 422, 500])
def test_a_no_of_github_is_said_with_its_words(github: GitHub, report: Path, refusal: int) -> None:
    github.refusal = refusal
    done = run(github, report)
    assert done.returncode == 1
    assert f"GitHub said {refusal}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_github_that_is_not_there_is_said(github: GitHub, report: Path) -> None:
    done = run(github, report, GITHUB_API_URL="http://127.0.0.1:9")
    assert done.returncode == 1
    assert "could not be asked" in done.stderr

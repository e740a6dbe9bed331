"""The program of whoever runs a course: an image by digest, no right too many, and nothing at night unasked."""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import io
import json
import re
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from course import install, runner
from coursecloud.course import sharing
from coursecloud.plan import engine
from infra import apis
from infra.settings import SettingsError, load
from tests.project import CHECKOUT, ROOT, everything

IMAGE = "europe-west1-docker.pkg.dev/mlops-course/images/course@sha256:" + "0" * 64
ROSTER: dict[str, Any] = {
    "table": "groups.csv",
    "record": "gs://mlops-course-runs",
    "job": "projects/mlops-course/locations/europe-west1/jobs/mlops-course",
    "backend": "gs://mlops-course-state",
    "accounts": {"runner": "runner@mlops-course.iam.gserviceaccount.com"},
}
NIGHT = {"nightly": {"at": "23:30", "timezone": "Europe/Copenhagen"}}
PROGRAM = """
from pathlib import Path
from course import runner
for name, value in runner.declare(runner.read("autumn", Path.cwd() / "course")).items():
    pass
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "course").mkdir()
    (tmp_path / "autumn").mkdir()
    (tmp_path / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    for number in range(45):
        (tmp_path / f"autumn/Pulumi.g{number:02}.yaml").write_text("config: {}\n", encoding="utf-8")
    return tmp_path


def declared(project: Path, roster: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    (project / "autumn/course.yaml").write_text(yaml.safe_dump(roster), encoding="utf-8")
    config = {"coursecloud-course:roster": "../autumn/course.yaml", "coursecloud-course:image": IMAGE}
    made = engine.record(project / "__main__.py", project="coursecloud-course", stack="autumn", config=config, mark="x")
    return {(each.type.rpartition(":")[2], each.name): dict(each.inputs) for each in made.resources}


def test_the_job_runs_an_image_by_its_digest_as_the_runner_who_holds_two_buckets_and_no_more(project: Path) -> None:
    made = declared(project, ROSTER)
    job = made["Job", "course"]["template"]["template"]
    assert job["containers"][0]["image"] == IMAGE
    assert (job["maxRetries"], job["timeout"]) == (6, "10800s")
    assert made["Account", "runner"]["accountId"] == "runner"
    grants = {name: each["role"] for (kind, name), each in made.items() if "IAM" in kind or "Iam" in kind}
    assert grants == {"runner-record": "roles/storage.objectUser", "runner-state": "roles/storage.objectUser"}
    assert made["BucketIAMMember", "runner-state"]["bucket"] == "mlops-course-state"
    record = made["Bucket", "record"]
    assert record["softDeletePolicy"] == {"retentionDurationSeconds": 0}
    assert (record["uniformBucketLevelAccess"], record["publicAccessPrevention"]) == (True, "enforced")
    assert record["lifecycleRules"][0]["condition"]["matchesPrefixes"] == ["runs/", "ended/", "logs/"]
    assert not any(kind == "Key" for kind, _ in made), "no key anywhere"


def test_the_runners_project_has_every_api_that_a_stack_can_need() -> None:
    needed = set(apis.needed(load(everything("mlops-course"), "full", ROOT)))
    assert len(needed) > 10
    assert needed <= set(runner.APIS)


def test_at_night_nothing_is_done_until_the_roster_says_so_and_then_machines_stop(project: Path) -> None:
    assert not [name for kind, name in declared(project, ROSTER) if name == "nightly" or "scheduler" in kind]
    made = declared(project, ROSTER | NIGHT)
    jobs = [each for (kind, name), each in made.items() if (kind, name) == ("Job", "nightly")]
    (job,) = jobs
    assert (job["schedule"], job["timeZone"]) == ("30 23 * * *", "Europe/Copenhagen")
    target = job["httpTarget"]
    assert target["uri"] == f"https://run.googleapis.com/v2/{ROSTER['job']}:run"
    asked = json.loads(base64.b64decode(target["body"]))["overrides"]
    assert asked == {
        "taskCount": 3,
        "containerOverrides": [{"args": ["--record", "gs://mlops-course-runs", "--nightly"]}],
    }
    assert made["JobIamMember", "nightly"]["role"] == "roles/run.jobsExecutorWithOverrides"
    assert made["Account", "nightly"]["accountId"] != made["Account", "runner"]["accountId"]


@pytest.mark.parametrize(
    ("roster", "image", "said"),
    [
        ({}, "course:latest", "named by its digest"),
        ({}, "", "named by its digest"),
        ({"record": "mlops-course-runs"}, IMAGE, "a bucket of their own"),
        ({"record": None}, IMAGE, "add `record`"),
        ({"job": "mlops-course"}, IMAGE, "a full name"),
        ({"accounts": {"runner": "runner@another.iam.gserviceaccount.com"}}, IMAGE, "of the project in which"),
        ({"accounts": {}}, IMAGE, "of the project in which"),
        ({"nightly": {"at": "25:00", "timezone": "Europe/Copenhagen"}}, IMAGE, "HH:MM"),
        ({"nightly": {"at": "23:30", "timezone": "Europe/Copnhagen"}}, IMAGE, "Europe/Copenhagen"),
        ({"nightly": "23:30"}, IMAGE, "a time and a time zone"),
        ({"nightly": {"at": "23:30", "timezone": "UTC", "down": "yes"}}, IMAGE, "at and timezone"),
    ],
)
def test_a_mistake_is_said_with_rule_and_remedy(
    project: Path, monkeypatch: pytest.MonkeyPatch, roster: dict[str, Any], image: str, said: str
) -> None:
    changed = {key: value for key, value in {**ROSTER, **roster}.items() if value is not None}
    (project / "autumn/course.yaml").write_text(yaml.safe_dump(changed), encoding="utf-8")
    config = {"coursecloud-course:roster": "../autumn/course.yaml", "coursecloud-course:image": image}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({key: value for key, value in config.items() if value}))
    with pytest.raises(SettingsError) as error:
        runner.read("autumn", project / "course")
    assert said in str(error.value)


def test_all_that_is_wrong_with_the_nights_is_said_at_once() -> None:
    found, problems = sharing.of(
        {"record": "gs://a-b-c", "job": "x", "nightly": {"at": "9", "timezone": "?", "down": 1}}
    )
    assert [each.path for each in problems] == ["job", "nightly.down", "nightly.at", "nightly.timezone"]
    assert found.nightly is None
    _, problems = sharing.of({"nightly": {}})
    assert [each.path for each in problems] == ["nightly.at", "nightly.timezone", "nightly"]


def test_without_a_roster_it_says_where_to_name_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"coursecloud-course:image": IMAGE}))
    with pytest.raises(SettingsError, match="pulumi config set roster"):
        runner.read("autumn", project / "course")


DOCKERFILE = (CHECKOUT / "course/Dockerfile").read_text(encoding="utf-8")


def ignored(path: str) -> bool:
    """Say whether docker leaves a file out: the last pattern that fits it, or a folder above it, decides."""
    out = False
    parts = path.split("/")
    for line in (CHECKOUT / "course/Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.lstrip("!").removeprefix("**/")
        tails = [parts[start:] for start in range(len(parts) if "**/" in line else 1)]
        if any(fnmatch.fnmatchcase("/".join(tail[:end]), pattern) for tail in tails for end in range(1, len(tail) + 1)):
            out = not line.startswith("!")
    return out


def test_the_image_has_the_program_and_nothing_of_a_course_or_a_group() -> None:
    for name in ("infra/stack.py", "coursecloud/cli/commands/course/task.py", "__main__.py", "course/install.py"):
        assert not ignored(name), name
    for name in (
        "course.yaml", "groups.csv", "owners.key", "members.dev.yaml", "Pulumi.dev.yaml", ".pulumi-state/x",
        "infra/members.g1.yaml", ".git/config", ".venv/bin/python", "coursecloud/Pulumi.g1.yaml", "starter/owners.key",
    ):  # fmt: skip
        assert ignored(name), name


def test_the_image_is_pinned_runs_as_nobody_and_fetches_nothing_later() -> None:
    froms = re.findall(r"(?m)^FROM (\S+)", DOCKERFILE)
    assert froms
    assert all(re.fullmatch(r"docker\.io/library/python@sha256:[0-9a-f]{64}", each) for each in froms)
    assert "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true" in DOCKERFILE
    assert re.search(r"(?m)^USER 10001$", DOCKERFILE)
    assert "curl" not in DOCKERFILE
    (entry,) = re.findall(r"(?m)^ENTRYPOINT (.+)$", DOCKERFILE)
    assert json.loads(entry)[1:] == ["-m", "coursecloud.cli.commands.course.task"]
    assert install.version("pulumi").startswith("3.")
    assert f"{install.version('pulumi-gcp')}".startswith("10.")
    with pytest.raises(SystemExit, match="names no version"):
        install.version("terraform")


@pytest.fixture
def releases() -> Iterator[tuple[str, dict[str, bytes]]]:
    there: dict[str, bytes] = {}

    class Release(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = there.get(self.path.rpartition("/")[2])
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            pass

    server = HTTPServer(("127.0.0.1", 0), Release)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", there
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_cli_is_installed_as_its_sums_say_or_not_at_all(
    tmp_path: Path, releases: tuple[str, dict[str, bytes]]
) -> None:
    url, there = releases
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("pulumi/pulumi", "pulumi/pulumi-language-python", "pulumi/pulumi-language-go"):
            entry = tarfile.TarInfo(name)
            entry.size = 2
            archive.addfile(entry, io.BytesIO(b"#!"))
    number = install.version("pulumi")
    name = f"pulumi-v{number}-linux-x64.tar.gz"
    there[name] = packed.getvalue()
    there[f"pulumi-{number}-checksums.txt"] = f"{'0' * 64}  {name}\n".encode()
    with pytest.raises(SystemExit, match="nothing was installed"):
        install.install(tmp_path, url)
    assert list(tmp_path.iterdir()) == []
    there[f"pulumi-{number}-checksums.txt"] = f"{hashlib.sha256(there[name]).hexdigest()}  {name}\n".encode()
    install.install(tmp_path, url)
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "pulumi": 0o755, "pulumi-language-python": 0o755,
    }  # fmt: skip

"""One stack has one backend, and its file names it: what else says another place is refused, with both."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError
from typer.testing import CliRunner

from coursecloud.cli.application import app
from coursecloud.deploy import backends, lifecycle
from coursecloud.rehearse import stage
from infra.settings.lease import Course
from tests.coursecloud.faked import Fake

NAMED, OTHER = "gs://course-state/group-07", "gs://some-other"


def write(root: Path, url: str | None = backends.COMMITTED) -> None:
    backend = f"backend: {{url: {url}}}\n" if url else ""
    (root / "Pulumi.yaml").write_text(f"name: coursecloud\nruntime: python\n{backend}", encoding="utf-8")


@pytest.mark.parametrize(
    "url", ["gs://my-state", NAMED, "file://~/state", "file://.pulumi-state", "https://api.pulumi.com"]
)
def test_it_may_be(url: str) -> None:
    assert Course(backend=url).backend == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("s3://bucket", "a key of another cloud"),
        ("azblob://container", "a key of another cloud"),
        ("my-state", "the state of a stack is in gs://"),
        ("gs://", "followed by a bucket's name"),
        ("gs://My-State", "followed by a bucket's name"),
        ("gs://my-state/a b", "no blanks"),
        ("file://$(rm)", "no blanks, quotes or signs of a shell"),
        ("https://me:secret@host", "holds who logs in"),
    ],
)
def test_it_may_not_be(url: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Course(backend=url)


class TestDisagreement:
    """The stack file against the environment, Pulumi.yaml and the login."""

    @pytest.mark.parametrize("url", [None, "", NAMED, f"{NAMED}/"])
    def test_the_same_or_none_is_no_matter(self, tmp_path: Path, url: str | None) -> None:
        write(tmp_path)
        environment = {} if url is None else {backends.VARIABLE: url}
        assert backends.disagreement(NAMED, "dev", tmp_path, environment) is None

    def test_another_in_the_environment(self, tmp_path: Path) -> None:
        write(tmp_path)
        found = backends.disagreement(NAMED, "dev", tmp_path, {backends.VARIABLE: "gs://me:word@some-other"})
        assert found is not None
        assert NAMED in found[0]
        assert OTHER in found[0]
        assert "word" not in "".join(found)

    def test_another_in_the_projects_file(self, tmp_path: Path) -> None:
        write(tmp_path, OTHER)
        assert "Pulumi.yaml's backend" in str(backends.disagreement(NAMED, "dev", tmp_path, {}))

    def test_a_login_counts_where_the_projects_file_names_none(self, tmp_path: Path) -> None:
        (tmp_path / "credentials.json").write_text(json.dumps({"current": OTHER}), encoding="utf-8")
        environment = {"PULUMI_HOME": str(tmp_path)}
        write(tmp_path)
        assert backends.disagreement(NAMED, "dev", tmp_path, environment) is None
        write(tmp_path, None)
        assert "the login of pulumi" in str(backends.disagreement(NAMED, "dev", tmp_path, environment))


def name_it(fake: Fake) -> None:
    path = fake.root / "Pulumi.x.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["config"].setdefault("coursecloud:course", {})["backend"] = NAMED
    path.write_text(json.dumps(content, default=str), encoding="utf-8")


def test_up_works_with_the_state_where_the_file_says(fake: Fake) -> None:
    name_it(fake)
    fake.up()
    assert not (fake.root / ".pulumi-state").exists()
    assert fake.calls


def test_up_refuses_where_the_environment_says_another(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    name_it(fake)
    monkeypatch.setenv(backends.VARIABLE, OTHER)
    with pytest.raises(lifecycle.RefusedError, match=rf"(?s){NAMED}.*{OTHER}.*rule.*remedy.*unset {backends.VARIABLE}"):
        fake.up()
    assert fake.calls == []


def test_a_rehearsal_plays_with_a_state_of_its_own() -> None:
    config: dict[str, Any] = {"gcp:project": "p", "coursecloud:course": {"group": "g", "backend": NAMED}}
    assert stage.settings_of(config)[1]["coursecloud:course"] == {"group": "g"}


class TestEnv:
    """What `eval "$(coursecloud env STACK)"` sets."""

    @pytest.fixture
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        write(tmp_path)
        (tmp_path / "Pulumi.dev.yaml").write_text(
            f"config:\n  gcp:project: my-project\n  coursecloud:course: {{backend: {NAMED}}}\n", encoding="utf-8"
        )
        for name in ("infra", "catalog", "coursecloud"):
            (tmp_path / name).symlink_to(Path(backends.__file__).parents[2] / name)
        monkeypatch.chdir(tmp_path)
        return tmp_path

    @pytest.mark.usefixtures("folder")
    def test_a_shell_takes_it(self) -> None:
        done = CliRunner().invoke(app, ["env", "dev"])
        assert done.exit_code == 0, done.output
        script = f'{done.stdout}\necho "$PULUMI_BACKEND_URL $PULUMI_STACK [$PULUMI_CONFIG_PASSPHRASE]"'
        for own in ("", "a word of mine"):
            environment = {**os.environ, "PULUMI_CONFIG_PASSPHRASE": own}
            told = subprocess.run(
                ["/bin/sh", "-c", script], env=environment, capture_output=True, text=True, check=True
            )
            assert told.stdout == f"{NAMED} dev [{own}]\n"
            assert "word of mine" not in done.stdout

    def test_without_the_key_it_is_the_projects(self, folder: Path) -> None:
        (folder / "Pulumi.dev.yaml").write_text("config:\n  gcp:project: my-project\n", encoding="utf-8")
        told = json.loads(CliRunner().invoke(app, ["env", "dev", "--json"]).stdout)
        assert told["backend"] is None
        assert told["lines"][0] == f"export PULUMI_BACKEND_URL=file://{folder}/.pulumi-state"

    def test_another_in_the_projects_file_is_refused(self, folder: Path) -> None:
        write(folder, OTHER)
        done = CliRunner().invoke(app, ["env", "dev"])
        assert done.exit_code == 2
        assert NAMED in done.output
        assert OTHER in done.output

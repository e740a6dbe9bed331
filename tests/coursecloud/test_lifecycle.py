"""Up, down and finish: what is checked first, what Pulumi is asked to do, and where machines may move."""

import json
import os
import shutil
import stat
from pathlib import Path

import google.auth
import google.auth.exceptions
import pytest

from coursecloud import lifecycle
from coursecloud.commands.shared import ROOT
from infra.settings import load

STACK = "config: {gcp:project: some-project-1}\n"
RECORDER = """#!/bin/sh
printf '%s\\n' "$*" >> "$CALLS"
printf 'passphrase=[%s]\\n' "${PULUMI_CONFIG_PASSPHRASE-unset}" >> "$CALLS.env"
for word in "$@"; do previous=$last; last=$word; [ "$previous" = --event-log ] && cat "$EVENTS" > "$word"; done
case "$*" in
  "stack export"*) cat "$STATE"; exit 0 ;;
  up*) [ -s "$FAILURES" ] && { sed -i 1d "$FAILURES"; exit 255; } ;;
esac
exit 0
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project of stack `x` beside a `pulumi` that writes down what it is asked and can fail."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    fake = binaries / "pulumi"
    fake.write_text(RECORDER)
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    root = tmp_path / "project"
    root.mkdir()
    shutil.copy(ROOT / "Pulumi.yaml", root)
    (root / "Pulumi.x.yaml").write_text(STACK)
    for name, text in {"CALLS": "", "EVENTS": "", "STATE": "{}", "FAILURES": ""}.items():
        (tmp_path / name).write_text(text)
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("PATH", f"{binaries}{os.pathsep}{os.environ['PATH']}")
    for name in (*lifecycle.CREDENTIALS, "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "any")
    return root


def calls(project: Path) -> list[str]:
    return (project.parent / "CALLS").read_text().splitlines()


def test_up_makes_backend_and_stack_and_then_runs_pulumi(project: Path) -> None:
    assert lifecycle.up(project, "x", yes=True) == 0
    assert (project / ".pulumi-state").is_dir()
    assert calls(project) == ["stack select --create x", "stack export --stack x", "up --stack x --yes"]
    assert "passphrase=[]" in (project.parent / "CALLS.env").read_text()


def test_a_passphrase_of_ones_own_is_left_alone(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "mine")
    lifecycle.up(project, "x", yes=True)
    assert set((project.parent / "CALLS.env").read_text().split()) == {"passphrase=[mine]"}


def test_a_shared_backend_gets_no_folder(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "gs://some-bucket")
    lifecycle.up(project, "x", yes=True)
    assert not (project / ".pulumi-state").exists()


def test_down_excludes_what_is_protected(project: Path) -> None:
    assert lifecycle.down(project, "x", yes=False) == 0
    assert calls(project)[-1] == "destroy --stack x --exclude-protected"


def test_finish_lifts_protection_before_it_destroys(project: Path) -> None:
    assert lifecycle.finish(project, "x") == 0
    assert calls(project)[-2:] == ["state unprotect --all --yes --stack x", "destroy --stack x --yes"]


def test_the_example_project_is_refused_before_pulumi_is_asked(project: Path) -> None:
    (project / "Pulumi.x.yaml").write_text("config: {gcp:project: example-project-id}")
    with pytest.raises(lifecycle.RefusedError, match="gcloud projects list"):
        lifecycle.up(project, "x", yes=True)
    assert calls(project) == []


def test_a_missing_pulumi_is_said_with_the_remedy(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(lifecycle.RefusedError, match=r"pulumi\.com/docs/install"):
        lifecycle.up(project, "x", yes=True)


def test_missing_credentials_are_said_with_the_remedy(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise google.auth.exceptions.DefaultCredentialsError("no")

    monkeypatch.delenv("GOOGLE_OAUTH_ACCESS_TOKEN")
    monkeypatch.setattr(google.auth, "default", none)
    with pytest.raises(lifecycle.RefusedError, match="gcloud auth application-default login"):
        lifecycle.up(project, "x", yes=True)
    assert calls(project) == []


def test_an_up_that_fails_for_another_reason_is_not_tried_again(project: Path) -> None:
    (project.parent / "FAILURES").write_text("once\n")
    assert lifecycle.up(project, "x", yes=True) == 255
    assert calls(project).count("up --stack x --yes") == 1


FALLBACK = """
config:
  gcp:project: some-project-1
  coursecloud:machines:
    trainer: {zone: europe-west1-b, fallbackZones: [europe-west1-c, europe-west1-d]}
    other: {zone: europe-west1-b}
"""
URN = "urn:pulumi:x::coursecloud::coursecloud:infra:Machines$gcp:compute/instance:Instance::"
EXHAUSTED = "googleapi: Error 503: ZONE_RESOURCE_POOL_EXHAUSTED - The zone does not have enough resources"


def zones(messages: list[tuple[str, str]], existing: frozenset[str] = frozenset()) -> dict[str, tuple[str, ...]]:
    import yaml

    settings = load(yaml.safe_load(FALLBACK)["config"], "x", ROOT)
    return lifecycle.next_zones(settings, messages, existing)


def test_a_machine_without_capacity_moves_to_its_first_fallback_zone() -> None:
    assert zones([(URN + "trainer", EXHAUSTED)]) == {"trainer": ("europe-west1-c", "europe-west1-d")}


def test_a_machine_without_fallback_zones_stays() -> None:
    assert zones([(URN + "other", EXHAUSTED)]) == {}


def test_another_error_moves_nothing() -> None:
    assert zones([(URN + "trainer", "Error 403: Permission denied")]) == {}


def test_a_machine_whose_data_disk_was_there_before_stays() -> None:
    disk = URN.replace("instance:Instance", "disk:Disk") + "trainer-work"
    assert zones([(URN + "trainer", EXHAUSTED)], frozenset({disk})) == {}


def test_up_moves_a_machine_in_the_stack_file_and_tries_again(project: Path) -> None:
    (project / "Pulumi.x.yaml").write_text(FALLBACK)
    (project.parent / "FAILURES").write_text("once\n")
    event = {"sequence": 1, "diagnosticEvent": {"urn": URN + "trainer", "message": EXHAUSTED}}
    (project.parent / "EVENTS").write_text(json.dumps(event) + "\n" + '{"cut off')
    assert lifecycle.up(project, "x", yes=True) == 0
    made = calls(project)
    assert sum(call.startswith("up ") for call in made) == 2
    path = "config set --stack x --path coursecloud:machines.trainer"
    assert f"{path}.zone europe-west1-c" in made
    assert f"{path}.fallbackZones[0] europe-west1-d" in made
    assert "config rm --stack x --path coursecloud:machines.trainer.fallbackZones[1]" in made

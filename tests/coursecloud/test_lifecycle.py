"""Up, down and finish: what is checked first, what Pulumi is asked to do, and where machines may move."""

import json
import os
import shutil
import socket
import stat
import subprocess
from pathlib import Path

import google.auth
import google.auth.exceptions
import pytest

from coursecloud import lifecycle, mend
from coursecloud.identity import import_ids
from infra.settings import load
from tests.project import ROOT

STACK = "config: {gcp:project: some-project-1}\n"
RECORDER = """#!/bin/sh
printf '%s\\n' "$*" >> "$CALLS"
printf 'passphrase=[%s]\\n' "${PULUMI_CONFIG_PASSPHRASE-unset}" >> "$CALLS.env"
for word in "$@"; do previous=$last; last=$word; [ "$previous" = --event-log ] && cat "$EVENTS" > "$word"; done
case "$*" in
  "stack export"*) cat "$STATE"; exit 0 ;;
  preview*) cat "$PREVIEW"; [ -s "$PREVIEW" ]; exit $? ;;
  import*) cp "$5" "$CALLS.import"; [ -s "$AFTER" ] && cp "$AFTER" "$STATE"; exit 0 ;;
  destroy*) [ -s "$SMALLER" ] && { cp "$SMALLER" "$STATE"; : > "$SMALLER"; exit 255; } ;;
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
    for name, text in {
        "CALLS": "",
        "EVENTS": "",
        "STATE": "{}",
        "AFTER": "",
        "SMALLER": "",
        "FAILURES": "",
        "PREVIEW": "{}",
    }.items():
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


def updates(project: Path) -> list[str]:
    """What changed anything, without the temporary names of files."""
    made = (call.partition(" --event-log")[0] for call in calls(project))
    return [call for call in made if not call.startswith(("stack ", "preview "))]


def test_up_makes_backend_and_stack_and_then_runs_pulumi(project: Path) -> None:
    assert lifecycle.up(project, "x", yes=True) == 0
    assert (project / ".pulumi-state").is_dir()
    assert updates(project) == ["up --stack x --yes --skip-preview"]
    assert calls(project)[0] == "stack select --create x"
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
    assert calls(project)[-2:] == ["state unprotect --stack x --all --yes", "destroy --stack x --yes --skip-preview"]


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
    assert updates(project) == ["up --stack x --yes --skip-preview"]


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


ACCOUNT = "urn:pulumi:x::coursecloud::coursecloud:infra:Training$gcp:serviceaccount/account:Account::training-account"
PARENT = "urn:pulumi:x::coursecloud::coursecloud:infra:Training::training"
WANTED = {
    "urn": ACCOUNT,
    "type": "gcp:serviceaccount/account:Account",
    "inputs": {"accountId": "x-training", "project": "some-project-1"},
    "parent": PARENT,
}
IDENTITY = "projects/some-project-1/serviceAccounts/x-training@some-project-1.iam.gserviceaccount.com"
IMPORTED = {
    "nameTable": {"parent0": PARENT},
    "resources": [
        {
            "type": WANTED["type"],
            "name": "training-account",
            "id": IDENTITY,
            "parent": "parent0",
        }
    ],
}


def write_state(project: Path, name: str = "STATE", **deployment: object) -> None:
    (project.parent / name).write_text(json.dumps({"deployment": deployment}))


def refused_as_there(project: Path) -> None:
    """Let the first up fail as Google fails it when the account is there already."""
    (project.parent / "FAILURES").write_text("once\n")
    text = "Error creating service account: googleapi: Error 409: Service account x-training already exists"
    events = [
        {"resourcePreEvent": {"metadata": {"op": "create", "urn": ACCOUNT, "new": WANTED}}},
        {"diagnosticEvent": {"urn": ACCOUNT, "message": text}},
    ]
    (project.parent / "EVENTS").write_text("\n".join(json.dumps(event) for event in events))


def imported(project: Path) -> object:
    path = project.parent / "CALLS.import"
    return json.loads(path.read_text()) if path.exists() else None


@pytest.mark.parametrize("command", ["up", "down", "finish"])
def test_what_an_interrupted_update_was_making_is_taken_over_first(project: Path, command: str) -> None:
    going = {"urn": "u", "type": "gcp:storage/bucket:Bucket", "inputs": {"name": "going"}}
    pending = [{"type": "creating", "resource": WANTED}, {"type": "deleting", "resource": going}]
    write_state(project, pending_operations=pending)
    write_state(project, "AFTER", resources=[WANTED])
    if command == "finish":
        assert lifecycle.finish(project, "x") == 0
    else:
        assert getattr(lifecycle, command)(project, "x", yes=True) == 0
    made = updates(project)
    assert made[0] == "refresh --stack x --clear-pending-creates --yes --skip-preview"
    assert made[1].startswith("import --stack x --file ")
    assert imported(project) == IMPORTED


@pytest.mark.parametrize(("left", "times"), [([], 2), ([WANTED, WANTED | {"urn": "another"}], 1)])
def test_a_destroy_after_a_take_over_is_tried_again_while_it_gets_on(
    project: Path, left: list[object], times: int
) -> None:
    write_state(project, resources=[WANTED], pending_operations=[{"type": "creating", "resource": WANTED}])
    write_state(project, "SMALLER", resources=left)
    assert lifecycle.down(project, "x", yes=True) == (0 if times > 1 else 255)
    again = "destroy --stack x --exclude-protected --yes --skip-preview --continue-on-error"
    assert [call for call in updates(project) if call.startswith("destroy")] == [again] * times


def test_a_destroy_that_fails_without_an_interruption_before_is_not_repeated(project: Path) -> None:
    write_state(project, resources=[WANTED])
    write_state(project, "SMALLER", resources=[])
    assert lifecycle.down(project, "x", yes=True) == 255


def test_a_state_without_open_operations_is_left_alone(project: Path) -> None:
    write_state(project, resources=[WANTED])
    assert lifecycle.down(project, "x", yes=True) == 0
    assert updates(project) == ["destroy --stack x --exclude-protected --yes --skip-preview"]


def test_what_google_has_and_the_state_lacks_is_taken_over_and_up_tried_again(project: Path) -> None:
    refused_as_there(project)
    assert lifecycle.up(project, "x", yes=True) == 0
    assert [call.split()[0] for call in updates(project)] == ["up", "import", "up"]
    assert imported(project) == IMPORTED


@pytest.mark.parametrize(("answer", "commands"), [(True, ["up", "import", "up"]), (False, ["up"])])
def test_without_yes_somebody_is_asked_before_anything_is_taken_over(
    project: Path, answer: bool, commands: list[str]
) -> None:
    refused_as_there(project)
    asked: list[str] = []

    def ask(text: str) -> bool:
        asked.append(text)
        return answer

    assert lifecycle.up(project, "x", yes=False, ask=ask) == (0 if answer else 255)
    assert [call.split()[0] for call in updates(project)] == commands
    assert "training-account: projects/some-project-1/serviceAccounts/x-training@" in asked[0]


def test_the_same_thing_is_not_taken_over_twice(project: Path) -> None:
    refused_as_there(project)
    (project.parent / "FAILURES").write_text("once\ntwice\n")
    assert lifecycle.up(project, "x", yes=True) == 255
    assert [call.split()[0] for call in updates(project)] == ["up", "import", "up"]


@pytest.mark.parametrize(
    ("resource", "identity"),
    [
        ({"type": "gcp:storage/bucket:Bucket", "inputs": {"name": "b"}}, "b"),
        (
            {
                "type": "gcp:projects/iAMMember:IAMMember",
                "inputs": {"project": "p", "role": "roles/viewer", "member": "user:a@b.c"},
            },
            "p roles/viewer user:a@b.c",
        ),
        ({"type": "gcp:storage/bucket:Bucket", "inputs": {}}, None),
        ({"type": "gcp:storage/bucket:Bucket", "inputs": {"name": {"4dabf18193072939515e22adb298388d": "x"}}}, None),
        ({"type": "gcp:some/thing:New", "inputs": {"name": "b"}}, None),
        ({"type": "gcp:storage/bucket:Bucket"}, None),
    ],
)
def test_only_what_has_a_known_name_can_be_taken_over(resource: dict[str, object], identity: str | None) -> None:
    found = mend.half_made([{"type": "creating", "resource": {"urn": "a::b", **resource}}], {})
    assert [each.id for each in found] == ([identity] if identity else [])


@pytest.mark.parametrize(
    "text",
    [
        "googleapi: Error 409: Service account x-training already exists",
        "Error 409: Your previous request to create the named bucket succeeded and you already own it.",
        "The resource 'projects/p/global/networks/n' already exists, alreadyExists",
        "Unable to create RouterNat, existing object already found: map[name:full-nat]",
    ],
)
def test_however_it_is_said_what_is_there_is_taken_over(text: str) -> None:
    free, twins = mend.already_there([(ACCOUNT, text)], {ACCOUNT: WANTED}, {})
    assert [each.urn for each in free] == [ACCOUNT]
    assert twins == []


@pytest.mark.parametrize("text", ["Error 409: Concurrent policy changes", "Error 403: denied", "Error 503: busy"])
def test_another_refusal_is_no_reason_to_take_anything_over(text: str) -> None:
    assert mend.already_there([(ACCOUNT, text)], {ACCOUNT: WANTED}, {}) == ([], [])


THERE = "googleapi: Error 409: Service account x-training already exists"
RENAMED: dict[str, object] = {**WANTED, "urn": ACCOUNT.replace("training-account", "old-account")}
NUMBERED: dict[str, object] = {"urn": "x::y", "type": "gcp:some/other:Type", "id": IDENTITY, "inputs": {}}


@pytest.mark.parametrize("held", [RENAMED, NUMBERED])
def test_what_any_urn_of_the_state_holds_is_never_taken_over(held: dict[str, object]) -> None:
    state = {"resources": [held]}
    free, twins = mend.already_there([(ACCOUNT, THERE)], {ACCOUNT: WANTED}, state)
    assert (free, [each.urn for each in twins]) == ([], [ACCOUNT])
    assert mend.half_made([{"type": "creating", "resource": WANTED}], state) == []


def test_what_only_waits_to_be_deleted_is_no_reason_to_leave_its_successor() -> None:
    free, _ = mend.already_there([(ACCOUNT, THERE)], {ACCOUNT: WANTED}, {"resources": [{**RENAMED, "delete": True}]})
    assert [each.urn for each in free] == [ACCOUNT]


def test_an_up_that_google_refuses_because_of_another_name_says_so_and_imports_nothing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_state(project, resources=[RENAMED])
    refused_as_there(project)
    assert lifecycle.up(project, "x", yes=True) == 255
    assert [call.split()[0] for call in updates(project)] == ["up"]
    assert "pulumi.Alias" in capsys.readouterr().out


def test_every_named_type_of_the_committed_stacks_can_be_taken_over() -> None:
    from coursecloud import plan, stackfile

    types = {
        resource.type
        for stack, path in stackfile.every(ROOT)
        for resource in plan.make(stack, path, ROOT).resources
        if resource.custom
    }
    without = {kind for kind in types if kind not in import_ids()} - NAMED_BY_GOOGLE
    assert not without, "add their import ids to coursecloud/data/import-ids.json"


NAMED_BY_GOOGLE: set[str] = set()
"""Types whose second attempt makes another one, under another id."""


def lock(project: Path, **more: object) -> Path:
    folder = project / ".pulumi-state/.pulumi/locks/organization/coursecloud/x"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "1.json"
    held = {"pid": os.getpid(), "username": "ada", "hostname": socket.gethostname(), "timestamp": "2026-11-23T09:00"}
    path.write_text(json.dumps(held | more))
    return path


@pytest.mark.parametrize("more", [{}, {"hostname": "another", "pid": 2**22 + 1}, {"pid": 0}, {"pid": "who knows"}])
def test_a_stack_that_somebody_works_on_is_left_alone(project: Path, more: dict[str, object]) -> None:
    lock(project, **more)
    with pytest.raises(lifecycle.RefusedError, match=r"(?s)ada on .*pulumi cancel --stack x"):
        lifecycle.up(project, "x", yes=True)
    assert updates(project) == []


def test_the_lock_of_a_process_that_died_is_lifted(project: Path) -> None:
    with subprocess.Popen(["true"]) as died:
        pass
    lock(project, pid=died.pid)
    assert lifecycle.down(project, "x", yes=True) == 0
    assert updates(project) == ["cancel --stack x --yes", "destroy --stack x --exclude-protected --yes --skip-preview"]


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_lock_that_cannot_be_read_is_left_to_pulumi(project: Path, text: str) -> None:
    lock(project).write_text(text)
    assert lifecycle.down(project, "x", yes=True) == 0
    assert updates(project) == ["destroy --stack x --exclude-protected --yes --skip-preview"]


def test_a_process_that_has_ended_and_was_not_asked_how_holds_no_lock(project: Path) -> None:
    with subprocess.Popen(["true"]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        lock(project, pid=ended.pid)
        assert lifecycle.down(project, "x", yes=True) == 0
    assert updates(project)[0] == "cancel --stack x --yes"


@pytest.mark.parametrize(("left", "copy", "restored"), [("", "{}", True), ('{"vers', "{}", True), ("", "{", False)])
def test_a_state_that_was_cut_off_while_it_was_written_comes_back_from_its_copy(
    project: Path, left: str, copy: str, restored: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project / ".pulumi-state/.pulumi/stacks/coursecloud"
    folder.mkdir(parents=True)
    (folder / "x.json").write_text(left)
    (folder / "x.json.bak").write_text(copy)
    lifecycle.down(project, "x", yes=True)
    assert (folder / "x.json").read_text() == (copy if restored else left)
    assert ("half written" in capsys.readouterr().out) is restored


def test_a_whole_state_is_never_exchanged_for_its_copy(project: Path) -> None:
    folder = project / ".pulumi-state/.pulumi/stacks/coursecloud"
    folder.mkdir(parents=True)
    (folder / "x.json").write_text('{"version": 3}')
    (folder / "x.json.bak").write_text("{}")
    lifecycle.down(project, "x", yes=True)
    assert json.loads((folder / "x.json").read_text()) == {"version": 3}


def test_a_note_that_was_cut_off_beside_the_state_goes_and_a_whole_one_stays(project: Path) -> None:
    folder = project / ".pulumi-state/.pulumi/stacks/coursecloud"
    folder.mkdir(parents=True)
    for name, text in {"x.json": "{}", "x.json.attrs": "", "x.json.bak": "{}", "x.json.bak.attrs": "{}"}.items():
        (folder / name).write_text(text)
    assert lifecycle.down(project, "x", yes=True) == 0
    assert sorted(path.name for path in folder.iterdir()) == ["x.json", "x.json.bak", "x.json.bak.attrs"]

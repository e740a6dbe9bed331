"""Who updated a stack last: the decision, and the object and the note that it is taken from."""

import datetime
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from coursecloud.deploy import last_update
from coursecloud.deploy.cloud import escaped
from coursecloud.deploy.last_update import Here, Marker, Note, Older, Same, UnknownUpdate
from coursecloud.deploy.store_readers import MARKER
from infra.settings import load
from tests.coursecloud import deployed
from tests.coursecloud.deployed import BUCKET, PROJECT, Deployed
from tests.project import ROOT

ADA = Here("dev", "file:///home/ada/course/.pulumi-state", "ada", "laptop")
BOB = Here("dev", "file:///home/bob/course/.pulumi-state", "bob", "desktop")
SHARED = "gs://my-project-pulumi"
LAST = Marker("2", "1", "2026-11-27T20:36:18+00:00", "up", ADA.user, ADA.host, ADA.backend)
NOW = datetime.datetime(2026, 11, 27, 21, 0, tzinfo=datetime.UTC)
SAME, OLDER, UNKNOWN = Same, Older, UnknownUpdate


@pytest.mark.parametrize(
    ("marker", "note", "here", "empty", "verdict"),
    [
        # Nothing in the cloud tells.
        (None, None, ADA, True, UNKNOWN),
        (None, Note("1", "2"), ADA, False, UNKNOWN),
        # The note knows the update: it ended, or was cut off before or after the cloud was told.
        (LAST, Note("2", "2"), ADA, False, SAME),
        (LAST, Note("1", "2"), ADA, False, SAME),
        (LAST, Note("2", "3"), ADA, False, SAME),
        # A folder that moved together with its note is the same state.
        (LAST, Note("2", "2"), BOB, False, SAME),
        # A copy, or a restored backup, that has missed the update.
        (LAST, Note("1", "1"), BOB, False, OLDER),
        (LAST, Note("1", "1"), ADA, False, OLDER),
        (LAST, Note("", "1"), ADA, True, OLDER),
        # No note: lost with the state by whoever made it, or never there.
        (LAST, None, ADA, True, SAME),
        (LAST, None, replace(ADA, backend="file:///home/ada/again/.pulumi-state"), True, SAME),
        (LAST, None, ADA, False, SAME),
        (LAST, None, replace(ADA, backend="file:///home/ada/again/.pulumi-state"), False, OLDER),
        (LAST, None, replace(ADA, host="other"), True, OLDER),
        (LAST, None, replace(ADA, user="other"), True, OLDER),
        (LAST, None, BOB, True, OLDER),
        (LAST, None, BOB, False, OLDER),
        # A shared state is one for all, whoever they are.
        (replace(LAST, state=SHARED), None, replace(BOB, backend=SHARED), False, SAME),
        (replace(LAST, state=SHARED), None, replace(BOB, backend=SHARED), True, SAME),
        (replace(LAST, state=SHARED), None, ADA, True, OLDER),
        (replace(LAST, state=SHARED), Note("1", "1"), ADA, False, OLDER),
        (replace(LAST, state=SHARED), None, replace(ADA, backend="gs://another"), False, OLDER),
        # It was moved from a folder into a bucket: by whoever had it, with what is in it.
        (LAST, None, replace(ADA, backend=SHARED), False, SAME),
        (LAST, None, replace(ADA, backend=SHARED), True, OLDER),
        (LAST, None, replace(ADA, backend=SHARED, host="other"), False, OLDER),
        (LAST, None, replace(ADA, backend=SHARED, user="other"), False, OLDER),
        (LAST, None, replace(BOB, backend=SHARED), False, OLDER),
    ],
)
def test_which_state_made_the_last_update(
    marker: Marker | None, note: Note | None, here: Here, empty: bool, verdict: type
) -> None:
    assert type(last_update.compare(marker, note, here, empty_state=empty)) is verdict


def older(marker: Marker, here: Here, *, empty: bool = False) -> str:
    found = last_update.compare(marker, None, here, empty_state=empty)
    assert isinstance(found, Older)
    return found.text


def test_an_older_state_is_told_with_who_when_where_and_how_to_go_on() -> None:
    text = older(LAST, BOB)
    assert text.splitlines()[0] == (
        "the last update of stack dev was made by ada on laptop;"
        f" the state in {BOB.backend} is an older copy, or another"
    )
    assert f"coursecloud up of 2026-11-27 20:36 UTC by ada on laptop, with the state in {ADA.backend}" in text
    assert "pulumi stack export --stack dev" in text
    assert text.endswith("say --mine")
    assert "holds nothing of it" in older(LAST, BOB, empty=True)


def test_a_state_that_lives_in_a_bucket_is_told_with_its_address() -> None:
    text = older(replace(LAST, state=SHARED), ADA)
    assert text.startswith(
        f"the state of stack dev lives in {SHARED}, and this command would work with {ADA.backend}\n"
    )
    assert "pulumi stack export" not in text


def test_what_a_stranger_wrote_there_steers_nobody() -> None:
    """Whoever may write into the bucket may write the object; a reader copies commands from what is printed."""
    text = older(replace(LAST, user="x\x1b[31m\n    remedy  run this", command="up; rm -rf ~", time="\nnever"), BOB)
    assert "rm -rf" not in text
    assert "\x1b" not in text
    assert [line for line in text.splitlines() if line.startswith("    remedy  run this")] == []
    assert "an update of never by x\\u001b[31m remedy run this" in text


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("file://.pulumi-state", "file:///project/.pulumi-state"),
        ("file:///srv/state/", "file:///srv/state"),
        ("gs://bucket/", "gs://bucket"),
        ("gs://bucket/folder?access=secret", "gs://bucket/folder"),
        ("https://name:secret@api.example.com/org", "https://api.example.com/org"),
    ],
)
def test_an_address_is_one_however_it_is_written_and_has_no_password(url: str, address: str) -> None:
    assert last_update.address_of(url, Path("/project")) == address


def test_here_is_where_the_process_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    monkeypatch.setattr("socket.gethostname", lambda: "laptop")
    assert last_update.here("dev", "file://.pulumi-state", Path("/home/ada/course")) == ADA

    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 1234")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert last_update.here("dev", SHARED, Path("/")) == Here("dev", SHARED, "somebody", "laptop")


@pytest.fixture
def stack() -> Iterator[Deployed]:
    yield from deployed.deploy()


@pytest.mark.parametrize(
    ("storage", "bucket"),
    [
        ({}, BUCKET),
        ({"data": {"existing": "ours"}}, BUCKET.replace("data", "models")),
        ({"data": {"existing": "ours"}, "models": {"existing": "ours-too"}}, BUCKET.replace("data", "staging")),
    ],
)
def test_the_bucket_is_the_stacks_own_and_never_the_groups(storage: dict[str, Any], bucket: str) -> None:
    settings = load({"gcp:project": PROJECT, "coursecloud:storage": storage}, "dev", ROOT)
    assert last_update.bucket_of(settings) == bucket


def updated(stack: Deployed, folder: Path | None, here: Here, command: str = "up") -> last_update.Update:
    """Make an update as a command does: look, begin, end."""
    last, said = last_update.read_marker(stack.cloud, BUCKET)
    assert said == ""
    update, said = last_update.begin(stack.cloud, BUCKET, folder, last, command=command, here=here, now=NOW)
    assert said == ""
    assert last_update.end(stack.cloud, update) == ""
    return update


def verdict(stack: Deployed, folder: Path | None, here: Here, *, empty: bool = False) -> type:
    marker, _ = last_update.read_marker(stack.cloud, BUCKET)
    return type(last_update.compare(marker, last_update.read_note(folder, "dev"), here, empty_state=empty))


def test_updates_of_one_state_follow_each_other(stack: Deployed, tmp_path: Path) -> None:
    assert verdict(stack, tmp_path, ADA) is UnknownUpdate
    first = updated(stack, tmp_path, ADA)
    assert verdict(stack, tmp_path, ADA) is Same
    second = updated(stack, tmp_path, ADA, "down")
    assert verdict(stack, tmp_path, ADA) is Same
    marker, _ = last_update.read_marker(stack.cloud, BUCKET)
    assert marker == second.marker
    assert marker is not None
    assert marker.previous == first.marker.id
    assert (marker.command, marker.time, marker.state) == ("down", "2026-11-27T21:00:00+00:00", ADA.backend)
    assert json.loads((tmp_path / ".coursecloud/dev.json").read_text(encoding="utf-8")) == {
        "last": second.marker.id,
        "next": second.marker.id,
    }


def test_a_copy_that_has_missed_an_update_is_older(stack: Deployed, tmp_path: Path) -> None:
    mine, copied = tmp_path / "mine", tmp_path / "copied"
    updated(stack, mine, ADA)
    (copied / ".coursecloud").mkdir(parents=True)
    (copied / ".coursecloud/dev.json").write_bytes((mine / ".coursecloud/dev.json").read_bytes())
    assert verdict(stack, copied, BOB) is Same
    updated(stack, copied, BOB)
    assert verdict(stack, mine, ADA) is Older
    assert verdict(stack, copied, BOB) is Same


@pytest.mark.parametrize("cut", ["after the note", "after the object", "before the end", "in the end"])
def test_an_update_that_was_cut_off_makes_no_stranger_of_its_state(stack: Deployed, tmp_path: Path, cut: str) -> None:
    updated(stack, tmp_path, ADA)
    for _ in range(3):  # and not either when that happens again and again
        last, _ = last_update.read_marker(stack.cloud, BUCKET)
        if cut == "after the note":
            stack.emulator.use({"faults": [{"match": "storage.objects.insert", "status": 503, "count": 0}]})
        update, _ = last_update.begin(stack.cloud, BUCKET, tmp_path, last, command="up", here=ADA)
        if cut == "in the end":
            stack.cloud.write_object(BUCKET, MARKER, json.dumps(vars(update.marker)).encode())
        stack.emulator.use({})
        assert verdict(stack, tmp_path, ADA) is Same
        marker, _ = last_update.read_marker(stack.cloud, BUCKET)
        assert marker is not None
        assert (marker.id == update.marker.id) == (cut != "after the note")


def test_one_cut_off_before_the_cloud_was_told_after_one_that_had_told_it(stack: Deployed, tmp_path: Path) -> None:
    updated(stack, tmp_path, ADA)
    last, _ = last_update.read_marker(stack.cloud, BUCKET)
    first, _ = last_update.begin(stack.cloud, BUCKET, tmp_path, last, command="up", here=ADA)
    last, _ = last_update.read_marker(stack.cloud, BUCKET)
    assert last == first.marker
    stack.emulator.use({"faults": [{"match": "storage.objects.insert", "status": 503, "count": 0}]})
    last_update.begin(stack.cloud, BUCKET, tmp_path, last, command="up", here=ADA)
    stack.emulator.use({})
    assert verdict(stack, tmp_path, ADA) is Same


def test_a_shared_state_needs_no_note(stack: Deployed, tmp_path: Path) -> None:
    updated(stack, None, replace(ADA, backend=SHARED))
    assert verdict(stack, None, replace(BOB, backend=SHARED)) is Same
    assert verdict(stack, tmp_path, BOB) is Older
    assert list(tmp_path.iterdir()) == []


def test_without_its_note_an_update_is_not_noted_in_the_cloud(stack: Deployed, tmp_path: Path) -> None:
    """The object's new id would be one that the note of this very state does not know."""
    updated(stack, tmp_path, ADA)
    before, _ = last_update.read_marker(stack.cloud, BUCKET)
    note = tmp_path / ".coursecloud/dev.json"
    note.chmod(0o400)
    note.parent.rename(tmp_path / "away")
    (tmp_path / ".coursecloud").write_text("a file", encoding="utf-8")
    update, said = last_update.begin(stack.cloud, BUCKET, tmp_path, before, command="up", here=ADA)
    assert said.startswith("not noted beside the state that it is the newest: ")
    assert last_update.end(stack.cloud, update) == ""
    assert last_update.read_marker(stack.cloud, BUCKET) == (before, "")


def test_a_bucket_that_is_not_there_is_no_reason_to_speak(stack: Deployed, tmp_path: Path) -> None:
    update, said = last_update.begin(stack.cloud, "another-bucket", tmp_path, None, command="up", here=ADA)
    assert (said, last_update.end(stack.cloud, update)) == ("", "")
    assert last_update.read_marker(stack.cloud, "another-bucket") == (None, "")
    # The bucket that an `up` has made is there at its end.
    update, _ = last_update.begin(stack.cloud, "another-bucket", tmp_path, None, command="up", here=ADA)
    stack.cloud.call("POST", "storage", "b", parameters={"project": PROJECT}, body={"name": "another-bucket"})
    assert last_update.end(stack.cloud, update) == ""
    assert last_update.read_marker(stack.cloud, "another-bucket")[0] == update.marker


def test_a_new_project_in_which_nothing_is_switched_on_is_no_reason_either(stack: Deployed, tmp_path: Path) -> None:
    stack.emulator.world.projects[PROJECT].services.discard("storage.googleapis.com")
    assert last_update.read_marker(stack.cloud, BUCKET) == (None, "")
    update, said = last_update.begin(stack.cloud, BUCKET, tmp_path, None, command="up", here=ADA)
    assert (said, last_update.end(stack.cloud, update)) == ("", "")


def test_what_google_refuses_is_said_in_one_line(stack: Deployed, tmp_path: Path) -> None:
    stack.emulator.use({"deny": {"emulator-token": ["storage.objects.*"]}})
    marker, said = last_update.read_marker(stack.cloud, BUCKET)
    assert marker is None
    assert said.startswith("not read: who updated this stack last: Google answers 403")
    update, said = last_update.begin(stack.cloud, BUCKET, tmp_path, None, command="up", here=ADA)
    assert said.startswith("not noted in the cloud who updated this stack last, so that another's older state is not")
    assert len(said.splitlines()) == 1
    assert last_update.end(stack.cloud, update) == said


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff", b'{"id": "1"}', b'{"id": 1, "id": 2}', b"[" * 3000, b"x" * 5000],
)
def test_what_is_no_object_of_ours_tells_nothing(stack: Deployed, content: bytes) -> None:
    stack.upload(MARKER, content)
    assert last_update.read_marker(stack.cloud, BUCKET)[0] is None


def test_texts_of_any_length_are_not_ours(stack: Deployed) -> None:
    stack.upload(MARKER, json.dumps({**vars(LAST), "user": "u" * 301}).encode())
    assert last_update.read_marker(stack.cloud, BUCKET) == (None, "")
    stack.upload(MARKER, json.dumps({**vars(LAST), "more": "is no harm"}).encode())
    assert last_update.read_marker(stack.cloud, BUCKET) == (LAST, "")
    assert last_update.read_note(None, "dev") is None


def test_what_is_written_can_be_read_again_however_long(stack: Deployed, tmp_path: Path) -> None:
    updated(stack, tmp_path, replace(ADA, user="u" * 1000))
    assert verdict(stack, tmp_path, ADA) is Same


def test_the_object_keeps_no_versions_and_no_bucket(stack: Deployed, tmp_path: Path) -> None:
    stack.upload("work", b"1")
    stack.upload("work", b"2")
    for _ in range(3):
        updated(stack, tmp_path, ADA)
    listed = stack.cloud.get("storage", f"b/{BUCKET}/o", versions="true")["items"]
    assert sorted(each["name"] for each in listed) == [MARKER, "work", "work"]
    for each in listed:  # as the provider empties a bucket that may go
        where = {"generation": each["generation"]}
        stack.cloud.call("DELETE", "storage", f"b/{BUCKET}/o/{escaped(each['name'])}", parameters=where)
    stack.cloud.call("DELETE", "storage", f"b/{BUCKET}")


def test_a_version_that_cannot_be_taken_away_stops_nothing(stack: Deployed, tmp_path: Path) -> None:
    stack.emulator.use({"deny": {"emulator-token": ["storage.objects.delete"]}})
    updated(stack, tmp_path, ADA)
    updated(stack, tmp_path, ADA)
    assert verdict(stack, tmp_path, ADA) is Same

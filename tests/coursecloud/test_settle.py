"""What an update that was cut off leaves: its open operations end, and what it had made is taken over."""

from __future__ import annotations

from typing import Any

import pytest

from coursecloud.deploy import checkpoint, consent, lifecycle
from coursecloud.plan.import_ids import form
from tests.coursecloud.faked import DOWN, FINISH, UP, Fake, Said, answer
from tests.coursecloud.told import begun, bucket, done, error, planned, resource
from tests.project import ROOT

Json = dict[str, Any]
PARENT = "urn:pulumi:x::coursecloud::coursecloud:infra:Training::training"
WANTED: Json = {
    **resource("gcp:serviceaccount/account:Account", "training-account", under="Training", accountId="x-training"),
    "parent": PARENT,
}
WANTED["inputs"]["project"] = "some-project-1"
ACCOUNT: str = WANTED["urn"]
IDENTITY = "projects/some-project-1/serviceAccounts/x-training@some-project-1.iam.gserviceaccount.com"
IMPORTED = {
    "nameTable": {"parent0": PARENT},
    "resources": [{"type": WANTED["type"], "name": "training-account", "id": IDENTITY, "parent": "parent0"}],
}
THERE = "Error creating service account: googleapi: Error 409: Service account x-training already exists"
REFUSED = answer(begun("create", None, WANTED), error(THERE, ACCOUNT), code=255)
"""How an up ends when Google has the account already."""
TAKEN = answer(done("import", None, WANTED), state=[WANTED])
MAKING = {"type": "creating", "resource": WANTED}
RENAMED: Json = {**WANTED, "urn": ACCOUNT.replace("training-account", "old-account")}


class TestOpen:
    """Operations that were begun and never ended."""

    @pytest.mark.parametrize(("command", "last"), [("up", UP), ("down", DOWN), ("finish", FINISH)])
    def test_what_was_being_made_is_taken_over_first(self, fake: Fake, said: Said, command: str, last: str) -> None:
        going = {"type": "deleting", "resource": bucket("going", called="going")}
        fake.holds(pending_operations=[MAKING, going])
        fake.answers("import", TAKEN)
        assert fake.run(command) == 0
        assert fake.commands[:2] == ["stack", "import"]
        assert fake.changes[-1] == last
        settled = fake.file("stack import")["deployment"]
        assert "pending_operations" not in settled
        assert fake.file("import") == IMPORTED
        lines = said.lines()
        assert lines[0] == (
            "The last update was cut off while it worked on Bucket going, Account training-account."
            " Looking at what came of it."
        )
        assert lines[1] == "Taken over, because Google has it already: Account training-account"

    def test_what_is_not_there_is_not_taken_over_and_the_rest_is(self, fake: Fake) -> None:
        other = bucket("data")
        fake.holds(pending_operations=[MAKING, {"type": "creating", "resource": other}])
        # Pulumi stops at the first that is not there: the second call asks for what is left, and finds nothing.
        fake.answers("import", answer(code=255, state=[other]), answer(code=255, state=[other]))
        assert fake.up() == 0
        assert fake.commands == ["stack", "import", "import", "up"]
        assert fake.file("import") == IMPORTED

    def test_a_take_over_is_no_work_of_this_command(self, fake: Fake, said: Said) -> None:
        fake.holds(pending_operations=[MAKING])
        fake.answers("import", TAKEN)
        assert fake.up() == 0
        assert "1 resources (no change)." in said()

    def test_what_was_changed_or_deleted_is_left_to_the_look(self, fake: Fake) -> None:
        held = bucket("data")
        fake.holds(held, pending_operations=[{"type": "updating", "resource": held}])
        assert fake.up() == 0
        assert fake.commands == ["stack", "up"]
        assert "preview --refresh" in fake.calls
        assert fake.state["resources"] == [held]

    def test_a_state_that_cannot_be_written_stops_it(self, fake: Fake) -> None:
        fake.holds(pending_operations=[MAKING])
        fake.answers("stack import", answer(code=255, errors="error: permission denied"))
        with pytest.raises(lifecycle.RefusedError, match=r"(?s)cannot be written: .*permission denied"):
            fake.up()
        assert fake.commands == ["stack"]

    def test_a_state_without_open_operations_is_left_alone(self, fake: Fake) -> None:
        fake.holds(WANTED)
        assert fake.down() == 0
        assert fake.changes == [DOWN]


class TestThere:
    """What Google has and the state lacks."""

    def test_it_is_taken_over_and_up_tried_again(self, fake: Fake) -> None:
        fake.answers("up", REFUSED)
        fake.answers("import", TAKEN)
        assert fake.up() == 0
        assert fake.commands == ["up", "import", "up"]
        assert fake.file("import") == IMPORTED
        assert fake.changes[1].startswith("import --file ")
        assert fake.changes[1].endswith("--protect=false --generate-code=false --yes --skip-preview")

    def test_what_no_read_tells_does_not_make_it_anew(self, fake: Fake) -> None:
        wanted = resource("gcp:vertex/aiEndpoint:AiEndpoint", "endpoint", under="Training", name="7", region="r", a="b")
        read: Json = {**wanted, "inputs": {"name": "7", "a": "c"}, "outputs": {"region": None}}
        wanted["inputs"]["project"] = read["inputs"]["project"] = "some-project-1"
        wanted["inputs"]["location"] = "r"
        fake.answers("up", answer(begun("create", None, wanted), error("it already exists", wanted["urn"]), code=255))
        fake.answers("import", answer(done("import", None, read), state=[read]))
        anew = planned("replace", read, wanted)
        anew["resourcePreEvent"]["metadata"]["keys"] = ["region"]
        fake.answers(
            "preview", answer(planned("create", None, wanted)), answer(anew), answer(planned("update", read, wanted))
        )
        assert fake.up() == 0
        assert fake.commands == ["up", "import", "stack", "up"]
        (written,) = fake.file("stack import")["deployment"]["resources"]
        assert written["inputs"] == {
            "name": "7",
            "a": "c",
            "project": "some-project-1",
            "region": "r",
        }  # what the read did tell stays a difference

    @pytest.mark.parametrize("side", ["inputs", "outputs"])
    def test_what_a_read_tells_otherwise_is_not_written_over(self, fake: Fake, side: str) -> None:
        told = {"name": "7", "project": "some-project-1", "location": "r"}
        wanted = resource("gcp:vertex/aiEndpoint:AiEndpoint", "endpoint", under="Training", **told, region="r")
        read: Json = {**wanted, "inputs": told, "outputs": {}}
        read[side] = {**read[side], "region": "other"}
        fake.answers("up", answer(begun("create", None, wanted), error("it already exists", wanted["urn"]), code=255))
        fake.answers("import", answer(done("import", None, read), state=[read]))
        anew = planned("replace", read, wanted)
        anew["resourcePreEvent"]["metadata"]["keys"] = ["region"]
        fake.answers("preview", answer(planned("create", None, wanted)), answer(anew))
        with pytest.raises(consent.StoppedError, match="--lose endpoint"):
            fake.up()
        assert fake.commands == ["up", "import"]

    @pytest.mark.parametrize(("answered", "commands"), [(True, ["up", "import", "up"]), (False, ["up"])])
    def test_without_yes_somebody_is_asked(self, fake: Fake, answered: bool, commands: list[str]) -> None:
        fake.answers("up", REFUSED)
        fake.answers("import", TAKEN)
        asked: list[str] = []

        def ask(text: str) -> bool:
            asked.append(text)
            return answered

        assert fake.up(yes=False, ask=ask) == (0 if answered else 1)
        assert fake.commands == commands
        assert f"training-account: {IDENTITY}" in asked[0]

    def test_the_same_thing_is_not_taken_over_twice(self, fake: Fake) -> None:
        fake.answers("up", REFUSED, REFUSED)
        fake.answers("import", answer(code=255))
        assert fake.up() == 1
        assert fake.commands == ["up", "import", "up"]

    def test_what_is_there_under_another_name_is_said_and_not_imported(self, fake: Fake, said: Said) -> None:
        fake.holds(RENAMED)
        fake.answers("up", REFUSED)
        assert fake.up() == 1
        assert fake.commands == ["up"]
        assert "pulumi.Alias" in said()


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
def test_only_what_has_a_known_name_can_be_taken_over(resource: Json, identity: str | None) -> None:
    found = checkpoint.half_made([{"type": "creating", "resource": {"urn": "a::b", **resource}}], {})
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
    free, twins = checkpoint.already_there([(ACCOUNT, text)], {ACCOUNT: WANTED}, {})
    assert [each.urn for each in free] == [ACCOUNT]
    assert twins == []


@pytest.mark.parametrize("text", ["Error 409: Concurrent policy changes", "Error 403: denied", "Error 503: busy"])
def test_another_refusal_is_no_reason_to_take_anything_over(text: str) -> None:
    assert checkpoint.already_there([(ACCOUNT, text)], {ACCOUNT: WANTED}, {}) == ([], [])


@pytest.mark.parametrize(
    "held", [RENAMED, {"urn": "x::y", "type": "gcp:some/other:Type", "id": IDENTITY, "inputs": {}}]
)
def test_what_any_urn_of_the_state_holds_is_never_taken_over(held: Json) -> None:
    state = {"resources": [held]}
    free, twins = checkpoint.already_there([(ACCOUNT, THERE)], {ACCOUNT: WANTED}, state)
    assert (free, [each.urn for each in twins]) == ([], [ACCOUNT])
    assert checkpoint.half_made([MAKING], state) == []


def test_what_only_waits_to_be_deleted_is_no_reason_to_leave_its_successor() -> None:
    free, _ = checkpoint.already_there(
        [(ACCOUNT, THERE)], {ACCOUNT: WANTED}, {"resources": [{**RENAMED, "delete": True}]}
    )
    assert [each.urn for each in free] == [ACCOUNT]


def test_every_named_type_of_the_committed_stacks_can_be_taken_over() -> None:
    from coursecloud.common import stack_file
    from coursecloud.plan import planning

    types = {
        resource.type
        for stack, path in stack_file.every(ROOT)
        for resource in planning.make(stack, path, ROOT).resources
        if resource.custom
    }
    without = {kind for kind in types if not form(kind)} - NAMED_BY_GOOGLE
    assert not without, "say their import ids in catalog/types"


NAMED_BY_GOOGLE: set[str] = set()
"""Types whose second attempt makes another one, under another id."""

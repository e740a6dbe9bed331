"""A machine that an edit needs running is started after asking; one that somebody protected is not half deleted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from coursecloud.deploy import lifecycle
from emulator.world import Resource
from tests.coursecloud.faked import DOWN, FINISH, PROJECT, UP, Fake, Said, answer
from tests.coursecloud.told import looked, machine, planned

Json = dict[str, Any]
ZONE = f"projects/{PROJECT}/zones/europe-west1-b"
PATH = f"{ZONE}/instances/x-workbench"
OUTSIDE: list[Json] = [{"subnetwork": "s", "accessConfigs": [{}]}]
INSIDE: list[Json] = [{"subnetwork": "s"}]
EDIT = "workbench must run for this edit, and does not. Start it, which bills by the hour"


def there(*, address: bool) -> Json:
    """Give the machine as a state, or as a plan, has it."""
    inputs: Json = {"name": "x-workbench", "project": PROJECT, "networkInterfaces": OUTSIDE if address else INSIDE}
    return {**machine("workbench", **inputs), "id": PATH}


class TestRunning:
    """Google changes some of a machine only while it runs."""

    @pytest.fixture(autouse=True)
    def body(self, fake: Fake) -> Iterator[Json]:
        """Have the machine there, stopped, and an edit that takes its address away."""
        before = fake.emulator.copy()
        body: Json = {"name": "x-workbench", "status": "TERMINATED", "zone": ZONE, "disks": [], "networkInterfaces": []}
        body["machineType"] = f"{ZONE}/machineTypes/e2-medium"
        fake.emulator.world.put(Resource("compute", PATH, "instances", body))
        fake.holds(there(address=True))
        fake.answers("preview --refresh", answer(planned("update", there(address=True), there(address=False))))
        yield body
        fake.emulator.use({})
        fake.emulator.restore(before)

    def asked(self, fake: Fake, *answers: bool) -> list[str]:
        """Run it for somebody who answers so; gives what was asked."""
        questions: list[str] = []
        given = iter(answers)

        def ask(question: str) -> bool:
            questions.append(question)
            return next(given)

        fake.up(yes=False, ask=ask)
        return questions

    def test_it_is_started_after_asking_and_before_the_update(self, fake: Fake, said: Said, body: Json) -> None:
        assert self.asked(fake, True, True) == ["Do it", EDIT]
        assert body["status"] == "RUNNING"
        assert fake.changes == [UP]
        assert "Started, because this edit needs it running: workbench" in said.lines()

    def test_yes_is_a_yes(self, fake: Fake, body: Json) -> None:
        assert fake.up() == 0
        assert body["status"] == "RUNNING"

    def test_no_refuses_and_nothing_is_done(self, fake: Fake, body: Json) -> None:
        with pytest.raises(lifecycle.RefusedError) as caught:
            self.asked(fake, True, False)
        first, second, *rest = str(caught.value).splitlines()
        assert first == "up of stack x stopped before it touched anything: workbench: not started"
        assert "workbench" in second
        assert "works only while the machine runs" in rest[0]
        assert "gcloud compute instances start x-workbench" in rest[1]
        assert body["status"] == "TERMINATED"
        assert fake.changes == []

    def test_one_that_runs_is_no_question(self, fake: Fake, body: Json) -> None:
        body["status"] = "RUNNING"
        assert self.asked(fake, True) == ["Do it"]
        assert fake.changes == [UP]

    def test_one_that_is_gone_is_left_to_the_update(self, fake: Fake) -> None:
        fake.emulator.world.drop(fake.emulator.world.resources[f"compute:{PATH}"])
        assert self.asked(fake, True) == ["Do it"]
        assert fake.changes == [UP]

    def test_an_edit_that_works_on_a_stopped_one_is_no_question(self, fake: Fake, body: Json) -> None:
        fake._write("answers", {})  # pyright: ignore[reportPrivateUsage]
        labelled = {**there(address=True), "inputs": {**there(address=True)["inputs"], "labels": {"a": "b"}}}
        fake.answers("preview --refresh", answer(planned("update", there(address=True), labelled)))
        assert self.asked(fake, True) == ["Do it"]
        assert body["status"] == "TERMINATED"

    def test_where_google_cannot_start_it_its_words_are_said_and_nothing_is_done(self, fake: Fake, body: Json) -> None:
        full = {"match": "compute.instances.start", "operation": "ZONE_RESOURCE_POOL_EXHAUSTED"}
        fake.emulator.use({"faults": [full]})
        with pytest.raises(lifecycle.RefusedError, match=r"workbench: .*ZONE_RESOURCE_POOL_EXHAUSTED"):
            fake.up()
        assert fake.changes == []
        assert body["status"] != "RUNNING"


class TestProtected:
    """What Google would refuse to delete half-way stops a deletion before it begins."""

    def look(self, fake: Fake, before: bool, now: bool) -> None:
        old, new = machine("workbench", deletionProtection=before), machine("workbench", deletionProtection=now)
        fake.holds(old)
        for command in ("refresh --preview-only", "preview --refresh"):
            fake.answers(command, answer(looked(old, new, "deletionProtection")))

    @pytest.mark.parametrize("command", ["down", "finish"])
    def test_a_machine_that_somebody_protected_is_named_with_the_way_out(self, fake: Fake, command: str) -> None:
        self.look(fake, before=False, now=True)
        with pytest.raises(lifecycle.RefusedError) as caught:
            fake.run(command)
        text = str(caught.value)
        assert text.splitlines()[0] == (
            f"{command} of stack x was not begun: somebody has protected Instance workbench from being deleted, by hand"
        )
        assert "--no-deletion-protection" in text
        assert "coursecloud up --stack x" in text
        assert fake.changes == []

    @pytest.mark.parametrize(("command", "last"), [("down", DOWN), ("finish", FINISH)])
    def test_a_protection_that_was_taken_off_is_no_obstacle(self, fake: Fake, command: str, last: str) -> None:
        self.look(fake, before=True, now=False)
        assert fake.run(command) == 0
        assert fake.changes == [last]

    def test_an_up_takes_it_off_without_a_question(self, fake: Fake, said: Said) -> None:
        self.look(fake, before=False, now=True)
        assert fake.up(yes=False) == 0
        assert said.lines()[0].startswith("Changed by hand; it is put back")
        assert fake.changes[-1] == UP

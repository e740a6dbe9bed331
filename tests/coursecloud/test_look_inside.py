"""What was opened by hand beside a stack is closed or said, and what would go is told with how much is in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from coursecloud.deploy import inspection, openings, reconcile
from coursecloud.deploy.openings import Opening, Openings
from coursecloud.diff import data_loss
from tests.coursecloud import days, deployed
from tests.coursecloud.deployed import BUCKET, PROJECT, READS, Deployed

STRANGER = "user:stranger@example.com"
HEAD = "OPENED by hand, beside what the stack declares:"


@pytest.fixture
def stack() -> Iterator[Deployed]:
    yield from deployed.deploy()


def opened(stack: Deployed) -> Openings:
    return openings.look(stack.cloud, stack.resources, PROJECT)


class TestBeside:
    """What no resource of the stack shows."""

    def test_yes_closes_it(self, stack: Deployed, tmp_path: Path) -> None:
        stack.grant("storage", f"b/{BUCKET}", READS, "allUsers", STRANGER)
        told = days.begin(stack, tmp_path, yes=True)
        assert reconcile.settle(told.day, [], opened(stack)) == []
        assert opened(stack).openings == ()
        assert told.day.done == [("closed", told.day.done[0][1])] * 2
        assert told.day.touched
        assert told.lines[0] == HEAD
        assert f"everybody on the internet (allUsers) has {READS}" in told.lines[1]
        assert len(told.lines) == 3

    def test_no_leaves_it_and_says_so(self, stack: Deployed, tmp_path: Path) -> None:
        stack.grant("storage", f"b/{BUCKET}", READS, "allUsers")
        asked: list[str] = []
        told = days.begin(stack, tmp_path, ask=lambda question: bool(asked.append(question)))
        reconcile.settle(told.day, [], opened(stack))
        assert asked == ["Put back what was opened"]
        assert told.lines[-1] == "Left as it is; each `up` asks again."
        assert len(opened(stack).openings) == 1
        assert not told.day.touched

    def test_what_google_refuses_to_close_is_said_with_the_command_and_the_rest_is_closed(
        self, stack: Deployed, tmp_path: Path
    ) -> None:
        stack.grant("storage", f"b/{BUCKET}", READS, "allUsers")
        stack.rule("wide-open", sourceRanges=["0.0.0.0/0"])
        stack.emulator.use({"deny": {"emulator-token": ["storage.buckets.setIamPolicy"]}})
        told = days.begin(stack, tmp_path, yes=True)
        beside = opened(stack)
        assert len(beside.openings) == 2
        reconcile.settle(told.day, [], beside)
        (refused,) = [at for at, line in enumerate(told.lines) if line.startswith("    NOT closed: ")]
        assert "Google answers 403" in told.lines[refused]
        assert told.lines[refused + 1].startswith("        remedy  gcloud storage buckets remove-iam-policy-binding")
        (left,) = opened(stack).openings
        assert left.grant, "the rule is gone, the grant is not"

    def test_what_only_people_can_close_is_said_and_no_question(self, stack: Deployed, tmp_path: Path) -> None:
        key = Opening("Account machines", "1 key that somebody made", "gcloud iam service-accounts keys delete 1")
        assert not key.closable
        asked: list[str] = []
        told = days.begin(stack, tmp_path, ask=lambda question: bool(asked.append(question)))
        reconcile.settle(told.day, [], Openings((key,), ()))
        assert asked == []
        assert told.lines == [
            HEAD,
            "    Account machines: 1 key that somebody made",
            f"        only you know what depends on it; this closes it: {key.command}",
        ]

    @pytest.mark.parametrize("number", [0, 1, 3])
    def test_what_could_not_be_read_is_said_each(self, stack: Deployed, tmp_path: Path, number: int) -> None:
        unread = tuple(f"not read: thing {each}: 403" for each in range(number))
        told = days.begin(stack, tmp_path)
        reconcile.settle(told.day, [], Openings((), unread))
        assert told.lines == list(unread)

    def test_much_of_it_is_one_line(self, stack: Deployed, tmp_path: Path) -> None:
        stack.emulator.use({"deny": {"emulator-token": ["*"]}})
        told = days.begin(stack, tmp_path)
        beside = opened(stack)
        assert len(beside.unread) > 3
        reconcile.settle(told.day, [], beside)
        (line,) = told.lines
        first = f"not read: {len(beside.unread)} things in which something may be open; the first: "
        assert line == first + beside.unread[0]


class TestInside:
    """How much is in what would go."""

    def told(self, stack: Deployed, root: Path, *, empty: bool) -> dict[str, str]:
        going = data_loss.in_state(stack.resources, protected=True)
        day = days.begin(stack, root, "down").day
        return {loss.name: str(loss) for loss in inspection.inside(day, stack.resources, going, empty=empty)}

    def test_an_evening_leaves_out_what_is_known_to_hold_nothing(self, stack: Deployed, tmp_path: Path) -> None:
        assert set(self.told(stack, tmp_path, empty=False)) == {"workbench-work"}
        stack.upload("work.csv", b"1234")
        said = self.told(stack, tmp_path, empty=False)
        assert said["data"] == f"Bucket data (gs://{BUCKET}): 1 object, 4 bytes"
        assert set(said) == {"data", "workbench-work"}

    def test_a_morning_names_it_too(self, stack: Deployed, tmp_path: Path) -> None:
        said = self.told(stack, tmp_path, empty=True)
        assert set(said) == {"data", "docker", "WANDB_API_KEY", "workbench-work"}
        assert said["data"].endswith("no object")
        assert said["docker"].endswith("no image")

    @pytest.mark.parametrize("empty", [True, False])
    def test_what_could_not_be_counted_is_never_nothing(self, stack: Deployed, tmp_path: Path, empty: bool) -> None:
        stack.emulator.use({"deny": {"emulator-token": ["*"]}})
        said = self.told(stack, tmp_path, empty=empty)
        assert set(said) == {"data", "docker", "WANDB_API_KEY", "workbench-work"}
        assert "all objects in it (not read: what is in" in said["data"]

    def test_what_was_not_to_go_is_not_counted(self, stack: Deployed, tmp_path: Path) -> None:
        start = len(stack.emulator.requests)
        assert inspection.inside(days.begin(stack, tmp_path, "down").day, stack.resources, []) == []
        assert stack.asked(start) == []

"""The conversation of `coursecloud init`: with what is typed given, and at a terminal of its own."""

import datetime
import os
import pty
import re
import select
import signal
import sys
from pathlib import Path

import pytest

from coursecloud.cli import init
from coursecloud.cli.init import ask
from coursecloud.cli.init.answers import QUESTIONS, proposals
from coursecloud.common import stack_file
from infra.settings import load

MINIMAL = {"project": "mlops-group-07", "group": "group-07"}


class TestAsking:
    """The conversation, without a terminal: what is typed, and what is said back."""

    def talk(
        self, typed: list[str], given: dict[str, str] | None = None, taken: str = ""
    ) -> tuple[dict[str, str], str]:
        said: list[str] = []
        replies = iter(typed)

        def read(proposed: str) -> str:
            said.append(f"[{proposed}]")
            return next(replies)

        answers = ask.ask(
            given or {},
            proposals(datetime.date(2026, 11, 23), "Europe/Copenhagen"),
            read=read,
            say=said.append,
            taken=lambda stack: [Path(f"Pulumi.{stack}.yaml")] if stack == taken else [],
        )
        assert next(replies, None) is None
        return dict(answers), "\n".join(said)

    def test_enter_takes_what_is_proposed_and_makes_a_valid_stack(self) -> None:
        answers, _ = self.talk(["mlops-group-07", "group-07"] + [""] * 9)
        assert answers["region"] == "europe-west1"
        assert (answers["starts"], answers["ends"]) == ("2026-11-23", "2026-12-21")
        assert (answers["credit"], answers["timezone"], answers["keep"]) == ("50 USD", "Europe/Copenhagen", "yes")
        assert init.refusals(answers) == []

    def test_a_wrong_answer_is_said_with_rule_and_remedy_and_asked_again(self) -> None:
        answers, said = self.talk(["My Project", "mlops-group-07", "group-07", "T5", "V100", "europe-west1"] + [""] * 8)
        assert "6 to 30 lower-case letters" in said
        assert "one of T4, V100" in said
        assert "there is no V100 in region europe-west1" in " ".join(said.split())
        assert answers["region"] == "europe-west4"

    def test_what_is_proposed_follows_what_was_answered(self) -> None:
        answers, _ = self.talk(["mlops-group-07", "group-07", "L4", "", "2027-01-04"] + [""] * 6)
        assert (answers["region"], answers["ends"]) == ("europe-west4", "2027-02-01")
        answers, _ = self.talk(["mlops-group-07", "group-07", "", "", "none"] + [""] * 6)
        assert (answers["starts"], answers["ends"]) == ("", "")

    def test_a_question_mark_says_what_the_key_does_and_costs(self) -> None:
        _, said = self.talk(["mlops-group-07", "group-07", "?"] + [""] * 9)
        assert "Changing it later: the machine is made anew" in " ".join(said.split())
        assert "Costs: each GPU bills" in " ".join(said.split())

    def test_what_cannot_be_left_out_is_asked_again(self) -> None:
        _, said = self.talk(["", "mlops-group-07", "group-07"] + [""] * 9)
        assert "cannot be without this" in said

    def test_a_group_whose_file_is_there_is_asked_again(self) -> None:
        answers, said = self.talk(["mlops-group-07", "old", "new"] + [""] * 9, taken="old")
        assert "Pulumi.old.yaml is there already" in said
        assert answers["group"] == "new"

    def test_a_group_whose_name_cannot_be_is_proposed_one_that_can(self) -> None:
        answers, said = self.talk(["mlops-group-07", "Gruppe 1"] + [""] * 10)
        assert "[gruppe-1]" in said
        assert answers["group"] == "gruppe-1"

    def test_what_an_evening_and_the_end_do_to_data_is_said_with_what_it_costs(self) -> None:
        _, said = self.talk(["mlops-group-07", "group-07"] + [""] * 9)
        words = " ".join(said.split())
        for each in ("`make down` removes machines and leaves data", "`make finish` deletes all of it",
                     "plain `pulumi destroy` refuses", "a day for the disk of 20 GB"):  # fmt: skip
            assert each in words

    def test_what_an_option_said_is_not_asked(self) -> None:
        answers, said = self.talk([""] * 9, given=MINIMAL)
        assert "Google Cloud project" not in said
        assert answers["project"] == "mlops-group-07"

    def test_every_line_fits_a_small_terminal(self) -> None:
        _, said = self.talk(["?", "X", "mlops-group-07", "?", "X Y", "group-07"] + ["?", ""] * 9)
        assert max(map(len, said.splitlines())) <= 80

    def test_every_question_has_a_key_that_explain_knows(self) -> None:
        for question in QUESTIONS:
            assert ask.more(question)


def _terminal(words: list[str], typed: list[bytes]) -> tuple[str, int]:
    """Run the command in a terminal of its own, and type a line each time it waits for one."""
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover - another process
        os.environ["COLUMNS"] = "80"
        # A shell's background job ignores Ctrl-C, and so would its children.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.execv(sys.executable, [sys.executable, "-m", "coursecloud", "init", *words])  # noqa: S606
    output, replies, last = b"", iter(typed), b""
    while True:
        # Ctrl-C just before the other side begins to read is not seen by it; a person presses it again.
        if not select.select([terminal], [], [], 5)[0]:
            os.write(terminal, last if last in (b"\x03", b"\x04") else b"")
            continue
        try:
            output += os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if re.search(rb"( >|\[Y/n\]:) $", output):
            output += b"\n"
            last = next(replies)
            os.write(terminal, last)
    return output.decode().replace("\r", ""), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_at_a_terminal_it_asks_shows_the_file_and_writes_it_after_a_yes(tmp_path: Path) -> None:
    typed = [b"mlops-group-07\n", b"Group 7\n", b"group-07\n", *[b"\n"] * 9, b"\n"]
    output, code = _terminal(["--folder", str(tmp_path)], typed)
    assert code == 0, output
    assert "the name of a stack has 1 to 40 letters" in output
    assert "Pulumi.group-07.yaml will be" in output
    assert "wrote Pulumi.group-07.yaml" in output
    content = stack_file.read("group-07", tmp_path / "Pulumi.group-07.yaml")
    assert load(content, "group-07", tmp_path).project == "mlops-group-07"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize("last", [b"\x03", b"\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_to_stop_in_the_middle_writes_nothing(last: bytes, tmp_path: Path) -> None:
    output, code = _terminal(["--folder", str(tmp_path)], [b"mlops-group-07\n", last])
    assert code == 2
    assert "Nothing was written." in output
    assert "Traceback" not in output
    assert list(tmp_path.iterdir()) == []

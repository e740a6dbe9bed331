"""The conversation about a first stack file: each answer is checked at once, and nothing is written by it."""

import datetime
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

from coursecloud.cli import init
from coursecloud.cli.init import costs
from coursecloud.cli.init.answers import QUESTIONS, Answers, Question, region_for, stack_of
from coursecloud.cli.init.forms import date_of, name_like

WELCOME = """\
A few questions, and your group's stack file is written. Nothing is created in the cloud by it.
Enter takes what stands in [brackets], ? says more, Ctrl-C stops and writes nothing."""


def ask(
    given: Answers,
    proposals: Mapping[str, str],
    *,
    read: Callable[[str], str],
    say: Callable[[str], None],
    taken: Callable[[str], list[Path]],
) -> Answers:
    """Ask what was not given; each answer again until the loader would take it.

    `read` gets what is proposed and gives what was typed, `say` shows a line or more, and `taken` lists the files
    that a stack would overwrite.
    """
    answers = dict(given)
    left = [question for question in QUESTIONS if question.name not in given]
    for number, question in enumerate(left, start=1):
        proposed = _proposed(question, answers, proposals)
        say(f"\n{number}/{len(left)}  {question.asks}")
        say(_wrapped(question.help))
        if costs := _costs(question, answers):
            say(_wrapped(costs))
        while question.name not in answers:
            typed = read(proposed).strip() or proposed
            if typed == "?":
                say(more(question))
            elif not typed and question.required:
                say(_wrapped("The file cannot be without this."))
            elif wrong := _wrong(question, answers | {question.name: _plain(typed, question)}, taken):
                say(wrong)
                proposed = (name_like(typed) if question.name == "group" else "") or proposed
            else:
                answers[question.name] = _plain(typed, question)
    return answers


def _costs(question: Question, answers: Answers) -> str:
    if question.name == "gpu":
        return costs.machines(answers)
    kept = costs.kept(answers) if question.name == "keep" else ""
    return f"What is kept costs {kept}." if kept else ""


def _plain(typed: str, question: Question) -> str:
    # Nothing kept over night is "no" to some, and no answer is "yes".
    return "" if typed.lower() in ("none", "-") and question.name != "keep" else typed


def _proposed(question: Question, answers: Answers, proposals: Mapping[str, str]) -> str:
    if question.name == "region":
        return region_for(answers)
    if question.name == "ends" and answers.get("starts"):
        return str(date_of(answers["starts"], "starts") + datetime.timedelta(weeks=4))
    return proposals.get(question.name, "") if question.name != "ends" else "none"


def _wrong(question: Question, answers: Answers, taken: Callable[[str], list[Path]]) -> str:
    found = [problem for _, problem in init.refusals(answers)]
    if not found and question.name == "group" and (files := taken(stack_of(answers))):
        names = " and ".join(file.name for file in files)
        return _wrapped(f"{names} is there already: take another name, or start again with --force to write it anew.")
    return "\n".join(_wrapped(f"{problem.rule}: {problem.remedy}") for problem in found)


def more(question: Question) -> str:
    """Say more of what an answer does: from the same words as `coursecloud explain`."""
    from coursecloud.cli import explain

    entry = explain.find(question.key)
    parts = [entry.description, f"Changing it later: {entry.changing}", f"Costs: {entry.costs}"]
    return "\n".join(map(_wrapped, parts))


def _wrapped(text: str) -> str:
    """Set a text under its question, in lines that fit a small terminal."""
    return textwrap.fill(text, 78, initial_indent=" " * 5, subsequent_indent=" " * 7, break_on_hyphens=False)

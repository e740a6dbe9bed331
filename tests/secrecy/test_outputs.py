"""A stack that holds a secret wherever one can stand is planned, checked, exported and reviewed: none is shown."""

import copy
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

import coursecloud.policy
from coursecloud.cli.application import app
from coursecloud.deploy import lifecycle
from coursecloud.plan import hiding, saved
from coursecloud.plan import planning as plans
from coursecloud.plan.json_form import to_json
from coursecloud.plan.planning import Plan
from coursecloud.plan.sdk import SECRET, SIGNATURE
from coursecloud.policy.example import machine, put
from coursecloud.review import json_form, markdown, page, report, terminal
from coursecloud.review.hiding import review as hide_review
from coursecloud.review.stacks import review
from infra.secrecy import HIDDEN
from infra.settings import load
from tests.project import ROOT
from tests.review.made import TODAY, reviewed
from tests.secrecy.forms import ACCOUNT, BODY, FORMS, HEX

LOWER = {
    "coursecloud:course": {"owner": HEX, "labels": {"key-of-wandb": HEX[::-1]}},
    "coursecloud:usage": {"groupsOnAccount": 2},
}
ENV = {
    "DB_PASSWORD": "hunter2-and-more",
    "SOME_URL": "postgres://me:sw0rdf1sh@db/x",
    "OTHER": "ghp_" + "zY9x" * 9,
    "API_KEY": "swordfish",
    "TOKEN": "two words 7",
    "KEYFILE": ACCOUNT,
}
PLANTED = [
    *(HEX, HEX[::-1], "hunter2-and-more", "sw0rdf1sh", "zY9xzY9x", "swordfish", "two words 7", BODY),
    *(
        telling
        for _, telling in (
            FORMS["Hugging Face"],
            FORMS["Google API key"],
            FORMS["Slack"],
            FORMS["AWS"],
            FORMS["GitLab"],
        )
    ),
    "c0ffee11" * 5,
]
"""What must stand nowhere."""


def config() -> dict[str, Any]:
    """Plant a secret in every place of a stack file where a value of that form is accepted."""
    made: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.full.yaml").read_text(encoding="utf-8"))["config"]
    made["coursecloud:course"] |= LOWER["coursecloud:course"]
    runner = made["coursecloud:machines"]["runner"]
    runner["container"] |= {"env": ENV, "args": ["--token", "swordfish", "--hub=" + FORMS["Hugging Face"][0]]}
    runner["labels"] = {"note": "c0ffee11" * 5}
    made["coursecloud:services"]["demo"]["env"] = {**ENV, "MAPS": FORMS["Google API key"][0]}
    made["coursecloud:builds"]["triggers"]["trainer"]["includedFiles"] = [FORMS["Slack"][0]]
    made["coursecloud:builds"]["triggers"]["checks"]["dockerfile"] = FORMS["AWS"][0]
    made["coursecloud:guardrails"]["exceptions"][0]["reason"] = f"we use {FORMS['GitLab'][0]} for that"
    made["coursecloud:machines"]["workbench"] |= {"maxRun": "2d", "maxRunReason": "me:" + FORMS["AWS"][0]}
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("stacks")
    (made / "Pulumi.leaky.yaml").write_text(yaml.safe_dump({"config": config()}), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def leaky(folder: Path) -> Plan:
    return plans.make("leaky", folder / "Pulumi.leaky.yaml", ROOT)


def run(*words: str) -> str:
    result = CliRunner().invoke(app, list(words), env={"COLUMNS": "300", "NO_COLOR": ""})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output + result.stderr


def shows_none(text: str) -> None:
    assert text
    # Nothing is lost by a break of a line.
    for form in (text, text.replace("\n", ""), "".join(text.split()), text.replace("\\n", "\n")):
        for part in PLANTED:
            assert part not in form


def test_the_planted_secrets_are_in_the_plan_itself(leaky: Plan) -> None:
    raw = json.dumps(to_json(leaky))
    assert [part for part in PLANTED if part not in raw] == []


@pytest.mark.parametrize(
    "command",
    [
        ["plan"],
        ["plan", "--json"],
        ["plan", "--check", "--json"],
        ["plan", "--all"],
        ["plan", "--all", "--csv"],
        ["cost"],
        ["cost", "--json"],
        ["cost", "--csv"],
        ["cost", "--all", "--csv"],
        ["check"],
        ["check", "--json"],
        ["check", "--sarif", "-"],
        ["export", "--format", "terraform-plan"],
    ],
    ids=" ".join,
)
def test_no_command_shows_one(command: list[str], folder: Path) -> None:
    one = [] if "--all" in command else ["--stack", "leaky"]
    shows_none(run(*command, "--folder", str(folder), *one))


def test_what_the_program_marks_is_hidden_wherever_it_stands(leaky: Plan) -> None:
    marked = {SIGNATURE: SECRET, "value": {"inner": ["rosebud 7"]}}
    made = dataclasses.replace(leaky, outputs={"x": [marked], "y": "said: rosebud 7"})
    assert hiding.plan(made).outputs == {"x": [{"$secret": True}], "y": f"said: {HIDDEN}"}


def test_what_is_hidden_is_said_to_be(folder: Path) -> None:
    shown = json.loads(run("plan", "--json", "--stack", "leaky", "--folder", str(folder)))
    assert shown["settings"]["course"]["owner"] == HIDDEN
    assert shown["settings"]["machines"]["runner"]["container"]["env"]["SOME_URL"] == f"postgres://me:{HIDDEN}@db/x"
    assert shown["settings"]["course"]["name"] == "mlops"


def forms(made: report.Review) -> str:
    from coursecloud.cli.render import console

    shown = console()
    shown.width = 200
    with shown.capture() as capture:
        shown.print(terminal.full(made))
    return "\n".join([capture.get(), json.dumps(json_form.to_json(made)), markdown.full(made), page.full(made)])


def test_no_form_of_a_review_shows_one(leaky: Plan) -> None:
    other = copy.deepcopy(config())
    other["coursecloud:course"]["owner"] = "ada"
    for before, after in ((None, leaky), (leaky, None)):
        shows_none(forms(hide_review(reviewed(before, after))))


def test_a_review_of_two_sides_shows_that_a_secret_changed_and_neither_of_them(leaky: Plan) -> None:
    edits = {
        "metadata.startup-script": "#!/bin/sh\nexport WANDB_API_KEY={}\n",
        "metadata.note": "{}",
        "labels.note": "{}",
    }
    for path, text in edits.items():
        old = machine(path, text.format(HEX))(leaky)
        new = machine(path, text.format("0123456789abcdef0123456789abcdef01234567"))(leaky)
        made = hide_review(reviewed(old, new))
        (stack,) = made.stacks
        assert [change.name for change in stack.changes] == ["workbench"]
        text = forms(made)
        shows_none(text)
        assert "0123456789abcdef0123" not in text
        assert HIDDEN in text
        assert hiding.ANOTHER in text


def test_saved_plans_are_compared_as_far_as_they_can_be_and_say_so(leaky: Plan) -> None:
    sides = [machine("metadata.note", value)(leaky) for value in (HEX, "c0ffee11" * 5)]
    old, new = (saved.read(json.loads(json.dumps(to_json(hiding.plan(side))))) for side in sides)
    stack = review("leaky", old, new, today=TODAY)
    assert not stack.changes
    assert ("workbench", "metadata") in stack.unseen
    # One side whole, as a working tree is: what is hidden on the other is no change.
    mixed = review("leaky", old, sides[1], today=TODAY)
    assert "workbench" not in {change.name for change in mixed.changes}
    assert ("workbench", "metadata") in mixed.unseen
    other = put("compute.Instance", "workbench", "metadata.note", "x " + HEX)(leaky)
    assert "workbench" in {change.name for change in review("leaky", old, other, today=TODAY).changes}


def test_a_message_of_an_older_program_is_not_believed_to_be_clean() -> None:
    text = yaml.safe_dump({"config": {"coursecloud:secrets": {"names": {"WANDB_API_KEY": "swordfish and more"}}}})
    said = "coursecloud:secrets.names.WANDB_API_KEY: 'swordfish and more'\n  write [swordfish and more]"
    assert "swordfish" not in hiding.deep(said, hiding.of_file(text))
    for key in ("gcp:credentials", "github:token"):
        text = yaml.safe_dump({"config": {key: "swordfish"}})
        assert "swordfish" not in hiding.deep("the value swordfish is wrong", hiding.of_file(text))


def test_every_secret_of_the_plan_is_a_violation_where_it_stands(leaky: Plan) -> None:
    found = [
        f for f in coursecloud.policy.check(leaky, TODAY) if f.rule.id in ("no-secret-values", "stack-file-no-secrets")
    ]
    names = {finding.name for finding in found if finding.violates}
    assert {"stack", "runner", "demo", "trainer"} <= names
    told = "\n".join(finding.message for finding in found)
    for path in ("course.owner", "course.labels.key-of-wandb", "guardrails.exceptions[0].reason", "maxRunReason"):
        assert path in told
    shows_none(told)


def test_up_refuses_before_anything_is_touched(leaky: Plan) -> None:
    with pytest.raises(lifecycle.RefusedError) as refused:
        lifecycle.no_secrets(ROOT, leaky.settings, TODAY)
    shows_none(str(refused.value))
    assert "coursecloud:course.owner holds what looks like a secret" in str(refused.value)
    for stack in ("dev", "gpu", "full"):
        content = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
        lifecycle.no_secrets(ROOT, load(content["config"], stack, ROOT), TODAY)


def test_a_plan_without_secrets_is_left_as_it_is() -> None:
    for stack in ("dev", "gpu", "full"):
        made = plans.make(stack, ROOT / f"Pulumi.{stack}.yaml", ROOT)
        assert hiding.plan(made) == made
        assert to_json(hiding.plan(made)) == to_json(made)
        assert not [f for f in coursecloud.policy.check(made, TODAY) if "secret" in f.rule.id and f.violates]
        assert dataclasses.replace(made) == made


@pytest.mark.parametrize("form", [[], ["--json"], ["--markdown"]], ids=" ".join)
def test_the_command_shows_none_even_of_plans_that_were_saved_with_them(
    form: list[str], leaky: Plan, tmp_path: Path
) -> None:
    new = machine("metadata.note", "x " + HEX)(leaky)
    for name, side in (("old", leaky), ("new", new)):
        (tmp_path / f"{name}.json").write_text(json.dumps(to_json(side)), encoding="utf-8")
    files = ["--base-plan", str(tmp_path / "old.json"), "--head-plan", str(tmp_path / "new.json")]
    shown = run("review", *files, "--html", str(tmp_path / "page.html"), "--fail-on", "violation", *form)
    shows_none(shown)
    shows_none((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert "workbench" in shown

"""What `coursecloud explain` says of a key, and what it proposes where there is no such key."""

import json
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from coursecloud.cli import explain, schema
from coursecloud.cli.application import app
from coursecloud.cli.schema import keys
from infra.settings.effects import EFFECTS
from infra.settings.model import SECTIONS
from tests.sweep import offenders

PLACES = [place for place, _ in keys.places(schema.build()["properties"]["config"])]


def run(*words: str, columns: int = 80) -> Result:
    return CliRunner().invoke(app, ["explain", *words], env={"COLUMNS": str(columns), "NO_COLOR": ""})


@pytest.mark.parametrize(
    "key",
    ["machines.trainer.gpu.count", "coursecloud:machines.trainer.gpu.count", "config.machines.trainer.gpu.count",
     "machines.*.gpu.count", " machines.x.gpu.count: "],
)  # fmt: skip
def test_a_key_is_found_however_it_is_written(key: str) -> None:
    found = explain.find(key)
    assert found.place == "coursecloud:machines.*.gpu.count"
    assert (found.type, found.default, found.limits) == ("whole number", 1, ("1 or more, at most 16",))
    assert found.effect == "loses"


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("maxRun", "coursecloud:machines.*.maxRun"),
        ("machines.trainer.fallbackZones[0]", "coursecloud:machines.*.fallbackZones"),
        ("guardrails.exceptions[2].until", "coursecloud:guardrails.exceptions.until"),
        ("network.subnets.europe-west4", "coursecloud:network.subnets.*"),
        ("gcp:zone", "gcp:zone"),
        ("encryptionsalt", "encryptionsalt"),
        ("machines.gpu", "coursecloud:machines.*.gpu"),
        ("machines.gpu.count", "coursecloud:machines.*.gpu.count"),
        ("machines.gpu.gpu.count", "coursecloud:machines.*.gpu.count"),
        ("machines.image.maxRun", "coursecloud:machines.*.maxRun"),
        ("machines.labels.gpu", "coursecloud:machines.*.labels.*"),
        ("services.image", "coursecloud:services.*.image"),
        ("builds.triggers.branch", "coursecloud:builds.triggers.*.branch"),
    ],
)
def test_other_ways_to_a_key_lead_to_it(key: str, place: str) -> None:
    assert explain.find(key).place == place


def test_a_key_without_the_name_in_front_of_it_is_not_taken_for_a_name() -> None:
    assert explain.find("machines.gpu").key == "coursecloud:machines.*.gpu"
    assert explain.find("machines.trainer").place == "coursecloud:machines.*"
    assert explain.find("machines.gpu.gpu").key == "coursecloud:machines.gpu.gpu"


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("machines.trainer.gpus.count", "machines.trainer.gpu.count"),
        ("machnes.trainer.max_run", "machines.trainer.maxRun"),
        ("lease.credit.amout", "lease.credit.amount"),
        ("leese", "lease"),
        ("max_run", "machines.*.maxRun"),
        ("gcp:zon", "gcp:zone"),
        ("timeout", "training.timeout"),
        ("machines.a.training.keepNewest", "storage.data.keepNewest"),
        ("lease.ends.soon", "lease.ends"),
        ("zone", "gcp:zone"),
    ],
)
def test_a_misspelt_key_gets_a_proposal_and_ends_with_code_2(key: str, meant: str) -> None:
    result = run(key, columns=200)
    assert result.exit_code == 2
    assert f"{key}: a stack file has no such key" in result.stderr
    assert meant in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("key", ["xyzzy", ".", "machines..gpu", "a" * 5000, "[", "gcp:", "²", "coursecloud:", "config"])
def test_nonsense_is_refused_or_explained_but_never_an_error(key: str) -> None:
    result = run(key)
    assert result.exit_code in (0, 2)
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    ("message", "title"),
    [
        ("GPUS_ALL_REGIONS", "The project may not have a GPU yet"),
        ("a long log\nexec /usr/local/bin/python: exec format error\n", "The image is for another processor"),
    ],
)
def test_a_message_is_explained_by_the_catalogue(message: str, title: str) -> None:
    result = run(message, columns=200)
    assert result.exit_code == 0
    assert result.output.startswith(title)
    assert "remedy" in result.output
    told = json.loads(run(message, "--json").stdout)["message"]
    assert told["title"] == title
    assert told.keys() == {"id", "title", "meaning", "remedy", "retry"}


def test_a_message_that_nobody_knows_is_repeated_and_said_to_be_unknown() -> None:
    result = run("the moon is in the way", columns=200)
    assert result.exit_code == 2
    assert result.stderr.startswith("the moon is in the way\n    rule    no key")
    assert "no message that is known is like this" in result.stderr


def test_every_key_is_explained_with_its_effect_and_its_costs() -> None:
    def unexplained(place: str) -> list[str]:
        found = explain.find(place)
        told = {
            "another key": found.place == place,
            "no description": found.description,
            "an unknown effect": found.effect in EFFECTS,
            "nothing of changing": found.changing,
            "nothing of costs": found.costs,
            "another key in its JSON": json.loads(json.dumps(found.to_json()))["key"] == place,
        }
        return [f"{place}: {what}" for what, right in told.items() if not right]

    assert offenders(unexplained, PLACES) == []


def test_every_key_is_shown_in_both_forms() -> None:
    def unshown(place: str) -> list[str]:
        shown, form = run(place), run(place, "--json")
        told = {
            f"ended with {shown.exit_code}, {shown.exception!r}": (shown.exit_code, shown.exception) == (0, None),
            "is not named": place in shown.output,
            "another key in its JSON": json.loads(form.output)["key"] == place,
        }
        return [f"{place}: {what}" for what, right in told.items() if not right]

    assert offenders(unshown, PLACES) == []


def test_an_example_stands_in_a_file_where_the_key_belongs() -> None:
    def misplaced(place: str) -> list[str]:
        found = explain.find(place)
        value: Any = yaml.safe_load(found.example)["config"]
        for part in place.split("."):
            value = next(iter(value.values())) if part == "*" else value[part]
        return [] if str(value) == str(found.examples[0]) else [f"{place}: {value} for {found.examples[0]}"]

    shown = [place for place in PLACES if explain.find(place).example]
    assert len(shown) > 100
    assert offenders(misplaced, shown) == []


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("key", [[], ["machines"], ["machines.trainer.machineType"], ["gcp:zone"], ["builds.triggers"]])
def test_no_line_is_wider_than_the_terminal(key: list[str], columns: int) -> None:
    result = run(*key, columns=columns)
    assert result.exit_code == 0
    assert max(map(len, result.output.splitlines())) <= columns
    assert "…" not in result.output


def test_without_a_key_every_section_is_listed() -> None:
    for section in SECTIONS:
        assert f"coursecloud:{section} " in run().output
    listed = json.loads(run("--json").output)["keys"]
    assert {entry["key"] for entry in listed} >= {"gcp:project", "coursecloud:machines"}


def test_a_key_is_shown_with_all_that_a_reader_asks() -> None:
    output = run("machines.trainer.gpu.model").output
    for word in ("type", "known", "T4", "changing", "can lose data", "costs", "example", "model: T4", "required"):
        assert word in output


def test_what_is_said_of_a_section_and_not_of_its_key_is_named_as_such() -> None:
    assert (explain.find("builds.triggers.a.branch").costs or "").startswith("as part of builds: ")
    assert not (explain.find("builds").costs or "").startswith("as part of")


def test_the_json_form_has_every_value_that_the_tables_know() -> None:
    form = json.loads(run("machines.x.machineType", "--json").output)
    assert len(form["values"]) > 100
    assert form["otherValues"]
    assert form["default"] == "e2-medium"
    assert form["changing"]["effect"] == "restarts"
    assert not json.loads(run("network.egress", "--json").output)["otherValues"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("budget", ["lease.credit", "lease.maxPerHour"]),
        ("VMs", ["machines"]),
        ("password", ["secrets.names"]),
        ("machines.trainer.preemptible", ["machines.*.spot"]),
        ("principals", ["team"]),
        ("xyzzy", ["machines", "lease", "storage", "sections"]),
    ],
)
def test_a_word_that_is_no_key_leads_to_the_keys_that_it_is_about(word: str, meant: list[str]) -> None:
    result = run(word)
    assert result.exit_code == 2
    for key in meant:
        assert key in result.stderr.partition("remedy")[2]


def test_every_other_word_leads_to_keys_that_there_are() -> None:
    for meant in explain._OTHER_WORDS.values():  # pyright: ignore[reportPrivateUsage]
        for key in meant:
            assert explain.find(key)

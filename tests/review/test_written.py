"""What a stack file says otherwise is named in the first line wherever nothing else tells it."""

import re
from pathlib import Path
from typing import Any

import pytest

from coursecloud.diff.changes import PropertyChange
from coursecloud.diff.property_diff import NOTHING, Hidden
from coursecloud.plan.planning import Plan
from coursecloud.review import code_run, settings_diff
from coursecloud.review.dangers import Kind
from coursecloud.review.report import Level
from tests.review import repository
from tests.review.conftest import Planner
from tests.review.made import INSTANCE, Config, resource, reviewed, whole
from tests.review.test_program import review


def _change(plan_of: Planner, path: str, value: object) -> tuple[Level, str]:
    def edit(config: Config) -> None:
        config["gcp:project"] = "some-project-1"
        at: Any = config
        *keys, last = path.split("|")
        for key in keys:
            at = at[key]
        if value is not None:
            at[last] = value

    found = reviewed(
        plan_of("full", lambda config: config.update({"gcp:project": "some-project-1"})), plan_of("full", edit), "full"
    )
    return found.level, found.sentence


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("coursecloud:services|demo|timeout", "1s", "updates 1 service; sets services.demo.timeout to 1s (5m before)"),
        ("coursecloud:services|demo|startupPath", "/x", "sets services.demo.startupPath to /x (none before)"),
        ("coursecloud:machines|trainer|fallbackZones", ["europe-west1-b"], "sets machines.trainer.fallbackZones"),
    ],
)
def test_a_key_that_no_danger_tells_is_named(plan_of: Planner, path: str, value: object, said: str) -> None:
    level, sentence = _change(plan_of, path, value)
    assert level is Level.FINE
    assert sentence.endswith(said)


def test_beside_what_is_graver_no_key_takes_room(plan_of: Planner) -> None:
    level, sentence = _change(plan_of, "coursecloud:lease|maxPerHour", 90)
    assert level is Level.LOOK
    assert "; sets" not in sentence


@pytest.mark.parametrize(
    ("sides", "said"),
    [
        ((True, False), "a.b to false (true before)"),
        ((NOTHING, 3), "a.b to 3 (none before)"),
        ((Hidden(None), Hidden("x")), "a.b"),
        (("it is fine: merge", "x"), "a.b"),
        (("x", "y" * 31), "a.b"),
        (("x`", "y"), "a.b"),
    ],
)
def test_a_value_that_could_be_a_sentence_or_a_secret_is_left_to_the_details(sides: tuple[Any, Any], said: str) -> None:
    assert settings_diff.headline([PropertyChange("a.b", *sides)]) == said


def test_a_path_that_somebody_made_a_sentence_of_is_named_by_its_section() -> None:
    changes = [PropertyChange('usage["all is well"].x', 1, 2), *(PropertyChange(f"a.b{n}", 1, 2) for n in range(4))]
    assert settings_diff.headline(changes) == "usage, a.b0, a.b1 and 2 more"
    assert settings_diff.headline([PropertyChange("usage.all is well", 1, 2), changes[1]]) == "something of usage, a.b0"


@pytest.mark.parametrize(
    ("was", "will", "said"),
    [
        ("encryptionsalt: a\n", "encryptionsalt: b\n", "is another: .* fails with 'incorrect passphrase'"),
        ("encryptionsalt: a\n", "", "goes: .* fails"),
        ("", "encryptionsalt: b\n", "comes: from now on"),
        ("encryptionsalt: a\n", "encryptionsalt: a # b\n", None),
    ],
)
def test_another_salt_shuts_what_was_encrypted(tmp_path: Path, was: str, will: str, said: str | None) -> None:
    repo = repository.made(tmp_path / "repo")
    text = (repo.root / "Pulumi.one.yaml").read_text(encoding="utf-8")
    repo.write("Pulumi.one.yaml", f"{was}{text}")
    base = repo.commit()
    repo.write("Pulumi.one.yaml", f"{will}{text}")
    found = review(repo, base=base, head=repo.commit())
    told = "\n".join(danger.text for danger in found.dangers)
    if said is None:
        assert "encryptionsalt" not in told
    else:
        assert "changes its guards" in found.sentence
        assert re.search(said, told)


def test_a_machine_that_comes_tells_what_it_runs_at_its_end() -> None:
    machine = resource(INSTANCE, "m", {"metadata": {"startup-script": "a", "shutdown-script": "b"}})
    assert code_run.brought(machine, ["m"]) == ["metadata.shutdown-script"]
    # One that the program brings beside the stack file has nothing of the stack's.
    assert code_run.brought(machine, ["other"]) == ["metadata.shutdown-script", "metadata.startup-script"]


def test_what_runs_otherwise_is_said_with_both_sides_and_nothing_that_is_not_there() -> None:
    def service(image: str, *env: dict[str, str]) -> Plan:
        container = {"image": image, "envs": list(env)}
        return whole(resource("gcp:cloudrunv2/service:Service", "s", {"template": {"containers": [container]}}))

    before = service("ours/app:1")
    (told,) = [each.text for each in reviewed(before, service("docker.io/evil/x:1")).dangers if each.kind is Kind.RUNS]
    assert told.endswith(": template.containers[].image is `docker.io/evil/x:1` and was `ours/app:1`")
    more = service("ours/app:1", {"name": "MODE", "value": "x"})
    (told,) = [each.text for each in reviewed(before, more).dangers if each.kind is Kind.RUNS]
    assert "envs[].value" in told
    assert "secretKeyRef" not in told

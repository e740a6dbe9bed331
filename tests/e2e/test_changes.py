"""What each edit of a stack file does, by the real provider's word, and what the review of a change says of it."""

import copy
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, cast

import pytest

from coursecloud.cli import schema
from coursecloud.cli.schema import keys
from coursecloud.deploy import lifecycle
from coursecloud.diff.changes import Change, Operation
from coursecloud.diff.comparison import compare
from coursecloud.plan import planning
from coursecloud.plan.planning import Plan
from emulator.world import Resource
from tests.e2e.conftest import PROJECT, Project, Record
from tests.e2e.edits import NOT_TRIED, Edit, base, edits, together
from tests.project import ROOT

Config = dict[str, Any]
BASE: Config = {
    "gcp:project": "rehearsal-project-1",
    "gcp:region": "europe-west4",
    "coursecloud:training": {"enabled": False},
    "coursecloud:machines": {
        "trainer": {
            "machineType": "n1-standard-4",
            "gpu": {"model": "T4"},
            "spot": True,
            "zone": "europe-west4-b",
            "startupScript": "starter/setup.sh",
        }
    },
}
EDITS: dict[str, tuple[Config, dict[str, str]]] = {
    "nothing": ({}, {}),
    "machine type": ({"machineType": "n1-standard-8"}, {"trainer": "update"}),
    "boot disk grows": ({"bootDisk": {"sizeGb": 80}}, {"trainer": "update"}),
    "data disk grows": ({"dataDisk": {"sizeGb": 40}}, {"trainer-work": "update"}),
    "data disk shrinks": ({"dataDisk": {"sizeGb": 10}}, {"trainer": "replace", "trainer-work": "replace"}),
    "labels": ({"labels": {"team": "a"}}, {"trainer": "update", "trainer-work": "update"}),
    "start-up script": ({"startupScript": None, "dataDisk": {}}, {"trainer": "update"}),
    "run limit": ({"maxRun": "4h"}, {"trainer": "replace"}),
    "another GPU count": ({"gpu": {"model": "T4", "count": 2}}, {"trainer": "replace"}),
    "no GPU": ({"gpu": None, "image": "deep-learning"}, {"trainer": "replace"}),
    "not Spot": ({"spot": False, "onDemandGpu": True}, {"trainer": "replace"}),
    "zone": ({"zone": "europe-west4-c"}, {"trainer": "replace", "trainer-work": "replace"}),
    "no data disk": ({"dataDisk": None}, {"trainer": "update", "trainer-work": "delete"}),
}
"""Each edit of the machine, and what happens to which resource of it; everything else stays."""


def edited(changes: Config) -> Config:
    config = copy.deepcopy(BASE)
    config["coursecloud:machines"]["trainer"] |= changes
    return config


def operations(project: Project) -> dict[str, str]:
    steps: list[dict[str, Any]] = json.loads(project.pulumi("preview", "--json", "--stack", "x").stdout)["steps"]
    found = {step["urn"].rpartition("::")[2]: step["op"] for step in steps if step["op"] != "same"}
    return {name: op for name, op in found.items() if name != "coursecloud-x"}


@pytest.mark.long
def test_every_edit_of_a_machine_does_what_the_settings_say_and_settles(project: Project) -> None:
    project.stack_file("x", BASE)
    assert project.pulumi("stack", "init", "x").returncode == 0
    assert project.pulumi("up", "--yes", "--skip-preview", "--stack", "x").returncode == 0
    for name, (changes, expected) in EDITS.items():
        project.stack_file("x", edited(changes))
        assert {"edit": name, **operations(project)} == {"edit": name, **expected}
    # Google shrinks no boot disk in place, so nothing comes after the one that grows.
    for name in sorted(EDITS, key="boot disk grows".__eq__):
        project.stack_file("x", edited(EDITS[name][0]))
        done = project.pulumi("up", "--yes", "--skip-preview", "--stack", "x")
        assert done.returncode == 0, f"{name}: {done.stdout}"
        project.unchanged("x")


# Every key of the stack file, beside those of a machine above.

STACK = "x"


def leaves() -> set[str]:
    """Name the places of the schema that have no keys below them, without those that nothing deployed follows."""
    config = schema.build()["properties"]["config"]
    places = {place.partition(":")[2] for place, _ in keys.places(config) if ":" in place}
    inner = {place for place in places if not any(other.startswith(f"{place}.") for other in places)}
    return {place.removesuffix(".*") for place in inner if not place.startswith(("usage", "guardrails", "prices"))}


def test_each_key_of_the_stack_file_has_an_edit() -> None:
    tried = {edit.place for edit in edits()}
    covered = {place for place in leaves() for edit in tried if place == edit or place.startswith(f"{edit}.")}
    assert leaves() - covered - set(NOT_TRIED) == set()


def planned(project: Project, config: Config) -> Plan:
    project.stack_file(STACK, config)
    return planning.make(STACK, project.root / f"Pulumi.{STACK}.yaml", ROOT)


def changes(before: Plan, after: Plan, *, unseen: bool = False) -> dict[tuple[str, str], Change]:
    """What the review says: by type and name of each resource that does not stay as it is.

    With `unseen`, also of what stays as far as the review sees.
    """
    return {
        (change.resource.type, change.name): change
        for change in compare(before.resources, after.resources)
        if change.operation not in (Operation.SAME, Operation.RENAME) or (unseen and change.unseen)
    }


def chosen(project: Project) -> dict[tuple[str, str], str]:
    """What the provider says: the operation by type and name of each resource that does not stay as it is."""
    done = project.pulumi("preview", "--json", "--stack", STACK)
    said = json.loads(done.stdout)
    errors = [entry["message"] for entry in said.get("diagnostics", ()) if entry["severity"] == "error"]
    assert done.returncode == 0, "\n".join(errors) + done.stderr[-1000:]
    steps = cast("list[dict[str, Any]]", said["steps"])
    found: dict[tuple[str, str], str] = {}
    for step in steps:
        kind, _, name = step["urn"].rpartition("::")
        kind = kind.rpartition("::")[2].rpartition("$")[2]
        if step["op"] in ("same", "read") or not kind.startswith("gcp:"):
            continue
        operation = "replace" if "replace" in step["op"] else step["op"]
        found[kind, name] = "replace" if found.get((kind, name)) == "replace" else operation
    return found


def differences(predicted: Mapping[tuple[str, str], Change], given: Mapping[tuple[str, str], str]) -> list[str]:
    """List where the two do not agree; of a value that only the run knows, the review says that it may change.

    It says so of what stays the same as far as it sees, too (`not compared ...`): who comes in by
    the federation holds the pool's number, which Google gives.
    """
    wrong: list[str] = []
    for key in sorted({*predicted, *given}):
        said = str(predicted[key].operation) if key in predicted else "same"
        does = given.get(key, "same")
        open_ = key in predicted and all(entry.at_run for entry in predicted[key].properties)
        unseen = key in predicted and said == "same" and bool(predicted[key].unseen)
        if said != does and not (open_ and does == "same") and not unseen:
            wrong.append(f"{key[0].rpartition(':')[2]} {key[1]}: predicted {said}, provider {does}")
    return wrong


def unsettled(project: Project) -> list[str]:
    """Say what the next preview or refresh would change, where there should be nothing."""
    found: list[str] = []
    for command in (["preview"], ["refresh", "--preview-only"]):
        done = project.pulumi(*command, "--expect-no-changes", "--stack", STACK, "--non-interactive", "--diff")
        if done.returncode:
            found += [f"{command[0]}: {line.strip()}" for line in done.stdout.splitlines() if line.strip()[:1] in "~+-"]
    return found


def given_beforehand(project: Project) -> None:
    """Make what people make by hand: the connection to GitHub, and the secret's first version."""
    path = f"projects/{PROJECT}/locations/europe-west4/connections/github"
    body = {"name": path, "installationState": {"stage": "COMPLETE"}, "githubConfig": {}}
    project.emulator.world.put(Resource("cloudbuild", path, "projects/locations/connections", body))
    secret = f"projects/{PROJECT}/secrets/{STACK}-WANDB_API_KEY"
    version = {"name": f"{secret}/versions/1", "state": "ENABLED"}
    project.emulator.world.put(Resource("secretmanager", f"{secret}/versions/1", "projects/secrets/versions", version))


def packs(project: Project) -> list[list[Edit]]:
    """Put edits that touch different resources together.

    What is kept is protected from the next edit's replacement, and Google takes no larger boot disk back: these last.
    """
    start = planned(project, base())
    keeping = [edit for edit in edits() if edit.path[-1] == "keep"]
    others = [edit for edit in edits() if edit.path[-1] != "keep"]
    found = list(together({edit: changes(start, planned(project, edit.into(base()))) for edit in others}))
    last = [pack for pack in found if any(edit.path[-2:] == ("bootDisk", "sizeGb") for edit in pack)]
    return [*(pack for pack in found if pack not in last), keeping, *last]


@pytest.mark.long
def test_every_edit_does_what_the_review_of_it_says_and_settles(project: Project, record_property: Record) -> None:
    before = planned(project, base())
    assert lifecycle.up(project.root, STACK, yes=True) == 0
    given_beforehand(project)
    wrong: dict[str, list[str]] = {}
    operations: Counter[str] = Counter()
    tried = packs(project)
    for pack in tried:
        config = base()
        for edit in pack:
            config = edit.into(config)
        after = planned(project, config)
        predicted, given = changes(before, after, unseen=True), chosen(project)
        operations.update(given.values())
        if found := differences(predicted, given):
            wrong[", ".join(edit.place for edit in pack)] = found
        # What holds data goes only by name, and here all of it may.
        going = {name for (_, name), operation in given.items() if operation in ("replace", "delete")}
        assert lifecycle.up(project.root, STACK, yes=True, lose=going) == 0, [edit.place for edit in pack]
        if found := unsettled(project):
            wrong[f"after {', '.join(edit.place for edit in pack)}"] = found
            assert project.pulumi("refresh", "--yes", "--skip-preview", "--stack", STACK).returncode == 0
            assert lifecycle.up(project.root, STACK, yes=True) == 0
        before = after
    project.note(
        record_property,
        {"edits": len(edits()), "steps": len(tried), "operations": dict(operations), "disagreements": wrong},
    )
    assert wrong == {}
    project.emulator.world.resources.pop(
        f"cloudbuild:projects/{PROJECT}/locations/europe-west4/connections/github", None
    )
    assert lifecycle.finish(project.root, STACK) == 0
    assert project.emulator.remaining() == []

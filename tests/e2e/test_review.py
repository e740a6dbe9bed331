"""What a review predicts of a change that touches every component, against the word of the real engine and provider."""

import copy
import json
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from coursecloud.diff.changes import Change, Operation
from coursecloud.diff.comparison import compare
from coursecloud.diff.matching import key_of
from coursecloud.plan import planning as plans
from coursecloud.plan.planning import Plan
from tests.e2e.conftest import Project

Config = dict[str, Any]
Step = dict[str, Any]


def every_component(config: Config) -> None:
    """Change something in each component, in place and not."""
    section = {name.removeprefix("coursecloud:"): value for name, value in config.items()}
    section["course"]["group"] = "others"
    section["lease"]["stopSchedule"] = "0 21 * * *"
    section["network"]["subnets"] |= {"europe-west4": "10.10.0.0/19", "europe-west1": "10.10.32.0/24"}
    section["storage"] |= {"location": "EU", "staging": {"days": 9}}
    section["registry"] |= {"python": False, "keepNewest": 7}
    section["secrets"]["names"]["OTHER_KEY"] = ["machines", "training"]
    section["builds"]["repository"]["name"] = "other-repository"
    section["builds"]["triggers"].pop("release")
    section["services"]["backend"].pop("deployedBy")
    section["machines"]["workbench"] |= {"machineType": "e2-standard-4", "dataDisk": {"sizeGb": 20}}
    section["machines"]["trainer"] |= {"gpu": None, "image": "deep-learning", "maxRun": "4h"}
    section["machines"]["runner"] |= {"spot": False, "container": {"image": "trainer:v2"}}
    section["training"] |= {"prediction": False, "endpoint": False}
    section["services"] = {"demo": {"memory": "2Gi", "secrets": ["WANDB_API_KEY"]}, "frontend": {}}
    section["github"]["repositoryId"] = 987654321
    section["team"]["members"] = ["group:mlops-group-08@googlegroups.com"]


def narrower(config: Config) -> None:
    """Replace a subnet that machines are in."""
    config["coursecloud:network"]["subnets"]["europe-west4"] = "10.10.0.0/22"


def another_zone(config: Config) -> None:
    """Move a machine with its disk."""
    config["coursecloud:machines"]["trainer"] |= {"zone": "europe-west4-c", "fallbackZones": []}


def another_region(config: Config) -> None:
    """Move everything."""
    config["gcp:region"] = "europe-west1"
    config["coursecloud:network"]["subnets"]["europe-west1"] = "10.10.16.0/20"
    config["coursecloud:machines"]["trainer"] |= {"zone": "europe-west1-b", "fallbackZones": []}


def without_github(config: Config) -> None:
    """Remove a component."""
    del config["coursecloud:github"]


EDITS: tuple[Callable[[Config], None], ...] = (
    every_component,
    narrower,
    another_zone,
    another_region,
    without_github,
)


def kept(config: Config, *, keep: bool) -> Config:
    """Protect every store, or none."""
    new = copy.deepcopy(config)
    for name in ("storage", "registry", "secrets", "github"):
        new[f"coursecloud:{name}"]["keep"] = keep
    new["coursecloud:machines"]["workbench"]["dataDisk"]["keep"] = keep
    return new


def planned(project: Project, config: Config) -> Plan:
    project.stack_file("full", config)
    return plans.make("full", project.root / "Pulumi.full.yaml", project.root)


def preview(project: Project) -> tuple[dict[str, Step], subprocess.CompletedProcess[str]]:
    """Ask the engine; the step of each resource that does not stay, by key.

    A resource that goes, and refers to one that is deleted before it comes anew, is deleted together with that one.
    The engine calls such a step `delete-replaced` and lists it only when it is asked for every step.
    """
    done = project.pulumi("preview", "--json", "--show-replacement-steps", "--stack", "full")
    steps: list[Step] = json.loads(done.stdout)["steps"]
    found: dict[str, Step] = {}
    for step in steps:
        resource: dict[str, Any] = step.get("newState") or step.get("oldState") or {}
        if (
            not resource.get("custom")
            or "::pulumi:providers:" in step["urn"]
            or step["op"] in ("same", "create-replacement")
        ):
            continue
        key = key_of(step["urn"])
        if step["op"] == "delete-replaced":
            found.setdefault(key, {**step, "op": "delete"})
        else:
            found[key] = step
    return found, done


def top(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def has(inputs: Mapping[str, Any], path: str) -> bool:
    value: Any = inputs
    for key in path.replace("[", ".").replace("]", "").split("."):
        try:
            value = value[key if isinstance(value, dict) else int(key)]
        except (KeyError, IndexError, TypeError, ValueError):
            return False
    return True


def told(step: Step, change: Change) -> set[str]:
    """Take the reasons that the engine gives and a program can have caused.

    When a machine is replaced, the provider adds the reason `bootDisk`, because of a property that it computes
    (`resourceManagerTags`) and no program has given.
    """
    found = set[str](step.get("replaceReasons") or ())
    details: dict[str, dict[str, str]] = step.get("detailedDiff") or {}
    for reason in list(found):
        paths = [path for path, d in details.items() if top(path) == reason and "replace" in d["kind"]]
        given = [side.inputs for side in (change.before, change.after) if side]
        if paths and reason != "__meta" and not any(has(inputs, path) for inputs in given for path in paths):
            found.remove(reason)
    return found


def agree(step: Step | None, change: Change) -> str:
    """Say how the prediction and the engine disagree; empty where they agree."""
    real = step["op"] if step else "same"
    if real != change.operation:
        return f"{change.key}: the engine says {real}, the review {change.operation}"
    if step is None or change.operation is not Operation.REPLACE:
        return ""
    reasons, ours = told(step, change), {top(reason.property) for reason in change.reasons}
    if not reasons:
        # The engine gives none where a trigger fired or where a resource follows another.
        fine = any(reason.follows or reason.property == "replacementTrigger" for reason in change.reasons)
    elif "__meta" in reasons:
        # A rule with a condition fired: the provider does not say on which property.
        fine = bool(ours) and reasons - {"__meta"} <= ours
    else:
        fine = reasons == {top(reason.property) for reason in change.reasons if not reason.follows}
    return "" if fine else f"{change.key}: the engine's reasons are {reasons}, the review's {ours}"


@pytest.mark.long
def test_predicted_operations_and_reasons_are_those_of_the_engine(project: Project) -> None:
    committed: Config = yaml.safe_load((project.root / "Pulumi.full.yaml").read_text(encoding="utf-8"))["config"]
    protected, free = kept(committed, keep=True), kept(committed, keep=False)
    before = planned(project, protected)
    assert project.pulumi("stack", "init", "full").returncode == 0
    done = project.pulumi("up", "--yes", "--skip-preview", "--stack", "full")
    assert done.returncode == 0, done.stdout + done.stderr

    # What is protected and would be replaced is refused, by name.
    moved = copy.deepcopy(protected)
    moved["coursecloud:storage"]["location"] = "EU"
    refused = {c.resource.urn for c in compare(before.resources, planned(project, moved).resources) if c.refused}
    _, done = preview(project)
    said = [entry["message"] for entry in json.loads(done.stdout)["diagnostics"] if entry["severity"] == "error"]
    assert done.returncode != 0
    assert refused == {message.split('"')[1] for message in said if "unable to replace" in message}

    assert project.pulumi("state", "unprotect", "--all", "--yes", "--stack", "full").returncode == 0
    before = planned(project, free)
    steps, _ = preview(project)
    assert steps == {}
    for edit in EDITS:
        config = copy.deepcopy(free)
        edit(config)
        found = compare(before.resources, planned(project, config).resources)
        steps, done = preview(project)
        assert done.returncode == 0, done.stdout[-2000:]
        assert set(steps) <= {change.key for change in found}
        # What is unknown on both sides only the engine can compare: the review says so, and promises nothing.
        judged = [change for change in found if not (change.unseen and change.operation is Operation.SAME)]
        wrong = [text for change in judged if (text := agree(steps.get(change.key), change))]
        assert {"edit": edit.__name__, "wrong": wrong} == {"edit": edit.__name__, "wrong": []}
        assert any(step["op"] != "update" for step in steps.values())

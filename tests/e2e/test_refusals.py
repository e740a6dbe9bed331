"""Edits that cannot work, by the real engine's own preview: each is refused before anything is touched."""

import copy
import json
from collections.abc import Callable
from typing import Any

from coursecloud.diff.edits import of_preview
from coursecloud.diff.refusals import Kind, Refusal, headline
from coursecloud.diff.refusing import refused
from tests.e2e.conftest import PROJECT, Project

Config = dict[str, Any]
STACK = "x"
BASE: Config = {
    "gcp:project": PROJECT,
    "gcp:region": "europe-west4",
    "coursecloud:training": {"enabled": False},
    "coursecloud:storage": {"keep": True},
    "coursecloud:secrets": {"keep": True, "names": {"A_KEY": ["machines"]}},
    "coursecloud:machines": {
        "big": {"machineType": "e2-medium", "bootDisk": {"sizeGb": 60}, "dataDisk": {"sizeGb": 50}},
        "small": {"machineType": "e2-medium", "bootDisk": {"sizeGb": 20}, "dataDisk": {"sizeGb": 20, "keep": True}},
    },
}
Found = tuple[Kind, str, str | None]


def machines(config: Config) -> Config:
    return config["coursecloud:machines"]


def swapped(config: Config) -> None:
    big, small = machines(config)["big"], machines(config)["small"]
    config["coursecloud:machines"] = {"big": small | {"dataDisk": {"sizeGb": 20}}, "small": big}


EDITS: dict[str, tuple[Callable[[Config], object], set[Found]]] = {
    "nothing": (lambda _: None, set()),
    "the boot disk shrinks": (
        lambda c: machines(c)["big"]["bootDisk"].update(sizeGb=30),
        {(Kind.SHRINKS, "coursecloud:machines.big.bootDisk.sizeGb", None)},
    ),
    "the boot disk grows": (lambda c: machines(c)["big"]["bootDisk"].update(sizeGb=90), set()),
    "the data disk shrinks": (
        lambda c: machines(c)["big"]["dataDisk"].update(sizeGb=10),
        {(Kind.SHRINKS, "coursecloud:machines.big.dataDisk.sizeGb", "big-work")},
    ),
    "a kept disk shrinks": (
        lambda c: machines(c)["small"]["dataDisk"].update(sizeGb=10),
        {(Kind.PROTECTED, "coursecloud:machines.small.dataDisk.sizeGb", None)},
    ),
    "another zone": (
        lambda c: machines(c)["small"].update(zone="europe-west4-b"),
        {(Kind.PROTECTED, "coursecloud:machines.small.zone", None)},
    ),
    "a machine under another name": (
        lambda c: machines(c).update(other=machines(c).pop("small")),
        {(Kind.PROTECTED, "coursecloud:machines.small", None)},
    ),
    "swapped names": (swapped, {(Kind.SHRINKS, "coursecloud:machines.big.dataDisk.sizeGb", "big-work")}),
    "a secret under another name": (
        lambda c: c["coursecloud:secrets"].update(names={"B_KEY": ["machines"]}),
        {(Kind.PROTECTED, "coursecloud:secrets.names.A_KEY", None)},
    ),
    "another location": (
        lambda c: c["coursecloud:storage"].update(location="EU"),
        {(Kind.PROTECTED, "coursecloud:storage.location or gcp:region", None)},
    ),
    "no addresses": (
        lambda c: c.update({"coursecloud:network": {"egress": "nat"}}),
        {(Kind.RUNNING, "coursecloud:network.egress", None)},
    ),
    "another project": (
        lambda c: c.update({"gcp:project": "rehearsal-project-2"}),
        {(Kind.PROJECT, "gcp:project", None)},
    ),
}


def looked_at(project: Project, config: Config) -> tuple[int, list[Refusal]]:
    project.stack_file(STACK, config)
    words = ("preview", "--json", "--show-replacement-steps", "--non-interactive", "--stack", STACK)
    done = project.pulumi(*words)
    return done.returncode, refused(of_preview(json.loads(done.stdout)["steps"]))


def test_each_edit_that_cannot_work_is_found_in_the_engines_preview(project: Project) -> None:
    project.stack_file(STACK, BASE)
    assert project.pulumi("stack", "init", STACK).returncode == 0
    done = project.pulumi("up", "--yes", "--skip-preview", "--stack", STACK)
    assert done.returncode == 0, done.stdout + done.stderr
    for name, (edit, wanted) in EDITS.items():
        config = copy.deepcopy(BASE)
        edit(config)
        code, found = looked_at(project, config)
        assert {"edit": name, "found": {(each.kind, each.place, each.lose) for each in found}} == {
            "edit": name,
            "found": wanted,
        }
        # The engine stops by itself only at what is protected, and its preview has the steps all the same.
        assert not code or headline(found), name
    # What the engine lets pass, Google refuses: that is what the dated table knows.
    config = copy.deepcopy(BASE)
    EDITS["the boot disk shrinks"][0](config)
    project.stack_file(STACK, config)
    assert project.pulumi("up", "--yes", "--skip-preview", "--stack", STACK).returncode != 0

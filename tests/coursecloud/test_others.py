"""What Google has already is taken over only where its labels do not say that it is another's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coursecloud.common import stack_file
from coursecloud.deploy import checkpoint, recovery
from coursecloud.plan import import_ids, planning
from infra.names import labels
from tests.coursecloud import days, deployed
from tests.coursecloud.deployed import ACCOUNT, AREA, BUCKET, HERE, PLACE, PROJECT, REGION, REPOSITORY, SECRET, Deployed
from tests.coursecloud.faked import UP, Fake, Said, answer
from tests.coursecloud.told import begun, bucket, error
from tests.project import ROOT

Json = dict[str, Any]
PATHS = {
    "gcp:artifactregistry/repository:Repository": ("artifactregistry", f"{AREA}/repositories/{REPOSITORY}"),
    "gcp:cloudrunv2/service:Service": ("run", f"{AREA}/services/dev-demo"),
    "gcp:compute/disk:Disk": ("compute", f"{PLACE}/disks/dev-workbench-work"),
    "gcp:compute/instance:Instance": ("compute", f"{PLACE}/instances/dev-workbench"),
    "gcp:secretmanager/secret:Secret": ("secretmanager", f"{HERE}/secrets/{SECRET}"),
    "gcp:storage/bucket:Bucket": ("storage", f"b/{BUCKET}"),
    "gcp:vertex/aiEndpoint:AiEndpoint": ("aiplatform", f"{AREA}/endpoints/123456789"),
}
ACCOUNTS = "gcp:serviceaccount/account:Account"
THERE = "googleapi: Error 409: Your previous request to create the named bucket succeeded and you already own it."


def own(stack: str) -> Json:
    """Give the labels that the program writes onto what it makes."""
    return labels(course="mlops", group="", owner="", stack=stack, lease_end="none", own={})


@pytest.fixture
def stack() -> Iterator[Deployed]:
    for made in deployed.deploy():
        made.emulator.world.projects[PROJECT].services.add("aiplatform.googleapis.com")
        where = {"endpointId": "123456789"}
        body = {"displayName": "prediction"}
        made.cloud.call("POST", "vertexAi", f"{AREA}/endpoints", region=REGION, parameters=where, body=body)
        yield made


def found(kind: str) -> checkpoint.PendingResource:
    """Give what an update would take over: the one of its type."""
    path = f"{HERE}/serviceAccounts/{ACCOUNT}" if kind == ACCOUNTS else PATHS[kind][1].removeprefix("b/")
    return checkpoint.PendingResource(f"urn:pulumi:dev::coursecloud::{kind}::one", kind, path, "")


def labelled(stack: Deployed, kind: str, given: Json | None) -> None:
    """Have what is there carry these labels."""
    api, path = PATHS[kind]
    body = next(r.body for r in stack.emulator.world.resources.values() if (r.service, r.path) == (api, path))
    body.pop("labels", None)
    if given is not None:
        body["labels"] = given


@pytest.mark.parametrize("kind", PATHS)
class TestLabelled:
    """A type that takes labels tells whose it is."""

    @pytest.mark.parametrize("called", ["dev", "Dev.2", "UPPER_case-7"])
    def test_ones_own_is_taken_over(self, stack: Deployed, tmp_path: Path, kind: str, called: str) -> None:
        labelled(stack, kind, {**own(called), "more": "x"})
        told = days.begin(stack, tmp_path, called=called)
        assert recovery.own(told.day, [found(kind)]) == [found(kind)]
        assert told.lines == []

    @pytest.mark.parametrize(
        ("given", "whose"),
        [
            (own("prod"), "stack=prod"),
            ({"stack": "dev"}, "stack=dev"),
            ({"stack": "dev", "managed-by": "terraform"}, "managed-by=terraform, stack=dev"),
            ({"managed-by": "coursecloud"}, "managed-by=coursecloud"),
            ({"team": "research"}, "team=research"),
            ({}, "none"),
            (None, "none"),
        ],
    )
    def test_anothers_is_left_alone_and_said(
        self, stack: Deployed, tmp_path: Path, kind: str, given: Json | None, whose: str
    ) -> None:
        labelled(stack, kind, given)
        told = days.begin(stack, tmp_path)
        assert recovery.own(told.day, [found(kind)]) == []
        (line,) = told.lines
        assert line.startswith(f"{kind.rpartition(':')[2]} one: {found(kind).id} is there and not this stack's (its")
        assert whose in line
        assert line.endswith("it is left alone. Delete it, or give this stack another name")

    def test_what_cannot_be_read_is_told_by_its_name(self, stack: Deployed, tmp_path: Path, kind: str) -> None:
        labelled(stack, kind, own("prod"))
        stack.emulator.use({"deny": {"emulator-token": ["*"]}})
        told = days.begin(stack, tmp_path)
        assert recovery.own(told.day, [found(kind)]) == [found(kind)]


def test_what_takes_no_labels_is_told_by_its_name_and_not_asked_for(stack: Deployed, tmp_path: Path) -> None:
    start = len(stack.emulator.requests)
    assert recovery.own(days.begin(stack, tmp_path).day, [found(ACCOUNTS)]) == [found(ACCOUNTS)]
    assert stack.asked(start) == []


def test_of_several_each_is_told_apart(stack: Deployed, tmp_path: Path) -> None:
    first, second, *_ = PATHS
    labelled(stack, first, own("dev"))
    labelled(stack, second, own("prod"))
    told = days.begin(stack, tmp_path)
    assert recovery.own(told.day, map(found, (first, second, ACCOUNTS))) == [found(first), found(ACCOUNTS)]
    assert len(told.lines) == 1


def test_every_type_that_carries_labels_is_asked_for_them() -> None:
    carried: set[str] = set()
    for stack, path in stack_file.every(ROOT):
        for each in planning.make(stack, path, ROOT).resources:
            if each.custom and {"stack", "managed-by"} <= set(each.inputs.get("labels") or {}):
                carried.add(each.type)
    assert {kind for kind in carried if import_ids.form(kind)} == set(PATHS)


class TestUp:
    """Whoever runs `up` sees it, and nothing of another's comes into the state."""

    WANTED = bucket("data", called="some-project-1-x-data")

    @pytest.fixture(autouse=True)
    def theirs(self, fake: Fake) -> Iterator[None]:
        """Have another stack's bucket there."""
        before = fake.emulator.copy()
        body = {"name": "some-project-1-x-data", "labels": own("other")}
        self.bucket(fake, body)
        yield
        fake.emulator.restore(before)

    def bucket(self, fake: Fake, body: Json) -> None:
        from coursecloud.deploy.cloud import Cloud

        Cloud(fake.emulator.env(), {}).call("POST", "storage", "b", parameters={"project": "some-project-1"}, body=body)

    def test_a_refused_create_takes_nothing_over(self, fake: Fake, said: Said) -> None:
        fake.answers("up", answer(begun("create", None, self.WANTED), error(THERE, self.WANTED["urn"]), code=255))
        assert fake.up() == 1
        assert fake.changes == [UP]
        assert "Bucket data: some-project-1-x-data is there and not this stack's" in said()

    def test_what_was_being_made_is_not_taken_over_either(self, fake: Fake, said: Said) -> None:
        fake.holds(pending_operations=[{"type": "creating", "resource": self.WANTED}])
        assert fake.up() == 0
        assert fake.commands == ["stack", "up"]
        assert "some-project-1-x-data is there and not this stack's (its labels: " in said()

    @pytest.mark.parametrize("command", ["down", "finish"])
    def test_nor_by_a_deletion(self, fake: Fake, said: Said, command: str) -> None:
        fake.holds(pending_operations=[{"type": "creating", "resource": self.WANTED}])
        assert fake.run(command) == 0
        assert "import" not in fake.commands
        assert "it is left alone" in said()

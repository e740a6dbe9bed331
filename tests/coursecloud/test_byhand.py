"""What was changed by hand is said before anything is touched, and settled: never undone where it would lose files."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
import yaml

from coursecloud.deploy import lifecycle
from coursecloud.deploy.pulumi_cli import Pulumi
from infra.settings import load
from tests.coursecloud.faked import DOWN, UP, Fake, Said, answer
from tests.coursecloud.told import bucket, disk, error, looked, machine, planned, resource
from tests.machine import FOUND
from tests.project import ROOT

Json = dict[str, Any]
SMALL, LARGE = disk("workbench-work", 20), disk("workbench-work", 50)
OPEN = bucket("data", inputs={"versioning": {"enabled": False}})
CLOSED = bucket("data", inputs={"versioning": {"enabled": True}})
FOLLOW = "refresh --yes --skip-preview"
RULE = resource("gcp:compute/firewall:Firewall", "ssh", under="Network", sourceRanges=["35.235.240.0/20"])
WIDE = resource("gcp:compute/firewall:Firewall", "ssh", under="Network", sourceRanges=["0.0.0.0/0"])


def no(question: str) -> bool:
    """Answer a question."""
    return not question


def look(fake: Fake, *events: Json | list[Json], **more: Any) -> None:
    """Say what is in the state, by what the look finds it was, and what the look finds."""
    steps = [event for each in events if isinstance(each, list) for event in each[:1]]
    fake.holds(*(step["resourcePreEvent"]["metadata"]["old"] for step in steps))
    for command in ("preview --refresh", "refresh --preview-only"):
        fake.answers(command, answer(*events, **more))


class TestGone:
    """It is made anew by an up, and is no obstacle to an evening or to the end."""

    def test_an_up_forgets_it_and_plans_anew(self, fake: Fake, said: Said) -> None:
        look(fake, looked(machine("workbench"), None), looked(bucket("models"), bucket("models")))
        assert fake.up() == 0
        assert fake.changes == [f"{FOLLOW} --target {machine('workbench')['urn']}", UP]
        assert fake.calls.index("preview") > fake.calls.index(fake.changes[0]), "the first plan was of another state"
        assert said.lines()[:2] == ["GONE, deleted by hand; it is made anew by this update:", "    Instance workbench"]

    @pytest.mark.parametrize("command", ["down", "finish"])
    def test_deleting_forgets_it_first(self, fake: Fake, said: Said, command: str) -> None:
        look(fake, looked(machine("workbench"), None))
        assert fake.run(command) == 0
        assert fake.changes[0] == f"{FOLLOW} --target {machine('workbench')['urn']}"
        assert fake.commands == ["refresh", "destroy"]
        assert said.lines()[0] == "GONE, deleted by hand; it is no obstacle:"

    @pytest.mark.parametrize("command", ["up", "down", "finish"])
    def test_where_that_cannot_be_noted_nothing_else_is_done(self, fake: Fake, command: str) -> None:
        look(fake, looked(machine("workbench"), None))
        fake.answers("refresh", answer(error("could not write"), code=255))
        with pytest.raises(lifecycle.RefusedError, match=r"(?s)cannot be noted.*could not write"):
            fake.run(command)
        assert fake.commands == ["refresh"]


class TestGrown:
    """It stays, and the stack file says so from then on; a disk is never made anew for it."""

    def test_it_is_written_into_the_stack_file_before_the_plan(self, fake: Fake, said: Said) -> None:
        look(fake, looked(SMALL, LARGE, "size"), planned("replace", SMALL, SMALL))
        assert fake.up() == 0
        path = "coursecloud:machines.workbench.dataDisk.sizeGb"
        assert fake.changes == [f"config set --path {path} 50", f"{FOLLOW} --target {SMALL['urn']}", UP]
        assert fake.calls.index("preview") > fake.calls.index(fake.changes[1])
        assert said.lines()[:3] == [
            "GROWN by hand; it stays so, and is written into the stack file:",
            "    Disk workbench-work: size 20 -> 50",
            f"    Pulumi.x.yaml: {path} is 50 now",
        ]

    def test_a_kept_one_for_which_the_preview_fails_is_written_down_all_the_same(self, fake: Fake) -> None:
        fails = error("unable to replace resource as it is currently marked for protection", SMALL["urn"])
        look(fake, looked(SMALL, LARGE, "size"), fails, code=255)
        assert fake.up() == 0
        path = "coursecloud:machines.workbench.dataDisk.sizeGb"
        assert fake.changes == [f"config set --path {path} 50", f"{FOLLOW} --target {SMALL['urn']}", UP]

    def test_nothing_is_written_where_the_preview_fails_for_something_else(self, fake: Fake, said: Said) -> None:
        look(fake, looked(SMALL, LARGE, "size"), error("no such thing", bucket("data")["urn"]), code=255)
        assert fake.up() == 1
        assert fake.changes == []
        assert "no such thing" in said()

    def test_a_boot_disk_has_a_key_of_its_own(self, fake: Fake) -> None:
        def boot(size: int) -> Json:
            return machine("a-b", bootDisk={"initializeParams": {"size": size}})

        fake.stack_file("config: {gcp:project: some-project-1, coursecloud:machines: {a-b: {}}}\n")
        look(fake, looked(boot(10), boot(40), "bootDisk.initializeParams.size"))
        assert fake.up() == 0
        assert fake.changes[0] == "config set --path coursecloud:machines.a-b.bootDisk.sizeGb 40"

    @pytest.mark.parametrize("machines", ["{other: {}}", "{box-work: {bootDisk: {sizeGb: 90}, dataDisk: null}}"])
    def test_nothing_is_written_for_what_the_file_has_no_more_or_larger(self, fake: Fake, machines: str) -> None:
        def boot(size: int) -> Json:
            return machine("box-work", bootDisk={"initializeParams": {"size": size}})

        fake.stack_file(f"config: {{gcp:project: some-project-1, coursecloud:machines: {machines}}}\n")
        look(fake, looked(boot(20), boot(60), "bootDisk.initializeParams.size"))
        assert fake.up() == 0
        assert not [call for call in fake.changes if call.startswith("config")]

    def test_an_evening_says_it_and_leaves_the_file_alone(self, fake: Fake, said: Said) -> None:
        look(fake, looked(SMALL, LARGE, "size"))
        assert fake.down() == 0
        assert fake.changes == [DOWN]
        assert said.lines()[0] == "GROWN by hand; it is written into the stack file by the next `up`:"

    @pytest.mark.skipif(not shutil.which("pulumi", path=FOUND.get("PATH")), reason="no pulumi on PATH")
    @pytest.mark.parametrize(
        "text",
        [
            "# Ours.\nconfig:\n  gcp:project: some-project-1 # the id\n",
            "# Ours.\nconfig:\n  gcp:project: some-project-1 # the id\n  coursecloud:machines:\n"
            "    workbench: {machineType: e2-small, dataDisk: {sizeGb: 30}} # small\n",
        ],
    )
    def test_the_real_pulumi_keeps_the_files_comments_and_it_loads_with_the_size(self, fake: Fake, text: str) -> None:
        fake.stack_file(text)
        (fake.root / ".pulumi-state").mkdir()
        own = {"PULUMI_HOME": str(fake.folder / "home"), "HOME": str(fake.folder), "PULUMI_CONFIG_PASSPHRASE": ""}
        pulumi = Pulumi(fake.root, "x", {"PATH": FOUND["PATH"], "PULUMI_SKIP_UPDATE_CHECK": "true", **own})
        assert pulumi.run("stack init")[0] == 0
        code, _, errors = pulumi.run("config set", "--path", "coursecloud:machines.workbench.dataDisk.sizeGb", "50")
        assert code == 0, errors
        written = (fake.root / "Pulumi.x.yaml").read_text(encoding="utf-8")
        assert "# Ours." in written
        assert "# the id" in written
        settings = load(yaml.safe_load(written)["config"], "x", ROOT)
        before = load(yaml.safe_load(text)["config"], "x", ROOT).machines["workbench"]
        assert before.data_disk
        wanted = before.model_copy(update={"data_disk": before.data_disk.model_copy(update={"size_gb": 50})})
        assert settings.machines["workbench"] == wanted


class TestOpened:
    """It is put back after a question."""

    def test_yes_puts_it_back(self, fake: Fake, said: Said) -> None:
        look(fake, looked(CLOSED, OPEN, "versioning.enabled"))
        assert fake.up() == 0
        assert fake.changes == [f"{FOLLOW} --target {CLOSED['urn']}", UP]
        assert said.lines()[:2] == [
            "OPENED or unguarded by hand; it is put back after a question:",
            "    Bucket data: versioning.enabled true -> false",
        ]

    @pytest.mark.parametrize("ask", [no, None])
    def test_no_leaves_it_and_the_update_goes_on_with_the_rest(self, fake: Fake, said: Said, ask: Any) -> None:
        look(fake, looked(CLOSED, OPEN, "versioning.enabled"), looked(machine("w"), None))
        assert fake.up(yes=False, ask=ask) == 0
        assert fake.changes == [f"{FOLLOW} --target {machine('w')['urn']}", UP]
        assert "Left as it is; each `up` asks again." in said.lines()

    def test_what_was_merely_changed_of_the_same_resource_is_left_with_it(self, fake: Fake) -> None:
        old, new = {**CLOSED, "inputs": {**CLOSED["inputs"], "labels": {"a": "b"}}}, OPEN
        look(fake, looked(old, new, "versioning.enabled", "labels.a"))
        assert fake.up(yes=False) == 0
        assert fake.changes == [UP]

    def test_a_guard_that_is_left_off_is_in_the_last_lines(self, fake: Fake, said: Said) -> None:
        look(fake, looked(CLOSED, OPEN, "versioning.enabled"))
        assert fake.up(yes=False, ask=no) == 0
        assert "but for what is OPEN by hand (1, above)" in said()


def test_what_was_changed_is_said_gravest_first(fake: Fake, said: Said) -> None:
    labels = [looked(machine("w", labels={"a": "b"}), machine("w", labels={"a": "c"}), "labels.a")]
    look(fake, *labels, looked(SMALL, LARGE, "size"), looked(bucket("gone"), None), looked(CLOSED, OPEN, "versioning"))
    assert fake.up() == 0
    heads = [line.split()[0] for line in said.lines() if line.endswith(":") and "by hand" in line]
    assert heads == ["OPENED", "GONE,", "GROWN", "Changed"]


class TestUnread:
    """What could not be looked at is said, and is no reason to guess."""

    DENIED = "sdk-v2/provider2.go:571: sdk.helper_schema: googleapi: Error 403: denied, forbidden: provider=gcp@10.2.0"
    EXPIRED = "googleapi: Error 401: Request had invalid authentication credentials., authError"

    def unread(self, fake: Fake, text: str) -> None:
        first, _ = looked(bucket("data"), bucket("data"))
        look(fake, [first], error(text, bucket("data")["urn"]), error("preview failed"), code=255)

    @pytest.mark.parametrize("command", ["up", "down", "finish"])
    def test_it_is_named_with_googles_words_and_the_rest_goes_on(self, fake: Fake, said: Said, command: str) -> None:
        self.unread(fake, self.DENIED)
        assert fake.run(command) == 0
        assert said.lines()[:2] == [
            "NOT LOOKED AT, so what was changed there by hand is not known: Bucket data",
            "    Bucket data: googleapi: Error 403: denied, forbidden",
        ]

    @pytest.mark.parametrize("command", ["up", "down", "finish"])
    def test_a_login_that_has_run_out_stops_before_anything(self, fake: Fake, command: str) -> None:
        self.unread(fake, self.EXPIRED)
        with pytest.raises(lifecycle.RefusedError, match=r"(?s)nothing was touched.*application-default login"):
            fake.run(command)
        assert fake.changes == []

    @pytest.mark.parametrize("text", ["dial tcp: lookup oauth2.googleapis.com: no such host", "oauth2: invalid_grant"])
    def test_so_does_an_error_that_is_about_no_resource(self, fake: Fake, text: str) -> None:
        first, _ = looked(bucket("data"), bucket("data"))
        look(fake, [first], error(text), code=255)
        with pytest.raises(lifecycle.RefusedError, match="nothing was touched"):
            fake.up()
        assert fake.changes == []

    def test_what_was_planned_without_it_is_planned_anew(self, fake: Fake) -> None:
        self.unread(fake, self.DENIED)
        assert fake.up() == 0
        assert [call for call in fake.calls if call.startswith("preview")] == ["preview --refresh", "preview"]

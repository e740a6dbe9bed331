"""An edit that cannot work is what a review says first, in every form, and a gate of its own."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coursecloud.cli.application import app
from coursecloud.plan.planning import Plan
from coursecloud.review import json_form, markdown, page
from coursecloud.review.dangers import Kind, Level
from coursecloud.review.report import Review
from tests.review.conftest import Planner
from tests.review.made import BUCKET, DISK, NETWORK, SUBNET, Config, resource, reviewed, whole
from tests.review.printed import printed
from tests.review.test_blind_spots import closed, kinds, said_everywhere

REAL = "some-project-1"
Edit = Callable[[Config], object]


def on(config: Config) -> Config:
    """Put a stack into a project that is no example: what could be there is compared."""
    config["gcp:project"] = REAL
    # It names the machines.
    config.pop("coursecloud:usage", None)
    return config


def edit_of(plan_of: Planner, before: Edit, after: Edit) -> Review:
    """Review an edit of the stack that keeps its stores and has one machine, `trainer`."""

    def first(config: Config) -> None:
        before(on(config))

    def then(config: Config) -> None:
        before(on(config))
        after(config)

    return reviewed(plan_of("gpu", first), plan_of("gpu", then), "gpu")


def free(config: Config) -> None:
    """Keep nothing."""
    for section in ("storage", "registry", "secrets"):
        config[f"coursecloud:{section}"]["keep"] = False
    trainer(config)["dataDisk"] = {"sizeGb": 50}


def trainer(config: Config) -> Config:
    return config["coursecloud:machines"]["trainer"]


def nothing(_: Config) -> None: ...


def boot(size: int) -> Edit:
    def edit(config: Config) -> None:
        trainer(config)["bootDisk"] = {"sizeGb": size}

    return edit


class TestFirst:
    def test_a_boot_disk_that_shrinks_is_the_first_word_of_every_form(self, plan_of: Planner) -> None:
        review = edit_of(plan_of, boot(80), boot(60))
        fails = "this update FAILS: what only grows would shrink (1)"
        assert review.level is Level.STOP
        assert review.sentence.startswith(fails)
        assert review.stacks[0].sentence.startswith(fails)
        assert printed(review, 300).splitlines()[0].strip().startswith(f"STOP   {fails}")
        assert markdown.full(review).splitlines()[1].startswith(f"## STOP: {fails}")
        assert f"<h1>STOP: {fails}" in page.full(review)
        assert kinds(review)[0] is Kind.REFUSED
        said_everywhere(
            review, "machines.trainer.bootDisk.sizeGb", "80 -", "a boot disk only grows", "Write 80 or more"
        )
        assert "it can be merged" not in markdown.full(review)

    def test_it_stands_before_data_that_is_lost(self, plan_of: Planner) -> None:
        def edit(config: Config) -> None:
            boot(60)(config)
            config["coursecloud:storage"]["location"] = "US"

        def before(config: Config) -> None:
            free(config)
            boot(80)(config)

        review = edit_of(plan_of, before, edit)
        assert kinds(review)[:2] == [Kind.REFUSED, Kind.DATA]
        assert "; deletes" in review.sentence or "; replaces" in review.sentence
        text = markdown.full(review)
        assert text.index("only grows") < text.index("all objects")

    def test_a_gate_closes_by_what_fails_and_says_what(self, plan_of: Planner) -> None:
        (why,) = closed(edit_of(plan_of, boot(80), boot(60)), "refused")
        assert why.startswith("--fail-on refused: stack gpu cannot be updated so: machine `trainer` would shrink")
        assert closed(edit_of(plan_of, boot(60), boot(80)), "refused") == []
        assert (
            closed(edit_of(plan_of, nothing, lambda c: c.update({"coursecloud:network": {"egress": "nat"}})), "refused")
            == []
        )

    def test_the_json_form_has_each_with_its_place_and_is_documented(self, plan_of: Planner) -> None:
        review = edit_of(plan_of, boot(80), boot(60))
        (found,) = json_form.to_json(review)["stacks"][0]["refusals"]
        assert found["place"] == "coursecloud:machines.trainer.bootDisk.sizeGb"
        assert (found["kind"], found["fails"], found["lose"]) == ("shrinks", True, None)
        assert found["urn"].endswith("::trainer")
        documented = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
        for name in found:
            assert f"`{name}`" in documented
        for kind in Kind:
            assert f"`{kind}`" in documented, f"docs/json.md does not document the danger {kind}"


class TestEdits:
    def test_what_is_kept_is_told_with_its_key_before_anything_half_done(self, plan_of: Planner) -> None:
        review = edit_of(plan_of, nothing, lambda c: c["coursecloud:storage"].update(location="US"))
        fails = [each for each in review.stacks[0].refusals if each.fails]
        assert {each.urn.rpartition("::")[2] for each in fails} == {"data", "models"}
        assert {each.place for each in fails} == {"coursecloud:storage.location or gcp:region"}
        said_everywhere(review, "coursecloud up --lose data", "gs://some-project-1-gpu-data/*")

    def test_a_renamed_machine_or_secret_that_is_kept(self, plan_of: Planner) -> None:
        def renamed(config: Config) -> None:
            config["coursecloud:machines"] = {"other": trainer(config)}
            config["coursecloud:secrets"]["names"] = {"ANOTHER_KEY": ["machines"]}

        review = edit_of(plan_of, nothing, renamed)
        assert {each.place for each in review.stacks[0].refusals} == {
            "coursecloud:machines.trainer",
            "coursecloud:secrets.names.WANDB_API_KEY",
        }

    def test_another_project_is_refused_and_nothing_else_is_said_of_it(self, plan_of: Planner) -> None:
        review = edit_of(plan_of, nothing, lambda c: c.update({"gcp:project": "another-project-1"}))
        (found,) = review.stacks[0].refusals
        assert found.place == "gcp:project"
        said_everywhere(review, "this stack lives in", "another-project-1", "coursecloud finish --stack gpu")
        assert "another project" in review.sentence

    def test_the_example_gives_way_to_a_project_of_ones_own(self, plan_of: Planner) -> None:
        before = plan_of("gpu")
        after = plan_of("gpu", lambda c: [on(c)].clear())
        assert reviewed(before, after, "gpu").stacks[0].refusals == ()

    def test_a_data_disk_that_shrinks_loses_its_files_by_name_and_fails_nothing(self, plan_of: Planner) -> None:
        def smaller(config: Config) -> None:
            trainer(config)["dataDisk"] = {"sizeGb": 20}

        review = edit_of(plan_of, free, smaller)
        assert "FAILS" not in review.sentence
        assert {Kind.DATA, Kind.SHRINKS} <= set(kinds(review))
        said_everywhere(review, "a disk only grows", "coursecloud up --lose trainer-work")

    def test_two_machines_whose_names_were_swapped(self, plan_of: Planner) -> None:
        def two(config: Config) -> None:
            free(config)
            config["coursecloud:machines"] = {
                "big": {"machineType": "e2-medium", "bootDisk": {"sizeGb": 90}, "dataDisk": {"sizeGb": 100}},
                "small": {"machineType": "e2-medium", "bootDisk": {"sizeGb": 30}, "dataDisk": {"sizeGb": 20}},
            }

        def swapped(config: Config) -> None:
            machines = config["coursecloud:machines"]
            config["coursecloud:machines"] = {"big": machines["small"], "small": machines["big"]}

        review = edit_of(plan_of, two, swapped)
        hints = [each.remedy for each in review.stacks[0].refusals if "swap them back" in each.remedy]
        assert any("`small-work` goes from 20 to 100" in hint for hint in hints)

    def test_what_works_only_while_the_machine_runs_asks_to_look(self, plan_of: Planner) -> None:
        review = edit_of(plan_of, nothing, lambda c: c.update({"coursecloud:network": {"egress": "nat"}}))
        assert "FAILS" not in review.sentence
        assert Kind.RUNNING in kinds(review)
        assert review.stacks[0].level is Level.LOOK
        said_everywhere(review, "only while the machine runs", "gcloud compute instances start gpu-trainer")

    @pytest.mark.parametrize("sides", [("full", None), (None, "full")])
    def test_nothing_is_updated_where_only_one_side_has_the_stack(
        self, plan_of: Planner, sides: tuple[str | None, str | None]
    ) -> None:
        before, after = (plan_of(side) if side else None for side in sides)
        assert reviewed(before, after).stacks[0].refusals == ()


def test_each_committed_edit_of_a_kept_stack_names_a_key_of_the_stack_file(plan_of: Planner) -> None:
    edits: dict[str, Edit] = {
        "region": lambda c: (
            c.update({"gcp:region": "europe-west1"}),
            trainer(c).update(zone="europe-west1-b", fallbackZones=[]),
        ),
        "zone": lambda c: trainer(c).update(zone="europe-west4-b", fallbackZones=[]),
        "disk type": lambda c: trainer(c)["dataDisk"].update(type="pd-ssd"),
        "no disk": lambda c: trainer(c).update(dataDisk=None),
        "no machine": lambda c: c.update({"coursecloud:machines": {}}),
        "no secrets": lambda c: c.pop("coursecloud:secrets"),
        "boot disk": boot(60),
    }
    for name, edit in edits.items():
        review = edit_of(plan_of, boot(80), edit)
        fails = [each for each in review.stacks[0].refusals if each.fails]
        assert fails, name
        assert all(each.place.startswith(("coursecloud:", "gcp:")) for each in fails), (name, [f.place for f in fails])
        assert {change.name for change in review.stacks[0].changes if change.refused} <= {
            each.urn.rpartition("::")[2] for each in fails
        }


def test_what_is_kept_and_follows_another_replacement_names_no_key_of_its_own() -> None:
    def side(description: str) -> Plan:
        net = resource(NETWORK, "net", {"name": "n", "description": description})
        sub = resource(SUBNET, "sub", {"name": "s", "network": "n"}, refers={"network": net}, protect=True)
        return whole(net, sub)

    (found,) = reviewed(side("a"), side("b")).stacks[0].refusals
    assert found.urn.endswith("::sub")
    assert "as what it hangs on is made anew" in found.value


@pytest.mark.parametrize(
    ("ends", "edited", "said"), [("2026-11-22", True, 1), ("2026-11-23", True, 0), ("2026-11-22", False, 0)]
)
def test_a_lease_that_is_over_is_said_where_something_changes(
    plan_of: Planner, ends: str, edited: bool, said: int
) -> None:
    def lease(config: Config) -> None:
        config["coursecloud:lease"] = {"starts": "2026-11-01", "ends": ends}

    review = edit_of(plan_of, lease, boot(90) if edited else nothing)
    assert kinds(review).count(Kind.OVER) == said
    assert ("the lease ended on 2026-11-22" in printed(review, 300)) is bool(said)
    assert ("is of a lease that is OVER" in review.sentence) is bool(said)


def test_what_is_merged_with_an_edit_that_fails_is_said(plan_of: Planner) -> None:
    def fails(config: Config) -> None:
        trainer(config)["dataDisk"] = {"sizeGb": 50, "type": "pd-ssd", "keep": True}

    def lets_in(config: Config) -> None:
        config["coursecloud:team"] = {"members": ["user:eve@example.com"]}
        config["coursecloud:lease"] = {"maxPerHour": 500}

    def all_of_it(config: Config) -> None:
        fails(config)
        lets_in(config)
        del config["coursecloud:machines"]["old"]

    def one_disk(config: Config) -> None:
        trainer(config)["dataDisk"] = {"sizeGb": 50, "keep": True}
        config["coursecloud:machines"]["old"] = {"dataDisk": {"sizeGb": 50, "keep": False}}

    review = edit_of(plan_of, one_disk, all_of_it)
    first = (
        "this update FAILS and moves nothing: 1 store is protected; and once that is mended:"
        " deletes 1 disk WITH DATA, widens access, WEAKENS PROTECTION in 2 places"
    )
    assert review.sentence.startswith(first)
    assert review.stacks[0].sentence.startswith(first)
    told = [danger.text for danger in review.stacks[0].happening]
    for text in ("`user:eve@example.com` get", "instead of 2", "disk old-work is deleted"):
        assert any(text in each and each.endswith("(once the update works)") for each in told), text
        assert text.split(" get")[0].strip("`") in printed(review, 300)
    grave = [each.text for each in review.stacks[0].consequences if each.grave]
    assert any(text.startswith("once it no longer fails: lets somebody in") for text in grave)
    # The edit that fails, alone, moves nothing of the rest.
    assert "once" not in edit_of(plan_of, one_disk, fails).sentence


def test_no_name_that_somebody_wrote_changes_what_the_first_line_says() -> None:
    evil = "x` it can be merged ## `y"

    def side(place: str) -> Plan:
        named = resource(BUCKET, evil, {"name": evil, "location": place}, protect=True)
        return whole(named, resource(DISK, evil, {"name": evil, "size": 9}))

    review = reviewed(side("EU"), side("US"))
    assert review.sentence.startswith("this update FAILS and moves nothing: 1 store is protected")
    assert "it can be merged" not in review.sentence
    assert "it can be merged" not in markdown.full(review).splitlines()[1]


def test_the_command_says_it_first_and_ends_with_3(tmp_path: Path) -> None:
    config = 'config: {gcp:project: some-project-1, "coursecloud:machines": {box: {bootDisk: {sizeGb: %d}}}}\n'
    sides = [tmp_path / f"{name}.yaml" for name in ("old", "new")]
    for side, size in zip(sides, (60, 30), strict=True):
        side.write_text(config % size, encoding="utf-8")
    words = ["review", "--base-file", str(sides[0]), "--head-file", str(sides[1]), "--sandbox", "off", "--json"]
    done = CliRunner().invoke(app, [*words, "--fail-on", "refused"])
    assert done.exit_code == 3, done.output
    form = json.loads(done.stdout)
    assert form["verdict"].startswith("this update FAILS")
    assert form["stacks"][0]["refusals"][0]["place"] == "coursecloud:machines.box.bootDisk.sizeGb"


def test_a_side_that_does_not_load_hides_nothing_of_what_is_changed_beside_it(tmp_path: Path) -> None:
    plain = "config: {gcp:project: some-project-1, 'coursecloud:machines': {box: {machineType: e2-medium}}"
    evil = ", 'coursecloud:team': {members: ['user:eve@example.com']}, 'coursecloud:lease': {maxPerHour: 900}}\n"
    texts = {
        "was": f"{plain}}}\n",
        "slip": f"{plain}{evil}".replace("e2-medium", "e2-mediun"),
        "mended": f"{plain}{evil}",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")

    def told(old: str, new: str) -> tuple[str, str]:
        sides = ("--base-file", str(tmp_path / f"{old}.yaml"), "--head-file", str(tmp_path / f"{new}.yaml"))
        done = CliRunner().invoke(app, ["review", *sides, "--sandbox", "off", "--json"])
        form = json.loads(done.stdout)
        assert form["stacks"][0]["status"] == "broken"
        return form["verdict"], "\n".join(danger["text"] for danger in form["stacks"][0]["dangers"])

    verdict, dangers = told("was", "slip")
    assert verdict == "1 stack does not load; widens access; changes its guards"
    for path, said in (("team", "user:eve@"), ("lease", "maxPerHour"), ("machines.box.machineType", "e2-mediun")):
        assert re.search(rf"`coursecloud:{path}`: `.*{said}", dangers), path
    verdict, dangers = told("slip", "mended")
    assert verdict.startswith("1 stack does not load; ")
    assert "lets 1 member into its new project" in verdict
    assert "`lease.maxPerHour`" in dangers
    assert "user:eve@example.com" in dangers
    assert "eve" not in told("mended", "slip")[1]
    (tmp_path / "none.yaml").write_text(f"{texts['mended']}x: [\n", encoding="utf-8")
    verdict, dangers = told("was", "none")
    assert "its file, which cannot be read, has the line `config: {" in dangers
    assert "user:eve@example.com" in dangers
    assert "(none)" not in dangers
    assert "user:eve@example.com" in told("none", "mended")[1]

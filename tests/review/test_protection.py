"""What a change weakens of what protects, in the stack file and in what is registered, and what it can cost or lose."""

import dataclasses
import datetime
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from catalog import types
from catalog.types.parts import Protects
from coursecloud.plan import ports
from coursecloud.plan.planning import Plan, short_type
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.policy.example import DROP, put
from coursecloud.review import json_form, left_on, protection_money
from coursecloud.review.dangers import Level
from coursecloud.review.protection import Weaker
from coursecloud.review.weakened import weaker as protects_less
from infra.settings import EXAMPLE_PROJECT
from tests.review.conftest import Planner
from tests.review.made import DISK, TODAY, Config, config_of, planned, resource, reviewed, whole
from tests.review.test_blind_spots import closed, said_everywhere

REAL = "some-project-1"
Edit = Callable[[Config], None]


def on(*edits: Edit) -> Edit:
    """Put stack gpu, with a nightly stop, into a project that is no example."""

    def edit(config: Config) -> None:
        config["gcp:project"] = REAL
        config["coursecloud:lease"] |= {"stopSchedule": "0 20 * * *"}
        for each in edits:
            each(config)

    return edit


def section(name: str, **values: Any) -> Edit:
    def edit(config: Config) -> None:
        config[f"coursecloud:{name}"] = config.get(f"coursecloud:{name}", {}) | values

    return edit


def machine(**values: Any) -> Edit:
    return lambda config: config["coursecloud:machines"]["trainer"].update(values)


def weakened(plan_of: Planner, *edits: Edit, before: tuple[Edit, ...] = ()) -> list[Weaker]:
    sides = plan_of("gpu", on(*before)), plan_of("gpu", on(*before, *edits))
    return list(reviewed(*sides, "gpu").stacks[0].protection)


EXCEPTION = {"rule": "machine-ends", "resource": "trainer", "reason": "the sweep of week three", "until": "2026-12-01"}
LONGER = EXCEPTION | {"until": "2026-12-09"}


@pytest.mark.parametrize(
    ("before", "edit", "what", "then"),
    [
        ((), section("lease", maxPerHour=8), "`lease.maxPerHour`", "an hour may cost 8 USD instead of 2"),
        ((), section("lease", credit={"amount": 90}), "`lease.credit`", "takes 90 USD for there"),
        ((), section("lease", ends="2026-12-31"), "`lease.ends`", "13 days longer: 1.8"),
        ((), section("lease", graceDays=60), "`lease.graceDays`", "30 days more after the lease's end"),
        (
            (),
            section("guardrails", maxIdlePerDay=5),
            "`guardrails.maxIdlePerDay`",
            "a day on which nothing runs may cost 5",
        ),
        (
            (),
            section("guardrails", exceptions=[EXCEPTION]),
            "from `machine-ends` of `trainer`",
            "until 2026-12-01 nothing",
        ),
        (
            (section("guardrails", exceptions=[EXCEPTION]),),
            section("guardrails", exceptions=[LONGER]),
            "from `machine-ends` of `trainer`",
            "until 2026-12-09 nothing holds: ",
        ),
        ((), section("allow", zones=["europe-west4-z"]), "`allow.zones`", "`europe-west4-z`"),
        (
            (),
            section("guardrails", regions=["europe-west4", "us-east1"]),
            "`guardrails.regions`",
            "copying between regions bills",
        ),
        ((), section("usage", builds={"perDay": 0}), "`usage.builds.perDay`", "not a tenth of it is counted"),
        ((), section("usage", builds={"minutes": 0.001}), "`usage.builds.minutes`", "not a tenth of it is counted"),
        ((), section("registry", deleteAfterDays=365), "`registry.deleteAfterDays`", "bills so much longer"),
        ((), section("registry", keepNewest=100), "`registry.keepNewest`", "bills so much longer"),
        ((), section("registry", keepTags=["release", "v", "a"]), "`registry.keepTags`", "bills so much longer"),
        ((), section("storage", models={"keepNewest": 100}), "`storage.models.keepNewest`", "bills so much longer"),
        ((), section("storage", staging={"days": 90}), "`storage.staging.days`", "bills so much longer"),
        ((), section("lease", starts="2026-12-10"), "`lease.starts`", "the credit is counted from that day on alone"),
        (
            (section("guardrails", regions=["europe-west4"]),),
            section("guardrails", regions=["europe-west4", "us-east1"]),
            "`guardrails.regions`",
            "copying between regions bills",
        ),
        (
            (section("usage", evening="down"),),
            section("usage", evening="stop"),
            "`usage.evening`",
            "0.39 USD a day instead",
        ),
        (
            (),
            section("training", timeout="24h"),
            "`training.timeout`",
            "runs 24 h instead of 4: 9.00 USD instead of 1.50",
        ),
        (
            (),
            machine(maxRun="24h"),
            "`machine trainer` stops by itself",
            "the nightly stop still ends a forgotten `trainer` 2 h",
        ),
        (
            (),
            section("lease", stopSchedule=None),
            "the nightly stop of `machine trainer`",
            "8 h more instead of 2 h: 2.42 USD",
        ),
        (
            (),
            section("lease", stopSchedule="0 23 * * *"),
            "the nightly stop of `machine trainer`",
            "runs 5 h more instead of 2 h: 1.51 USD instead of 0.61 USD",
        ),
        (
            (),
            section("storage", keep=False),
            "`bucket data`",
            "the next `make down` deletes it, with all objects in it",
        ),
        (
            (section("network", egress="nat"),),
            section("network", egress="address"),
            "`networkInterfaces.accessConfigs`",
            "an address",
        ),
    ],
)
def test_what_the_stack_file_weakens_is_told_with_what_it_can_cost_or_lose(
    plan_of: Planner, before: tuple[Edit, ...], edit: Edit, what: str, then: str
) -> None:
    found = weakened(plan_of, edit, before=before)
    told = [each for each in found if what in each.what]
    assert told, [each.sentence for each in found]
    assert then in told[0].then
    # The way back weakens nothing of it.
    back = [each.what for each in weakened(plan_of, *before, before=(*before, edit))]
    assert not any(what in each for each in back), back


SAMPLES: dict[str, tuple[Any, Any]] = {
    "off": (True, False), "on": (False, True), "less": (700, 600), "more": (3, 9), "gone": ([{"a": 1}], DROP),
    "added": (DROP, [{}]), "entries": ([1, 2], [1]), "wider": (["10.0.0.0/24"], ["10.0.0.0/8"]),
    "longer": (["a"], ["a", "b"]), "changed": ("a", "b"),
    "opens": ([{"protocol": "tcp", "ports": ["22"]}], [{"protocol": "tcp", "ports": ["22-23"]}]),
}  # fmt: skip


def put_at(inputs: dict[str, Any], path: str, values: Any) -> dict[str, Any]:
    """Put a value at a path of the facts; where it holds [*], each of a list of values into an entry."""
    key, _, rest = path.partition(".")
    name = key.removesuffix("[*]")
    if not rest:
        return inputs if values is DROP else {**inputs, name: values}
    if key != name:
        entries = cast("list[Any]", values) if isinstance(values, list) else [values]
        return {**inputs, name: [put_at({}, rest, each) for each in entries] if values is not DROP else [{}]}
    return {**inputs, name: put_at(inputs.get(name, {}), rest, values)}


FACTS = [
    (short, path, fact)
    for each in types.every().values()
    for short in [each.short]
    for path, fact in each.protects.items()
]


def sample(fact: Protects) -> tuple[Any, Any]:
    if fact.weaker == "order":
        return fact.strong[0], fact.strong[-1]
    return ([0.5, 0.9], [0.9]) if fact.weaker == "least" else SAMPLES[fact.weaker]


def test_every_fact_of_a_type_is_seen_in_what_a_program_registers_and_the_way_back_is_not() -> None:
    wrong: list[str] = []
    for short, path, fact in FACTS:
        known = types.named(short)
        assert known
        strong, weak = sample(fact)
        extra = put_at({}, fact.only, [{"protocol": "all"}]) if fact.only else {}
        if "[*]" in path and fact.weaker == "entries":
            strong, weak = ["DELETE", "KEEP"], ["KEEP"]
        sides = [whole(resource(known.type, "r", put_at(dict(extra), path, value))) for value in (strong, weak)]
        forth, back = (
            [
                each
                for each in reviewed(way[0], way[1]).stacks[0].protection
                if f"`{path.replace('[*]', '')}`" in each.what and each.about == fact.about
            ]
            for way in (sides, sides[::-1])
        )
        # Of what is only another value nobody can say which of the two protects more.
        if [each.then.startswith(fact.then) for each in forth] != [True] or bool(back) != (fact.weaker == "changed"):
            wrong.append(f"{short} {path}: {[each.sentence for each in forth]}, back {len(back)}")
    assert len(FACTS) > 80
    assert not wrong, "\n".join(wrong)


def test_what_ends_with_a_resource_that_goes_is_told() -> None:
    wrong: list[str] = []
    for known in types.every().values():
        if known.watches:
            inputs = put_at({}, known.watches.only, [{"a": 1}]) if known.watches.only else {}
            found = reviewed(whole(resource(known.type, "r", inputs)), whole()).stacks[0].protection
            if [each.then for each in found] != [known.watches.then]:
                wrong.append(known.short)
            if known.watches.only and reviewed(whole(resource(known.type, "r", {})), whole()).stacks[0].protection:
                wrong.append(f"{known.short} without {known.watches.only}")
    assert not wrong


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"deletionProtection": True}, {"deletionProtection": False}),
        ({"deletionProtection": True}, {}),
        ({"deletionPolicy": "PREVENT"}, {"deletionPolicy": "DELETE"}),
        ({"deletionPolicy": "PREVENT"}, {"deletionPolicy": UNKNOWN}),
    ],
)
def test_the_providers_own_protection_is_told_of_any_type(before: dict[str, Any], after: dict[str, Any]) -> None:
    kind = "gcp:netapp/volume:Volume"
    review = reviewed(whole(resource(kind, "v", before)), whole(resource(kind, "v", after)))
    (found,) = review.stacks[0].protection
    assert found.about == "data"
    assert closed(review, "protection")
    assert not reviewed(whole(resource(kind, "v", after)), whole(resource(kind, "v", before))).stacks[0].protection


def test_a_value_that_only_an_up_knows_may_be_the_weak_one() -> None:
    fact = Protects("off", "x", "data")
    assert protects_less(fact, [True], [UNKNOWN])
    assert not protects_less(fact, [UNKNOWN], [UNKNOWN])
    assert not protects_less(fact, [False], [UNKNOWN])


def test_times_are_compared_as_times() -> None:
    less = Protects("less", "x", "data", default="604800s")
    assert protects_less(less, ["2h"], ["3600s"])
    assert not protects_less(less, ["3600s"], ["2h"])
    assert not protects_less(less, [], ["8d"])
    assert protects_less(less, [], ["6d"])


def test_an_edit_of_the_program_alone_is_seen_with_its_money(plan_of: Planner) -> None:
    before = plan_of("gpu", on())
    after = put("compute.Instance", "trainer", "scheduling.maxRunDuration", DROP)(
        put("compute.Instance", "trainer", "resourcePolicies", DROP)(before)
    )
    review = reviewed(before, after, "gpu")
    found = {each.what: each for each in review.stacks[0].protection}
    assert set(found) == {"`machine trainer` stops by itself", "the nightly stop of `machine trainer`"}
    for each in found.values():
        assert each.then == "left on after work, `trainer` then runs day and night: 7.27 USD a day instead of 0.61 USD"
    said_everywhere(review, "7.27 USD a day instead of 0.61 USD")
    assert "WEAKENS PROTECTION in 2 places" in review.sentence
    assert review.level >= Level.LOOK
    form = json_form.to_json(review)["stacks"][0]["protection"]
    assert [entry["about"] for entry in form] == ["money", "money"]


def test_without_a_price_the_money_is_unknown_and_not_nothing(plan_of: Planner) -> None:
    edit = put("compute.Instance", "trainer", "machineType", "x9-huge-1")
    before = edit(plan_of("gpu", on()))
    after = put("compute.Instance", "trainer", "resourcePolicies", DROP)(before)
    (found,) = reviewed(before, after, "gpu").stacks[0].protection
    assert found.then.endswith("? USD instead of ? USD")


@pytest.mark.parametrize(
    ("line", "hours"),
    [
        ("0 20 * * *", 2), ("30 18 * * 1-5", 0.5), ("0 18 * * *", 0), ("0 2 * * *", 8), ("0 20 * * 6", 122),
        ("0 20 * * 0", 146), ("0 */6 * * *", 0), ("0 20 30 2 *", None), ("15 22 * * 1,3,5", 28.25),
    ],
)  # fmt: skip
def test_the_wait_for_the_next_stop_is_counted_from_the_end_of_work(
    plan_of: Planner, line: str, hours: float | None
) -> None:
    plan = plan_of("gpu", on())
    if line != "0 20 * * *":
        path = "instanceSchedulePolicy.vmStopSchedule.schedule"
        plan = put("compute.ResourcePolicy", "stop-europe-west4", path, line)(plan)
    (trainer,) = (each for each in plan.custom if short_type(each.type) == "compute.Instance")
    found = left_on.ends(trainer, plan).evening
    assert (None if found is None else float(found)) == hours


def test_a_new_machine_and_a_stack_that_comes_weaken_nothing(plan_of: Planner) -> None:
    plan = plan_of("gpu", on())
    assert reviewed(None, plan, "gpu").stacks[0].protection == ()
    without = dataclasses.replace(plan, resources=tuple(r for r in plan.resources if r.name != "trainer"))
    assert reviewed(without, plan, "gpu").stacks[0].protection == ()


def test_what_stays_as_it_is_weakens_nothing() -> None:
    same: Plan = whole(resource(DISK, "d", {"name": "d", "size": 9}))
    assert reviewed(same, same).stacks[0].protection == ()
    assert closed(reviewed(same, same), "protection") == []


@pytest.mark.parametrize(
    ("edit", "what", "then"),
    [
        (section("usage", usdRate=0.5), "`usage.usdRate`", "whatever they are worth"),
        (
            section("prices", machineTypes={"n1-standard-4": {"hour": 0.0001, "spot": 0.0001}}),
            "`prices.machineTypes.n1-standard-4.spot`",
            "and no table",
        ),
        (section("allow", roles=["roles/foo.bar"]), "`allow.roles`", "nobody here knows what that role permits"),
    ],
)
def test_what_only_counts_otherwise_is_no_saving(plan_of: Planner, edit: Edit, what: str, then: str) -> None:
    found = reviewed(plan_of("gpu"), plan_of("gpu", edit), "gpu").stacks[0].protection
    assert [each for each in found if each.what == what and then in each.then]


def test_a_nightly_stop_in_another_time_zone_is_told(plan_of: Planner) -> None:
    (found,) = weakened(plan_of, section("lease", timeZone="Pacific/Honolulu"))
    assert found.what == "`lease.timeZone`"
    assert "at that hour of another zone" in found.then


@pytest.mark.parametrize(
    ("now", "rate", "named"),
    [
        ({"amount": 94, "currency": "USD"}, {}, {"maxPerHour", "maxIdlePerDay"}),
        ({"amount": 700, "currency": "ISK"}, {}, {"reserve"}),
        ({"amount": 700, "currency": "TWD"}, {"usdRate": 1}, {"maxPerHour", "maxIdlePerDay"}),
    ],
)
def test_a_limit_in_another_currency_is_compared_by_what_it_is_worth(
    plan_of: Planner, now: dict[str, Any], rate: dict[str, Any], named: set[str]
) -> None:
    limits = {"maxPerHour": 25, "reserve": 10}
    before = section("lease", credit={"amount": 700, "currency": "DKK"}, **limits)
    idle, counted = section("guardrails", maxIdlePerDay=9), section("usage", **rate)
    found = weakened(plan_of, section("lease", credit=now), counted, before=(before, idle))
    told = {each.what.strip("`").partition(".")[2]: each for each in found}
    assert {name for name in ("maxPerHour", "reserve", "maxIdlePerDay") if name in told} == named
    for name in named - {"reserve", "maxIdlePerDay"}:
        assert (told[name].was, told[name].will) == ("25 DKK", f"25 {now['currency']}")


def test_a_limit_in_a_currency_without_a_rate_may_be_any() -> None:
    sides = [whole().settings, whole().settings]
    for place, currency in enumerate(("XAU", "USD")):
        lease = sides[place].lease
        credit = lease.credit.model_copy(update={"currency": currency})
        sides[place] = sides[place].model_copy(update={"lease": lease.model_copy(update={"credit": credit})})
    assert protection_money.rises(1, 1, *sides)
    assert protection_money.rises(1, 1, *sides[::-1])
    assert not protection_money.rises(1, 1, sides[0], sides[0])


def of_builds(**more: Any) -> Edit:
    def edit(config: Config) -> None:
        config["coursecloud:builds"]["triggers"]["trainer"].update(more)

    return edit


def elsewhere(config: Config) -> None:
    config["coursecloud:builds"]["repository"]["owner"] = "somebody-else"


@pytest.mark.parametrize(
    ("edit", "what"),
    [
        (elsewhere, "`builds.repository`"),
        (of_builds(branch=".*"), "`builds.triggers.trainer.branch`"),
    ],
)
def test_other_pushes_that_run_as_the_account_for_builds_are_told(plan_of: Planner, edit: Edit, what: str) -> None:
    found = reviewed(plan_of("full"), plan_of("full", edit), "full").stacks[0].protection
    assert [each.about for each in found if each.what == what] == ["access"]


TCP = {"protocol": "tcp", "ports": ["20-25", "26-30"]}


@pytest.mark.parametrize(
    ("inner", "outer", "lies"),
    [
        ({"protocol": "6", "ports": ["22-28"]}, TCP, True),
        ({"protocol": "tcp", "ports": ["22-31"]}, TCP, False),
        ({"protocol": "udp", "ports": ["22"]}, TCP, False),
        ({"protocol": "tcp"}, TCP, False),
        (TCP, {"protocol": "ALL"}, True),
        ({"protocol": UNKNOWN}, TCP, False),
        ({"protocol": "tcp", "ports": UNKNOWN}, TCP, False),
    ],
)
def test_what_a_firewall_lets_through_lies_within_what_it_did_by_its_ranges_together(
    inner: object, outer: object, lies: bool
) -> None:
    assert ports.within([inner], [outer]) is lies


def test_a_stack_that_comes_with_more_credit_than_a_group_gets_is_told(plan_of: Planner) -> None:
    def told(**credit: Any) -> list[str]:
        after = plan_of("gpu", on(section("lease", credit=credit)))
        return [each.sentence for each in reviewed(None, after, "gpu").stacks[0].protection if "credit" in each.what]

    assert told(amount=50) == []
    assert told(amount=300, currency="DKK") == []
    assert told(amount=5000)[0].startswith("`lease.credit`: `50 USD unless given` -> `5000 USD`")
    assert "`5000 DKK`" in told(amount=5000, currency="DKK")[0]


HOUR = {"days": ["mon"], "start": "08:00", "end": "09:00"}


@pytest.mark.parametrize(
    ("stack", "edit", "what"),
    [
        ("gpu", section("usage", machines={}, hoursPerDay=0), "`usage.machines.trainer` (hours a week)"),
        ("gpu", section("usage", machines={"trainer": 0.1}), "`usage.machines.trainer` (hours a week)"),
        ("full", section("lease", workingHours=HOUR), "`usage.machines.workbench` (hours a week)"),
        ("gpu", section("usage", storage={"dataGb": 0}), "`usage.storage.dataGb`"),
        ("gpu", section("lease", alerts=[]), "`lease.alerts`"),
        ("gpu", section("lease", graceDays=90), "`lease.graceDays`"),
        ("gpu", section("lease", reserve=0), "`lease.reserve`"),
        ("gpu", section("training", timeout="3d"), "`training.timeout`"),
        ("gpu", section("training", image="docker.io/evil/x"), "`training.image`"),
        ("gpu", section("training", image="europe-west1-docker.pkg.dev/other/docker/x"), "`training.image`"),
        ("gpu", section("registry", deleteAfterDays=365), "`registry.deleteAfterDays`"),
        ("gpu", section("registry", deleteAfterDays=1), "`registry.deleteAfterDays`"),
        ("gpu", section("registry", keepNewest=1), "`registry.keepNewest`"),
        ("gpu", section("storage", staging={"days": 1}), "`storage.staging.days`"),
        ("gpu", section("lease", graceDays=0), "`lease.graceDays`"),
        ("full", section("team", extraRoles=["roles/bigquery.dataOwner"]), "`team.extraRoles`"),
        ("gpu", section("training", args=["--upload", "gs://evil"]), "`training.args`"),
        ("gpu", section("training", env={"U": "https://evil.example"}), "`training.env`"),
        ("gpu", section("training", jobs={"a": {"env": {"U": "https://evil.example"}}}), "`training.jobs.a.env`"),
        (
            "full",
            section("services", demo={"image": "demo", "env": {"U": "https://evil.example"}}),
            "`services.demo.env`",
        ),
        ("gpu", section("storage", data={"keepNewest": 50}), "`storage.data.keepNewest`"),
        ("full", section("github"), "`builds.repository`"),
        ("full", section("services", demo={"image": "docker.io/evil/x"}), "`services.demo.image`"),
        ("gpu", section("github", repositoryId=666, ref="refs/heads/evil"), "`github`"),
    ],
)
def test_what_a_stack_that_comes_says_less_than_holds_unless_given_is_told(
    plan_of: Planner, stack: str, edit: Edit, what: str
) -> None:
    told = [each.what for each in reviewed(None, plan_of(stack, edit), stack).stacks[0].protection]
    assert what in told
    assert len(told) == len(set(told))


def test_a_stack_that_comes_with_ordinary_figures_and_its_own_image_says_nothing_less(plan_of: Planner) -> None:
    def told(edit: Edit) -> list[str]:
        return [each.what for each in reviewed(None, plan_of("gpu", edit), "gpu").stacks[0].protection]

    assert told(section("usage", hoursPerDay=4, evening="down")) == []
    own = f"europe-west1-docker.pkg.dev/{EXAMPLE_PROJECT}/docker/trainer:latest"
    assert told(section("training", image=own)) == []


def test_that_the_credit_of_a_new_stack_lasts_by_its_own_figures_alone_is_told(plan_of: Planner) -> None:
    """A quarter of the hours: the credit lasts, and by the usual ones it ends before the lease."""

    def told(edit: Edit) -> list[str]:
        found = reviewed(None, plan_of("gpu", edit), "gpu").stacks[0].protection
        return [each.sentence for each in found if "what `usage`" in each.what]

    (said,) = told(section("usage", machines={"trainer": 2}))
    assert "the credit lasts by that alone; used as stacks are unless given, the credit of 50 USD ends on" in said
    assert told(section("usage", machines={"trainer": 6})) == []
    # Without an end it is held to four weeks.
    endless = on(section("usage", machines={"trainer": 2}), section("lease", ends=None))
    (said,) = told(endless)
    assert "the credit of 50 USD lasts 22 days as planned; the lease has no end" in said
    assert told(on(endless, section("lease", ends=None, credit={"amount": 500}))) == []


def test_a_lease_that_begins_long_after_today_is_told(plan_of: Planner) -> None:
    def told(starts: datetime.date) -> bool:
        lease = section("lease", starts=str(starts), ends=str(starts + datetime.timedelta(days=20)))
        return any("starts" in each.what for each in reviewed(None, plan_of("gpu", lease), "gpu").stacks[0].protection)

    assert not told(TODAY + datetime.timedelta(days=62))
    assert told(TODAY + datetime.timedelta(days=63))


def test_a_new_stack_may_tell_its_code_of_its_own_buckets_and_of_no_address(plan_of: Planner) -> None:
    own = section("training", args=["--data", f"gs://{EXAMPLE_PROJECT}-gpu-data/a"], env={"EPOCHS": "3"})
    assert not reviewed(None, plan_of("gpu", own), "gpu").stacks[0].protection


def test_a_new_stack_without_a_lease_says_how_long_the_credit_lasts(plan_of: Planner) -> None:
    open_ = plan_of("gpu", section("lease", ends=None, starts=None))
    assert re.search(r"the credit lasts \d+ days, and no lease says", reviewed(None, open_, "gpu").sentence)
    assert "no lease" not in reviewed(None, plan_of("gpu"), "gpu").sentence


def test_what_keeps_a_little_more_or_what_any_stack_keeps_weakens_nothing(plan_of: Planner) -> None:
    less = plan_of("gpu", on(section("registry", deleteAfterDays=1, keepNewest=1, keepTags=["v"])))
    more = plan_of("gpu", on(section("registry", deleteAfterDays=28, keepNewest=10, keepTags=["v", "release"])))
    assert not reviewed(less, more, "gpu").stacks[0].protection


def test_a_figure_that_is_taken_out_is_compared_with_what_holds_then(plan_of: Planner) -> None:
    def told(before: Edit, after: Edit) -> list[str]:
        sides = plan_of("gpu", on(before)), plan_of("gpu", on(after))
        return [each.what for each in reviewed(*sides, "gpu").stacks[0].protection]

    dkk = {"amount": 350, "currency": "DKK"}
    cheap = section("usage", usdRate=0.08)
    assert "`usage.usdRate`" in told(
        lambda config: (cheap(config), section("lease", credit=dkk)(config))[0], section("lease", credit=dkk)
    )
    assert "`lease.reserve`" in told(section("lease", reserve=20), section("lease", credit={"amount": 49}))


def test_a_stack_under_another_name_has_accounts_of_its_name_and_weakens_nothing_by_them(tmp_path: Path) -> None:
    config = config_of("full") | {"gcp:project": "some-project-1"}
    before, after = (planned(config, tmp_path, name) for name in ("full", "other"))

    def deployer(resource: Registration) -> Registration:
        if short_type(resource.type) != "compute.Instance" or resource.name != "trainer":
            return resource
        account = resource.inputs["serviceAccount"]
        email = account["email"].replace("-machines@", "-deployer@")
        return dataclasses.replace(resource, inputs={**resource.inputs, "serviceAccount": {**account, "email": email}})

    other = dataclasses.replace(after, resources=tuple(map(deployer, after.resources)))
    for plan, said in ((after, []), (other, ["`machine trainer` `serviceAccount.email`"])):
        found = reviewed(None, plan, "other", former=before).stacks[0]
        assert [each.what for each in found.protection if "another account" in each.then] == said

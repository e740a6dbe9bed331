"""The student who lost $50 to a machine that was forgotten, replayed: what `status` would have said, and when."""

from __future__ import annotations

import dataclasses
import datetime
import random
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from coursecloud.spend import account, ledger, page, status, table, words
from coursecloud.spend.ledger import Ledger
from coursecloud.spend.status import Status
from infra.settings.lease import Lease
from tests.spend import delivered, judge
from tests.spend.simulator import DAY, Odds, World, usd_an_hour

HOUR = 3600
KIND = Odds(late=0.0, doubled=0.0, failing=0.0, numbered=True)
MACHINE: Mapping[str, Any] = {
    "zone": "europe-west1-b", "machine": "n1-standard-4", "spot": False, "gpus": 1, "address": True, "boot": 100,
    "bootType": "pd-balanced", "bootGoes": True,
}  # fmt: skip
LEASE = {"starts": "2026-11-23", "ends": "2026-12-18", "timeZone": "Etc/UTC"}


def forgotten() -> World:
    """On the first day at ten somebody makes a GPU machine by hand in the console, and goes home."""
    world = World(random.Random(7), KIND)  # noqa: S311 - no secret
    world.wait(10 * HOUR)
    world.create("instances", "training-vm", dict(MACHINE), declared=False)
    return world


def said(world: World, known: Ledger, **lease: Any) -> tuple[Ledger, Status]:
    """Look, and say where the group stands."""
    rates = judge.rates()
    settings = rates.bill.settings.model_copy(update={"lease": Lease.model_validate(LEASE | lease)})
    look = delivered.look(world, delivered.START, 0.0)
    kept = ledger.fold(known, look)
    return kept, status.of(kept, settings, rates)


def shown(found: Status, width: int = 80) -> str:
    console = Console(width=width, record=True, force_terminal=False)
    with console.capture() as captured:
        console.print(table.full(found))
    return captured.get()


def test_the_first_evening_says_the_day_and_the_command() -> None:
    world = forgotten()
    world.wait(18 * HOUR)
    _, found = said(world, Ledger(delivered.PROJECT))
    line = words.headline(found)
    assert line.startswith("The credit of 50 USD ends on 2026-11-27, ")
    assert "21 days before the lease does, if nothing is stopped" in line
    assert "it costs $0.5" in line
    assert "/h now: `training-vm` $0.564/h since 2026-11-23" in line
    assert [each.entry.name for each in found.by_hand if each in found.running] == ["training-vm"]
    assert "coursecloud stop training-vm --stack dev" in shown(found, 80)
    doing = dict(words.sentences(found))["do now"]
    assert doing.startswith(
        "unless it is needed, `coursecloud stop training-vm --stack dev` ends $0.564/h, the dearest that runs; $0.014/h"
        " go on, and the credit lasts beyond the lease, to 2027-"
    )
    assert "; without `training-vm` it lasts beyond the lease, to 2027-" in line
    assert found.data_goes == found.ends.date() + datetime.timedelta(days=30) if found.ends else False


@pytest.mark.parametrize("day", range(1, 8))
def test_each_day_says_the_same_end_until_it_has_come(day: int) -> None:
    world = forgotten()
    known, first = said(world, Ledger(delivered.PROJECT))
    world.wait(day * DAY + 9 * HOUR)
    _, found = said(world, known)
    assert first.ends
    assert found.ends
    assert abs(found.ends - first.ends) < datetime.timedelta(minutes=10)
    assert found.over == (found.at >= first.ends)
    if found.over:
        assert words.headline(found).startswith(f"The credit of 50 USD is spent, since {first.ends:%Y-%m-%d}")
        assert str(found.data_goes) in words.headline(found)
        told = dict(words.sentences(found))
        assert told["do now"].startswith("`coursecloud save --stack dev --to ~/saved-dev` copies the work away; unless")
        assert told["left"].startswith("nothing of 50 USD; $")
        assert "$0.000" not in shown(found)
    bill = sum(world.bill().values())
    assert abs(float(found.spent) - bill) <= 0.01 * bill + 0.02


def test_once_it_is_stopped_the_disk_alone_goes_on() -> None:
    world = forgotten()
    world.wait(18 * HOUR)
    known, before = said(world, Ledger(delivered.PROJECT))
    world.stop(world.there("instances")[0], "system", "compute.instances.preempted")
    world.wait(world.now + HOUR)
    _, after = said(world, known)
    assert words.headline(after).startswith("The credit of 50 USD lasts: as it goes now it ends on 20")
    assert "nothing runs, and what is kept costs $0.01" in words.headline(after)
    assert "Google took it back (Spot)" in shown(after, 200)
    assert before.per_hour > 20 * after.per_hour


def test_a_machine_that_stops_itself_ends_the_credit_later() -> None:
    world = forgotten()
    world.wait(11 * HOUR)
    _, for_ever = said(world, Ledger(delivered.PROJECT))
    machine = next(each for each in for_ever.things if each.entry.name == "training-vm" and each in for_ever.running)
    assert machine.ends is None
    look = delivered.look(world, delivered.START, 0.0)
    scheduling = {"maxRunDuration": {"seconds": 8 * HOUR}, "instanceTerminationAction": "STOP"}
    found = list(look.found)
    for place, each in enumerate(found):
        if each.resource.endswith("instances/training-vm"):
            shape = dataclasses.replace(each.shape, inputs={**each.shape.inputs, "scheduling": scheduling})
            found[place] = dataclasses.replace(each, shape=shape)
    kept = ledger.fold(Ledger(delivered.PROJECT), dataclasses.replace(look, found=tuple(found)))
    rates = judge.rates()
    settings = rates.bill.settings.model_copy(update={"lease": Lease.model_validate(LEASE)})
    bounded = status.of(kept, settings, rates)
    ends = next(each.ends for each in bounded.things if each in bounded.running)
    assert ends
    assert abs(ends - delivered.when(18 * HOUR)) < datetime.timedelta(minutes=1)
    assert bounded.ends
    assert for_ever.ends
    assert bounded.ends > for_ever.ends + datetime.timedelta(days=20)


def test_the_nightly_stop_is_counted_where_the_machine_has_it() -> None:
    """A declared machine on the stack's instance schedule stops at eight in the evening; the same without goes on."""
    found = dict[str, Status]()
    for policies in ("dev-stop", "somebody-elses"):
        world = forgotten()
        world.wait(11 * HOUR)
        look = delivered.look(world, delivered.START, 0.0)
        shapes = [dataclasses.replace(each.shape, inputs={**each.shape.inputs, "resourcePolicies": [policies]})
                  for each in look.found]  # fmt: skip
        things = [dataclasses.replace(each, shape=shape) for each, shape in zip(look.found, shapes, strict=True)]
        kept = ledger.fold(Ledger(delivered.PROJECT), dataclasses.replace(look, found=tuple(things)))
        rates = judge.rates()
        lease = Lease.model_validate(LEASE | {"timeZone": "Europe/Copenhagen", "stopSchedule": "0 20 * * *"})
        found[policies] = status.of(kept, rates.bill.settings.model_copy(update={"lease": lease}), rates)
    own, other = found["dev-stop"], found["somebody-elses"]
    (machine,) = [each for each in own.things if each in own.running]
    assert machine.ends == delivered.when(19 * HOUR), "20:00 in Copenhagen is 19:00 UTC in November"
    assert "until 2026-11-23 20:00" in shown(own, 200)
    assert [each.ends for each in other.things if each in other.running] == [None]
    assert own.ends
    assert other.ends
    assert own.ends > other.ends + datetime.timedelta(days=20)


def test_two_of_a_name_are_told_apart_and_each_has_its_command() -> None:
    world = forgotten()
    world.create("instances", "twin", dict(MACHINE), declared=False)
    world.create("instances", "twin", {**MACHINE, "zone": "europe-west4-b"}, declared=False)
    world.wait(18 * HOUR)
    _, found = said(world, Ledger(delivered.PROJECT))
    stops = [each.command for each in found.things if each in found.running]
    assert sorted(stops) == [
        "coursecloud stop training-vm --stack dev",
        "coursecloud stop zones/europe-west1-b/instances/twin --stack dev",
        "coursecloud stop zones/europe-west4-b/instances/twin --stack dev",
    ]
    lines = shown(found).splitlines()
    assert [lines[place + 1].startswith("  its boot disk") or lines[place + 2].startswith("  its boot disk")
            for place, line in enumerate(lines) if line.startswith(("twin", "training-vm"))] == [True] * 3  # fmt: skip


def test_the_reserve_the_ceiling_and_the_alerts_are_named() -> None:
    world = forgotten()
    world.wait(2 * DAY)
    _, found = said(world, Ledger(delivered.PROJECT), reserve=10, maxPerHour=0.5, alerts=[0.1, 0.4, 0.9])
    told = dict(words.sentences(found))
    assert told["alert"].startswith("40% of the credit")
    assert "`lease.maxPerHour`" in told["ceiling"]
    assert found.save_by
    assert found.ends
    assert abs((found.ends - found.save_by) / datetime.timedelta(hours=1) - float(10 / found.per_hour)) < 0.1


def test_what_was_not_read_is_said_and_makes_the_rest_a_least() -> None:
    world = forgotten()
    world.wait(18 * HOUR)
    look = delivered.look(world, delivered.START, 1.0)
    rates = judge.rates()
    found = status.of(ledger.fold(Ledger(delivered.PROJECT), look), rates.bill.settings, rates)
    assert found.at_least
    assert sum(text.startswith("not read: ") for text in found.unread) == len(look.unread)
    assert words.headline(found).startswith("What runs is not known, as 7 questions to Google failed")
    known, _ = said(world, Ledger(delivered.PROJECT))
    world.wait(world.now + HOUR)
    look = delivered.look(world, delivered.START, 1.0)
    later = status.of(ledger.fold(known, look), rates.bill.settings, rates)
    assert "at the latest" in words.headline(later)
    assert "`training-vm` $0.564/h since" in words.headline(later)


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    world = forgotten()
    world.wait(3 * DAY)
    _, found = said(world, Ledger(delivered.PROJECT), credit={"amount": 350, "currency": "DKK"})
    text = shown(found, width)
    assert max(map(len, text.splitlines())) <= width
    assert "DKK" in text
    assert found.left is not None
    assert found.in_currency(found.left) < Decimal(350)


def test_what_no_log_ever_tells_is_in_doubt_from_the_last_look_that_saw_otherwise() -> None:
    """A service is scaled to nothing between two looks, and its entry never comes: the dearer is counted, as doubt."""
    world = World(random.Random(7), KIND)  # noqa: S311 - no secret
    config = {"zone": "europe-west1-b", "least": 1, "cpu": 1, "memory": 1}
    service = world.create("services", "api", dict(config))
    world.wait(18 * HOUR)
    known, before = said(world, Ledger(delivered.PROJECT))
    world.wait(20 * HOUR)
    world.resize(service, least=0)
    world.entries.pop()
    world.wait(22 * HOUR)
    _, after = said(world, known)
    hour = usd_an_hour("services", config, running=True)
    assert float(before.doubt) == 0
    assert float(after.doubt) == pytest.approx(4 * hour, rel=0.01)
    assert float(after.account.doubt(delivered.when(21 * HOUR))) == pytest.approx(hour, rel=0.01)
    bill = world.bill()["europe-west1-b/services/api"]
    assert bill <= float(after.spent) <= bill + float(after.doubt)
    assert "in doubt, as no log or look has said what was done" in dict(words.sentences(after))["spent"]


def test_what_a_stop_comes_to_is_what_then_comes() -> None:
    """The end of the credit and the dollars an hour that are told with a stop are those of the next look after it."""
    world = forgotten()
    world.create("disks", "work", {"zone": "europe-west1-b", "size": 2000, "type": "pd-ssd"})
    world.wait(18 * HOUR)
    known, before = said(world, Ledger(delivered.PROJECT))
    assert before.without
    assert before.without.thing.entry.name == "training-vm"
    world.stop(world.there("instances")[0])
    world.wait(world.now + 60)
    _, after = said(world, known)
    assert float(before.without.per_hour) == pytest.approx(float(after.per_hour))
    assert before.without.ends
    assert after.ends
    assert abs(before.without.ends - after.ends) < datetime.timedelta(hours=1)
    assert after.without is None
    told = table.to_json(before)["withoutDearest"]
    assert (told["command"], told["creditEnds"]) == (
        "coursecloud stop training-vm --stack dev", before.without.ends.isoformat()
    )  # fmt: skip


def test_down_is_said_to_take_the_whole_stack_wherever_it_is_named() -> None:
    world = forgotten()
    world.create("disks", "work", {"zone": "europe-west1-b", "size": 200, "type": "pd-ssd"})
    world.create("addresses", "fixed", {"zone": "europe-west1-b"})
    world.wait(18 * HOUR)
    _, found = said(world, Ledger(delivered.PROJECT))
    lines = shown(found, 200).splitlines()
    place = lines.index("    coursecloud down --stack dev")
    assert lines[place - 1].strip().startswith("work (disk), fixed (address): not alone; this takes the whole stack")
    assert lines.count("    coursecloud down --stack dev") == 1
    downs = [each["wholeStack"] for each in table.to_json(found)["things"] if "down" in each["command"]]
    assert downs == [True, True]
    written = page.full(found)
    assert written.count("coursecloud down --stack dev") == written.count("which takes THE WHOLE STACK") == 2


def test_what_is_gone_has_its_dates_beside_what_has_its_name() -> None:
    world = forgotten()
    world.wait(18 * HOUR)
    world.delete(world.there("instances")[0])
    world.wait(20 * HOUR)
    world.create("instances", "training-vm", dict(MACHINE), declared=False)
    world.wait(DAY + 2 * HOUR)
    _, found = said(world, Ledger(delivered.PROJECT), timeZone="Europe/Copenhagen")
    text = shown(found, 500)
    assert re.search("gone: machine, 2026-11-23 1[01]:.. to 19:00 ", text)
    assert "n1-standard-4 + 1 T4, runs since 2026-11-23 21:0" in text
    assert "Europe/Copenhagen" in text.splitlines()[1]
    assert re.search(r"gone: machine, <span[^>]*>2026-11-23</span> 1[01]:.. to 19:00<", page.full(found))
    assert "today, since midnight" in text


@pytest.mark.parametrize(("many", "lines", "rest"), [(2, 4, []), (3, 4, ["2 more"])])
def test_never_is_one_thing_alone_counted_that_could_be_named(many: int, lines: int, rest: list[str]) -> None:
    """Each machine that is gone has a boot disk that is gone, too."""
    world = World(random.Random(7), KIND)  # noqa: S311 - no secret
    world.wait(60)
    for number in range(many):
        world.create("instances", f"box-{number}", dict(MACHINE))
    world.wait(HOUR)
    for each in world.there("instances"):
        world.delete(each)
    world.create("instances", "one", {**MACHINE, "bootGoes": False})
    world.create("instances", "two", dict(MACHINE))
    world.create("instances", "three", dict(MACHINE))
    world.wait(2 * HOUR)
    _, found = said(world, Ledger(delivered.PROJECT))
    text = shown(found, 500)
    assert text.count("gone: machine") + text.count("gone: disk") == lines
    assert re.findall("^(. more) ", text, re.MULTILINE) == rest
    assert "and 1 more" not in text
    assert all(f"`{name}`" in words.headline(found) for name in ("one", "two", "three"))


def test_who_started_what_is_said_where_a_log_has_it() -> None:
    world = forgotten()
    world.wait(18 * HOUR)
    _, found = said(world, Ledger(delivered.PROJECT))
    assert "training-vm (machine, started by anybody@example.com)" in shown(found, 200)
    assert "started by anybody@example.com" in page.full(found)
    told = table.to_json(found)["things"]
    assert [each["startedBy"] for each in told] == ["anybody@example.com", None], "no log tells of a boot disk"


def test_a_job_that_was_lost_from_sight_is_said_to_be() -> None:
    world = forgotten()
    world.create("customJobs", "job", {"zone": "europe-west4-b", "machine": "n1-standard-4", "gpus": 1, "spot": False})
    world.wait(18 * HOUR)
    known, seen = said(world, Ledger(delivered.PROJECT))
    assert not any(each["lost"] for each in table.to_json(seen)["things"])
    world.wait(20 * HOUR)
    look = delivered.look(world, delivered.START, 0.0)
    jobs = "aiplatform.googleapis.com/CustomJob"
    denied = "in europe-west4: Google answers 403: Permission 'aiplatform.customJobs.list' denied on resource '//x/y'."
    blind = dataclasses.replace(
        look, found=tuple(each for each in look.found if each.shape.asset != jobs), unread=((jobs, denied),)
    )
    rates = judge.rates()
    settings = rates.bill.settings.model_copy(update={"lease": Lease.model_validate(LEASE)})
    found = status.of(ledger.fold(known, blind), settings, rates)
    (job,) = [each for each in found.things if each.entry.name == "job"]
    assert float(found.doubt) == pytest.approx(2 * float(job.entry.per_hour or 0), rel=0.01)
    text = shown(found, 500)
    assert "not seen now, last at 2026-11-23 18:00: it may have ended" in text
    assert "(not seen now), `training-vm` $0.564/h since" in words.headline(found)
    assert f"{jobs}: in europe-west4: you lack permission aiplatform.customJobs.list (403)" in text


def test_of_a_machine_that_no_list_showed_the_logs_tell() -> None:
    """In doubt is what neither has told: from the end of the logs on, and not from the last look that saw it."""
    world = forgotten()
    world.create("instances", "other", dict(MACHINE))
    world.wait(18 * HOUR)
    known, _ = said(world, Ledger(delivered.PROJECT))
    world.delete(world.there("instances")[1])
    world.wait(20 * HOUR)
    look, machines = delivered.look(world, delivered.START, 0.0), "compute.googleapis.com/Instance"
    listed = tuple(each for each in look.found if each.shape.asset != machines)
    blind = dataclasses.replace(look, found=listed, unread=((machines, "Google answers 503"),))
    settled = account.of(ledger.fold(known, blind), judge.rates())
    assert settled
    lost = {entry.name: entry.life.lost for entry in settled.entries if "/instances/" in entry.life.resource}
    assert lost == {"training-vm": True, "other": False}
    assert 0 < settled.doubt(delivered.START) < settled.per_hour / 20


def test_a_boot_disk_that_no_look_lists_by_itself_is_not_in_doubt_while_its_machine_is_seen() -> None:
    world = forgotten()
    world.wait(18 * HOUR)
    look = delivered.look(world, delivered.START, 0.0)
    machine = tuple(each for each in look.found if "/instances/" in each.resource)
    settled = account.of(
        ledger.fold(Ledger(delivered.PROJECT), dataclasses.replace(look, found=machine)), judge.rates()
    )
    assert settled
    assert [entry.name for entry in settled.there] == ["training-vm", "training-vm"]
    assert settled.doubt(delivered.START) == 0


def test_the_day_to_save_by_has_its_hour_and_its_command_from_the_start() -> None:
    world = forgotten()
    world.wait(18 * HOUR)
    _, found = said(world, Ledger(delivered.PROJECT))
    assert found.save_by
    told = dict(words.sentences(found))
    assert told["save by"].startswith(
        f"{found.save_by:%Y-%m-%d %H:%M}, when only the reserve is left: `coursecloud save"
    )
    assert told["lease"] == "26 days left, today included; the last is 2026-12-18"

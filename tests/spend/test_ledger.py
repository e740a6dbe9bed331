"""The facts of a ledger: what a look would have found, which logs were never read, from when they are read again."""

import dataclasses
import datetime

import pytest

from coursecloud.spend import ledger
from coursecloud.spend.ledger import Glance, Ledger
from tests.spend.delivered import PROJECT, START

HOUR = datetime.timedelta(hours=1)
MACHINE = "//compute.googleapis.com/projects/p/zones/europe-west1-b/instances/box"
ASSET = "compute.googleapis.com/Instance"


@pytest.mark.parametrize(
    ("unread", "covers"),
    [
        ((), True),
        (("logging.googleapis.com/system",), True),
        (("compute.googleapis.com/Disk",), True),
        (("run.googleapis.com",), True),
        (("compute.googleapis.com/Instance",), False),
        (("compute.googleapis.com",), False),
        (("//compute.googleapis.com/projects/p/zones/europe-west1-b",), False),
        (("//compute.googleapis.com/projects/p/zones/europe-west1",), True),
        (("the machines of a zone",), False),
    ],
)
def test_what_was_not_read_may_have_been_there(unread: tuple[str, ...], covers: bool) -> None:
    assert Glance(START, unread).covers(MACHINE, ASSET) is covers


def test_a_kind_that_nobody_named_is_covered_by_no_look_that_missed_part_of_its_service() -> None:
    assert not Glance(START, ("compute.googleapis.com/Disk",)).covers(MACHINE, "")
    assert Glance(START, ("run.googleapis.com/Service",)).covers(MACHINE, "")


def test_times_of_which_no_log_was_read_are_named() -> None:
    read = ((START + HOUR, START + 2 * HOUR), (START + 4 * HOUR, START + 6 * HOUR))
    known = Ledger(PROJECT, read=read)
    gaps = ((START, START + HOUR), (START + 2 * HOUR, START + 4 * HOUR), (START + 6 * HOUR, START + 7 * HOUR))
    assert known.gaps(START, START + 7 * HOUR) == gaps
    assert known.gaps(START + HOUR, START + 2 * HOUR) == ()
    assert known.gaps(START, START + HOUR / 2) == ((START, START + HOUR / 2),)


def test_what_was_read_is_one_time_where_it_overlaps_or_touches_and_two_where_it_does_not() -> None:
    known = Ledger(PROJECT)
    for begin, end in ((4, 6), (0, 1), (5, 8), (1, 2), (5, 6)):
        known = ledger.merge(known, Ledger(PROJECT, read=((START + begin * HOUR, START + end * HOUR),)))
    assert known.read == ((START, START + 2 * HOUR), (START + 4 * HOUR, START + 8 * HOUR))
    assert known.complete_until == START + 8 * HOUR


def test_logs_are_read_again_from_before_their_end_and_all_of_them_once_a_day() -> None:
    at = START + 20 * HOUR
    known = Ledger(PROJECT, glances=(Glance(at),), read=((START, at),))
    assert ledger.read_from(known, START, at + HOUR) == at - ledger.OVERLAP
    assert ledger.read_from(known, START, at + 5 * HOUR) == START
    assert ledger.read_from(Ledger(PROJECT), START, at) == START
    refused = dataclasses.replace(known, unread=(("aiplatform.googleapis.com/CustomJob", "Google answers 403"),))
    assert ledger.read_from(refused, START, at + HOUR) == START
    gap = dataclasses.replace(known, read=((START + HOUR, at),))
    assert ledger.read_from(gap, START, at + HOUR) == START


def test_of_old_looks_the_first_of_an_hour_is_kept_in_whatever_order_they_come() -> None:
    looks = [Glance(START + datetime.timedelta(minutes=10 * number)) for number in range(600)]
    one, other = Ledger(PROJECT), Ledger(PROJECT)
    for each in looks:
        one = ledger.merge(one, Ledger(PROJECT, glances=(each,)))
    for each in reversed(looks):
        other = ledger.merge(other, Ledger(PROJECT, glances=(each,)))
    assert one == other
    assert one.glances[-1] == looks[-1]
    old = [each for each in one.glances if each.at < looks[-1].at - ledger.THINNED - 2 * HOUR]
    assert old
    assert all(each.at.minute == 0 for each in old)

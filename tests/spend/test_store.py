"""The object of the ledger: two at once, a crash between any two calls, readers, an API that fails half the time."""

import dataclasses
import random
from collections.abc import Callable, Iterator

import pytest

from coursecloud.spend import account, form, ledger, store
from coursecloud.spend.ledger import Ledger
from coursecloud.spend.model import Look
from tests.spend import delivered, judge, scenarios
from tests.spend.simulator import World


class Bucket:
    """One object, with generations as Cloud Storage has them; `before_write` is what others do meanwhile."""

    def __init__(self) -> None:
        self.content: bytes | None = None
        self.generation = 0
        self.before_write: Callable[[], None] = lambda: None
        self.fails: Callable[[str], bool] = lambda _: False

    def read(self) -> tuple[bytes, int] | None:
        if self.fails("read"):
            raise store.StoreError("Google answers 503")
        return None if self.content is None else (self.content, self.generation)

    def write(self, content: bytes, generation: int) -> None:
        if self.fails("write"):
            raise store.StoreError("Google answers 403: no storage.objects.create")
        self.before_write()
        if generation != self.generation:
            raise store.ChangedError
        self.content, self.generation = content, self.generation + 1
        if self.fails("answer"):
            raise store.StoreError("no answer came")


def looks(seed: int, failing: float = 0.0) -> Iterator[tuple[World, Look]]:
    world = scenarios.world(seed)
    for event in scenarios.days(world):
        if event == "look":
            yield world, delivered.look(world, delivered.START, failing)


def kept_in(bucket: Bucket) -> Ledger:
    assert bucket.content is not None
    return form.read(bucket.content, delivered.PROJECT)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_read_is_what_was_written(seed: int) -> None:
    made = Ledger(delivered.PROJECT)
    for _, look in looks(seed, 0.3):
        made = ledger.fold(made, look)
    assert form.read(form.write(made), delivered.PROJECT) == made


def test_what_another_wrote_meanwhile_is_added_to() -> None:
    first, second, *_ = [look for _, look in looks(3)]
    bucket = Bucket()

    def other() -> None:
        bucket.before_write = lambda: None
        store.look_and_keep(bucket, delivered.PROJECT, lambda _: second)

    bucket.before_write = other
    store.look_and_keep(bucket, delivered.PROJECT, lambda _: first)
    both = ledger.fold(ledger.fold(Ledger(delivered.PROJECT), first), second)
    assert bucket.generation == 2
    assert kept_in(bucket) == both


def test_who_may_not_write_gets_the_same_answer() -> None:
    first, second, *_ = [look for _, look in looks(4)]
    bucket = Bucket()
    store.look_and_keep(bucket, delivered.PROJECT, lambda _: first)
    bucket.fails = lambda call: call == "write"
    reader = store.look_and_keep(bucket, delivered.PROJECT, lambda _: second)
    assert any("was not kept (Google answers 403" in note for note in reader.notes)
    bucket.fails = lambda _: False
    assert store.look_and_keep(bucket, delivered.PROJECT, lambda _: second).ledger == reader.ledger == kept_in(bucket)


def test_a_ledger_that_was_not_read_is_not_written_over() -> None:
    first, second, *_ = [look for _, look in looks(5)]
    bucket = Bucket()
    store.look_and_keep(bucket, delivered.PROJECT, lambda _: first)
    before = bucket.content
    bucket.fails = lambda call: call == "read"
    assert any(
        "was not read" in note for note in store.look_and_keep(bucket, delivered.PROJECT, lambda _: second).notes
    )
    assert bucket.content == before


def test_a_newer_ledger_is_left_and_a_broken_one_made_anew() -> None:
    _, look = next(looks(6))
    bucket = Bucket()
    bucket.content, bucket.generation = b'{"version": 99}', 7
    assert any(
        "update this tool" in note for note in store.look_and_keep(bucket, delivered.PROJECT, lambda _: look).notes
    )
    assert bucket.content == b'{"version": 99}'
    for broken in (b"", b"[]", b"{}", b'{"version": 1}', b'{"version": 1, "project": "7"}', b"\xff"):
        bucket.content = broken
        told = store.look_and_keep(bucket, delivered.PROJECT, lambda _: look)
        assert any("made anew" in note for note in told.notes), broken
        assert kept_in(bucket) == ledger.fold(Ledger(delivered.PROJECT), look)


def test_nothing_is_written_where_nothing_is_new() -> None:
    _, look = next(looks(7))
    bucket = Bucket()
    for _ in range(3):
        store.look_and_keep(bucket, delivered.PROJECT, lambda _: look)
    assert bucket.generation == 1


def test_others_that_write_all_the_time_end_it() -> None:
    all_looks = [look for _, look in looks(8)]
    bucket = Bucket()

    def other() -> None:
        bucket.generation += 1

    bucket.before_write = other
    told = store.look_and_keep(bucket, delivered.PROJECT, lambda _: all_looks[0])
    assert any("others wrote it all the time" in note for note in told.notes)
    assert told.ledger == ledger.fold(Ledger(delivered.PROJECT), all_looks[0])


@pytest.mark.parametrize("seed", range(30))
def test_half_of_all_calls_fail_and_nothing_is_counted_twice_or_forgotten(seed: int) -> None:
    """Two people look at will, half of all calls fail, some ended after they had written and never heard of it."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    bucket, priced = Bucket(), judge.rates()
    world = scenarios.world(1000 + seed)
    world.odds = dataclasses.replace(world.odds, failing=0.5)
    for event in scenarios.days(world):
        bucket.fails = lambda _: chance.random() < 0.5
        if event == "look":
            store.look_and_keep(bucket, delivered.PROJECT, lambda known: delivered.look(
                world, ledger.read_from(known, delivered.START, delivered.when(world.now)), 0.5))  # fmt: skip
    bucket.fails = lambda _: False
    world.wait(max([world.now, *(entry.received for entry in world.entries)]) + judge.DAY_AFTER)
    last = delivered.look(world, delivered.START, 0.0)
    kept = store.look_and_keep(bucket, delivered.PROJECT, lambda _: last)
    settled = account.of(kept.ledger, priced)
    assert settled
    assert kept_in(bucket) == kept.ledger
    assert not list(judge.differences(world, settled, kept.ledger, judge.Run(), final=True))


def test_a_look_at_another_project_is_refused() -> None:
    _, look = next(looks(9))
    with pytest.raises(ValueError, match="project 123456789012, the ledger is of 7"):
        ledger.fold(Ledger("7"), look)

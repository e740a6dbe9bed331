"""Many stacks at once: results in order whatever the number of processes, and mistakes come out."""

import os

import pytest

from coursecloud.common import parallel


def halved(number: int) -> int:
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number // 2


def whose(_: int) -> int:
    return os.getpid()


@pytest.mark.parametrize("count", [0, 1, parallel.FEW, 60])
def test_results_come_in_the_order_of_what_was_given(count: int) -> None:
    assert list(parallel.each(halved, range(0, 2 * count, 2), processes=2)) == list(range(count))


def test_a_few_are_worked_on_here_and_many_elsewhere() -> None:
    assert set(parallel.each(whose, range(parallel.FEW), processes=2)) == {os.getpid()}
    assert os.getpid() not in set(parallel.each(whose, range(parallel.FEW + 1), processes=2))


def test_one_processor_needs_no_pool() -> None:
    assert set(parallel.each(whose, range(60), processes=1)) == {os.getpid()}


@pytest.mark.parametrize("count", [4, 60])
def test_what_the_work_raises_is_raised_here(count: int) -> None:
    with pytest.raises(ValueError, match="1 is odd"):
        list(parallel.each(halved, range(count), processes=2))

"""Regular expressions for whole numbers in a range: how a schema bounds a number that has a unit behind it."""

from collections.abc import Iterator

from infra.settings.times import UNITS


def durations(low: int, high: int) -> str:
    """Write a pattern of the durations (`30m`, `8h`) from `low` to `high` seconds.

    >>> import re
    >>> [text for text in ("29s", "30s", "030s", "1d", "2d") if re.search(durations(30, 86400), text)]
    ['30s', '030s', '1d']
    """
    # Up to nine digits, as the settings read them, zeros in front included.
    parts = [
        f"(?:{'|'.join(numbers(-(-low // length), high // length))}){unit}"
        for unit, length in UNITS.items()
        if -(-low // length) <= high // length
    ]
    return f"^(?=[0-9]{{1,9}}[smhd]$)0*(?:{'|'.join(parts)})$"


def numbers(low: int, high: int) -> Iterator[str]:
    """Yield patterns that together match the numbers from `low` to `high`, without zeros in front.

    >>> list(numbers(30, 7200))
    ['[3-9][0-9]', '[1-9][0-9][0-9]', '[1-6][0-9][0-9][0-9]', '7[0-1][0-9][0-9]', '7200']
    """
    while low <= high:
        # The longest run of numbers from `low` that share their first digits and have all last ones.
        size = 1
        while low % (size * 10) == 0 and low and low + size * 10 - 1 <= high:
            size *= 10
        digit = low // size % 10
        last = min(9, digit + (high - low + 1) // size - 1)
        front, zeros = str(low // size // 10 or ""), len(str(size)) - 1
        yield front + (f"[{digit}-{last}]" if last > digit else str(digit)) + "[0-9]" * zeros
        low += (last - digit + 1) * size

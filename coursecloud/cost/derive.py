"""From prices of machine types to rates of a vCPU, a GiB, a GPU and a GiB of local SSD: exact, or not at all."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from coursecloud.cost.prices import MONTH

Pair = tuple[Decimal, Decimal]
"""USD on demand and at the Spot price."""

ROUNDING = Fraction(1, 10**9)
"""How far, of itself, a type's price may be from the sum of its parts: tables round in the tenth digit or later."""
_DIGITS = Decimal("1e-9")
_MONTH_DIGITS = Decimal("1e-7")


@dataclass(frozen=True)
class MachineShape:
    """What a machine type is made of, as it is billed."""

    vcpus: Decimal
    gib: Decimal
    ssd_gib: Decimal = Decimal(0)
    """GiB of local SSD that come with it."""
    gpu: str | None = None
    gpus: int = 0


@dataclass(frozen=True)
class FamilyRates:
    """What the machine types of one family cost in one region."""

    hour: dict[str, list[Decimal]]
    """By key of the compute table, USD an hour on demand and Spot: rates, and the types that they do not fit."""
    ssd_month: list[Decimal] | None
    """A GiB of local SSD a month, on demand and Spot; None where no type tells."""


def rates(family: str, priced: Mapping[str, Pair], shapes: Mapping[str, MachineShape]) -> FamilyRates:
    """Find the rates of a family: those of the first basis that gives back the price of each type that it is held to.

    A type of unknown shape, and one that has prices of its own, stands under its name.
    """
    for basis in _bases(family, [shapes[name] for name in priced if name in shapes]):
        found = _fit(basis, {name: pair for name, pair in priced.items() if name in shapes}, shapes)
        if found is not None:
            solved, odd = found
            ssd = solved.pop("ssd", None)
            hour = {key: [_rounded(rate, _DIGITS) for rate in pair] for key, pair in solved.items()}
            own = {name: priced[name] for name in priced if name in odd or name not in shapes}
            return FamilyRates(
                hour | _own(own), [_rounded(rate * int(MONTH), _MONTH_DIGITS) for rate in ssd] if ssd else None
            )
    return FamilyRates(_own(priced), None)


def _own(priced: Mapping[str, Pair]) -> dict[str, list[Decimal]]:
    return {name: [+price for price in priced[name]] for name in sorted(priced)}


_Part = tuple[str, Callable[[MachineShape], Decimal]]
_Solved = dict[str, tuple[Fraction, Fraction]]


def _bases(family: str, shapes: Sequence[MachineShape]) -> Iterator[list[_Part]]:
    """Yield the ways to take a family apart: cores and memory, or both in one where each type has as much a core."""
    models = sorted({shape.gpu for shape in shapes if shape.gpu})
    more = [(f"gpu.{model}", _gpus(model)) for model in models]
    if any(shape.ssd_gib for shape in shapes):
        more.append(("ssd", lambda shape: shape.ssd_gib))
    yield [(f"{family}.vcpu", lambda shape: shape.vcpus), (f"{family}.gib", lambda shape: shape.gib), *more]
    per_core = {shape.gib / shape.vcpus for shape in shapes}
    if len(per_core) == 1:
        each = per_core.pop().normalize()
        yield [(f"{family}.vcpu+{each:f}gib", lambda shape: shape.vcpus), *more]


def _gpus(model: str) -> Callable[[MachineShape], Decimal]:
    def count(shape: MachineShape) -> Decimal:
        return Decimal(shape.gpus if shape.gpu == model else 0)

    return count


def _fit(
    basis: Sequence[_Part], priced: Mapping[str, Pair], shapes: Mapping[str, MachineShape]
) -> tuple[_Solved, set[str]] | None:
    """Solve a basis on as many types as fit it; None where too few are left to hold the rates to."""
    names = sorted(priced)
    while len(names) > len(basis):
        off = _misfit(basis, priced, shapes, names)
        if off is None:
            return None
        # What differs draws the rates to itself, so that others seem to be off: each is tried before the worst goes.
        for kept in (names, *([name for name in names if name != left] for left in names)):
            solved = _exact(basis, priced, shapes, kept) if len(kept) > len(basis) else None
            if solved is not None:
                return _whole(solved, shapes, set(priced) - set(kept))
        names.remove(max(off, key=off.__getitem__))
    return None


def _whole(solved: _Solved, shapes: Mapping[str, MachineShape], odd: set[str]) -> tuple[_Solved, set[str]] | None:
    if not any(_rounded(rate * int(MONTH), _MONTH_DIGITS) for rate in solved.get("ssd", (Fraction(1),))):
        # The table had no price for the local SSD, and left it out of these types': they have none known.
        del solved["ssd"]
        odd = {name for name in odd if not shapes[name].ssd_gib}
    # No part is free: rates of nothing fit by chance.
    return (solved, odd) if all(rate > 0 for pair in solved.values() for rate in pair) else None


def _exact(
    basis: Sequence[_Part], priced: Mapping[str, Pair], shapes: Mapping[str, MachineShape], names: Sequence[str]
) -> _Solved | None:
    """Solve a basis for some types; None where it does not give back the price of each of them."""
    solved = _solve(basis, priced, shapes, names)
    off = None if solved is None else _off(basis, priced, shapes, names, solved)
    return solved if off is not None and max(off.values()) <= ROUNDING else None


def _misfit(
    basis: Sequence[_Part], priced: Mapping[str, Pair], shapes: Mapping[str, MachineShape], names: Sequence[str]
) -> dict[str, Fraction] | None:
    solved = _solve(basis, priced, shapes, names)
    return None if solved is None else _off(basis, priced, shapes, names, solved)


def _solve(
    basis: Sequence[_Part], priced: Mapping[str, Pair], shapes: Mapping[str, MachineShape], names: Sequence[str]
) -> _Solved | None:
    rows = [[Fraction(part(shapes[name])) for _, part in basis] for name in names]
    sides = [
        _least_squares([(row, Fraction(priced[name][spot])) for row, name in zip(rows, names, strict=True)])
        for spot in (False, True)
    ]
    if sides[0] is None or sides[1] is None:
        return None
    return {key: pair for (key, _), pair in zip(basis, zip(sides[0], sides[1], strict=True), strict=True)}


def _off(
    basis: Sequence[_Part],
    priced: Mapping[str, Pair],
    shapes: Mapping[str, MachineShape],
    names: Sequence[str],
    solved: _Solved,
) -> dict[str, Fraction]:
    """How far, of itself, each type's price is from the sum of its parts."""
    return {
        name: max(
            abs(sum(Fraction(part(shapes[name])) * solved[key][spot] for key, part in basis) / Fraction(price) - 1)
            for spot, price in enumerate(priced[name])
        )
        for name in names
    }


def _least_squares(rows: Sequence[tuple[Sequence[Fraction], Fraction]]) -> list[Fraction] | None:
    """Solve the normal equations exactly; None where the rows do not determine a solution."""
    size = len(rows[0][0])
    matrix = [
        [sum((row[i] * row[j] for row, _ in rows), Fraction(0)) for j in range(size)]
        + [sum((row[i] * value for row, value in rows), Fraction(0))]
        for i in range(size)
    ]
    for i in range(size):
        pivot = next((k for k in range(i, size) if matrix[k][i]), None)
        if pivot is None:
            return None
        matrix[i], matrix[pivot] = matrix[pivot], matrix[i]
        matrix[i] = [value / matrix[i][i] for value in matrix[i]]
        for k in range(size):
            if k != i and matrix[k][i]:
                factor = matrix[k][i]
                matrix[k] = [value - factor * by for value, by in zip(matrix[k], matrix[i], strict=True)]
    return [row[size] for row in matrix]


def _rounded(value: Fraction, digits: Decimal) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(digits).normalize()

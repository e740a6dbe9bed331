"""`python -m tests.spend.mutants`: break each line of the ledger's accounting in turn, and see a scenario notice.

mutmut, which `make mutation` runs, leaves what has a decorator alone and starts pytest for each mutant; here each is a
fork that lives scenarios until one differs from its bill. `survivors.json` has what may survive, with the reason.
Exit code 3: a survivor that has no reason there, or a reason that nothing needs.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, cast

from tests.spend import judge

ROOT = Path(__file__).parents[2]
MODULES = ("account", "facts", "ledger", "life", "lives", "walk")
KNOWN = Path(__file__).parent / "survivors.json"
SCENARIOS = 400
LOST = 150
SECONDS = 15
"""Of a processor, that a mutant may take for a scenario: one that never ends is seen by that."""
OTHER: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
}  # fmt: skip
CHANGED = (
    ast.operator, ast.cmpop, ast.boolop, ast.UnaryOp, ast.Name, ast.Constant, ast.If, ast.IfExp, ast.While,
    ast.comprehension, ast.Assign, ast.AugAssign, ast.Expr, ast.Continue, ast.keyword, ast.BoolOp,
)  # fmt: skip
SWAPPED = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    """One change of one line."""

    module: str
    where: str
    was: str
    becomes: str
    code: CodeType

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is, whatever line it is on."""
        return f"{self.module}.{self.where}", self.was, self.becomes


def mutants(module: str, names: tuple[str, ...] = ("",)) -> Iterator[Mutant]:
    """Yield every mutant of a module, or of what is named in it; what only words are made of is left alone."""
    text = (ROOT / "coursecloud/spend" / f"{module}.py").read_text(encoding="utf-8")
    whole = ast.parse(text)
    for where, path in _places(whole, "", ()):
        if not f"{module}.{where}".startswith(names) or not isinstance(_at(whole, path), CHANGED):
            continue
        for turn in (0, 1):
            tree = ast.parse(text)
            way = _statement(tree, path)
            before = _said(_at(tree, way))
            if _change(tree, path, turn):
                ast.fix_missing_locations(tree)
                after = _said(_at(tree, way))
                yield Mutant(module, where, before, after, compile(tree, f"{module}.py", "exec"))


Step = tuple[str, int | None]


def _places(node: ast.AST, where: str, path: tuple[Step, ...]) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """Yield every node inside functions, with the function's name and the way to it."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        where = f"{where}.{node.name}".removeprefix(".")
    elif where and not isinstance(node, ast.arguments):
        yield where, path
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "bases", "type_params"):
            continue
        if isinstance(value, ast.AST):
            yield from _places(value, where, (*path, (name, None)))
        elif isinstance(value, list):
            for index, each in enumerate(cast("list[object]", value)):
                if isinstance(each, ast.AST):
                    yield from _places(each, where, (*path, (name, index)))


def _at(tree: ast.AST, path: tuple[Step, ...]) -> Any:
    node: Any = tree
    for name, index in path:
        node = getattr(node, name) if index is None else getattr(node, name)[index]
    return node


def _statement(tree: ast.AST, path: tuple[Step, ...]) -> tuple[Step, ...]:
    """Give the way to the smallest statement around a node."""
    ways = (path[:length] for length in range(len(path), 0, -1))
    return next(way for way in ways if isinstance(_at(tree, way), ast.stmt | ast.match_case))


def _said(node: Any) -> str:
    """Write a statement without what is in it."""
    bare = copy.deepcopy(node)
    if hasattr(bare, "body"):
        bare.body = [ast.Pass()]
    if getattr(bare, "orelse", None):
        bare.orelse = []
    return ast.unparse(bare)


def _change(tree: ast.AST, path: tuple[Step, ...], turn: int) -> bool:
    """Make the first or the second change of a node; False where there is none."""
    node, (name, index) = _at(tree, path), path[-1]
    holder = _at(tree, path[:-1])

    def put(other: ast.AST) -> bool:
        if index is None:
            setattr(holder, name, other)
        else:
            getattr(holder, name)[index] = other
        return True

    match node:
        case ast.operator() | ast.cmpop() | ast.boolop() if turn == 0 and type(node) in OTHER:
            return put(OTHER[type(node)]())
        case ast.UnaryOp(op=ast.Not()) if turn == 0:
            return put(node.operand)
        case ast.Name(id=called) if turn == 0 and called in SWAPPED:
            return put(ast.Name(SWAPPED[called], ast.Load()))
        case ast.Constant(value=bool() as value) if turn == 0:
            return put(ast.Constant(not value))
        case ast.Constant(value=int() as value) if turn == 0:
            return put(ast.Constant(value + 1))
        case ast.Constant(value=str() as value) if turn == 0 and " " not in value and not isinstance(holder, ast.Expr):
            return put(ast.Constant(f"XX{value}"))
        case ast.If() | ast.IfExp() | ast.While():
            node.test = ast.Constant(bool(turn) and not isinstance(node, ast.While))
            return not (turn and isinstance(node, ast.While))
        case ast.comprehension(ifs=[_, *_]) if turn == 0:
            node.ifs = []
            return True
        case ast.Assign() | ast.AugAssign() if turn == 0 and isinstance(_target(node), ast.Attribute | ast.Subscript):
            return put(ast.Pass())
        case ast.Expr(value=ast.Call()) if turn == 0:
            return put(ast.Pass())
        case ast.Continue() if turn == 0:
            return put(ast.Break())
        case ast.keyword() if turn == 0 and isinstance(holder, ast.Call) and name == "keywords" and index is not None:
            del holder.keywords[index]
            return True
        case ast.BoolOp() if turn == 1:
            return put(node.values[0])
        case _:
            return False


def _target(node: ast.Assign | ast.AugAssign) -> ast.expr:
    return node.targets[0] if isinstance(node, ast.Assign) else node.target


class _Instead(MetaPathFinder, Loader):
    """Loads one module from the code of a mutant."""

    def __init__(self, mutant: Mutant):
        self._name, self._code = f"coursecloud.spend.{mutant.module}", mutant.code

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        """Claim the one module."""
        return ModuleSpec(fullname, self) if fullname == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the code of the mutant."""
        exec(self._code, module.__dict__)  # noqa: S102 - a line of this project's, changed


def survives(mutant: Mutant, priced: judge.Rates, scenarios: int) -> bool:
    """Live scenarios with a mutant, in a process of its own, until one differs from its bill."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    os._exit(_live(mutant, priced, scenarios))


def _live(mutant: Mutant, priced: judge.Rates, scenarios: int) -> int:
    try:
        sys.meta_path.insert(0, _Instead(mutant))
        for name in list(sys.modules):
            if name.startswith(("coursecloud.spend", "tests.spend")):
                del sys.modules[name]
        for mistakes in _judged(priced, scenarios):
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            if [*mistakes()]:
                return 1
        return 0
    except BaseException:  # noqa: BLE001 - whatever it is, the mutant was noticed
        return 1


def _judged(priced: judge.Rates, scenarios: int) -> Iterator[Callable[[], Iterable[str]]]:
    """Yield what gives the mistakes of each scenario, the short ones first."""
    again: Any = importlib.import_module("tests.spend.judge")
    named: Any = importlib.import_module("tests.spend.named")
    rates: Any = importlib.import_module("coursecloud.spend.rates")
    own = rates.Rates(priced.bill.settings, priced.bill.prices)
    for _, world, days in named.worlds():
        yield lambda world=world, days=days: again.lived(world, days, own).mistakes
    for seed in range(min(scenarios, LOST)):
        yield lambda seed=seed: again.lost_logs(seed, own)
    for seed in range(scenarios):
        yield lambda seed=seed: again.live(seed, own).mistakes


def known() -> dict[tuple[str, str, str], str]:
    """Read the survivors that may be, each with its reason."""
    told: Any = json.loads(KNOWN.read_text(encoding="utf-8"))
    return {
        (each["in"], each["was"], each["becomes"]): group["reason"]
        for group in told["survivors"]
        for each in group["mutants"]
    }


def main() -> int:
    """Break every line, or those in the functions that are named, and list what nothing noticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.spend.mutants", description=__doc__)
    parser.add_argument(
        "names", nargs="*", help="only in these functions or modules, e.g. walk.Walk.step; all unless given"
    )
    parser.add_argument("--scenarios", type=int, default=SCENARIOS, metavar="N", help=f"each; {SCENARIOS} unless given")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), metavar="N")
    parser.add_argument("--known", action="store_true", help="only those with a reason, which none may have killed")
    asked = parser.parse_args()
    reasons, priced = known(), judge.rates()
    names = tuple(asked.names) or ("",)
    chosen = [each for module in MODULES for each in mutants(module, names)]
    about = {key for key in reasons if key[0].startswith(names)}
    if gone := about - {each.key for each in chosen}:
        print(f"{KNOWN.name} names what there is no longer:", *sorted(gone), sep="\n  ")  # noqa: T201
        return 3
    chosen = [each for each in chosen if not asked.known or each.key in reasons]
    with ThreadPoolExecutor(asked.processes) as pool:
        lived = pool.map(partial(survives, priced=priced, scenarios=asked.scenarios), chosen)
        survived, new = list[Mutant](), list[Mutant]()
        for each, alive in zip(chosen, lived, strict=True):
            survived += [each] if alive else []
            if alive and each.key not in reasons:
                new.append(each)
                print(f"survived: {each.module}.{each.where}\n  - {each.was}\n  + {each.becomes}", flush=True)  # noqa: T201
    found = {each.key for each in survived}
    killed = [each.key for each in chosen if each.key in reasons and each.key not in found]
    for where, was, becomes in killed:
        print(f"noticed, and listed as a survivor: {where}\n  - {was}\n  + {becomes}")  # noqa: T201
    of = f"{len(chosen)} changes of {asked.scenarios} scenarios each"
    print(f"{len(chosen) - len(survived)} of {of} noticed; {len(survived)} survived, {len(new)} without a reason")  # noqa: T201
    return 3 if new or killed else 0


if __name__ == "__main__":
    sys.exit(main())

"""The modules of a program in a process that runs it many times: what one run leaves in them is not the next one's.

Pulumi runs a program once a process. Here a resource that is made while a module loads would be made in the first run
alone, and what a list of a module remembers would be another stack's. The program that this version ships does neither,
so it keeps its modules; any other one loads them anew for each run.
"""

import contextlib
import functools
import os
import sys
import sysconfig
from collections.abc import Generator
from pathlib import Path
from types import ModuleType

from coursecloud.plan import shipped

_TOOLS = frozenset({"coursecloud", "guardrails", "emulator", "bench", "tests", "__main__", "__mp_main__"})
"""Packages of the project that are no part of the program."""

_SHARED = ("catalog", "infra.files", "infra.names", "infra.secrecy", "infra.settings")
"""What the tools use of the program too, and what takes the longest to load."""


@contextlib.contextmanager
def anew(root: Path) -> Generator[None]:
    """Have the program in `root` load its modules anew, and the tools find theirs again."""
    keeps = _kept(root)
    if keeps is None:
        yield
        return
    before, places = _taken_out(root, keeps), list(sys.path)
    try:
        yield
    finally:
        sys.path[:] = places
        _taken_out(root, keeps)
        for name, module in before.items():
            sys.modules[name] = module
            parent, _, last = name.rpartition(".")
            if _is_in(parent, keeps):
                setattr(sys.modules[parent], last, module)


@functools.cache
def _kept(root: Path) -> tuple[str, ...] | None:
    """Name the packages that a program keeps from one run to the next; None where it keeps all of its modules."""
    files = shipped.altered(root)
    if not files:
        return None
    harmless = (file in ("__main__.py", "Pulumi.yaml") or _is_in_infra(file) for file in files)
    return ("infra", *_SHARED) if all(harmless) else ()


def _is_in_infra(file: str) -> bool:
    """Say whether a file is one of infra/ that no tool uses, and in front of none that a tool uses."""
    name = file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    return name.startswith("infra.") and "__pycache__" not in name and not _is_in(name, _SHARED)


def _is_in(name: str, packages: tuple[str, ...]) -> bool:
    """Say whether a module is one of these, or in one; of infra itself it has to be the one."""
    return name in packages or name.startswith(tuple(f"{each}." for each in packages if each != "infra"))


def _taken_out(root: Path, keeps: tuple[str, ...]) -> dict[str, ModuleType]:
    """Have Python forget the program's modules but those that it keeps, and give them."""
    elsewhere = tuple(f"{sysconfig.get_path(name)}{os.sep}" for name in ("purelib", "platlib", "stdlib"))
    found: dict[str, ModuleType] = {}
    for name, module in list(sys.modules.items()):
        file = str(getattr(module, "__file__", None))
        inside = file.startswith(f"{root}{os.sep}") and not file.startswith(elsewhere)
        if inside and not _is_in(name, keeps) and name.partition(".")[0] not in _TOOLS:
            found[name] = sys.modules.pop(name)
            parent, _, last = name.rpartition(".")
            if _is_in(parent, keeps):
                # Else `from infra import x` would find it there.
                vars(sys.modules[parent]).pop(last, None)
    return found

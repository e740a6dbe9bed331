"""Files at the project's root that stand in front of a library: `pulumi up` looks there first, a plan would not."""

import os
import site
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec, PathFinder
from pathlib import Path

OURS = ("catalog", "coursecloud", "guardrails", "infra")
"""The project's packages, which an installed coursecloud has too."""

_NO_LIBRARY = (
    "bench", "benchmarks", "build", "dist", "doc", "docs", "example", "examples", "script", "scripts", "test", "tests",
    "tools",
)  # fmt: skip
"""Names that many packages leave in site-packages by mistake, and that none imports."""

_AT_START = ("sitecustomize", "usercustomize")
"""What Python itself imports as it starts, before any program's folder is looked in; some systems bring one."""

RULE = "a file at the project's root has no name of a library or of a module of Python's own"
REMEDY = "rename it, or remove it"


@dataclass(frozen=True)
class Shadow:
    """One entry of the project's root, and what it stands in front of."""

    entry: str
    library: str

    def __str__(self) -> str:
        """Say what would happen."""
        return (
            f"{self.entry} at the project's root stands in front of {self.library}: `pulumi up` looks there first and"
            " could run it instead"
        )


def found(root: Path) -> list[Shadow]:
    """List what stands in front of a library that this interpreter has; runs none of it."""
    elsewhere = _libraries(root)
    try:
        entries = sorted(entry.name for entry in os.scandir(root))
    except OSError:
        return []  # no project, which its reader says better
    names: dict[str, str] = {}
    for entry in entries:
        names.setdefault(entry.partition(".")[0], entry)
    return list(_shadows(root, elsewhere, names))


def _shadows(root: Path, elsewhere: Sequence[str], names: dict[str, str]) -> Iterator[Shadow]:
    for name in names:
        if not name.isidentifier() or name in ("__main__", "__init__", "__pycache__", *OURS, *_NO_LIBRARY, *_AT_START):
            continue
        library = _spec(name, elsewhere)
        if library is None:
            continue
        # A folder without `__init__.py` stands behind a package, but before another such folder (`google`).
        spec = PathFinder.find_spec(name, [str(root), *elsewhere])
        if spec and any(Path(place).parent == root for place in _places(spec)):
            places = [Path(place) for place in _places(spec) if Path(place).parent == root]
            yield Shadow(places[0].name + ("/" if places[0].is_dir() else ""), _called(name))


def _spec(name: str, folders: Sequence[str]) -> ModuleSpec | None:
    return BuiltinImporter.find_spec(name) or FrozenImporter.find_spec(name) or PathFinder.find_spec(name, folders)


def _places(spec: ModuleSpec) -> Iterator[str]:
    if spec.submodule_search_locations is not None:
        yield from spec.submodule_search_locations
    elif spec.origin:
        yield spec.origin


def _libraries(root: Path) -> list[str]:
    """List the folders that libraries are installed in: no project, nor where somebody happens to stand."""
    import sysconfig

    installed = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    installed += [str(Path(installed[1]) / "lib-dynload"), *site.getsitepackages()]
    return [folder for folder in dict.fromkeys(installed) if Path(folder).resolve() != root.resolve()]


def _called(name: str) -> str:
    if name in sys.stdlib_module_names:
        return f"Python's own {name}"
    import importlib.metadata

    distributions = importlib.metadata.packages_distributions().get(name, [])
    return f"the library {' and '.join(dict.fromkeys(distributions)) or name}"

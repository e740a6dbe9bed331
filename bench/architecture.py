"""The picture in docs/architecture.md, made from what the code imports: `make architecture` writes it anew.

A package is a box, and an arrow goes from one to another whose modules it imports. An arrow is left out where others
lead there anyway, so that the layers can be seen. `make check` holds who may import whom; this shows who does.
"""

import ast
import tomllib
from collections.abc import Mapping
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docs" / "architecture.md"
PROGRAM = "__main__.py"
BEGIN, END = "<!-- made by `make architecture` -->\n", "<!-- end of what is made -->\n"

Arrows = Mapping[str, frozenset[str]]


def imports() -> dict[str, frozenset[str]]:
    """Give the packages, and of each those that its modules import; the program that Pulumi runs is one of its own."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages: list[str] = settings["tool"]["importlinter"]["root_packages"]
    graph = grimp.build_graph(packages[0], *packages[1:], cache_dir=None)
    found: dict[str, set[str]] = {PROGRAM: set()}
    for module in graph.modules:
        at = found.setdefault(package_of(module), set())
        at.update(package_of(each) for each in graph.find_modules_directly_imported_by(module))
    for node in ast.walk(ast.parse((ROOT / PROGRAM).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in packages:
            found[PROGRAM].add(package_of(node.module))
    return {name: frozenset(others - {name}) for name, others in found.items()}


def package_of(module: str) -> str:
    """Give the package that a module is in: of coursecloud's, the product."""
    first, *below = module.split(".")
    return f"{first}/{below[0]}" if first == "coursecloud" and below and below[0] != "__main__" else first


def reduced(arrows: Arrows) -> dict[str, frozenset[str]]:
    """Leave out each arrow to a package that another arrow leads to as well; there must be no circle."""
    reached: dict[str, frozenset[str]] = {}

    def follow(name: str, above: tuple[str, ...]) -> frozenset[str]:
        if name in above:
            raise ValueError(f"a circle of imports: {' -> '.join((*above[above.index(name) :], name))}")
        if name not in reached:
            reached[name] = arrows[name].union(*(follow(other, (*above, name)) for other in arrows[name]))
        return reached[name]

    for name in arrows:
        follow(name, ())
    return {
        name: frozenset(other for other in others if not any(other in reached[each] for each in others))
        for name, others in arrows.items()
    }


def picture(arrows: Arrows) -> str:
    """Write the Mermaid text; GitHub draws it."""
    shown = reduced(arrows)
    lines = ["flowchart TD", *(f'    {_id(name)}["{name}"]' for name in sorted(arrows))]
    lines += [f"    {_id(name)} --> {_id(other)}" for name in sorted(shown) for other in sorted(shown[name])]
    return "".join(f"{line}\n" for line in lines)


def _id(name: str) -> str:
    return name.replace("/", "_").replace(".", "_").strip("_")


def current(text: str) -> str:
    """Put the picture of today's code between the two marks of a text."""
    front, _, rest = text.partition(BEGIN)
    _, mark, back = rest.partition(END)
    if not mark:
        raise ValueError(f"{FILE.name} has no two lines {BEGIN.strip()} and {END.strip()}")
    return f"{front}{BEGIN}\n```mermaid\n{picture(imports())}```\n\n{END}{back}"


if __name__ == "__main__":
    FILE.write_text(current(FILE.read_text(encoding="utf-8")), encoding="utf-8")

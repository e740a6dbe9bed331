"""Stack files as people write them, by kinds: each case is one change of a file that has every section.

`bad` ones are refused with the path, the value, the rule and a remedy; `good` ones are read. The folder's YAML files
say of each kind where it changes the file (`at`, a path of the file), what the rule says (`say`), and the texts that
stand there, as somebody types them; or whole files, and replacements of their text.
"""

import copy
import functools
import itertools
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml
from typing_extensions import override

FOLDER = Path(__file__).parent
BASE = (FOLDER / "base.yaml").read_text(encoding="utf-8")
HERE = "@HERE@"


@dataclass(frozen=True)
class Case:
    """A stack file; of a bad one also where its mistake is said to be, and words of its rule."""

    kind: str
    text: str | bytes
    written: str
    """What was changed: the text that somebody typed."""
    path: str = ""
    say: str = ""
    mistakes: int = 1
    secret: bool = False
    """Nothing of what was typed may be said."""
    suggests: str = ""
    """The word that the remedy names."""
    renamed: bool = False
    """What was typed is a key."""

    def __str__(self) -> str:
        return f"{self.kind}: {self.path or 'file'} = {self.written[:60]!r}"


def bad() -> list[Case]:
    """Give every case that has to be refused."""
    return [case for file in sorted(FOLDER.glob("bad-*.yaml")) for case in _cases(file)]


def good() -> list[Case]:
    """Give every case that has to be read."""
    return [case for file in sorted(FOLDER.glob("good*.yaml")) for case in _cases(file)]


def keys() -> Iterator[str]:
    """Give the path of every key of the base that stands in a section."""

    def walk(at: str, value: object) -> Iterator[str]:
        yield at
        if isinstance(value, dict):
            for key, held in cast("dict[str, object]", value).items():
                yield from walk(f"{at}.{key}", held)

    for section, value in _content()["config"].items():
        if section.startswith("coursecloud:"):
            yield from walk(section, value)


def _cases(file: Path) -> Iterator[Case]:
    # Each scalar is the text that somebody types.
    groups: list[dict[str, Any]] = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    for group in groups:
        kind = str(group.get("kind", file.stem))
        known = {"kind", "at", "say", "values", "path", "mistakes", "secret", "keys", "value", "files", "replace"}
        assert group.keys() <= known, group.keys() - known
        common: dict[str, Any] = {
            "mistakes": int(group.get("mistakes", 1)),
            "secret": group.get("secret") == "true",
            "say": group.get("say", ""),
        }
        at, path = str(group.get("at", "")), group.get("path")
        for value in group.get("values", ()):
            yield _case(kind, changed(at, value), value, common, path=full(path or at))
        for key, meant in cast("dict[str, str]", group.get("keys", {})).items():
            where, suggests = f"{at}.{key}" if at else key, "" if meant == "null" else meant
            text = changed(where, str(group.get("value", "1")))
            yield _case(kind, text, key, common, renamed=True, suggests=suggests, path=full(path or where))
        for old, new, *words in group.get("replace", ()):
            assert BASE.count(old) == 1, old
            yield _case(kind, BASE.replace(old, new), new, common, *words, path=full(path or at))
        for content, *words in group.get("files", ()):
            raw = bytes(content, "utf-8").decode("unicode_escape").encode("latin-1") if "\\x" in content else content
            yield _case(kind, raw, content, common, *words, path=full(path) if path else "")


def _case(kind: str, text: str | bytes, written: str, common: dict[str, Any], *words: str, **more: Any) -> Case:
    said: dict[str, Any] = {**common, **more, **({"say": words[0]} if words else {})}
    return Case(kind=kind, text=text, written=written, **said)


def full(path: str) -> str:
    """Write a path as mistakes have it."""
    if path.startswith("/") or path in ("config", "Pulumi.x.yaml", "my storage", ":storage"):
        return path.removeprefix("/")
    return path if re.match(r"[A-Za-z-]+:", path) else f"coursecloud:{path}"


_BESIDE: dict[str, tuple[str, ...]] = {
    "course": ("allow", "machines", "network"),
    **dict.fromkeys(("storage", "registry", "builds", "github", "team", "guardrails", "prices"), ("allow",)),
    "lease": ("usage", "machines", "network"),
    "machines": ("allow", "usage", "network"),
    "training": ("allow",),
    "services": ("secrets",),
}
"""Which other sections a section is read with: all of them take time, and are read together by the base."""

_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def changed(at: str, typed: str) -> str:
    """Put a text into the base at a path; what leads there and is not there is made."""
    if at.startswith("/"):
        return f"{BASE}{at[1:]}: {typed}\n"
    top, _, rest = full(at).partition(".")
    holder: Any = {top: copy.deepcopy(_content()["config"].get(top))}
    section = holder
    way: list[str | int] = [top, *(int(number) if number else name for name, number in _PART.findall(rest))]
    for part, following in itertools.pairwise(way):
        if isinstance(cast("object", holder), dict) and not isinstance(holder.get(part), dict | list):
            holder[part] = [] if isinstance(following, int) else {}
        holder = holder[part]
    if way[-1] == len(holder) and isinstance(cast("object", holder), list):
        holder.append(HERE)
    else:
        holder[way[-1]] = HERE
    before, _, after = _dumped(section).partition(f"'{HERE}'")
    beside = _BESIDE.get(top.removeprefix("coursecloud:"))
    others = "".join(
        text
        for name, text in _sections().items()
        if name != top and (beside is None or name.startswith("gcp:") or name.removeprefix("coursecloud:") in beside)
    )
    return f"config:\n{others}{before}{typed}{after}"


@functools.cache
def _sections() -> dict[str, str]:
    return {name: _dumped({name: value}) for name, value in _content()["config"].items()}


def _dumped(section: object) -> str:
    return textwrap.indent(yaml.dump(section, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=10_000), "  ")


class _Plain(yaml.SafeDumper):
    @override
    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


@functools.cache
def _content() -> dict[str, Any]:
    return yaml.safe_load(BASE)

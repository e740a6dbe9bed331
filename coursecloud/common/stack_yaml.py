"""YAML as stack files are read: as Go's yaml.v3 does for Pulumi, whatever else PyYAML would make of it."""

import datetime
import math
import re
from collections.abc import Hashable, Iterator
from typing import Any, cast

import yaml
from typing_extensions import override

from infra import files


class Loader(yaml.SafeLoader):
    """YAML as Go's yaml.v3 reads it: `18:00` and `on` are text, keys are unique; dates stay as written."""

    def slip(self, problem: str, node: yaml.Node) -> None:
        """Refuse what means another thing than it seems to."""
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)

    # yaml.v3 knows no such escape.
    ESCAPE_REPLACEMENTS = {sign: text for sign, text in yaml.SafeLoader.ESCAPE_REPLACEMENTS.items() if sign != "/"}  # noqa: RUF012

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        """Make the node of a value. Raises ConstructorError for a tag that yaml.v3 takes otherwise, or not at all."""
        event = cast("yaml.ScalarEvent", self.peek_event())
        node = super().compose_scalar_node(anchor)
        if event.tag == "!":
            self.slip("with `!` in front this is text to Pulumi, whatever it says", node)
        elif (fits := _FITS.get(event.tag or "")) and not fits.fullmatch(node.value):
            kind = node.tag.rpartition(":")[2]
            self.slip(f"this is no {kind} to Pulumi, which then reads nothing of the file", node)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Make a mapping. Raises ConstructorError for a key that is no text or is there twice."""
        seen: set[str] = set()
        before: yaml.Node | None = None
        merged = False
        for pair in list(node.value):
            key_node, value_node = pair
            if key_node.tag == "tag:yaml.org,2002:merge":
                if merged:
                    self.slip("'<<' is there twice", key_node)
                merged = True
                continue
            key = cast("object", self.construct_object(key_node, deep=True))
            if isinstance(key, str):
                if key in seen:
                    self.slip(f"'{key}' is there twice", key_node)
                seen.add(key)
            else:
                self.slip(_no_text(node, key_node, value_node, before), key_node)
                node.value.remove(pair)
            before = value_node
        return super().construct_mapping(node, deep=deep)


def _no_text(node: yaml.MappingNode, key: yaml.Node, value: yaml.Node, before: yaml.Node | None) -> str:
    if node.flow_style and isinstance(key, yaml.MappingNode):
        return "braces make a mapping, and no template fills in what is between them"
    digits = (str(part.value) if isinstance(part, yaml.ScalarNode) else "" for part in (before, key, value))
    whole, fraction, rest = digits
    if node.flow_style and whole.isdigit() and fraction.isdigit() and not rest:
        return f"between braces a comma ends a value: {whole} and {fraction} are two"
    return "this key is not text"


def _leading_zero(loader: Loader, node: yaml.ScalarNode) -> int:
    loader.slip("this number is octal to one reader and decimal to another", node)
    return int(node.value.replace("_", ""))


def _no_number(loader: Loader, node: yaml.ScalarNode) -> None:
    loader.slip("this is no number that Pulumi can hand on", node)


_FITS = {
    "tag:yaml.org,2002:null": re.compile(r"~|null|Null|NULL|"),
    "tag:yaml.org,2002:bool": re.compile(r"true|True|TRUE|false|False|FALSE"),
}
"""What a value with one of these tags says, or yaml.v3 refuses all of the file."""

# Only what has a meaning in JSON: no other tag makes a value that Pulumi's engine could hand on.
_MEANT = (None, *(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map")))
Loader.yaml_constructors = {tag: make for tag, make in yaml.SafeLoader.yaml_constructors.items() if tag in _MEANT}
Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"(?:~|null|Null|NULL|)", "~nN\0"),
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)", "tTfF"),
    ("leading-zero", r"[-+]?0[0-9_]+", "-+0"),
    ("int", r"[-+]?(?:0|[1-9][0-9_]*|0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+)", "-+0123456789"),
    ("float", r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9_]+)(?:[eE][-+]?[0-9_]+)?", "-+.0123456789"),
    ("no-number", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+."),
    ("merge", r"<<", "<"),
):
    Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^{_pattern}$"), list(_first) + [""] * (_tag == "null")
    )
Loader.add_constructor("tag:yaml.org,2002:leading-zero", _leading_zero)
Loader.add_constructor("tag:yaml.org,2002:no-number", _no_number)


_EXACT = 2**64
"""From here on yaml.v3 makes a number with a fraction of a whole one, of which only the first digits are right."""


def _number(loader: Loader, node: yaml.ScalarNode) -> int | float:
    # A number of thousands of digits cannot even be shown.
    if len(node.value) > files.DIGITS:
        problem = f"the number {node.value[:20]}... has too many digits"
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
    digits = node.value.replace("_", "")
    if node.tag.endswith(":float") and math.isinf(float(digits)):
        raise yaml.constructor.ConstructorError(None, None, "this number is larger than any", node.start_mark)
    if node.tag.endswith(":int") and not -_EXACT / 2 <= int(digits, 0) < _EXACT:
        loader.slip("Pulumi rounds a number of so many digits", node)
    return int(digits, 0) if node.tag.endswith(":int") else float(digits)


for _name in ("int", "float"):
    Loader.add_constructor(f"tag:yaml.org,2002:{_name}", _number)


class AsPulumi(Loader):
    """A stack file as Pulumi hands it to the program: a day without quotes is midnight, in Go's words for it.

    What means another thing than it seems to is kept in `slips` and read as what was probably meant, so that it hides
    no other mistake.
    """

    def __init__(self, stream: str, slips: list[yaml.MarkedYAMLError]):
        super().__init__(stream)
        self.slips = slips

    @override
    def slip(self, problem: str, node: yaml.Node) -> None:
        """Keep what means another thing than it seems to."""
        self.slips.append(yaml.constructor.ConstructorError(None, None, problem, node.start_mark))


def _undefined(loader: Loader, node: yaml.Node) -> object:
    loader.slip("this tag means nothing to Pulumi", node)
    return str(node.value) if isinstance(node, yaml.ScalarNode) else None


AsPulumi.yaml_constructors = {**Loader.yaml_constructors, None: _undefined}


def _day(_: Loader, node: yaml.ScalarNode) -> str:
    try:
        return f"{datetime.date(*map(int, node.value.split('-')))} 00:00:00 +0000 UTC"
    except ValueError:
        return node.value


def _moment(loader: Loader, node: yaml.ScalarNode) -> str:
    loader.slip("this is a time to Pulumi, which hands it on in other words", node)
    return node.value[:10]


# `parseTimestamp` in resolve.go of yaml.v3 3.0.1
_DAY = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_TIME = r"[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:[.,][0-9]*)?"
for _tag, _pattern, _make in (
    ("day", _DAY, _day),
    (
        "moment",
        _DAY + rf"(?:[Tt]{_TIME}(?:Z|[-+][0-9]{{2}}:[0-9]{{2}})|[ ]{_TIME})",
        _moment,
    ),
):
    AsPulumi.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^{_pattern}$"), list("0123456789"))
    AsPulumi.add_constructor(f"tag:yaml.org,2002:{_tag}", _make)


_ENDS = re.compile(r"\r\n|\n|\r")


def split(text: str) -> list[str]:
    """Split a text where editors and git do, each line with its end: what else ends one to Python hides in it."""
    lines: list[str] = []
    start = 0
    for match in _ENDS.finditer(text):
        lines.append(text[start : match.end()])
        start = match.end()
    return lines + ([text[start:]] if start < len(text) else [])


def comments(text: str) -> Iterator[tuple[int, str]]:
    """Give each comment with its line, from 1; of what is no YAML all that may be one."""
    letters = list(text)
    try:
        for token in cast("Iterator[yaml.Token]", yaml.scan(text, Loader=Loader)):
            if isinstance(token, yaml.ScalarToken):
                inside = slice(token.start_mark.index, token.end_mark.index)
                letters[inside] = [each if each in "\r\n" else "x" for each in letters[inside]]
    except yaml.YAMLError:
        letters = list(text)
    for number, (line, plain) in enumerate(zip(split(text), split("".join(letters)), strict=True), 1):
        if match := re.search(r"(?:^|\s)#", plain):
            yield number, line[match.end() :].rstrip("\r\n")

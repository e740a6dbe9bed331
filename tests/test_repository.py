"""What people expect of a repository: a licence, whose data it carries, one version, a changelog, and who is asked."""

import json
import re
import tomllib
from typing import Any, cast

import yaml

from tests.project import CHECKOUT

PYPROJECT: dict[str, Any] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
VERSION: str = PYPROJECT["project"]["version"]
DATA = [
    path for folder in ("catalog", "emulator", "bench", "tests") for path in sorted((CHECKOUT / folder).rglob("*.json"))
]


def sources(text: str) -> set[str]:
    """Give the addresses under each `source` of a file of facts, however deep it stands."""
    found: set[str] = set()

    def look(entry: dict[str, Any]) -> dict[str, Any]:
        listed: Any = entry.get("source")
        if isinstance(listed, list):
            found.update(each["url"] for each in cast("list[Any]", listed) if "url" in each)
        return entry

    json.loads(text, object_hook=look)
    return found


def named(notice: str) -> list[str]:
    """List the beginnings of addresses that NOTICE names: each stands in a line of its own."""
    return re.findall(r"^    (https://\S+)$", notice, re.MULTILINE)


def unnamed(notice: str, found: set[str]) -> tuple[list[str], list[str]]:
    """List the sources that NOTICE does not name, and what it names that is no source any more."""
    beginnings = named(notice)
    return (
        sorted(url for url in found if not any(url.startswith(each) for each in beginnings)),
        [each for each in beginnings if not any(url.startswith(each) for url in found)],
    )


def test_the_licence_is_the_whole_apache_2() -> None:
    text = (CHECKOUT / "LICENSE").read_text(encoding="utf-8")
    assert re.search(r"Apache License\s+Version 2\.0, January 2004", text)
    assert [int(number) for number in re.findall(r"^   (\d)\. [A-Z]", text, re.MULTILINE)] == list(range(1, 10))
    assert "END OF TERMS AND CONDITIONS" in text
    assert PYPROJECT["project"]["license"] == "Apache-2.0"
    assert all((CHECKOUT / file).is_file() for file in PYPROJECT["project"]["license-files"])


def test_the_notice_names_every_source_of_data_and_no_other() -> None:
    found = {
        url
        for path in DATA
        for url in sources(path.read_text(encoding="utf-8"))
        if not (CHECKOUT / url).exists()  # facts about this project's own files
    }
    assert len(found) > 50
    assert unnamed((CHECKOUT / "NOTICE").read_text(encoding="utf-8"), found) == ([], [])


def test_a_source_that_the_notice_forgets_is_seen_and_so_is_one_that_is_gone() -> None:
    facts = {"types": {"x": {"source": [{"url": "https://b.example/y"}]}}, "source": [{"url": "https://a.example/x"}]}
    found = sources(json.dumps(facts))
    assert unnamed("Whose.\n    https://a.example/\n    https://c.example/\n", found) == (
        ["https://b.example/y"],
        ["https://c.example/"],
    )


def test_the_version_is_said_in_one_place() -> None:
    pack = yaml.safe_load((CHECKOUT / "guardrails" / "PulumiPolicy.yaml").read_text(encoding="utf-8"))
    assert str(pack["version"]) == VERSION, "Pulumi reads the policy pack's own: write pyproject.toml's version there"
    again = [
        str(path.relative_to(CHECKOUT))
        for folder in ("catalog", "coursecloud", "emulator", "guardrails", "infra")
        for path in sorted((CHECKOUT / folder).rglob("*.py"))
        if f'"{VERSION}"' in path.read_text(encoding="utf-8")
    ]
    assert again == []


def test_the_changelog_has_this_version_and_its_parts_are_those_of_keep_a_changelog() -> None:
    text = (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", text, re.MULTILINE)
    assert releases[0] == ("Unreleased", "")
    assert releases[1][0] == VERSION
    dates = [date for _, date in releases[1:]]
    assert all(dates)
    assert dates == sorted(dates, reverse=True)
    parts = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert parts <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}

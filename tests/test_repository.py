"""What people expect of a repository: a licence, whose data it carries, one version, a changelog, and who is asked."""

import configparser
import json
import re
import subprocess
import tomllib
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from tests import project
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
    # The ids of other tools' checks stand in the rules themselves.
    found |= set(re.findall(r"https://[^\s)]+", (CHECKOUT / "coursecloud/policy/rule.py").read_text(encoding="utf-8")))
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
        for folder in ("billing", "catalog", "course", "coursecloud", "emulator", "guardrails", "infra")
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


def listed() -> list[Path]:
    """List the files of the project: those that git has or would take."""
    asked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if asked.returncode:
        pytest.skip("not a clone: git knows no files here")
    return [CHECKOUT / name for name in asked.stdout.split("\0") if name and (CHECKOUT / name).is_file()]


def unlike(editorconfig: Mapping[str, str], content: bytes) -> list[str]:
    """List what a file is unlike its settings in `.editorconfig`."""
    found: list[str] = []
    if editorconfig.get("end_of_line") == "lf" and b"\r" in content:
        found.append("a line ends with CR")
    if editorconfig.get("insert_final_newline") == "true" and content and not content.endswith(b"\n"):
        found.append("no line break at the end")
    if editorconfig.get("trim_trailing_whitespace") == "true" and re.search(rb"[ \t]$", content, re.MULTILINE):
        found.append("blanks at the end of a line")
    if editorconfig.get("indent_style") == "space" and re.search(rb"^\t", content, re.MULTILINE):
        found.append("a tab at the begin of a line")
    if editorconfig.get("charset") == "utf-8":
        try:
            content.decode()
        except UnicodeDecodeError:
            found.append("no UTF-8")
    return found


def settings_of(path: Path) -> dict[str, str]:
    """Read `.editorconfig` for a file: what a later section says holds."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string("[root]\n" + (CHECKOUT / ".editorconfig").read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for section in parser.sections()[1:]:
        names = re.fullmatch(r"\{(.+)\}", section)
        if any(fnmatch(path.name, name) for name in (names[1].split(",") if names else [section])):
            found.update(parser[section])
    return found


def test_every_file_is_written_as_editors_are_told() -> None:
    wrong = {
        str(path.relative_to(CHECKOUT)): found
        for path in listed()
        if (found := unlike(settings_of(path), path.read_bytes()))
    }
    assert wrong == {}


def test_what_editors_are_told_is_what_ruff_holds() -> None:
    assert settings_of(Path("x.py"))["max_line_length"] == str(PYPROJECT["tool"]["ruff"]["line-length"])


@pytest.mark.parametrize("content", [b"a\r\n", b"a", b"a \n", b"\ta\n", b"\xff\n"])
def test_what_is_written_otherwise_is_seen(content: bytes) -> None:
    assert len(unlike(settings_of(Path("x.py")), content)) == 1
    assert unlike(settings_of(Path("x.py")), b"a\n    b\n") == []
    assert unlike(settings_of(Path("Makefile")), b"\ta\n") == []


def test_the_devcontainer_sets_up_what_the_readme_says_and_ci_tries() -> None:
    """`.ci/bare` runs both commands in a new root of that Debian, with the README's packages and no others."""
    container = json.loads((CHECKOUT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    packages = re.search(r"sudo apt install ([^#]*?) +#", readme)
    assert packages
    assert container["onCreateCommand"].endswith(f"sudo apt install --yes {packages[1]}")
    suite = re.search(r"^suite=\$\{1:-(\w+)\}", (CHECKOUT / ".ci" / "bare").read_text(encoding="utf-8"), re.MULTILINE)
    assert suite
    assert container["image"] == f"mcr.microsoft.com/devcontainers/base:{suite[1]}"
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    maker, goal = container["updateContentCommand"].split()
    assert maker == "make"
    assert re.search(rf"^{goal}:", makefile, re.MULTILINE)


def test_code_owners_names_nobody_who_is_not_there() -> None:
    """GitHub asks nobody, and shows an error, where a line names an account without write access."""
    lines = (CHECKOUT / ".github" / "CODEOWNERS").read_text(encoding="utf-8").splitlines()
    if project.is_used(CHECKOUT):
        pytest.skip("a group uses this checkout, and may have named its own")
    assert all(line.startswith("#") for line in lines)


@pytest.mark.parametrize(
    "file", sorted((CHECKOUT / ".github/ISSUE_TEMPLATE").glob("*.yml")), ids=lambda file: file.name
)
def test_an_issue_form_asks_each_thing_once_and_for_nothing_private(file: Path) -> None:
    form = yaml.safe_load(file.read_text(encoding="utf-8"))
    if file.name == "config.yml":
        assert form == {"blank_issues_enabled": True}
        return
    assert form["name"]
    assert form["description"]
    asked = [each for each in form["body"] if each["type"] != "markdown"]
    assert all(each["attributes"]["label"] for each in asked)
    ids = [each["id"] for each in asked]
    assert len(ids) == len(set(ids))

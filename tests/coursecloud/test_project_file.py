"""What Pulumi.yaml has Pulumi run with beside the program and the stack file is named, and what it may say is not."""

from pathlib import Path

import pytest

from coursecloud.plan import project_file
from coursecloud.policy.rules.program import RULES
from tests.project import ROOT

SHIPPED = (ROOT / "Pulumi.yaml").read_text(encoding="utf-8")


def told(folder: Path, text: str) -> list[tuple[str, str]]:
    (folder / "Pulumi.yaml").write_text(text, encoding="utf-8")
    return [(deed.kind, deed.text) for deed in project_file.deeds(folder)]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("main: docs/", '`main: "docs/"` of Pulumi.yaml, so that Pulumi runs another program'),
        ("stackConfigDir: docs", "other stack files"),
        ("config: docs", "settings come that no stack file has"),
        ("config: {gcp:impersonateServiceAccount: {value: x@y.iam.gserviceaccount.com}}", "x@y.iam"),
        ("plugins: {providers: [{name: gcp, path: ./docs}]}", "its provider"),
        ("packages: {random: random@4.0}", "other providers"),
        ("template: {description: x}", "which nothing here reads"),
    ],
)
def test_a_key_by_which_more_is_done_breaks_a_rule(tmp_path: Path, more: str, says: str) -> None:
    ((kind, text),) = told(tmp_path, f"{SHIPPED}\n{more}\n")
    assert says in text
    assert any(kind in rule.kinds and not rule.advisory for rule in RULES)


@pytest.mark.parametrize(
    "runtime",
    ["nodejs", "{name: python, options: {toolchain: pip, binary: ./x}}", "{name: python, version: 1}", "[python]"],
)
def test_another_runtime_is_one(tmp_path: Path, runtime: str) -> None:
    ((kind, text),) = told(tmp_path, f"name: coursecloud\nruntime: {runtime}\n")
    assert kind == "unread"
    assert "otherwise than a plan does" in text


@pytest.mark.parametrize("text", [SHIPPED, "name: coursecloud\nruntime: python\nauthor: us\n", "[", "- a", ""])
def test_what_a_project_may_say_is_none(tmp_path: Path, text: str) -> None:
    assert told(tmp_path, text) == []
    (tmp_path / "Pulumi.yaml").unlink()
    assert list(project_file.deeds(tmp_path)) == []

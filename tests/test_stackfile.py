"""Stack files are read as Pulumi's engine reads them, and what it could not read is said with its line."""

import errno
from pathlib import Path
from typing import Any

import pytest

from coursecloud.common import stack_file
from coursecloud.plan import planning
from infra.settings import SettingsError
from tests.project import ROOT

STARTED = "config:\n  coursecloud:lease: "


def read(text: str, folder: Path) -> dict[str, Any]:
    file = folder / "Pulumi.x.yaml"
    file.write_text(text, encoding="utf-8")
    return dict(stack_file.read("x", file))


def value(text: str, folder: Path) -> Any:
    return read(f"config: {{x:y: {text}}}", folder)["x:y"]


@pytest.mark.parametrize(
    "text",
    ["18:00", "08:30", "1:30:00", "on", "off", "yes", "no", "y", "NO", "2026-13-23", "2026-11", "2026-11-23T08:00:00"],
)
def test_what_only_yaml_1_1_reads_as_something_else_is_text(text: str, tmp_path: Path) -> None:
    assert value(text, tmp_path) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None), ("0", 0), ("-7", -7),
        ("1_000", 1000), ("0x1F", 31), ("0o17", 15), ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0),
        ("'1'", "1"), ("[a, 1]", ["a", 1]), ("0X1f", 31), ("0O17", 15), ("0b101", 5), ("-0B1_1", -3),
        ("1_000.5", 1000.5),
        ("2026-11-3", "2026-11-03 00:00:00 +0000 UTC"), ("'2026-11-03'", "2026-11-03"),
        ("{since: 2026-11-03}", {"since": "2026-11-03 00:00:00 +0000 UTC"}),
    ],
)  # fmt: skip
def test_scalars_are_what_pulumis_engine_makes_of_them(text: str, expected: object, tmp_path: Path) -> None:
    found = value(text, tmp_path)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("text", "rule", "remedy"),
    [
        ("config:\n\tgcp:project: x\n", "line 2, column 1", "no tabs"),
        ("config: {x:y: .inf}", "is no number that Pulumi can hand on", "write a number"),
        ("config: {x:y: -.Inf}", "is no number that Pulumi can hand on", "write a number"),
        ("config: {x:y: 2026-11-23T10:00:00Z}", "is a time to Pulumi", "write the day alone"),
        ("config: {x:y: 0x_}", "does not fit", "mend"),
        ('config: {x:y: ! "null"}', "with `!` in front this is text to Pulumi", "write the value alone"),
        ("config: {x:y: ! true}", "with `!` in front this is text to Pulumi", "write the value alone"),
        ("config: {x:y: !!null x}", "this is no null to Pulumi", "write the value alone"),
        ("config: {x:y: !!bool yes}", "this is no bool to Pulumi", "write the value alone"),
        ('config: {x:y: "a\\/b"}', "unknown escape character", "use single ones"),
        ("config: {x:y: 98765432109876543210}", "Pulumi rounds a number of so many digits", "quotes"),
        ("config:\n  a:x: &x {}\n  <<: *x\n  <<: *x\n", "'<<' is there twice", "one of"),
        ("config:\n  gcp:project: x\n  gcp:project: y\n", "line 3, column 3: 'gcp:project' is there twice", "one of"),
        (f"{STARTED}\n    credit: {{amount: 1, amount: 2}}\n", "line 3, column 25: 'amount' is there twice", "one of"),
        (f"{STARTED}{{<<: {{b: 1}}, a: 1, a: 2}}\n", "'a' is there twice", "one of"),
        (f"{STARTED}{{? [b] : a}}\n", "this key is not text", "quotes"),
        (f"{STARTED}{{1: a}}\n", "line 2, column 23: this key is not text", "quotes"),
        (f"{STARTED}{{stopSchedule: * * * * *}}\n", "line 2", "* or & in quotes"),
        (f"{STARTED}*gone\n", "undefined alias", "in quotes"),
        (f"{STARTED}{{maxPerHour: 02476}}\n", "octal to one reader", "quotes"),
        (f"{STARTED}!!python/object/apply:os.getcwd []\n", "this tag means nothing", "! in quotes"),
        (f"{STARTED}!!timestamp 2026-11-23\n", "this tag means nothing", "! in quotes"),
        (f"{STARTED}!!int many\n", "does not fit", "mend"),
        (f"{STARTED}&a {{x: *a}}\n", "line 2, column 22: an alias stands within", "write out"),
        ("config: " + "[" * 5000, "nested too deeply", "brackets"),
        ("- gcp:project\n", "a mapping with the key `config:`", "write `config:`"),
        ("hello\n", "a mapping with the key `config:`", "write `config:`"),
        ("config: [a]\n", "config is a mapping", "indent"),
        ("config: {}\n---\nconfig: {}\n", "line 2", "take the line '---' away"),
        (f"{STARTED}{{maxPerHour: 1e999}}\n", "larger than any", "write a number"),
    ],
)
def test_a_file_that_pulumi_could_not_read_says_where_and_what_to_do(
    text: str, rule: str, remedy: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError) as raised:
        read(text, tmp_path)
    (problem,) = raised.value.problems
    assert rule in problem.rule
    assert remedy in problem.remedy


def test_what_is_wrong_with_the_configuration_is_said_at_its_key(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        read("config: [a]\n", tmp_path)
    assert [problem.path for problem in raised.value.problems] == ["config"]


def test_a_file_that_is_not_utf_8_says_so(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.x.yaml"
    file.write_bytes("config: {gcp:project: é}".encode("latin-1"))
    with pytest.raises(SettingsError, match="not UTF-8 text"):
        stack_file.read("x", file)


@pytest.mark.parametrize(
    ("error", "rule", "remedy"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), "may not read the file", "chmod u+r"),
        (OSError(errno.EIO, "Input/output error"), "cannot be read: Input/output error", "ls -l"),
    ],
)
def test_a_file_that_cannot_be_opened_is_not_told_to_mend_its_yaml(
    error: OSError, rule: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> str:
        raise error

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(SettingsError) as raised:
        stack_file.read("x", tmp_path / "Pulumi.x.yaml")
    (problem,) = raised.value.problems
    assert rule in problem.rule
    assert remedy in problem.remedy


def test_a_link_to_nothing_and_a_folder_are_found_and_told_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.link.yaml").symlink_to(tmp_path / "gone.yaml")
    (tmp_path / "Pulumi.folder.yaml").mkdir()
    for stack, rule, remedy in (
        ("link", "a link to one that is not", "mend the link"),
        ("folder", "a folder", "rename"),
    ):
        path = stack_file.path_of(stack, tmp_path)
        with pytest.raises(SettingsError) as raised:
            stack_file.read(stack, path)
        (problem,) = raised.value.problems
        assert rule in problem.rule
        assert remedy in problem.remedy


def test_no_tag_of_a_file_makes_an_object(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    with pytest.raises(SettingsError):
        read(f"config: !!python/object/apply:pathlib.Path.touch [{touched}]\n", tmp_path)
    assert not touched.exists()


def test_what_pulumi_itself_writes_into_a_stack_file_is_accepted(tmp_path: Path) -> None:
    text = """\
secretsprovider: passphrase
encryptionsalt: v1:AAAA:v1:BBBB
encryptedkey: CCCC
environment: [course/dev]
config:
  gcp:project: my-project-1
  gcp:credentials: {secure: DDDD}
  pulumi:disable-default-providers: [random]
"""
    assert read(text, tmp_path)["gcp:project"] == "my-project-1"


def test_keys_at_the_wrong_level_are_named_with_where_they_belong(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        read("confg: {}\ngcp:project: x\n", tmp_path)
    assert [(problem.path, problem.remedy) for problem in raised.value.problems] == [
        ("confg", "did you mean 'config'?"),
        ("gcp:project", "indent `gcp:project` under `config:`"),
    ]


def test_a_key_without_a_namespace_is_the_projects_own(tmp_path: Path) -> None:
    assert read("config: {lease: {}, gcp:project: x}", tmp_path) == {"coursecloud:lease": {}, "gcp:project": "x"}


def test_anchors_and_merges_are_followed(tmp_path: Path) -> None:
    text = "config:\n  coursecloud:machines:\n    a: &a {spot: true}\n    b: {<<: *a, zone: z}\n"
    assert read(text, tmp_path)["coursecloud:machines"]["b"] == {"spot": True, "zone": "z"}


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "config:\n", "config: {}\n"])
def test_an_empty_file_is_an_empty_configuration(text: str, tmp_path: Path) -> None:
    assert read(text, tmp_path) == {}


def test_the_stack_files_of_a_folder_are_listed_by_name_and_nothing_else_is(tmp_path: Path) -> None:
    for name in ("Pulumi.yaml", "Pulumi.b.yaml", "Pulumi.a.b.yml", "members.b.yaml", "Pulumi.c.yaml.bak"):
        (tmp_path / name).touch()
    assert list(stack_file.every(tmp_path)) == [
        ("a.b", tmp_path / "Pulumi.a.b.yml"),
        ("b", tmp_path / "Pulumi.b.yaml"),
    ]
    assert stack_file.path_of("a.b", tmp_path) == tmp_path / "Pulumi.a.b.yml"


def test_a_stack_without_a_file_is_told_which_there_are(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.group-07.yaml").touch()
    with pytest.raises(SettingsError) as raised:
        stack_file.path_of("group-7", tmp_path)
    (problem,) = raised.value.problems
    assert problem.path.endswith("Pulumi.group-7.yaml")
    assert "'group-07'" in problem.remedy


@pytest.mark.parametrize(
    ("one", "other", "full"),
    [
        ("course", "coursecloud:course", "coursecloud:course"),
        ("coursecloud:config:course", "course", "coursecloud:course"),
        ("gcp:config:project", "gcp:project", "gcp:project"),
    ],
)
def test_two_spellings_of_one_key_are_refused_and_both_are_named(
    one: str, other: str, full: str, tmp_path: Path
) -> None:
    for first, second in ((one, other), (other, one)):
        with pytest.raises(SettingsError) as raised:
            read(f"config:\n  {first}: x\n  {second}: x\n", tmp_path)
        (problem,) = raised.value.problems
        assert f"`{first}:` and `{second}:` are the same key" in problem.rule
        assert f"`{full}:`" in problem.remedy
        assert problem.line == (3, 3)
    assert read(f"config: {{{one}: x}}", tmp_path) == {full: "x"}


@pytest.mark.parametrize(
    ("key", "remedy"),
    [
        ("'course '", "write `course:`"),
        ("' gcp:project'", "write `gcp:project:`"),
        ("'coursecloud:course:'", "write `coursecloud:course:`"),
        ("'coursecloud: course'", "write `coursecloud:course:`"),
        ("':course'", "write `course:`"),
        ("'my course'", "rename it"),
        ("''", "rename it"),
        ("'::'", "rename it"),
    ],
)
def test_a_key_that_pulumi_cannot_read_is_refused_with_the_right_one(key: str, remedy: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        read(f"config:\n  {key}: x\n", tmp_path)
    (problem,) = raised.value.problems
    assert "NAMESPACE:NAME" in problem.rule
    assert problem.remedy == remedy


def test_each_mistake_says_in_which_line_its_key_stands(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text(
        """\
config:
  gcp:project: my-project-1
  lease:
    # a comment
    maxPerHour: lots
  coursecloud:course:
    labels: {a.b: c, goog: X Y}
  coursecloud:machines:
    trainer:
      machineType: e2-medium
      gpu:
        model: T5
      fallbackZones: [europe-west1-c,
        mars-a]
  coursecloud:tem: {}
  coursecloud:team:
    members:
      - user:a@example.com
      - ada
"""
    )
    with pytest.raises(SettingsError) as raised:
        planning.make("x", file, ROOT)
    found = {problem.path: problem.line for problem in raised.value.problems}
    assert found["coursecloud:lease.maxPerHour"] == (5, 5)
    assert found["coursecloud:machines.trainer.gpu.model"] == (12, 9)
    assert found["coursecloud:tem"] == (15, 3)
    assert found["coursecloud:team.members[1]"] == (19, 9)
    assert [line for line in found.values() if line is None] == []
    assert "coursecloud:lease.maxPerHour: 'lots'  (line 5, column 5)\n" in str(raised.value)


def test_what_stands_at_the_wrong_level_and_what_is_not_there_have_the_nearest_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        read("config: {}\n\ngcp:project: x\n", tmp_path)
    assert [problem.line for problem in raised.value.problems] == [(3, 1)]
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text("config:\n  coursecloud:course: {group: a}\n")
    with pytest.raises(SettingsError) as raised:
        planning.make("x", file, ROOT)
    assert [(problem.path, problem.line) for problem in raised.value.problems] == [("gcp:project", (1, 1))]

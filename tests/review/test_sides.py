"""Each side is rendered by its own code, in a folder and an environment of its own, and leaves nothing behind."""

import dataclasses
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from coursecloud.plan.planning import Plan
from coursecloud.review import inputs, requirements, revisions, subprocess_plan
from coursecloud.review.dangers import Level
from coursecloud.review.report import Review
from coursecloud.review.sandbox import Wanted
from coursecloud.review.stacks import Status
from infra.settings import EXAMPLE_PROJECT, Settings
from infra.settings.model import ENCRYPTED_PROJECT
from tests import project
from tests.project import CHECKOUT as ROOT
from tests.review import repository
from tests.review.made import BUCKET, GRANT, TODAY, resource, whole
from tests.review.repository import Repository

PLANTED = {
    "GOOGLE_OAUTH_ACCESS_TOKEN": "planted-1",
    "GOOGLE_APPLICATION_CREDENTIALS": "/planted-2.json",
    "GITHUB_TOKEN": "planted-3",
    "GH_TOKEN": "planted-4",
    "AWS_SECRET_ACCESS_KEY": "planted-5",
    "PULUMI_ACCESS_TOKEN": "planted-6",
    "SSH_AUTH_SOCK": "/planted-7",
    "PULUMI_CONFIG_PASSPHRASE": "planted-8",
    "SOME_TOKEN": "planted-9",
    "PYTHONPATH": "/planted-10",
}
FILES = (
    ".config/gcloud/application_default_credentials.json",
    ".pulumi/credentials.json",
    ".ssh/id_ed25519",
    ".netrc",
    ".git-credentials",
    ".config/gh/hosts.yml",
)


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return repository.made(tmp_path / "repo")


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Send temporary files to a folder that must be empty in the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def review(repo: Repository, **given: object) -> Review:
    made = inputs.Given(repo.root, **given)  # pyright: ignore[reportArgumentType]
    return revisions.make(made, inputs.read(made), today=TODAY)


def bucket(name: str) -> object:
    return resource(BUCKET, name, {"name": name})


def test_each_side_is_rendered_by_its_own_code(repo: Repository) -> None:
    base = repo.git("rev-parse", "HEAD")
    repo.write(
        "coursecloud/plan.py",
        repository.PLANNER.replace(
            "    return plan\ndef", "    plan['outputs'] = {}\n    raise ValueError('the head')\ndef"
        ),
    )
    head = repo.commit()
    (stack,) = review(repo, base=base, head=head).stacks
    assert stack.status is Status.BROKEN
    ((side, message),) = stack.mistakes
    assert side == "after"
    assert "ValueError: the head (coursecloud/plan.py, line" in message


def test_all_stacks_of_both_sides_are_reviewed_and_those_that_come_and_go_are_told(repo: Repository) -> None:
    repo.stack("old", whole(resource(BUCKET, "b", {"name": "b"}), stack="old"))
    base = repo.commit()
    (repo.root / "Pulumi.old.yaml").unlink()
    repo.stack("new", whole(resource(BUCKET, "c", {"name": "c"}), stack="new"))
    repo.stack("one", whole(resource(BUCKET, "d", {"name": "d"}), stack="one"))
    found = {stack.name: str(stack.status) for stack in review(repo, base=base).stacks}
    assert found == {"old": "removed", "new": "added", "one": "changed"}
    assert [stack.name for stack in review(repo, base=base, stacks=("new",)).stacks] == ["new"]


def test_nothing_of_the_users_worktree_index_or_branches_changes(repo: Repository) -> None:
    repo.write("half-done.txt", "staged")
    repo.git("add", "half-done.txt")
    repo.write("half-done.txt", "and changed again")
    before = repo.untouched()
    review(repo, base="HEAD")
    assert repo.untouched() == before


def test_a_worktree_of_the_users_whose_folder_is_away_is_not_forgotten(repo: Repository, tmp_path: Path) -> None:
    repo.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "on-a-disk"))
    (tmp_path / "on-a-disk").rename(tmp_path / "unplugged")
    before = repo.git("worktree", "list")
    review(repo, base="HEAD")
    assert repo.git("worktree", "list") == before
    assert "on-a-disk" in before


def test_a_detached_head_and_a_branch_are_compared_with_where_they_left_main(repo: Repository) -> None:
    first = repo.git("rev-parse", "HEAD")
    repo.git("checkout", "--quiet", "-b", "change")
    repo.stack("two", whole(stack="two"))
    repo.commit()
    repo.git("checkout", "--quiet", "main")
    repo.stack("three", whole(stack="three"))
    repo.commit()
    repo.git("checkout", "--quiet", "--detach", "change")
    made = review(repo)
    assert made.base == f"where this branch left main ({first[:7]})"
    assert {stack.name: str(stack.status) for stack in made.stacks} == {"one": "unchanged", "two": "added"}


def test_a_commit_that_is_in_main_already_is_not_compared_with_itself(repo: Repository) -> None:
    head = repo.git("rev-parse", "HEAD")
    with pytest.raises(inputs.InputError, match=r"is in (refs/heads/)?main already"):
        review(repo, head=head)
    repo.git("checkout", "--quiet", "-b", "change")
    repo.stack("two", whole(stack="two"))
    new = repo.commit()
    made = review(repo, head=new)
    # All of a commit's id looks like a secret, and is none.
    assert (made.base, made.head) == (f"where {new[:12]} left main ({head[:7]})", new[:7])


def test_a_project_in_a_folder_of_its_repository_is_found(tmp_path: Path) -> None:
    inner = repository.made(tmp_path / "whole").root
    moved = tmp_path / "outer"
    (moved / "infra").mkdir(parents=True)
    (inner / ".git").rename(moved / ".git")
    for path in list(inner.iterdir()):
        path.rename(moved / "infra" / path.name)
    outer = Repository(moved)
    outer.commit()
    made = review(Repository(moved / "infra"), base="HEAD")
    assert [str(stack.status) for stack in made.stacks] == ["unchanged"]
    before = review(Repository(moved / "infra"), base="HEAD~1")
    assert [str(stack.status) for stack in before.stacks] == ["added"]


def test_a_revision_that_is_missing_says_how_to_get_it(repo: Repository, tmp_path: Path) -> None:
    with pytest.raises(inputs.InputError, match=r"no such revision.*\n.*\n.*git fetch --all"):
        review(repo, base="nope")
    with pytest.raises(inputs.InputError, match="no such revision"):
        review(repo, base="--upload-pack=touch /tmp/x")
    repo.commit()
    shallow = tmp_path / "shallow"
    repo.git("clone", "--quiet", "--depth=1", f"file://{repo.root}", str(shallow))
    with pytest.raises(inputs.InputError, match=r"git fetch --unshallow.*fetch-depth: 0"):
        review(Repository(shallow), base="HEAD~1")


def test_a_folder_without_git_says_what_else_can_be_compared(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").touch()
    with pytest.raises(inputs.InputError, match="--base-file"):
        review(Repository(tmp_path), base="HEAD")


def test_a_hook_that_git_runs_in_sends_nothing_to_its_own_index(
    repo: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_INDEX_FILE", "/nonexistent/index")
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    assert review(repo, base="HEAD").stacks


def test_no_hook_of_the_repository_runs(repo: Repository, tmp_path: Path) -> None:
    hook = repo.root / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/hooked\n", encoding="utf-8")
    hook.chmod(0o755)
    review(repo, base="HEAD")
    assert not (tmp_path / "hooked").exists()


@pytest.mark.parametrize("mode", [Wanted.AUTO, Wanted.OFF])
def test_a_thief_in_a_revision_finds_no_credential(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: Wanted
) -> None:
    home = tmp_path / "home"
    for name in FILES:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("planted-file", encoding="utf-8")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(home / ".config" / "gcloud"))
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    repo.write(
        "__main__.py",
        f"""
import json, os, pathlib, shutil, sys
found = {{"environment": dict(os.environ), "arguments": sys.argv, "path": sys.path, "cwd": os.getcwd()}}
for name in {FILES!r}:
    home, config = pathlib.Path(os.path.expanduser("~")), pathlib.Path(os.environ["CLOUDSDK_CONFIG"])
    for home in (pathlib.Path.home(), home, config):
        for path in (home / name, home / pathlib.Path(name).name):
            found[str(path)] = path.read_text() if path.exists() else None
found["tools"] = [shutil.which(tool) for tool in ("gcloud", "aws", "gh", "ssh-add", "pulumi")]
import google.auth
try:
    found["default"] = repr(google.auth.default())
except Exception as error:
    found["default"] = type(error).__name__
raise RuntimeError("loot" + json.dumps(found, default=str) + "loot")
""",
    )
    base = repo.git("rev-parse", "HEAD")
    head = repo.commit()
    ((_, mistake),) = review(repo, base=base, head=head, sandbox=mode).stacks[0].mistakes
    taken = mistake.split("loot")[1]
    assert "planted" not in taken
    assert str(home) not in taken
    found = json.loads(taken)
    assert found["default"] == "DefaultCredentialsError"
    assert set(found["environment"]) <= {
        *subprocess_plan.PASSED_ON, "PATH", "HOME", "XDG_CONFIG_HOME", "CLOUDSDK_CONFIG", "PULUMI_HOME", "TMPDIR",
        "NO_GCE_CHECK", "LC_CTYPE", "PWD",
    }  # fmt: skip
    assert Path(found["cwd"]) != repo.root
    assert found["path"][0] == found["cwd"]
    assert str(ROOT) not in found["path"]


def test_other_requirements_than_those_here_are_told(repo: Repository) -> None:
    repo.write(
        "requirements.txt", "pulumi==1.2.3\npyyaml>=6\n# x\nno-such-package==1\nno-such-too==2 ; python_version<'3'\n"
    )
    repo.commit()
    found = review(repo, base="HEAD")
    base, head = (note for note in found.notes if "other packages" in note)
    for note in (base, head):
        assert "pulumi 1.2.3 (here 3." in note
        assert "no-such-package 1 (not installed)" in note
        assert "no-such-too" not in note
    assert "NOT SEEN: what pulumi 1.2.3 (here 3." in found.sentence
    assert found.level is Level.LOOK


def test_requirements_that_are_a_link_to_elsewhere_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("password==hunter2", encoding="utf-8")
    (tmp_path / "requirements.txt").symlink_to(tmp_path / "secret")
    assert requirements.other(tmp_path) == []


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("raise SystemExit(7)", "SystemExit: 7"),
        ("import os; os._exit(9)", "its process ended with 9"),
        ("raise type('E', (Exception,), {'__str__': lambda _: 1 / 0})()", "ZeroDivisionError"),
        ("raise ValueError(chr(0xD800))", "ValueError"),
        ("import no_such_module", "No module named 'no_such_module'"),
        ("1 +", "SyntaxError"),
        ("print('x' * 100000); raise RuntimeError('\\x1b[2J hidden')", "RuntimeError"),
    ],
)
def test_a_side_that_crashes_is_told_and_the_other_stands(repo: Repository, program: str, said: str) -> None:
    base = repo.git("rev-parse", "HEAD")
    repo.write("__main__.py", program)
    (stack,) = review(repo, base=base).stacks
    assert stack.status is Status.BROKEN
    assert [side for side, _ in stack.mistakes] == ["after"]
    assert said in stack.mistakes[0][1]


def test_a_stack_file_that_leads_out_of_the_project_is_not_read(repo: Repository, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("password: hunter2", encoding="utf-8")
    base = repo.git("rev-parse", "HEAD")
    (repo.root / "Pulumi.one.yaml").unlink()
    (repo.root / "Pulumi.one.yaml").symlink_to(tmp_path / "secret")
    (stack,) = review(repo, base=base).stacks
    assert "leaves the project" in stack.mistakes[0][1]
    assert "hunter2" not in stack.mistakes[0][1]


def test_more_stacks_than_fit_into_a_command_line_are_reviewed(repo: Repository) -> None:
    for number in range(1500):
        repo.stack(f"group-{number:04}-{'x' * 60}"[:40], whole())
    assert len(review(repo, base="HEAD").stacks) > 1000


def test_files_of_the_program_that_differ_are_named_and_others_are_not(repo: Repository) -> None:
    base = repo.git("rev-parse", "HEAD")
    repo.write("infra/new.py", "x = 1")
    repo.write("docs/new.md", "x")
    assert review(repo, base=base).program == ("infra/new.py",)
    head = repo.commit()
    assert review(repo, base=base, head=head).program == ("infra/new.py",)
    assert review(repo, base=head, head=head).program == ()


def test_of_what_is_not_rendered_the_stack_file_is_read(repo: Repository) -> None:
    repo.write("shlex.py", "")
    (stack,) = review(repo, base="HEAD").stacks
    assert "shlex.py" in dict(stack.mistakes)["after"]
    assert stack.dangers == ()
    text = (repo.root / "Pulumi.one.yaml").read_text(encoding="utf-8")
    repo.write("Pulumi.one.yaml", f"{text}config:\n  coursecloud:team: {{members: ['user:me@evil.example']}}\n")
    (stack,) = review(repo, base="HEAD").stacks
    assert "user:me@evil.example" in " ".join(danger.text for danger in stack.dangers)


def test_a_revision_without_the_package_says_so(repo: Repository) -> None:
    repo.git("rm", "-r", "--quiet", "coursecloud")
    base = repo.commit()
    repo.git("checkout", "--quiet", "HEAD~1", "--", "coursecloud")
    (stack,) = review(repo, base=base).stacks
    assert "has no coursecloud package" in dict(stack.mistakes)["before"]


def test_a_revision_with_another_planner_is_asked_through_its_command_line(repo: Repository) -> None:
    plan = json.dumps({"version": 99, "resources": []})
    repo.write("coursecloud/plan.py", "# make is called something else here\n")
    repo.write(
        "coursecloud/__main__.py",
        f"import sys\nassert sys.argv[1:] == ['plan', '--json', '--stack', 'one']\nprint({plan!r})\n",
    )
    (stack,) = review(repo, base="HEAD").stacks
    assert "version 99" in dict(stack.mistakes)["after"]


def test_members_that_stay_out_of_git_are_given_to_both_sides(repo: Repository) -> None:
    repo.write(".gitignore", "members.*.yaml\n")
    repo.write("__main__.py", "assert (root / 'members.one.yaml').read_text() == '- user:a@b.c'\n")
    base = repo.commit()
    repo.write("members.one.yaml", "- user:a@b.c")
    made = review(repo, base=base)
    assert [str(stack.status) for stack in made.stacks] == ["unchanged"]
    assert any("members.one.yaml is not in git" in note for note in made.notes)


def test_a_review_of_two_real_revisions_runs_the_engine_of_each(tmp_path: Path) -> None:
    real = Repository(project.make(tmp_path / "real"))
    real.git("init", "--quiet", "--initial-branch=main")
    base = real.commit()
    names = (real.root / "infra/names.py").read_text(encoding="utf-8")
    real.write("infra/names.py", names.replace('"managed-by": "coursecloud"', '"managed-by": "the-head"'))
    (stack,) = review(real, base=base, head=real.commit(), stacks=("dev",)).stacks
    assert stack.status is not Status.BROKEN, stack.mistakes
    assert stack.unchanged > 10
    changed = {(p.path, p.old, p.new) for change in stack.changes for p in change.properties}
    assert ("labels.managed-by", "coursecloud", "the-head") in changed
    assert all(path.endswith("labels.managed-by") for path, _, _ in changed)


def in_project(project_id: str, member: str) -> Plan:
    """Plan a stack of a project that lets somebody read a bucket."""
    plan = whole(resource(GRANT, "eve", {"bucket": "b", "member": member, "role": "roles/storage.objectViewer"}))
    return dataclasses.replace(plan, settings=plan.settings.model_copy(update={"project": project_id}))


def test_a_stack_that_comes_into_a_project_of_others_says_whom_it_lets_in(repo: Repository) -> None:
    repo.stack("ours", in_project("shared-project-1", "user:ada@example.com"))
    base = repo.commit()
    repo.stack("theirs", in_project("shared-project-1", "user:eve@evil.example"))
    repo.stack("apart", in_project("other-project-2", "user:bob@example.com"))
    found = {stack.name: stack for stack in review(repo, base=base, head=repo.commit()).stacks}
    told = [danger.text for danger in found["theirs"].dangers]
    assert any("a project that others are in: ours" in text for text in told)
    assert any("user:eve@evil.example" in text for text in told)
    assert found["theirs"].level >= Level.LOOK
    # In a project of its own all comes, and its changes say whom it lets in.
    assert [danger.text for danger in found["apart"].dangers] == []
    assert "lets 1 member into its new project" in found["apart"].sentence
    assert any("`user:bob@example.com`" in note for note in found["apart"].notes)


def test_a_project_of_others_is_told_though_they_were_not_asked_for(repo: Repository) -> None:
    repo.write("Pulumi.ours.yaml", "config:\n  gcp:project: shared-project-1\n")
    repo.write("Pulumi.apart.yaml", "config:\n  gcp:project: other-project-2\n")
    base = repo.commit()
    repo.stack("theirs", in_project("shared-project-1", "user:eve@evil.example"))
    (found,) = review(repo, base=base, head=repo.commit(), stacks=("theirs",)).stacks
    assert any("a project that others are in: ours" in danger.text for danger in found.dangers)


def test_a_stack_that_is_called_otherwise_is_held_to_the_one_that_goes(repo: Repository) -> None:
    def kept(stack: str, *, keep: bool, per_hour: float) -> Plan:
        lease = {"max_per_hour": per_hour}
        settings = Settings(stack=stack, project="own-project-1")
        settings = settings.model_copy(update={"lease": settings.lease.model_copy(update=lease)})
        return dataclasses.replace(whole(resource(BUCKET, "data", {"name": "b"}, protect=keep)), settings=settings)

    repo.stack("old", kept("old", keep=True, per_hour=1))
    base = repo.commit()
    (repo.root / "Pulumi.old.yaml").unlink()
    repo.stack("new", kept("new", keep=False, per_hour=9))
    found = {stack.name: stack for stack in review(repo, base=base, head=repo.commit()).stacks}
    what = [each.what for each in found["new"].protection]
    assert "`lease.maxPerHour`" in what
    assert any("bucket data" in each for each in what)
    assert any("kept" in danger.text for danger in found["new"].dangers)


@pytest.mark.parametrize("project_id", ["shared-project-1", f"{ENCRYPTED_PROJECT}1a2b3c4d"])
@pytest.mark.parametrize("before", [None, EXAMPLE_PROJECT])
def test_an_example_that_becomes_real_and_a_project_that_nobody_can_read_may_be_that_of_others(
    repo: Repository, before: str | None, project_id: str
) -> None:
    repo.stack("ours", in_project("shared-project-1", "user:ada@example.com"))
    if before:
        repo.stack("theirs", in_project(before, "user:eve@evil.example"))
    base = repo.commit()
    repo.stack("theirs", in_project(project_id, "user:eve@evil.example"))
    (stack,) = [each for each in review(repo, base=base, head=repo.commit()).stacks if each.name == "theirs"]
    told = [danger.text for danger in stack.dangers]
    assert any("a project that others are in" in text and "ours" in text for text in told)
    assert any("user:eve@evil.example" in text for text in told)

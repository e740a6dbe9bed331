"""What a change, or somebody's tag or git setting, could do so that a review sees nothing: each is seen or refused."""

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

import coursecloud.policy
from coursecloud.common import stack_file
from coursecloud.diff import matching
from coursecloud.diff.comparison import compare
from coursecloud.plan import planning as plans
from coursecloud.plan.registration import Registration
from coursecloud.review import git
from infra.settings import SettingsError
from tests.project import ROOT
from tests.review import repository
from tests.review.repository import Repository

TODAY = datetime.date(2026, 11, 25)
PROJECT = "config:\n  gcp:project: some-project-1\n"


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    found = repository.made(tmp_path / "repo")
    found.commit()
    return found


@pytest.mark.parametrize("name", ["main", "main~0"])
def test_a_tag_that_is_called_as_a_branch_is_not_taken_for_it(repo: Repository, name: str) -> None:
    repo.git("checkout", "-q", "--detach")
    before = git.repository(repo.root).resolve(name).commit
    repo.write("infra/x.py", "evil")
    evil = repo.commit()
    repo.git("tag", "main", evil)
    with pytest.raises(git.GitError, match=r"(?s)several things of that name: refs/tags/main, refs/heads/main"):
        git.repository(repo.root).resolve(name)
    assert git.repository(repo.root).resolve("refs/heads/main").commit == before


def test_without_a_base_no_tag_stands_in_for_the_main_branch(repo: Repository) -> None:
    first = repo.git("rev-parse", "HEAD")
    repo.git("update-ref", "refs/remotes/origin/main", first)
    repo.write("infra/x.py", "evil")
    repo.git("tag", "origin/main", repo.commit())
    assert git.repository(repo.root).default_base().commit == first


def test_without_a_base_the_change_that_is_reviewed_is_compared_with_where_it_left(repo: Repository) -> None:
    first = repo.git("rev-parse", "HEAD")
    repo.git("checkout", "-q", "-b", "change")
    change = repo.commit()
    repo.git("checkout", "-q", "main")
    repo.commit("main moved on")
    assert git.repository(repo.root).default_base(change).commit == first
    assert git.repository(repo.root).default_base("refs/heads/change").name == "where refs/heads/change left main"


def test_a_tag_that_is_called_as_a_commit_is_not_taken_for_it(repo: Repository) -> None:
    first = repo.git("rev-parse", "HEAD")
    repo.write("infra/x.py", "evil")
    repo.git("tag", first[:9], repo.commit())
    with pytest.raises(git.GitError, match="several things of that name"):
        git.repository(repo.root).resolve(first[:9])
    assert git.repository(repo.root).resolve(first).commit == first


def test_a_setting_of_git_hides_no_file_outside_of_a_project_in_a_folder(repo: Repository) -> None:
    repo.write("course/Pulumi.one.yaml", PROJECT)
    base = git.Revision("base", repo.commit())
    repo.write(".github/workflows/a.yml", "on: push")
    head = git.Revision("head", repo.commit())
    repo.git("config", "diff.relative", "true")
    found = git.repository(repo.root / "course").changed(base, head)
    assert [change.path for change in found] == [".github/workflows/a.yml"]


@pytest.mark.parametrize("name", ["Pulumi.one.yaml", "Pulumi.one.yml"])
def test_two_files_of_one_stack_are_a_mistake_whichever_is_read(name: str, tmp_path: Path) -> None:
    for ending in ("yaml", "yml"):
        (tmp_path / f"Pulumi.one.{ending}").write_text(PROJECT)
    with pytest.raises(SettingsError, match="two files of one stack"):
        stack_file.read("one", tmp_path / name)


@pytest.mark.parametrize(
    ("name", "said"), [("Pulumi.one.json", "two files of one stack"), ("Pulumi.json", "Pulumi reads in place of")]
)
def test_what_pulumi_reads_in_place_of_a_stack_file_is_a_mistake(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.one.yaml").write_text(PROJECT)
    assert stack_file.read("one", tmp_path / "Pulumi.one.yaml")
    (tmp_path / name).write_text("{}")
    with pytest.raises(SettingsError, match=said):
        stack_file.read("one", tmp_path / "Pulumi.one.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{PROJECT}  gcp:storageCustomEndpoint: https://x.example/\n", "gcp:storageCustomEndpoint"),
        (f"{PROJECT}  gcp:impersonateServiceAccount: a@b.example\n", "gcp:impersonateServiceAccount"),
        (f"{PROJECT}  pulumi:autonaming: {{mode: disabled}}\n", "pulumi:autonaming"),
        (f"{PROJECT}environment: [somebody/env]\n", "environment"),
        (f"{PROJECT}secretsprovider: gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k\n", "not of the stack's"),
        (f"{PROJECT}secretsprovider: awskms://alias/k\n", "not of the stack's"),
    ],
)
def test_what_a_stack_file_gives_pulumi_or_a_provider_is_named_and_a_broken_rule(
    text: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "Pulumi.one.yaml").write_text(text)
    made = plans.make("one", tmp_path / "Pulumi.one.yaml", ROOT)
    (deed,) = made.deeds
    assert said in deed.text
    assert "program-one-provider" in [
        found.rule.id for found in coursecloud.policy.check(made, TODAY) if found.violates
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{PROJECT}  pulumi:tags: {{team: a}}\n", "Pulumi Cloud"),
        (f"{PROJECT}  pulumi:disable-default-providers: [aws]\n", "than Google"),
        (f"{PROJECT}  aws:region: eu-north-1\n", "for a provider `aws`"),
        (
            f"{PROJECT}secretsprovider: gcpkms://projects/some-project-1/locations/l/keyRings/r/cryptoKeys/k\n",
            "encrypts the secrets",
        ),
        (f"{PROJECT}secretsprovider: passphrase\n", "encrypts the secrets"),
    ],
)
def test_what_changes_no_resource_is_named_and_breaks_no_rule(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.one.yaml").write_text(text)
    made = plans.make("one", tmp_path / "Pulumi.one.yaml", ROOT)
    (deed,) = made.deeds
    assert said in deed.text
    assert [f.rule.id for f in coursecloud.policy.check(made, TODAY) if f.violates and "program" in f.rule.id] == []


def test_a_list_of_members_that_is_a_link_out_of_the_project_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "private").write_text("- hunter2hush")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.one.yaml").write_text(PROJECT)
    (folder / "members.one.yaml").symlink_to("../private")
    with pytest.raises(SettingsError, match="a link that leaves the project") as error:
        plans.load(stack_file.read("one", folder / "Pulumi.one.yaml"), "one", folder)
    assert "hunter2hush" not in str(error.value)


def nested(depth: int) -> Iterator[Registration]:
    """Make components that each hang under the one before, with two aliases each: 2^depth names of the last."""
    parent, path = None, ""
    for level in range(depth):
        path = f"{path}${'a:b:C'}" if path else "a:b:C"
        urn = f"urn:pulumi:x::coursecloud::{path}::c{level}"
        options = {"aliases": [{"spec": {"name": f"old{level}"}}, {"spec": {"name": f"older{level}"}}]}
        yield Registration(urn, "a:b:C", f"c{level}", False, parent, {}, (), {}, None, False, options)
        parent = urn


def test_names_that_double_with_every_level_do_not_hold_a_review_up() -> None:
    found = matching.pair((), nested(40))
    assert len(found) == 40


def test_what_hangs_under_itself_is_compared_all_the_same() -> None:
    urn = "urn:pulumi:x::coursecloud::a:b:C::c"
    made = Registration(urn, "a:b:C", "c", False, urn, {}, (), {}, None, False, {"aliases": [{"spec": {"name": "o"}}]})
    assert compare([made], [made]) == ()

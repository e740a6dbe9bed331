"""What is kept of a base: taken by the next review and by it alone, out of reach of all code that is reviewed."""

import dataclasses
import os
import time
from pathlib import Path

import pytest

from coursecloud.plan.registration import Registration
from coursecloud.plan.sdk import SECRET, SIGNATURE
from coursecloud.review import inputs, kept, revisions, sandbox
from coursecloud.review.report import Review
from coursecloud.review.sandbox import Wanted
from coursecloud.review.stacks import Status
from tests.review import repository
from tests.review.made import BUCKET, TODAY, resource, whole
from tests.review.repository import Repository

HERE = sandbox.find(Wanted.AUTO)
pytestmark = pytest.mark.skipif(isinstance(HERE, str), reason=f"no sandbox ({HERE}), and so nothing is kept")

TAKEN = "the plan is taken that an earlier review rendered today"


def bucket(name: str, **inputs: object) -> Registration:
    return resource(BUCKET, "b", {"name": name, **inputs})


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    found = repository.made(tmp_path / "repo")
    found.stack("one", whole(bucket("of-the-base"), stack="one"))
    found.commit()
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "coursecloud" / "bases"


def review(repo: Repository, mode: Wanted = Wanted.REQUIRE, *, cache: bool = True) -> Review:
    given = inputs.Given(repo.root, "HEAD", sandbox=mode, cache=cache)
    return revisions.make(given, inputs.read(given), today=TODAY)


def taken(made: Review) -> bool:
    return any(TAKEN in note for note in made.notes)


def told(made: Review) -> object:
    return [(stack.name, stack.changes, stack.mistakes) for stack in made.stacks]


def test_the_next_review_takes_it_and_says_the_same(repo: Repository, folder: Path) -> None:
    repo.stack("one", whole(bucket("of-the-head"), stack="one"))
    first, second = review(repo), review(repo)
    assert (taken(first), taken(second)) == (False, True)
    assert told(first) == told(second) != []
    (entry,) = folder.iterdir()
    assert b"of-the-base" in entry.read_bytes()
    assert b"of-the-head" not in entry.read_bytes()
    assert [path.stat().st_mode & 0o777 for path in (folder, folder.parent, entry)] == [0o700, 0o700, 0o600]


def test_it_is_of_one_tree_one_stack_one_set_of_packages_and_one_day(
    repo: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    review(repo)
    repo.write("README.md", "another tree")
    repo.commit()
    assert not taken(review(repo)), "another tree"
    assert taken(review(repo))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert not taken(review(repo)), "another environment"
    monkeypatch.delenv("TZ")
    (tmp_path / "site" / "new-1.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert not taken(review(repo)), "another package"


def test_it_is_of_one_project_of_a_repository_with_several(repo: Repository) -> None:
    for name in repo.git("ls-files").splitlines():
        text = (repo.root / name).read_text(encoding="utf-8")
        for group in ("a", "b"):
            repo.write(f"{group}/{name}", text.replace("of-the-base", f"of-{group}"))
    repo.commit()
    a, b = (dataclasses.replace(repo, root=repo.root / group) for group in ("a", "b"))
    assert not taken(review(a))
    assert taken(review(a))
    assert not taken(review(b)), "another project's stack of the same name"


def test_it_is_left_out_where_that_is_wanted(repo: Repository, folder: Path) -> None:
    assert not taken(review(repo, cache=False))
    assert not folder.exists()
    review(repo)
    assert not taken(review(repo, cache=False))


def test_nothing_is_kept_or_taken_where_code_runs_outside_of_a_sandbox(repo: Repository, folder: Path) -> None:
    review(repo, Wanted.OFF)
    assert not folder.exists()
    review(repo)
    assert not taken(review(repo, Wanted.OFF))


@pytest.mark.parametrize("how", ["cut", "changed", "another's plan", "a link", "readable by others", "empty", "huge"])
def test_what_is_not_as_it_was_written_is_rendered_again(
    repo: Repository, folder: Path, tmp_path: Path, how: str
) -> None:
    whole_one = told(review(repo))
    (entry,) = folder.iterdir()
    text = entry.read_bytes()
    match how:
        case "cut":
            entry.write_bytes(text[:-20])
        case "changed":
            entry.write_bytes(text.replace(b"of-the-base", b"of-no-bases"))
        case "another's plan":
            entry.write_bytes(b'0\n{"plan": {}}\n')
        case "a link":
            (tmp_path / "elsewhere").write_bytes(text)
            entry.unlink()
            entry.symlink_to(tmp_path / "elsewhere")
        case "readable by others":
            entry.chmod(0o644)
        case "empty":
            entry.write_bytes(b"")
        case _:
            entry.unlink()
            os.mkfifo(entry, 0o600)
    again = review(repo)
    assert not taken(again)
    assert told(again) == whole_one
    assert taken(review(repo)), "it is mended"


@pytest.mark.parametrize("how", ["open to others", "a link", "a file"])
def test_a_folder_that_is_not_the_users_alone_is_left_alone(
    repo: Repository, folder: Path, tmp_path: Path, how: str
) -> None:
    folder.parent.mkdir(parents=True)
    if how == "open to others":
        folder.mkdir(mode=0o755)
        folder.chmod(0o777)
    elif how == "a link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        folder.write_text("x", encoding="utf-8")
    for _ in range(2):
        made = review(repo)
        assert not taken(made)
        assert made.stacks[0].status is Status.UNCHANGED
    assert folder.is_file() or list(folder.iterdir()) == []


def test_a_folder_that_a_side_would_see_is_not_used(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(repo.root / "cache"))
    for _ in range(2):
        assert not taken(review(repo))
    assert not list((repo.root / "cache").rglob("*.plan"))


def test_the_head_sees_and_writes_nothing_of_it(repo: Repository, folder: Path) -> None:
    review(repo)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    repo.write(
        "__main__.py",
        f"import pathlib\nfolder, found = pathlib.Path({str(folder)!r}), []\n"
        "for each in (folder, folder.parent, folder.parent.parent):\n    found.append(each.exists())\n"
        "try:\n    folder.mkdir(parents=True)\n    (folder / 'planted').write_text('x')\n"
        "except OSError as error:\n    found.append(type(error).__name__)\n"
        "raise RuntimeError('found: ' + repr(found))",
    )
    made = review(repo)
    assert taken(made)
    assert "found: [False, False, False" in dict(made.stacks[0].mistakes)["after"]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_neither_a_mistake_nor_a_secret_nor_a_member_outside_of_git_is_kept(repo: Repository, folder: Path) -> None:
    key = "AKIA" + "IOSFODNN7" + "ABCDEFG"
    repo.stack("two", whole(bucket("x", labels={"a": key, "password": "hunter2-hunter2"}), stack="two"))
    repo.write("Pulumi.three.yaml", "config: [")
    repo.stack("four", whole(bucket("four"), stack="four"))
    repo.stack("five", whole(bucket("five", labels={"a": {SIGNATURE: SECRET, "value": "rosebud"}}), stack="five"))
    repo.commit()
    repo.write("members.four.yaml", "[user:a@example.com]")
    review(repo)
    entries = [path.read_bytes() for path in folder.iterdir()]
    assert len(entries) == 1
    assert b"of-the-base" in entries[0]


def test_what_is_old_or_too_much_goes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(HERE, sandbox.Sandbox)
    entries = kept.of(HERE, ["tree"], [], os.environ)
    assert entries
    now = time.time()
    for name, age in (("new", 0), ("newer", 10), ("large", 20), ("old", kept.OLDEST + 10)):
        before = set(folder.iterdir())
        entries.write(name, b'{"plan": {"a": "%s"}}' % (b"x" * 1000))
        (entry,) = set(folder.iterdir()) - before
        os.utime(entry, (now - age, now - age))
    (folder / "of-somebody-else").write_text("x", encoding="utf-8")
    monkeypatch.setattr(kept, "MOST_BYTES", 2500)
    entries.tidy()
    assert [bool(entries.read(name)) for name in ("new", "newer", "large", "old")] == [True, True, False, False]
    monkeypatch.setattr(kept, "MOST_BYTES", 10**6)
    os.utime(next(folder.glob("*.plan")), (0, 0))
    entries.tidy()
    assert len(list(folder.iterdir())) == 2, "what is not an entry stays"

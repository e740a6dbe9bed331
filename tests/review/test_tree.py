"""A revision's files are written out as git holds them, and nothing that the repository's settings name is run."""

import os
import subprocess
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest

from coursecloud.review import git, inputs, tree
from coursecloud.review.revisions import make
from coursecloud.review.stacks import Status
from tests.review import repository
from tests.review.made import TODAY, whole
from tests.review.repository import ENVIRONMENT, Repository


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return repository.made(tmp_path / "repo")


@pytest.fixture
def into(tmp_path: Path) -> Path:
    (tmp_path / "into").mkdir()
    return tmp_path / "into"


def export(repo: Repository, into: Path, commit: str = "HEAD") -> list[str]:
    return tree.export(repo.root, git.repository(repo.root).resolve(commit), into)


def test_every_file_is_written_as_git_holds_it(repo: Repository, into: Path) -> None:
    repo.write(".gitattributes", "hidden.txt export-ignore\nid.txt export-subst ident\n*.txt eol=crlf filter=planted\n")
    repo.write("hidden.txt", "one\ntwo\n")
    repo.write("id.txt", "$Id$ $Format:%H$\n")
    for name in ("a name\nof two lines", "ünï.txt", "-n", '"quoted"', "deep/er/and/deeper"):
        repo.write(name, name)
    (repo.root / os.fsdecode(b"not-\xff-utf8")).write_bytes(bytes(range(256)))
    repo.write("run", "#!/bin/sh\n")
    (repo.root / "run").chmod(0o755)
    repo.write("empty", "")
    (repo.root / "link").symlink_to("../outside")
    (repo.root / "folder-link").symlink_to("deep")
    repo.commit()
    assert export(repo, into) == []
    names = _names(into)
    assert names == _names(repo.root)
    for name in names:
        there, here = into / name, repo.root / name
        if here.is_symlink():
            assert there.is_symlink()
            assert there.readlink() == here.readlink()
        else:
            assert there.read_bytes() == here.read_bytes(), name
            assert there.stat().st_mode & 0o111 == here.stat().st_mode & 0o111
    assert not (into / ".git").exists()


def _names(folder: Path) -> list[Path]:
    there = (path for path in folder.rglob("*") if path.is_symlink() or path.is_file())
    return sorted(name for path in there if (name := path.relative_to(folder)).parts[0] != ".git")


def test_a_submodule_is_an_empty_folder_and_is_told(repo: Repository, into: Path) -> None:
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.git('rev-parse', 'HEAD')},libraries/one")
    repo.git("commit", "--quiet", "-m", "a submodule")
    assert export(repo, into) == ["libraries/one"]
    assert list((into / "libraries" / "one").iterdir()) == []
    made = make(inputs.Given(repo.root, "HEAD", "HEAD"), inputs.Read(), today=TODAY)
    assert any("submodules, which are empty here: libraries/one" in note for note in made.notes)


def _tree(repo: Repository, *entries: tuple[str, str, str]) -> str:
    """Make a commit of a tree that git itself would not make."""
    content = b"".join(f"{mode} {name}".encode() + b"\0" + bytes.fromhex(identity) for mode, name, identity in entries)
    made = subprocess.run(
        ["git", "hash-object", "-t", "tree", "-w", "--literally", "--stdin"],
        cwd=repo.root,
        env=ENVIRONMENT,
        input=content,
        capture_output=True,
        check=True,
    )
    return repo.git("commit-tree", "-m", "made by hand", made.stdout.decode().strip())


def _out(repo: Repository, text: str) -> str:
    repo.write("x", text)
    return repo.git("hash-object", "-w", "x")


@pytest.mark.parametrize("name", ["..", ".", ".git", ".GIT"])
def test_no_path_leads_out_of_the_folder(repo: Repository, into: Path, name: str) -> None:
    inner = repo.git("rev-parse", "HEAD^{tree}")
    with pytest.raises(git.GitError, match=r"it holds a file at the path(.|\n)*rule(.|\n)*remedy"):
        export(repo, into, _tree(repo, ("40000", name, inner)))
    assert list(into.iterdir()) == []


def test_no_link_of_the_revision_is_written_through(repo: Repository, into: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link, file = _out(repo, str(outside)), _out(repo, "planted")
    inner = _tree(repo, ("100644", "planted", file))
    inner = repo.git("rev-parse", f"{inner}^{{tree}}")
    for entries in permutations([("120000", "a", link), ("40000", "a", inner)]):
        with pytest.raises(git.GitError, match="rule"):
            export(repo, into, _tree(repo, *entries))
    assert list(outside.iterdir()) == []


def test_a_project_that_is_a_link_out_of_the_revision_is_none(tmp_path: Path) -> None:
    repo = repository.made(tmp_path / "repo")
    inner = tmp_path / "elsewhere"
    inner.mkdir()
    (repo.root / "project").symlink_to(inner)
    base = repo.commit()
    (repo.root / "project").unlink()
    (repo.root / "project").mkdir()
    project = Repository(repo.root / "project")
    project.write("__main__.py", "")
    made = make(inputs.Given(project.root, base), inputs.Read(), today=TODAY)
    assert any("has no folder project" in note for note in made.notes)


@pytest.mark.parametrize(("name", "value"), [("MOST_BYTES", 10), ("MOST_FILES", 2)])
def test_a_revision_without_end_is_refused(
    repo: Repository, into: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: int
) -> None:
    monkeypatch.setattr(tree, name, value)
    with pytest.raises(git.GitError, match=r"more than(.|\n)*rule(.|\n)*remedy"):
        export(repo, into)


def test_a_clone_without_the_files_says_how_to_get_them_and_fetches_nothing(repo: Repository, tmp_path: Path) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    repo.git("clone", "--quiet", "--no-checkout", "--filter=blob:none", f"file://{repo.root}", str(partial))
    (tmp_path / "into").mkdir()
    with pytest.raises(git.GitError, match=r"git cannot(.|\n)*--refetch"):
        export(Repository(partial), tmp_path / "into")


Plant = Callable[[Repository, str], None]


def _config(*words: str) -> Plant:
    def plant(repo: Repository, script: str) -> None:
        for word in words:
            repo.git("config", word, script)

    return plant


def _hook(repo: Repository, script: str) -> None:
    for name in ("post-checkout", "post-index-change", "reference-transaction", "fsmonitor-watchman"):
        (repo.root / ".git" / "hooks").mkdir(exist_ok=True)
        (repo.root / ".git" / "hooks" / name).symlink_to(script)


def _filter(repo: Repository, script: str) -> None:
    repo.write(".git/info/attributes", "* filter=planted diff=planted\n")
    for name in ("filter.planted.clean", "filter.planted.smudge", "filter.planted.process", "diff.planted.textconv",
                 "diff.planted.command", "filter.a=b.clean"):  # fmt: skip
        repo.git("config", name, script)
    repo.git("config", "filter.planted.required", "true")


PLANTED: dict[str, Plant] = {
    "a file system monitor": _config("core.fsmonitor"),
    "a pager, an editor and what asks for passwords": _config("core.pager", "core.editor", "core.askPass"),
    "a program that compares": _config("diff.external"),
    "a helper for credentials and connections": _config("credential.helper", "core.sshCommand", "core.gitProxy"),
    "hooks": _hook,
    "filters and programs that compare, by attributes": _filter,
}


@pytest.mark.parametrize("name", PLANTED)
def test_nothing_that_was_planted_in_the_repository_is_run(repo: Repository, tmp_path: Path, name: str) -> None:
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\ncat\n", encoding="utf-8")
    script.chmod(0o755)
    base = repo.git("rev-parse", "HEAD")
    repo.stack("two", whole(stack="two"))
    head = repo.commit()
    repo.write("infra/changed.py", "x = 1")
    repo.git("add", "infra/changed.py")
    PLANTED[name](repo, str(script))
    repo.write("infra/changed.py", "x = 2")
    os.utime(repo.root / "__main__.py", (0, 0))
    for given in (inputs.Given(repo.root, base), inputs.Given(repo.root, base, head)):
        made = make(given, inputs.Read(), today=TODAY)
        assert all(stack.status is not Status.BROKEN for stack in made.stacks)
    assert "infra/changed.py" in make(inputs.Given(repo.root, head), inputs.Read(), today=TODAY).program
    assert not (tmp_path / "ran").exists()


def test_a_plain_git_would_have_run_it(repo: Repository, tmp_path: Path) -> None:
    """Hold the test above against git itself: what is planted there does run where nothing is done about it."""
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\ncat\n", encoding="utf-8")
    script.chmod(0o755)
    ran: dict[str, bool] = {}
    for name in ("a file system monitor", "filters and programs that compare, by attributes"):
        PLANTED[name](repo, str(script))
        os.utime(repo.root / "__main__.py", (len(ran), 0))
        subprocess.run(["git", "diff", "HEAD"], cwd=repo.root, env=ENVIRONMENT, capture_output=True, check=False)
        ran[name] = (tmp_path / "ran").exists()
        (tmp_path / "ran").unlink(missing_ok=True)
    assert all(ran.values()), ran


def test_no_commit_stands_in_for_another(repo: Repository, into: Path) -> None:
    base = repo.git("rev-parse", "HEAD")
    repo.write("infra/other.py", "")
    other = repo.commit()
    repo.git("replace", base, other)
    export(repo, into, base)
    assert not (into / "infra").exists()

"""Revisions of the user's repository, read with a git that runs nothing that the repository's own settings name."""

import os
import posixpath
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from coursecloud.review.program import Changed

_LOCAL = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
)  # fmt: skip
"""Variables that a git hook hands down; they would send git to another repository or index."""

_OFF = {
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "core.pager": "cat",
    "core.editor": "false",
    "core.sshCommand": "false",
    "core.askPass": "false",
    # Says only how git shows a change, but would hide the part of it that is outside of a project's folder.
    "diff.relative": "false",
    "protocol.allow": "never",
    "submodule.recurse": "false",
}
"""What `.git/config` could have git run or fetch. Code of a revision that once ran without a sandbox may have written
there, so none of it is taken; the settings that only say how git reads, such as `safe.directory`, stay."""

_CONVERTS_NOTHING = ("cat-file", "config", "hash-object", "ls-files", "ls-tree", "merge-base", "rev-parse")
"""Commands that never put a file through a filter of `.git/config`."""

BRANCHES = ("refs/remotes/origin/main", "refs/heads/main", "refs/remotes/origin/master", "refs/heads/master")
"""What a change is compared with unless the user says, in this order: the newest commit that both have. In full: a tag
of such a name, which a fetch from a stranger brings along, would come first."""

_PLACES = ("refs/tags/", "refs/heads/", "refs/remotes/")


_GITHUB = re.compile(
    r"(?:https://(?:[^@/\s]+@)?github\.com/|(?:ssh://)?git@github\.com[:/])(?P<name>[\w-]+/[\w.-]+?)(?:\.git)?/?",
    re.ASCII,
)
"""The addresses of a repository on GitHub that git takes, with what may be a credential in front, which is left out."""


class GitError(Exception):
    """Git said no; the text says value, rule and remedy."""


@dataclass(frozen=True)
class Revision:
    """A commit, and how the user called it."""

    name: str
    commit: str

    def __str__(self) -> str:
        """Call it by its name and the beginning of its id."""
        short = self.commit[:7]
        return short if self.commit.startswith(self.name) else f"{self.name} ({short})"


@dataclass(frozen=True)
class Repository:
    """The git repository that a project's folder is in."""

    folder: Path
    """The project's folder."""
    within: str
    """The project's folder within the repository, `` where it is its top."""

    def resolve(self, name: str) -> Revision:
        """Find a revision; raises GitError that says what to do where this clone does not have it."""
        found = _git(self.folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if found.returncode:
            raise GitError(
                f"{name}: this clone has no such revision"
                "\n    rule    a revision is a commit, a branch or a tag of this repository"
                f"\n    remedy  {self._how_to_get(name)}"
            )
        self._one_meaning(name)
        return Revision(_short(name), found.stdout.strip())

    def address(self, revision: Revision) -> str:
        """Say where everybody can read the project's files of a revision: on GitHub; empty where the remote is another.

        The remote is `origin`. Whether the commit is there, nobody asks: a reviewed branch has been pushed.
        """
        url = _git(self.folder, "config", "--get", "remote.origin.url").stdout.strip()
        found = re.fullmatch(_GITHUB, url)
        return f"https://github.com/{found['name']}/blob/{revision.commit}/{quote(self.within)}" if found else ""

    def tree(self, revision: Revision) -> str:
        """Give the id of all that a revision holds."""
        return _git(self.folder, "rev-parse", "--verify", f"{revision.commit}^{{tree}}").stdout.strip()

    def _one_meaning(self, name: str) -> None:
        """Refuse a name that a tag and a branch have: git takes the tag, which anybody may have brought in."""
        plain = re.split(r"[~^@:]", name)[0]
        meant = {place + plain: self._commit(place + plain) for place in _PLACES}
        if re.fullmatch(r"[0-9a-f]{4,40}", plain):
            listed = _git(self.folder, "rev-parse", f"--disambiguate={plain}").stdout.split()
            meant |= {f"commit {each[:12]}": each for each in listed if self._commit(each) == each}
        there = {called: commit for called, commit in meant.items() if commit}
        if len(set(there.values())) > 1:
            raise GitError(
                f"{name}: this clone has several things of that name: {', '.join(there)}"
                "\n    rule    a revision is one commit; a fetch can bring in a tag that is called as a branch is"
                f"\n    remedy  name it in full, such as {next(iter(reversed(there)))}"
            )

    def _commit(self, name: str) -> str:
        return _git(self.folder, "rev-parse", "-q", "--verify", "--end-of-options", f"{name}^{{commit}}").stdout.strip()

    def default_base(self, head: str | None = None) -> Revision:
        """Take the newest commit that what is reviewed shares with the main branch; the working tree's is HEAD's."""
        left = self.resolve(head).commit if head else "HEAD"
        there = [name for name in BRANCHES if not _git(self.folder, "rev-parse", "-q", "--verify", name).returncode]
        for name in there:
            common = _git(self.folder, "merge-base", left, name)
            if not common.returncode:
                if head and common.stdout.strip() == left:
                    raise GitError(
                        f"--head: {head} is in {name} already"
                        "\n    rule    without --base, a change is compared with the newest commit that it shares with"
                        " main, and that is this one itself"
                        "\n    remedy  name what it is to be compared with by --base"
                    )
                called = name.removeprefix("refs/").removeprefix("remotes/").removeprefix("heads/")
                return Revision(f"where {_short(head) if head else 'this branch'} left {called}", common.stdout.strip())
        value = (
            f"{head or 'HEAD'} has no commit in common with {', '.join(there)}"
            if there
            else "there is no main branch here"
        )
        raise GitError(
            f"--base: {value}"
            "\n    rule    without --base, a change is compared with the newest commit that it shares with main"
            f"\n    remedy  name a revision with --base; {self._how_to_get('main')}"
        )

    def _how_to_get(self, name: str) -> str:
        if _git(self.folder, "rev-parse", "--is-shallow-repository").stdout.strip() == "true":
            return "this clone is shallow: `git fetch --unshallow`; in GitHub Actions, checkout with `fetch-depth: 0`"
        return f"`git fetch --all`, and see `git log --oneline --all` for what there is; {name} may be misspelt"

    def changed(self, base: Revision, head: Revision | None) -> list[Changed]:
        """List what differs in the whole repository, with the modes of both sides; None is the working tree.

        Raises GitError: where nobody knows what differs, nothing may be called unchanged.
        """
        there = [base.commit, *([head.commit] if head else ())]
        # A submodule by its commit only: git would run in it by what that one's own settings say.
        quiet = ("--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty")
        done = _git(self.folder, "diff", "--raw", "-z", "--no-renames", *quiet, *there, "--")
        new = (
            None if head else _git(self.folder, "ls-files", "--others", "--exclude-standard", "--full-name", "-z", ":/")
        )
        for each in (done, new):
            if each is not None and each.returncode:
                raise GitError(
                    f"{base}: git cannot say what differs from it: {each.stderr.strip()}"
                    "\n    rule    a review names every file of the program that differs"
                    "\n    remedy  see what `git diff --stat` says"
                )
        fields = done.stdout.split("\0")[:-1]
        pairs = zip(fields[::2], fields[1::2], strict=True)
        found = [Changed(path, *about.removeprefix(":").split()[:2]) for about, path in pairs]
        names = new.stdout.split("\0")[:-1] if new else []
        # Of what git does not have, only what the file system says is known: a link is told from a file.
        found += [Changed(name, "000000", self._mode(name)) for name in names]
        if not head:
            found += self._overlooked(base, {each.path for each in found})
        links = self._links(base) if found else {}  # one that comes is named itself
        return [each.led_to(links) for each in found]

    def _links(self, revision: Revision) -> dict[str, str]:
        """Give where each link of a revision leads to, both from the top, as far as that is in the repository."""
        listed = _git(self.folder, "ls-tree", "-r", "-z", "--full-tree", revision.commit).stdout.split("\0")[:-1]
        found: dict[str, str] = {}
        for about, _, path in (each.partition("\t") for each in listed if each.startswith("120000 ")):
            says = _git(self.folder, "cat-file", "blob", about.split()[2]).stdout
            found[path] = posixpath.normpath(posixpath.join(posixpath.dirname(path), says))
        return found

    def _overlooked(self, base: Revision, told: set[str]) -> Iterator[Changed]:
        """List what of the working tree git was told to overlook, by marks and lists that no commit has.

        What it has and is marked in the index is compared by its bytes; of what only this clone ignores, code counts.
        """
        marked = _git(self.folder, "ls-files", "-v", "--full-name", "-z", ":/").stdout.split("\0")[:-1]
        for path in (line[2:] for line in marked if line[0] == "S" or line[0].islower()):
            file = self._file(path)
            if path in told or not os.path.lexists(file):
                continue  # a sparse checkout leaves out what it marks
            there = _git(self.folder, "hash-object", "--no-filters", "--", str(file)).stdout
            if there != _git(self.folder, "rev-parse", "--verify", f"{base.commit}:{path}").stdout:
                yield Changed(path, "100644", self._mode(path))
        ignoring = ("--others", "--exclude-per-directory=.gitignore", "--full-name", "-z", ":/")
        for path in _git(self.folder, "ls-files", *ignoring).stdout.split("\0")[:-1]:
            if path not in told and path.endswith((".py", ".pyc", ".pth", ".so")):
                yield Changed(path, "000000", self._mode(path))

    def _file(self, name: str) -> Path:
        return self.folder.joinpath(*(".." for part in self.within.split("/") if part), name)

    def _mode(self, name: str) -> str:
        path = self._file(name)
        return "120000" if path.is_symlink() else "160000" if path.is_dir() else "100644"


def repository(folder: Path) -> Repository:
    """Find the repository of a project's folder; raises GitError where there is none, or no git."""
    try:
        found = _git(folder, "rev-parse", "--show-prefix")
    except FileNotFoundError:
        raise GitError(
            "git is not on PATH\n    rule    revisions are read with git\n    remedy  install git, or compare"
            " stack files (--base-file, --head-file) or saved plans (--base-plan, --head-plan)"
        ) from None
    if found.returncode:
        raise GitError(
            f"{folder}: {found.stderr.strip() or 'no git repository'}"
            "\n    rule    revisions are read from the git repository that the project is in"
            "\n    remedy  compare stack files (--base-file, --head-file) or saved plans instead"
        )
    return Repository(folder, found.stdout.strip())


def environment(folder: Path, command: str) -> dict[str, str]:
    """Make the environment of one git command in a repository: the user's, and nothing that runs or fetches."""
    users = {name: value for name, value in os.environ.items() if name not in _LOCAL}
    off = dict(_OFF)
    if command not in _CONVERTS_NOTHING:
        wanted = ("--name-only", "-z", "--get-regexp", r"^filter\..*\.(clean|smudge|process|required)$")
        for name in _git(folder, "config", *wanted).stdout.split("\0"):
            if name:
                off[name] = "false" if name.endswith(".required") else ""
    there = int(users.get("GIT_CONFIG_COUNT") or 0)
    for number, (name, value) in enumerate(off.items(), there):
        users |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return users | {
        "GIT_CONFIG_COUNT": str(there + len(off)),
        "GIT_TERMINAL_PROMPT": "0",
        # Nothing of the user's index is refreshed, no commit is another one's emulator, no object is fetched.
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "LC_ALL": "C",
    }


def _git(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", "-C", str(folder), *words],
        env=environment(folder, words[0]),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def _short(name: str) -> str:
    """Call a commit by the beginning of its id, as git does: all of it looks like a secret."""
    return name[:12] if re.fullmatch(r"[0-9a-f]{40,64}", name) else name

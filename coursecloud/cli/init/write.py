"""Stack files onto disk: all of them or none, each read by the loader before it is there; persons by pseudonym."""

import contextlib
import hashlib
import hmac
import os
import secrets
import shutil
import tempfile
import unicodedata
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from coursecloud.cli import init, schema
from coursecloud.cli.init.answers import Answers, members_of, stack_of
from coursecloud.cli.init.lines import lines
from coursecloud.common import stack_file, writing
from infra import files
from infra.names import STACK
from infra.settings import Problem, SettingsError, load
from infra.settings.problem import RuleViolationError

KEY = "owners.key"
"""Makes pseudonyms out of addresses; whoever has it can tell whom a pseudonym stands for."""

IGNORED = ("members.*.yaml", ".members.*.tmp", KEY, "groups*.csv")
"""What git must not take: it holds or tells addresses. A command that is killed leaves `.tmp` of what it wrote."""


@dataclass(frozen=True)
class AnswerMistake:
    """A mistake in the answers of one group; `answer` is the question's name."""

    group: int
    """Which group: its place in what was given."""
    answer: str
    problem: Problem


def there(folder: Path, stack: str) -> list[Path]:
    """List the files of a stack that exist already, with either ending that Pulumi takes."""
    return [file for ending in ("yaml", "yml") if (file := folder / f"Pulumi.{stack}.{ending}").exists()]


@dataclass(frozen=True)
class Staged:
    """Files under the names they will have, beside the folder's own, and the mistakes that the loader finds."""

    staging: Path
    folder: Path
    names: tuple[str, ...]
    refusals: tuple[AnswerMistake, ...]

    def over(self) -> list[Path]:
        """List the files that placing would write over."""
        own = (".gitignore", KEY)
        return [self.folder / name for name in self.names if name not in own and (self.folder / name).exists()]

    def place(self) -> list[Path]:
        """Move the files to their places, over those that are there; put all back if one cannot be moved."""
        assert not self.refusals, "nothing with a mistake is written"  # noqa: S101
        before = self.staging / "before"
        before.mkdir()
        moved: list[str] = []
        try:
            for name in self.names:
                if (self.folder / name).exists():
                    shutil.copy2(self.folder / name, before / name)
                (self.staging / name).replace(self.folder / name)
                moved.append(name)
        except BaseException:
            for name in moved:
                if (before / name).exists():
                    (before / name).replace(self.folder / name)
                else:
                    (self.folder / name).unlink()
            raise
        return [self.folder / name for name in self.names]


@contextlib.contextmanager
def staged(folder: Path, root: Path, groups: Sequence[Answers]) -> Generator[Staged]:
    """Write the files of groups beside a folder's own, and read each as `pulumi up` will.

    `root` is the project's folder, where the schema is. What is not placed is gone afterwards. Raises OSError where
    the folder cannot be written, and ValueError where its key of pseudonyms is none.
    """
    staging = Path(tempfile.mkdtemp(prefix=".coursecloud-init-", dir=folder))
    try:
        names = _stage(staging, folder, root, groups)
        yield Staged(staging, folder, tuple(names), tuple(_refused(staging, groups)))
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _stage(staging: Path, folder: Path, root: Path, groups: Sequence[Answers]) -> list[str]:
    """Write everything beside where it will be, under the names it will have."""
    files: dict[str, str] = {}
    private: set[str] = set()
    if any(members_of(answers) for answers in groups):
        ignored = ignoring(folder)
        files |= {".gitignore": ignored} if ignored else {}
        key = key_of(folder)
        if not (folder / KEY).exists():
            files[KEY] = key.hex() + "\n"
            private.add(KEY)
    else:
        key = b""
    # A path out of the project would hold on this computer only.
    inside = folder.resolve().is_relative_to(root.resolve())
    beside = Path(os.path.relpath(root / schema.FILE, folder)).as_posix() if inside else ""
    for answers in groups:
        stack, members = stack_of(answers), members_of(answers)
        if not STACK.fullmatch(stack):
            continue  # no name of a file either
        owner = pseudonym(members[0], key) if members else ""
        # A mistake in an answer is said with all others, once all is staged.
        with contextlib.suppress(RuleViolationError):
            files[f"Pulumi.{stack}.yaml"] = init.text(answers, owner=owner, schema=beside)
        if members:
            overlay = yaml.safe_dump(members, default_flow_style=False, allow_unicode=True)
            files[f"members.{stack}.yaml"] = f"# The members of {stack}. Git ignores this file.\n{overlay}"
            private.add(f"members.{stack}.yaml")
    for name, text in files.items():
        file = staging / name
        file.touch(mode=writing.PRIVATE if name in private else 0o666)
        file.write_text(text, encoding="utf-8", newline="\n")
    return list(files)


def _refused(staging: Path, groups: Sequence[Answers]) -> Iterator[AnswerMistake]:
    """Read each staged file as `pulumi up` will, and give each mistake with the answer that it comes from."""
    for number, answers in enumerate(groups):
        stack = stack_of(answers)
        file = staging / f"Pulumi.{stack}.yaml"
        if not STACK.fullmatch(stack) or not file.is_file():
            # Nothing could be staged, so the answers are held against the rules without a file.
            found = init.refusals(answers)
        else:
            found = init.secret(answers)
            try:
                load(stack_file.read(stack, file), stack, staging)
            except SettingsError as error:
                found += init.answered(error, lines(answers), answers.get("group", ""))
        yield from (AnswerMistake(number, *refusal) for refusal in found)


def pseudonym(principal: str, key: bytes) -> str:
    """Make the pseudonym of a person: the same one for the same address and key, and no way back without both.

    >>> pseudonym("user:Ada@example.com", b"k") == pseudonym("user:ada@example.com", b"k")
    True
    """
    plain = unicodedata.normalize("NFKC", principal).casefold()
    return f"p-{hmac.new(key, plain.encode(), hashlib.sha256).hexdigest()[:10]}"


def key_of(folder: Path) -> bytes:
    """Read the key of a folder's pseudonyms, or make one. Raises ValueError for a file that is none."""
    file = folder / KEY
    if not file.exists():
        return secrets.token_bytes(32)
    try:
        key = bytes.fromhex(files.text_of(file).strip())
    except ValueError:
        key = b""
    if len(key) < 32:
        raise ValueError(
            f"{file}: this is no key of pseudonyms\n    remedy  put the right one back, or delete it for new pseudonyms"
        )
    return key


def ignoring(folder: Path, names: Sequence[str] = IGNORED) -> str:
    """Write the folder's .gitignore with what is missing in it; empty where nothing is."""
    file = folder / ".gitignore"
    text = files.text_of(file) if file.exists() else ""
    missing = [line for line in names if line not in text.splitlines()]
    if not missing:
        return ""
    front = text if not text or text.endswith("\n") else f"{text}\n"
    return front + "\n".join(["# people's addresses stay on this machine", *missing, ""])

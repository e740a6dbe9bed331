"""Files are written whole or not at all, whatever happens on the way."""

import errno
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from coursecloud.cli.application import app
from coursecloud.common import writing
from coursecloud.cost import refresh
from tests.project import ROOT


def full(monkeypatch: pytest.MonkeyPatch, number: int = errno.ENOSPC, after: int = 0) -> None:
    """From the `after`th file on, the disk takes no more."""
    seen: list[int] = []

    def fail(handle: int) -> None:
        seen.append(handle)
        if len(seen) > after:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(writing.os, "fsync", fail)


def left(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir() if file.is_file()}


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO])
def test_a_full_disk_leaves_what_was_there(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.json"
    file.write_text("before")
    full(monkeypatch, number)
    with pytest.raises(writing.WriteError) as raised:
        writing.write(file, "after")
    assert str(file) in str(raised.value)
    assert "remedy" in str(raised.value)
    assert left(tmp_path) == {"a.json": "before"}


def test_of_many_files_none_is_written_where_one_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "prices-compute.json").write_text("before")
    full(monkeypatch, after=1)
    with pytest.raises(writing.WriteError, match=r"prices-services\.json: the disk is full"):
        refresh.write(tmp_path, {"prices-compute": {"a": 1}, "prices-services": {"b": 2}})
    assert left(tmp_path) == {"prices-compute.json": "before"}


class EndedError(Exception):
    """What a signal of the test's raises where it arrives."""


@pytest.fixture
def ended() -> Iterator[None]:
    """Let each signal that ends a command raise an error of the test's own."""

    def end(*_: object) -> None:
        raise EndedError

    asked = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(each, end) for each in asked]
    yield
    for each, handler in zip(asked, before, strict=True):
        signal.signal(each, handler)


@pytest.mark.usefixtures("ended")
@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("during", ["fsync", "replace"])
def test_what_is_asked_to_end_writes_all_files_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: signal.Signals, during: str
) -> None:
    """Half of a course's files would be taken for somebody's own edits, and what lies beside them has addresses."""
    texts = {tmp_path / f"{number}.yaml": str(number) for number in range(5)}
    calls: list[object] = []
    of: Any = writing.os if during == "fsync" else Path
    real = getattr(of, during)

    def interrupted(*given: object) -> object:
        calls.append(given)
        if len(calls) == 2:
            signal.raise_signal(asked)
        return real(*given)

    monkeypatch.setattr(of, during, interrupted)
    with pytest.raises(EndedError):
        writing.write_all(texts)
    assert left(tmp_path) == {path.name: text for path, text in texts.items()}
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_ctrl_c_in_the_middle_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(writing.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        writing.write(tmp_path / "a", "text")
    assert left(tmp_path) == {}


def test_a_file_keeps_its_permissions_and_a_new_one_has_those_of_the_umask(tmp_path: Path) -> None:
    file, new, private = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    file.write_text("before")
    file.chmod(0o640)
    before = os.umask(0o027)
    try:
        writing.write(file, "after")
        writing.write(new, "after")
        writing.write(private, "after", mode=0o600)
    finally:
        os.umask(before)
    assert [stat.S_IMODE(each.stat().st_mode) for each in (file, new, private)] == [0o640, 0o640, 0o600]
    assert set(left(tmp_path).values()) == {"after"}


def test_a_link_is_replaced_and_what_it_points_to_stays(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / "out").symlink_to("theirs")
    writing.write(tmp_path / "out", "ours")
    assert left(tmp_path) == {"theirs": "theirs", "out": "ours"}
    assert not (tmp_path / "out").is_symlink()


def test_a_device_is_written_to_and_stays_one(tmp_path: Path) -> None:
    writing.write(Path("/dev/null"), "text")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    read, write = os.pipe()
    writing.write(Path(f"/dev/fd/{write}"), "text")
    assert os.read(read, 10) == b"text"
    os.close(read)
    os.close(write)
    assert left(tmp_path) == {}


OUT: list[list[str]] = [
    ["export", "--format", "terraform-plan", "--out"],
    ["check", "--sarif"],
    ["review", "--base-file", str(ROOT / "Pulumi.dev.yaml"), "--head-file", str(ROOT / "Pulumi.gpu.yaml"), "--html"],
]


@pytest.mark.parametrize("words", OUT, ids=lambda words: words[0])
def test_every_command_writes_whole_or_says_why_not(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "out.json"
    assert run(*words, str(file)).exit_code == 0
    whole = file.read_text()
    assert whole
    for target, said in ((tmp_path, "folder"), (tmp_path / "no/out", "folder that is there"), (file / "x", "folder")):
        result = run(*words, str(target))
        assert result.exit_code == 2
        assert f"{words[-1]} {target}" in result.output
        assert said in result.output
        assert "remedy" in result.output
    file.write_text("before")
    full(monkeypatch)
    result = run(*words, str(file))
    assert result.exit_code == 2
    assert f"{words[-1]} {file}: the disk is full, and nothing was written" in result.output
    assert left(tmp_path) == {"out.json": "before"}


def test_the_schema_is_written_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    before = (ROOT / "stack.schema.json").read_text()
    full(monkeypatch)
    result = run("schema", "--write")
    assert result.exit_code == 2
    assert "the disk is full" in result.output
    assert (ROOT / "stack.schema.json").read_text() == before
    assert not list(ROOT.glob(".stack.schema.json.*"))


def test_a_file_that_may_not_be_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a"
    file.write_text("before")

    def no(*_: Any) -> bool:
        return False

    monkeypatch.setattr(writing.os, "access", no)
    with pytest.raises(writing.WriteError, match="this account may not write it"):
        writing.write(file, "after")
    assert left(tmp_path) == {"a": "before"}


@pytest.mark.parametrize("name", ["Pulumi.dev.yaml", "members.dev.yaml", "README.md", "stack.schema.json", "notes"])
def test_a_report_is_written_over_a_report_only(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("theirs")
    with pytest.raises(writing.WriteError, match=r"(?s)written over an earlier report only.*remedy"):
        writing.report(tmp_path / name, "ours")
    assert left(tmp_path) == {name: "theirs"}
    (tmp_path / "review.html").write_text("an earlier one")
    for over in ("review.html", f"new-{name}"):
        writing.report(tmp_path / over, "ours")
        assert (tmp_path / over).read_text() == "ours"

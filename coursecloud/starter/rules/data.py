"""DVC: whether its remote is the stack's bucket, and lets the bucket keep the versions; and TOML that is none."""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterator

from coursecloud.starter.facts import Facts
from coursecloud.starter.finding import FileFinding
from coursecloud.starter.listing import BYTE_ORDER_MARK
from coursecloud.starter.repository import Repository

FILE = ".dvc/config"


def found(facts: Facts, repository: Repository) -> Iterator[FileFinding]:
    """Hold the configuration of DVC against the stack's bucket; say what of TOML cannot be read."""
    for name in ("pyproject.toml", "uv.lock"):
        try:
            tomllib.loads(repository.texts.get(name, ""))
        except tomllib.TOMLDecodeError as error:
            line = int(match[1]) if (match := re.search(r"at line (\d+)", str(error))) else 0
            rule = "this is not TOML: no package is installed by it, and nothing of it was looked at"
            marked = repository.texts[name].startswith(BYTE_ORDER_MARK)
            value = "a byte order mark before the first letter, which no editor shows" if marked else ""
            remedy = "save it as `UTF-8`, not `UTF-8 with BOM`" if marked else "mend that line or the one before"
            yield FileFinding(name, line, "unreadable", "fails", value, rule, remedy)
    text = repository.texts.get(FILE)
    if not text or not text.strip():
        return
    made = configparser.ConfigParser(interpolation=None)
    try:
        made.read_string(re.sub(r"(?m)^[ \t]+", "", text))
    except configparser.Error:
        yield FileFinding(
            FILE,
            0,
            "unreadable",
            "fails",
            "",
            "this is no configuration of DVC",
            f"write it anew: {facts.commands['dvc remote']}",
        )
        return
    remedy = facts.commands["dvc remote"]
    remotes = {match[1]: name for name in made.sections() if (match := re.fullmatch(r"'?remote \"(.+)\"'?", name))}
    chosen = made.get("core", "remote", fallback=None)
    if chosen is None or chosen not in remotes:
        value = f"remote = {chosen}" if chosen else "no core.remote"
        rule = "without a remote of this name `dvc push` and `dvc pull` end with an error"
        yield FileFinding(FILE, _line(text, "remote ="), "dvc-remote", "fails", value, rule, remedy)
    for name, section in remotes.items():
        if name != chosen and len(remotes) > 1:
            continue
        url = made.get(section, "url", fallback="")
        line = _line(text, "url", after=section)
        bucket = facts.buckets["data"]
        if not url.startswith("gs://"):
            rule = "the stack's machines, jobs and workflows may read its own bucket, and hold no login for this one"
            yield FileFinding(FILE, line, "dvc-other-bucket", "fails", f"url = {url}", rule, remedy)
            continue
        if not f"{url}/".startswith(f"{bucket}/"):
            rule = f"the stack's accounts may use {bucket}; another bucket answers them with 403"
            yield FileFinding(FILE, line, "dvc-other-bucket", "fails", f"url = {url}", rule, remedy)
        if made.get(section, "version_aware", fallback="").lower() not in ("true", "1", "yes"):
            rule = (
                "without it DVC stores each file under its hash, and the bucket's own versions, which the stack"
                " keeps, are of no use"
            )
            yield FileFinding(
                FILE,
                line,
                "dvc-version-aware",
                "warns",
                f"remote {name}",
                rule,
                f"dvc remote modify {name} version_aware true",
            )
        if made.has_option(section, "credentialpath"):
            rule = "the stack makes no keys: this file is nowhere where the code runs"
            yield FileFinding(
                FILE,
                _line(text, "credentialpath", after=section),
                "key-in-code",
                "fails",
                "credentialpath",
                rule,
                f"dvc remote modify --unset {name} credentialpath",
            )


def _line(text: str, start: str, after: str = "") -> int:
    within = not after
    for number, line in enumerate(text.split("\n"), 1):
        if after and after.strip("'") in line:
            within = True
        if within and line.strip().startswith(start):
            return number
    return 1

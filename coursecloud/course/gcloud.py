"""The Google Cloud CLI, by which a member changes who may do what: its lines, run one by one as that member."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from coursecloud.common.console import visible

Json = dict[str, Any]
AGAIN = (1.0, 3.0, 9.0)
"""Seconds before a change is tried again that met another change of the same policy; gcloud tries by itself first."""
SECONDS = 180
_RACE = re.compile(r"concurrent policy changes|ABORTED|HTTPError 409: .*(etag|concurrent)", re.IGNORECASE)
INSTALL = "install it: https://cloud.google.com/sdk/docs/install, then `gcloud auth login`"


class GcloudError(Exception):
    """Google said no, or nobody could ask; the text is in one line, Google's own words."""


class Gcloud:
    """gcloud in one project; `sleep` is for tests."""

    def __init__(self, project: str, environment: Mapping[str, str], *, sleep: Callable[[float], None] = time.sleep):
        self.project = project
        self._environment = dict(environment)
        self._sleep = sleep
        self._program = shutil.which("gcloud", path=self._environment.get("PATH", ""))

    def ask(self, *words: str) -> Any:
        """Run a command that reads; its answer as JSON. Raises GcloudError."""
        answer = self._run([*words, "--quiet", "--format=json"])
        try:
            return json.loads(answer or "null")
        except ValueError:
            raise GcloudError("gcloud answered with what is no JSON") from None

    def do(self, words: Sequence[str]) -> None:
        """Run a line that changes something; where somebody changed the same just now, again. Raises GcloudError."""
        for wait in (*AGAIN, None):
            try:
                self._run(list(words))
                return
            except GcloudError as error:
                if wait is None or not _RACE.search(str(error)):
                    raise
                self._sleep(wait)

    def policy(self) -> Json:
        """Read who may do what in the project. Raises GcloudError."""
        return cast("Json", self.ask("projects", "get-iam-policy", self.project) or {})

    def roles(self) -> list[Json]:
        """List the project's custom roles, those deleted lately too. Raises GcloudError."""
        return cast("list[Json]", self.ask("iam", "roles", "list", f"--project={self.project}", "--show-deleted") or [])

    def role(self, name: str) -> Json:
        """Read one custom role. Raises GcloudError."""
        return cast("Json", self.ask("iam", "roles", "describe", name, f"--project={self.project}"))

    def number(self) -> str:
        """Read the project's number. Raises GcloudError."""
        found = cast("Json", self.ask("projects", "describe", self.project) or {})
        return str(found.get("projectNumber") or "")

    def _run(self, words: list[str]) -> str:
        if not self._program:
            raise GcloudError("gcloud is not on PATH")
        try:
            done = subprocess.run(
                [self._program, *words],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise GcloudError(f"gcloud has not answered for {SECONDS} seconds") from None
        except OSError as error:
            raise GcloudError(f"gcloud cannot be run: {error.strerror}") from None
        if done.returncode:
            raise GcloudError(_words(done.stderr))
        return done.stdout


def shown(words: Sequence[str]) -> str:
    """Write a line as a shell takes it."""
    return shlex.join(["gcloud", *words])


def _words(errors: str) -> str:
    """Give the sentence of an error; below it gcloud repeats it in other forms."""
    found = re.search(r"ERROR: (?:\([\w.-]+\) )?(.+?)(?:\n- |\n\n|\Z)", errors, re.DOTALL)
    text = visible(" ".join((found[1] if found else errors).split())) or "gcloud failed without a word"
    return text if len(text) <= 400 else f"{text[:397]}..."

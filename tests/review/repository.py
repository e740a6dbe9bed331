"""A small git repository with a project that renders in no time, for tests of what is around a review."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coursecloud.plan import json_form
from coursecloud.plan.planning import Plan
from tests.review.made import whole

PLANNER = """
import json, pathlib
def make(stack, file, root):
    exec((root / "__main__.py").read_text(), {"root": root})
    plan = json.loads(file.read_text().partition("|\\n  #")[2].partition("\\n")[0])
    plan["stack"] = plan["settings"]["stack"] = stack
    return plan
def to_json(plan):
    return plan
"""
"""A planner whose stack file holds the plan itself, after running the program."""


@dataclass(frozen=True)
class Repository:
    """The folder of the repository."""

    root: Path

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=self.root, env=ENVIRONMENT, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def stack(self, name: str, plan: Plan) -> None:
        self.write(f"Pulumi.{name}.yaml", f"plan: |\n  #{json.dumps(json_form.to_json(plan))}\n")

    def commit(self, message: str = "a commit") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def untouched(self) -> tuple[Any, ...]:
        """Take all that a review must leave as it is."""
        # The index is compared by what it holds: git itself refreshes its file when asked for the status.
        files = sorted(
            (str(path), path.read_bytes())
            for path in self.root.rglob("*")
            if path.is_file() and ".git" not in path.parts
        )
        return (
            files,
            self.git("ls-files", "--stage"),
            self.git("worktree", "list"),
            self.git("show-ref", "--head"),
            self.git("stash", "list"),
        )


ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": f"{who}@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def made(root: Path) -> Repository:
    """Make a repository with one commit on main and an empty stack `one`."""
    root.mkdir()
    found = Repository(root)
    found.git("init", "--quiet", "--initial-branch=main")
    found.write("coursecloud/__init__.py", "")
    found.write("coursecloud/plan.py", PLANNER)
    found.write("__main__.py", "")
    found.stack("one", whole(stack="one"))
    found.commit()
    return found

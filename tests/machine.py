"""This machine as tests may see it: no program that reaches a cloud, no account, no home and no state of a person.

A test that wants the real `pulumi` or `gcloud` looks for it where `FOUND` says, and says why it is skipped without.
"""

import json
import os
import re
from pathlib import Path

_HANDED_ON = "COURSECLOUD_TESTS_FOUND"
"""Tells the processes that the tests are spread over what the first of them has found."""

FOUND: dict[str, str] = json.loads(os.environ.get(_HANDED_ON, "null")) or {
    name: os.environ[name] for name in ("PATH", "HOME", "PULUMI_HOME") if name in os.environ
}
"""What the machine really has, under the names of the variables that say where."""

CLOUD_PROGRAM = re.compile(r"(pulumi.*|gcloud|gsutil|bq|docker-credential-gcloud)", re.IGNORECASE)
CLOUD_VARIABLE = re.compile(r"(PULUMI|CLOUDSDK|GOOGLE|GCLOUD|GCP|COURSECLOUD_PROJECT)_.*|KUBECONFIG")


def close(folder: Path) -> None:
    """Take all of that out of this process's environment; `folder` is empty and gets what stands in its place."""
    home = folder / "home"
    home.mkdir()
    for name in [name for name in os.environ if CLOUD_VARIABLE.fullmatch(name)]:
        del os.environ[name]
    os.environ[_HANDED_ON] = json.dumps(FOUND)
    os.environ["HOME"] = str(home)
    os.environ["PATH"] = path_without_cloud(FOUND.get("PATH", os.defpath), folder)
    os.environ["NO_GCE_CHECK"] = "true"  # on a machine of Google's, credentials come from its network
    for name in [name for name in os.environ if name.startswith("XDG_")]:
        del os.environ[name]


def path_without_cloud(path: str, folder: Path) -> str:
    """Make a PATH with everything that is on `path` but the programs that reach a cloud.

    A folder that has one of them is replaced with a folder of links to its other programs, below `folder`.
    """
    kept: list[str] = []
    for number, entry in enumerate(path.split(os.pathsep)):
        try:
            programs = list(os.scandir(entry or "."))
        except OSError:
            continue  # nothing is found there either
        if any(CLOUD_PROGRAM.fullmatch(program.name) for program in programs):
            links = folder / f"path-{number}"
            links.mkdir()
            for program in programs:
                if not CLOUD_PROGRAM.fullmatch(program.name):
                    (links / program.name).symlink_to(Path(program.path).absolute())
            kept.append(str(links))
        else:
            kept.append(str(Path(entry).absolute()))
    return os.pathsep.join(kept)

"""One stack has one backend: what the stack file says, held against what else says where the state is."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from coursecloud.common.console import visible
from coursecloud.deploy.last_update import address_of
from infra import files

VARIABLE = "PULUMI_BACKEND_URL"
COMMITTED = "file://.pulumi-state"
"""What Pulumi.yaml comes with: a folder for trying it out, which a stack file may overrule without a word."""


def disagreement(named: str, stack: str, root: Path, environment: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Say which other backend the environment, Pulumi.yaml or the login names: value, rule, remedy.

    Of Pulumi.yaml the committed folder counts as none. A login counts where Pulumi.yaml names no backend, as it does
    for pulumi itself.
    """
    here = address_of(named, root)
    project = of_project(root)
    others = (
        (VARIABLE, environment.get(VARIABLE), f"`unset {VARIABLE}`"),
        ("Pulumi.yaml's backend", "" if project == COMMITTED else project, f"write `url: {COMMITTED}` there again"),
        ("the login of pulumi", "" if project else logged_in(environment), f"`pulumi login {named}`"),
    )
    for what, url, remedy in others:
        if url and address_of(url, root) != here:
            value = f"the state of stack {stack} is in {named} by its stack file, and in {_plain(url)} by {what}"
            rule = "one stack has one backend, the same for everybody: another one would make anew what there is"
            either = "or, where the other one is right, name it as `backend` under coursecloud:course"
            return value, rule, f'{remedy}, or `eval "$(coursecloud env {stack})"`; {either}'
        if url and what == VARIABLE:
            return None  # it is what holds, whatever stands behind it
    return None


def of_project(root: Path) -> str:
    """Give the backend that Pulumi.yaml names; empty where it names none."""
    content = cast("dict[str, Any]", yaml.safe_load(files.text_of(root / "Pulumi.yaml")) or {})
    return str(cast("dict[str, Any]", content.get("backend") or {}).get("url") or "")


def logged_in(environment: Mapping[str, str]) -> str:
    """Give the backend that `pulumi login` chose last; empty where there was none, or nobody can read it."""
    home = environment.get("PULUMI_HOME") or os.path.join(environment.get("HOME", ""), ".pulumi")  # noqa: PTH118
    try:
        content: Any = files.json_of(files.bytes_of(Path(home) / "credentials.json"))
    except (OSError, ValueError):
        return ""
    return str(cast("dict[str, Any]", content).get("current") or "") if isinstance(content, dict) else ""


def exports(named: str | None, stack: str, root: Path, environment: Mapping[str, str], *, own_key: bool) -> list[str]:
    """Write what plain pulumi needs to work on a stack as the commands here do, for a POSIX shell; no secret.

    `own_key` is True where Pulumi's secrets have a provider of their own: then no passphrase is asked for.
    """
    url = named or environment.get(VARIABLE) or of_project(root)
    found = [f"export {VARIABLE}={shlex.quote(address_of(url, root))}"] if url else []
    found.append(f"export PULUMI_STACK={shlex.quote(stack)}")
    if not own_key and "PULUMI_CONFIG_PASSPHRASE_FILE" not in environment:
        # The state holds no secret, so the passphrase is empty; who has one of their own keeps it.
        found.append('export PULUMI_CONFIG_PASSPHRASE="${PULUMI_CONFIG_PASSPHRASE-}"')
    return found


def _plain(url: str) -> str:
    """Show an address without who logs in."""
    scheme, _, rest = visible(url).partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"

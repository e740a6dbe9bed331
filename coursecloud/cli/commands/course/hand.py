"""`coursecloud course hand`: give the runner in Cloud Run what only this machine has of groups."""

import json
from pathlib import Path
from typing import Annotated

import typer

from coursecloud.cli.commands.shared import Folder, folder_of, refuse, say


def hand(
    *,
    only: Annotated[
        list[str] | None,
        typer.Option(help="These groups: names with commas, * for any letters; can be repeated.", metavar="GROUPS"),
    ] = None,
    passphrase_file: Annotated[
        Path | None,
        typer.Option(help="A file with Pulumi's passphrase of the one group that --only names.", metavar="FILE"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON (docs/json.md documents its fields).")] = False,
    folder: Folder = None,
) -> None:
    """Put stack files into the course's bucket, and members' files and a passphrase beside the state of each group.

    `course up --engine cloud-run` does so by itself, but for a passphrase. A group does it for what only the group has.
    """
    from coursecloud.cli.commands.course import cloud_run, shared_runs, working
    from coursecloud.cli.commands.course.asked import Asked, there
    from coursecloud.course import handed
    from coursecloud.course.selection import SelectionError, named
    from coursecloud.deploy.cloud import CloudError
    from coursecloud.deploy.preconditions import settings_of
    from infra import files
    from infra.settings import SettingsError

    where = folder_of(folder)
    found = shared_runs.shared_by(where)
    try:
        stacks, by_name = named(only or (), there(Asked("hand", where)))
        if passphrase_file and stacks != list(by_name):
            refuse(
                f"--passphrase-file {passphrase_file}\n    rule    a passphrase is of one stack\n"
                "    remedy  name that stack alone: --only group-07"
            )
        cloud_run.hand_over(where, stacks, working.objects(found.bucket) if found.bucket else None)
        if passphrase_file:
            secret = files.text_of(passphrase_file).rstrip("\r\n")
            backend = settings_of(where, stacks[0]).course.backend or ""
            handed.hand_own(backend, stacks[0], working.cloud, {"passphrase": secret})
    except (SelectionError, SettingsError, handed.NotHandedError) as error:
        refuse(error)
    except OSError as error:
        refuse(f"{error.filename}: {error.strerror}\n    remedy  name a file that you can read")
    except CloudError as error:
        refuse(
            f"not handed over: {error.words}\n    remedy  whoever hands over may write in the buckets that are named", 1
        )
    if as_json:
        told = {"version": 1, "stacks": stacks, "record": found.bucket or None, "passphrase": bool(passphrase_file)}
        typer.echo(json.dumps(told, indent=2))
        return
    what = "stack files into " + f"gs://{found.bucket}, members" if found.bucket else "members"
    more = ", and a passphrase" if passphrase_file else ""
    say(f"handed over of {len(stacks)} group{'' if len(stacks) == 1 else 's'}: {what} beside the state of each{more}")

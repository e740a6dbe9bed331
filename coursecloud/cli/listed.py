"""Every command by its name: where it is, and what `--help` says of it; none is loaded to be listed."""

from typing import NamedTuple


class Listed(NamedTuple):
    """A command: its module in `coursecloud.cli.commands`, its function or group there, and its help.

    The first sentence of the help is what the list of commands shows.
    """

    module: str
    name: str
    help: str


COMMANDS: dict[str, Listed] = {
    "plan": Listed("plan", "command", "Show what `pulumi up` would create: no cloud, no credentials, no Pulumi CLI."),
    "commands": Listed(
        "commands",
        "command",
        """Print commands to paste: log in, machines, editors, notebooks, data, DVC, images, builds, jobs, quotas, logs.

They follow from the stack file; nothing is asked of Google. Where the words mean one, only that is printed. Exit code
2: a mistake in the stack file, or words that no command has; those that come near are named.""",
    ),
    "cost": Listed(
        "cost", "command", "Show what a stack costs by the hour, idle and as planned: no cloud, no credentials."
    ),
    "status": Listed(
        "status",
        "command",
        """Show what runs in the project, what it has cost, and the day on which the credit ends; nothing is changed.

What it has cost is time x price of everything that bills by the hour, made by hand too, from a look and Google's logs.
It remembers what it saw in one object of the stack's bucket. Exit codes: 0 shown; 1 Google was not reached, or said
no; 2 a mistake in the input.""",
    ),
    "report": Listed(
        "report",
        "command",
        """Write what was used since the lease's start, by service and by machine, and the dearest: Markdown, or --csv.

It looks as `coursecloud status` does, and says what is an estimate and what is billed. Exit codes: 0 written; 1 Google
was not reached, or said no; 2 a mistake in the input.""",
    ),
    "up": Listed(
        "life",
        "up",
        """Prepare Pulumi on a fresh clone and run `pulumi up`; mend interrupted updates, try fallback zones.

Exit codes: 0 done; 1 Pulumi or Google said no; 2 a mistake in the input; 3 stopped before anything was touched,
because data or somebody's access would go that --lose does not name (--yes is no answer to that).""",
    ),
    "env": Listed(
        "env",
        "command",
        """Print what plain pulumi needs for a stack, for `eval "$(coursecloud env STACK)"`: its backend, its name.

No secret is printed. Exit code 2: a mistake in the stack file, or another backend named in Pulumi.yaml.""",
    ),
    "down": Listed(
        "life",
        "down",
        "In the evening: destroy what is not kept, after naming what data go. The next `up` makes the rest anew.",
    ),
    "finish": Listed(
        "life", "finish", "At the end of the course: lift the protection and delete everything, data included."
    ),
    "stop": Listed(
        "operate",
        "stop",
        """Stop machines, running jobs and services: all of the stack's that runs, or those named; disks and data stay.

It says first what is lost, what goes on billing and what only `down` ends, and asks. Exit codes: 0 stopped, or nothing
ran; 1 Google said no of something, or did not say what runs; 2 a mistake in the input, or nobody said yes.""",
    ),
    "start": Listed(
        "operate",
        "start",
        """Start machines by name, and give services the scaling that they had; what an hour costs is said first.

Exit codes: 0 they run; 1 Google said no, as where it has no capacity; 2 a mistake in the input, or nobody said yes.""",
    ),
    "extend": Listed(
        "operate",
        "extend",
        """Move the lease's end in the stack file to a later day, keeping its comments; say first what that costs.

Exit codes: 0 written; 2 a mistake in the input, or nobody said yes. `coursecloud up` brings it to the cloud.""",
    ),
    "save": Listed(
        "operate",
        "save",
        """Copy the stack's work to a folder before it goes: data, models, code; and say how disks are copied.

What it costs is said first. It goes on where it ended, holds each object to Google's sum, and writes nothing over. Exit
codes: 0 all of it is there; 1 something was not saved, and is named; 2 a mistake in the input, or nobody said yes.""",
    ),
    "caps": Listed(
        "operate",
        "caps",
        """Show Google's own monthly spend caps of the project, and set one (--set): Vertex AI's unless --service run.

They do not see Compute Engine. Exit codes: 0 shown or set; 1 Google said no: budgets are the billing account's; 2 a
mistake in the input, or nobody said yes.""",
    ),
    "rehearse": Listed(
        "rehearse",
        "command",
        "Rehearse up, evening, morning and end with the real Pulumi on a local emulator of Google: no cloud, no cost.",
    ),
    "check": Listed(
        "check",
        "command",
        "Hold a stack against the guardrails: no cloud, no credentials. Exit code 3 where one is broken.",
    ),
    "export": Listed("export", "command", "Write a stack's plan for another tool: no cloud, no credentials."),
    "review": Listed(
        "review",
        "command",
        """Show what a change does, without credentials. Each side is rendered by its own code, which is run for it.

Exit codes: 0 reviewed; 2 a mistake in what was given, or a side that does not load; 3 a gate of --fail-on closed.""",
    ),
    "explain": Listed(
        "explain",
        "command",
        "Say what a key of a stack file does, what it may be, what changing it does and what it costs.",
    ),
    "schema": Listed(
        "schema", "command", "Print the JSON Schema by which editors complete, explain and check a stack file."
    ),
    "init": Listed(
        "init",
        "command",
        "Write a group's first stack file: by a few questions, by options, or for many groups from a table.",
    ),
    "starter": Listed(
        "starter",
        "command",
        """Add to the group's own repository what it lacks to build, train and deploy; say what there will fail.

It writes nothing over, shows first what it would write, and asks. Exit codes: 0 nothing there fails; 2 a mistake in the
input, nothing was written; 3 something there will fail or gives a secret away, or edits are in conflict, whether or not
files were written.""",
    ),
    "course": Listed(
        "course",
        "app",
        "A whole course: stack files from a roster, one verb on many groups, a page of all. For who runs the course.",
    ),
    "prices": Listed("prices", "app", "The dated price files: how old they are, and how to renew them."),
}
"""The commands in the order in which they are listed."""

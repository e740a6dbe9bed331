"""What the stack file gives the team beyond what every team has."""

import re
from collections.abc import Iterator

from coursecloud.policy.example import Example, settings
from coursecloud.policy.rule import Stack, StackRule


def _further(stack: Stack) -> Iterator[str]:
    """Name the roles of the team beside those of every team: what is made by one is in no plan."""
    for role in stack.settings.team.extra_roles:
        if not _READS_SECRETS.match(role):
            yield f"every member has {role} on the whole project: what that makes and reads is in no cost and no limit"


def _secrets(stack: Stack) -> Iterator[str]:
    for role in filter(_READS_SECRETS.match, stack.settings.team.extra_roles):
        yield f"by {role} every member reads every secret of the project, whoever `secrets.names` says reads it"


_READS_SECRETS = re.compile(r"roles/(secretmanager\.(?!viewer$)|cloudkms\.\w*[dD]ecrypter)")


RULES = (
    StackRule(
        id="team-reads-no-secrets",
        title="Members read the secrets that are theirs alone",
        why="A key in Secret Manager is its owner's money and data; one role on the project opens all of them.",
        remedy="Leave the role out, and name who reads a secret under coursecloud:secrets; or give an exception.",
        severity="high",
        check=_secrets,
        breaks=(
            Example(
                "dev",
                "stack",
                settings("team", extra_roles=("roles/secretmanager.secretAccessor",)),
                says="by roles/secretmanager.secretAccessor every member reads",
            ),
        ),
        keeps=(Example("dev", "stack", settings("team", extra_roles=("roles/secretmanager.viewer",))),),
    ),
    StackRule(
        id="team-as-any",
        title="Members have the roles of any team",
        why="A role on the whole project lets each member make what no plan shows, and no cost or limit counts.",
        remedy="See that each member needs it; the programs of a course do with the roles that every team has.",
        severity="low",
        advisory=True,
        check=_further,
        breaks=(
            Example(
                "dev",
                "stack",
                settings("team", extra_roles=("roles/dataproc.editor",)),
                says="every member has roles/dataproc.editor",
            ),
        ),
        keeps=(Example("dev", "stack", settings("team", extra_roles=())),),
    ),
)

"""What runs as whom: as an account of the stack, and as the one whose work it is."""

from collections.abc import Iterator

from catalog import types
from coursecloud.plan.registration import Registration
from coursecloud.policy import work
from coursecloud.policy.example import DROP, Edit, Example, add, machine, put
from coursecloud.policy.grants import is_default_account
from coursecloud.policy.reading import at
from coursecloud.policy.rule import AmongRule, Stack


def _acts_as(resource: Registration, stack: Stack) -> Iterator[str]:
    """Hold the account that something runs as to those of the stack; one that is missing is another rule's."""
    known = types.of(resource.type)
    for path, word in known.classes.words.items() if known and known.classes else ():
        if word == "grants" and path.rpartition(".")[2] in ("email", "serviceAccount"):
            name = str(at(resource.inputs, path) or "").rpartition("/")[2]
            account = stack.accounts.get(f"serviceAccount:{name}")
            if name and not account and not is_default_account(name):
                yield f"it runs as {name}, which is no account of the stack"
            elif account:
                yield from _works(account.name.removesuffix("-account"), resource, stack)


def _works(account: str, resource: Registration, stack: Stack) -> Iterator[str]:
    """Hold what runs to the account whose work it is."""
    wanted = work.runs_as(resource, stack.settings)
    # One that the program declares beside the stack's own has nothing of theirs (`work.may`).
    if wanted is not None and account not in wanted and account in work.KNOWN:
        yield f"it runs as the account {account}, and its work is that of {' or '.join(sorted(wanted))}"
    elif wanted is None and account in work.DEPLOYS:
        yield f"it runs as the account {account}, which deploys or is a workflow's: nothing of a stack runs as it"


def _as(kind: str, name: str, path: str, account: str) -> Edit:
    """Have something of stack full run as another account of it."""
    return put(kind, name, path, f"full-{account}@example-project-id.iam.gserviceaccount.com")


def _at(path: str, value: str) -> dict[str, object]:
    first, _, rest = path.partition(".")
    return {first: _at(rest, value) if rest else value}


RULES = (
    AmongRule(
        id="account-declared",
        title="What runs is an account of the stack",
        why="What an account may that the stack does not declare, no plan shows.",
        remedy="Give it an account that the stack declares.",
        severity="high",
        applies=lambda kind: types.grants(kind) is None,
        check=_acts_as,
        breaks=(
            Example(
                "dev",
                "workbench",
                machine("serviceAccount.email", "own@another-project-9.iam.gserviceaccount.com"),
                says="own@another-project-9",
            ),
            *(
                Example("full", name, _as(kind, name, path, account), says="and its work is that of")
                for kind, name, path, account in (
                    ("compute.Instance", "workbench", "serviceAccount.email", "deploy"),
                    ("compute.Instance", "workbench", "serviceAccount.email", "builds"),
                    ("cloudrunv2.Service", "demo", "template.serviceAccount", "deployer"),
                    ("cloudbuild.Trigger", "checks", "serviceAccount", "builds"),
                    ("cloudbuild.Trigger", "trainer", "serviceAccount", "deployer"),
                )
            ),
            *(
                Example(
                    "full",
                    "more",
                    add(token, "more", **_at(path, f"full-{account}@example-project-id.iam.gserviceaccount.com")),
                    says=says,
                )
                for token, path, account, says in (
                    ("compute/instance:Instance", "serviceAccount.email", "deploy", "its work is that of machines"),
                    ("compute/instance:Instance", "serviceAccount.email", "training", "its work is that of machines"),
                    ("cloudrunv2/service:Service", "template.serviceAccount", "machines", "that of services"),
                    ("cloudbuild/trigger:Trigger", "serviceAccount", "deploy", "nothing of a stack runs as it"),
                )
            ),
        ),
        keeps=(
            Example("dev", "workbench", machine("serviceAccount", DROP)),
            Example(
                "full",
                "more",
                add(
                    "compute/instance:Instance",
                    "more",
                    serviceAccount={"email": "full-machines@example-project-id.iam.gserviceaccount.com"},
                ),
            ),
        ),
    ),
)

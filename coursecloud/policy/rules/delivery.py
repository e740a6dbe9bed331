"""What builds and serves: accounts of its own, and logs without secrets."""

import re
from collections.abc import Iterator

from coursecloud.plan.planning import short_type
from coursecloud.plan.registration import Registration
from coursecloud.policy import build_file
from coursecloud.policy.example import DROP, Example, add, put, step
from coursecloud.policy.grants import is_default_account
from coursecloud.policy.reading import at, is_true
from coursecloud.policy.rule import ResourceRule
from infra.settings import Settings

_TRIGGERS = frozenset({"cloudbuild.Trigger"}).__contains__
_SERVERS = frozenset({"cloudrunv2.Service", "cloudrunv2.Job"}).__contains__


def _account(name: object) -> Iterator[str]:
    if not name:
        yield "it names no service account, and so runs as a default one"
    elif is_default_account(str(name).rpartition("/")[2]):
        yield f"it runs as a default service account, {str(name).rpartition('/')[2]}"


def _trigger(trigger: Registration, _: Settings) -> Iterator[str]:
    yield from _account(at(trigger.inputs, "serviceAccount"))


_COMMENTS = ("COMMENTS_ENABLED", "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY")


def _event(trigger: Registration, settings: Settings) -> Iterator[str]:
    """Hold what starts a build, and who lets it start, to what the stack file says of the trigger."""
    declared = settings.builds.triggers.get(trigger.name)
    if declared is None:
        yield f"no trigger of the stack file is called {trigger.name}"
        return
    for block in ("github", "repositoryEventConfig"):
        for path, wanted in (
            ("push.branch", declared.branch),
            ("push.tag", declared.tag),
            ("pullRequest.branch", declared.pull_request),
        ):
            given = at(trigger.inputs, f"{block}.{path}")
            if given is not None and str(given) != wanted:
                yield f"it builds at {path} `{given}`, and the stack file says {f'`{wanted}`' if wanted else 'no such'}"
        asked = at(trigger.inputs, f"{block}.pullRequest")
        if asked and (when := at(asked, "commentControl")) not in _COMMENTS:
            yield f"a pull request of anybody builds at once (commentControl is {when or 'not given'})"
    if declared.approval and not is_true(at(trigger.inputs, "approvalConfig.approvalRequired")):
        yield "it waits for nobody's approval, and the stack file says `approval: true`"


def _from(resource: Registration, settings: Settings) -> Iterator[str]:
    """Hold where builds come from to the one repository of the stack file."""
    declared = settings.builds.repository
    wanted = f"{declared.owner}/{declared.name}".lower() if declared else None
    if short_type(resource.type) == "cloudbuild.Trigger":
        # Of a connected repository the trigger names a resource, which says where it is.
        given = at(resource.inputs, "github")
        found = f"{at(resource.inputs, 'github.owner')}/{at(resource.inputs, 'github.name')}" if given else None
        others = ("triggerTemplate", "sourceToBuild", "gitFileSource", "bitbucketServerTriggerConfig")
        yield from _event(resource, settings)
        for name in (each for each in others if at(resource.inputs, each)):
            yield f"it builds by {name}, which the stack file cannot name"
    else:
        found = re.sub(r"^https://github\.com/|\.git$", "", str(at(resource.inputs, "remoteUri")))
    if found and found.lower() != wanted:
        yield f"it builds what is in {found}, and the stack file names {wanted or 'no repository'}"


def _server(server: Registration, _: Settings) -> Iterator[str]:
    # A job's template holds the template of its task.
    where = "template.template" if at(server.inputs, "template.template") else "template"
    yield from _account(at(server.inputs, f"{where}.serviceAccount"))


def _prints(trigger: Registration, _: Settings) -> Iterator[str]:
    yield from build_file.printed(trigger)


RULES = (
    ResourceRule(
        id="trigger-own-account",
        title="A build runs as an account of the stack",
        why="The default account of Cloud Build can push to every repository and deploy every service.",
        remedy="Give service_account an account that the stack declares.",
        severity="high",
        applies=_TRIGGERS,
        check=_trigger,
        breaks=(
            Example(
                "full",
                "trainer",
                put("cloudbuild.Trigger", "trainer", "serviceAccount", DROP),
                says="names no service account",
            ),
        ),
        keeps=(
            Example(
                "full",
                "trainer",
                put(
                    "cloudbuild.Trigger",
                    "trainer",
                    "serviceAccount",
                    "projects/p/serviceAccounts/own@p.iam.gserviceaccount.com",
                ),
            ),
        ),
    ),
    ResourceRule(
        id="trigger-own-repository",
        title="A build comes from the repository of the stack file",
        why="Whoever can push there has the rights of the account for builds.",
        remedy="Name the repository under coursecloud:builds.",
        severity="high",
        applies=frozenset({"cloudbuild.Trigger", "cloudbuildv2.Repository"}).__contains__,
        check=_from,
        breaks=(
            Example(
                "full", "trainer", put("cloudbuild.Trigger", "trainer", "github.owner", "evil"), says="what is in evil/"
            ),
            Example(
                "full",
                "other",
                add("cloudbuildv2/repository:Repository", "other", remoteUri="https://github.com/evil/x.git"),
                says="what is in evil/x",
            ),
            *(
                Example(
                    "full",
                    "checks",
                    put("cloudbuild.Trigger", "checks", "github.pullRequest.commentControl", value),
                    says=says,
                )
                for value, says in (
                    (DROP, "commentControl is not given"),
                    ("COMMENTS_DISABLED", "is COMMENTS_DISABLED"),
                )
            ),
        ),
        keeps=(Example("full", "trainer", put("cloudbuild.Trigger", "trainer", "github.owner", "Example-Group")),),
    ),
    ResourceRule(
        id="service-own-account",
        title="A service runs as an account of the stack",
        why="Without one it runs as the default account of Compute Engine, often an editor of the project.",
        remedy="Give template.service_account an account that the stack declares.",
        severity="high",
        applies=_SERVERS,
        check=_server,
        breaks=(
            Example(
                "full",
                "demo",
                put("cloudrunv2.Service", "demo", "template.serviceAccount", DROP),
                says="names no service account",
            ),
        ),
        keeps=(
            Example(
                "full",
                "j",
                add(
                    "cloudrunv2/job:Job",
                    "j",
                    location="europe-west4",
                    template={"template": {"serviceAccount": "a@b.c"}},
                ),
            ),
        ),
    ),
    ResourceRule(
        id="build-prints-no-secrets",
        title="No build writes secrets into its log",
        why="A build's log is read by the whole team and stays for a month.",
        remedy="Do not print variables or filled-in configuration in a step with secretEnv; pipe, or write to a file.",
        severity="high",
        applies=_TRIGGERS,
        check=_prints,
        breaks=(Example("full", "trainer", step(entrypoint="bash", args=["-c", "echo $$WANDB_API_KEY"]), says="echo"),),
        keeps=(
            Example(
                "full",
                "trainer",
                step(entrypoint="bash", args=["-c", "echo $$WANDB_API_KEY | docker login --password-stdin"]),
            ),
        ),
    ),
)

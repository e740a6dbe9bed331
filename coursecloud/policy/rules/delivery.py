"""What builds and serves: accounts of its own, and logs without secrets."""

from collections.abc import Iterator

from coursecloud.plan.registration import Registration
from coursecloud.policy import build_file
from coursecloud.policy.example import DROP, Example, add, put, step
from coursecloud.policy.grants import is_default_account
from coursecloud.policy.reading import at
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

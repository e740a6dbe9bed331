"""No value of a secret in any input, file or setting: what a program hands over is in its state, plan and logs."""

from collections.abc import Iterator

from coursecloud.plan import hiding, named_files
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.plan.sdk import SECRET, SIGNATURE
from coursecloud.policy import build_file
from coursecloud.policy.example import GITHUB_TOKEN, WANDB_KEY, Example, does, machine, outputs, settings, variable
from coursecloud.policy.rule import DeedRule, ResourceRule, Stack, StackRule
from infra import secrecy
from infra.settings import Settings

_VALUES = ("secretData", "secretDataWo")
_REMEDY = "Revoke it: it is known. Name it under coursecloud:secrets; the command in the outputs adds the new value."


def _leaks(resource: Registration, settings: Settings) -> Iterator[str]:
    """Say where a secret stands, and never what it is."""
    if resource.type.startswith("gcp:secretmanager/") and any(key in resource.inputs for key in _VALUES):
        yield "it hands the value of a secret to Pulumi, which keeps it in the state"
        return
    # Labels of the course are on everything; the stack file, where they stand, is told once.
    course = [text for _, text, _ in secrecy.texts(settings.course.model_dump(mode="json", by_alias=True))]
    for path, text, found in secrecy.walk(resource.inputs):
        if text not in course:
            yield _told(f"`{path}`", found)
    yield from _marked(resource.inputs)
    for path, text in resource.at_run.items():
        for found in secrecy.find(text, path.rpartition(".")[2]):
            yield _told(f"`{path}`, in the real run,", found)
    if resource.type == named_files.MACHINE:
        return  # its scripts are its metadata, and told
    for name, text in resource.files.items():
        for found in secrecy.find(text or ""):
            yield _told(f"line {(text or '').count(chr(10), 0, found.start) + 1} of {name}", found)
    build_file.missing(resource)


def _told(where: str, found: secrecy.Found) -> str:
    name = found.what.removeprefix("value of ")
    return f"{where} gives {name} a value" if name != found.what else f"{where} holds a secret ({found.what})"


def _marked(value: object) -> Iterator[str]:
    """Say where the program itself says that something is a secret, and holds it."""
    for path, _ in hiding.held(value):
        yield f"`{path}` is marked as a secret, and the program has its value"


def _in_outputs(stack: Stack) -> Iterator[str]:
    yield from (f"output {marked}" for marked in _marked(stack.outputs))
    for path, _, found in secrecy.walk(stack.outputs):
        yield _told(f"output `{path}`", found)


def _in_the_file(stack: Stack) -> Iterator[str]:
    """Say what no resource tells: what is a resource's, too, is told there, once."""
    settings = stack.settings.model_dump(mode="json", by_alias=True)
    found = list(secrecy.walk(settings))
    if not found:
        return
    course = [text for _, text, _ in secrecy.texts(settings["course"])]
    told = [text for each in stack.resources for _, text, _ in secrecy.walk(each.inputs)]
    for path, text, one in found:
        # The same secret in another setting has to be taken out there, too.
        if text in course or not any(text in other for other in told):
            yield _told(f"`coursecloud:{path}`", one)


RULES = (
    ResourceRule(
        id="no-secret-values",
        title="No input holds the value of a secret",
        why="It would be in Pulumi's state, in the plan, and readable by everybody who may look at the resource.",
        remedy=_REMEDY,
        severity="critical",
        applies=lambda _: True,
        check=_leaks,
        breaks=(
            Example("dev", "workbench", machine("metadata.startup-script", f"x={GITHUB_TOKEN}"), says="GitHub token"),
            Example(
                "dev", "workbench", machine("labels.x", {SIGNATURE: SECRET, "value": "a"}), says="marked as a secret"
            ),
        ),
        keeps=(Example("full", "demo", variable("DB_PASSWORD_SECRET", "projects/p/secrets/s/versions/latest")),),
    ),
    StackRule(
        id="output-no-secrets",
        title="No output holds the value of a secret",
        why="Outputs are in Pulumi's state, and every `up` prints them, in a workflow's log too.",
        remedy=_REMEDY,
        severity="critical",
        check=_in_outputs,
        breaks=(
            Example("gpu", "stack", outputs(token=GITHUB_TOKEN), says="output `token`"),
            Example("gpu", "stack", outputs(x=[{SIGNATURE: SECRET, "value": "a"}]), says="`x[0]` is marked"),
        ),
        keeps=(
            Example("gpu", "stack", outputs(place="gs://somebody-data", key={SIGNATURE: SECRET, "value": UNKNOWN})),
        ),
    ),
    StackRule(
        id="stack-file-no-secrets",
        title="The stack file holds no value of a secret",
        why="It is in git, in every review, and on the disk of whoever has a clone.",
        remedy=_REMEDY,
        severity="critical",
        check=_in_the_file,
        breaks=(Example("dev", "stack", settings("course", owner=WANDB_KEY), says="coursecloud:course.owner"),),
        keeps=(Example("dev", "stack", settings("course", owner="p-0123456789")),),
    ),
    DeedRule(
        id="comments-no-secrets",
        title="No comment of the stack file holds the value of a secret",
        why="It is in git, in every review, and on the disk of whoever has a clone.",
        remedy=_REMEDY,
        severity="critical",
        kinds=frozenset({"comment"}),
        breaks=(Example("gpu", "stack", does("comment", "line 7 of its file is a comment"), says="line 7"),),
        keeps=(Example("gpu", "stack", does("read", "looks at something")),),
    ),
)

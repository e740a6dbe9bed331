"""The closed world: a type, an input and a price that nobody has understood is named, and closes the gate."""

from collections.abc import Iterator

from catalog import types
from catalog.types.model import ResourceType
from coursecloud.plan.planning import bills
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.policy.example import Example, add, put, then
from coursecloud.policy.grants import grants_something
from coursecloud.policy.reading import UnknownError
from coursecloud.policy.rule import AmongRule, ResourceRule, Stack
from coursecloud.policy.rules import inputs
from coursecloud.policy.told_values import said
from infra.settings import Settings


def _type(resource: Registration, _: Settings) -> Iterator[str]:
    short = types.short_type(resource.type)
    known = types.of(resource.type)
    if not resource.type.startswith("gcp:") or grants_something(short) or (known and known.classes):
        return
    yield f"nothing here knows what {short} opens, spends and loses{_partly(known)}"


def _partly(known: ResourceType | None) -> str:
    """Say the little that is known of a type."""
    if known is None:
        return ", nor what it costs"
    words = {"hourly": "it bills by the hour", "storage": "it bills for what it holds", "usage": "it bills by its use"}
    said = [words.get(known.bills or "", ""), f"it holds {known.holds}" if known.holds else ""]
    said += [f"it decides {known.door.decides}"] if known.door else []
    told = [text for text in said if text]
    return f"; {' and '.join(told)}" if told else ""


_BESIDE = frozenset(
    f"{api}.googleapis.com"
    for api in (
        *(
            "aiplatform",
            "artifactregistry",
            "cloudresourcemanager",
            "iam",
            "iamcredentials",
            "iap",
            "oslogin",
            "storage",
        ),
        "sts",
    )
)
"""APIs that no single type is made with: who may do what, how one gets in, training jobs, and every stack's stores."""


def _api(api: Registration, stack: Stack) -> Iterator[str]:
    needed = {f"{known.api}.googleapis.com" for each in stack.resources if (known := types.of(each.type)) and known.api}
    if (name := api.inputs.get("service")) not in (*needed - _of_itself(), *_BESIDE, UNKNOWN):
        yield f"it switches on {said(name)}, which nothing of the stack needs"


def _of_itself() -> frozenset[str]:
    """Name the API that switches others on: each of them needs it, and none has it switched on."""
    known = types.of("gcp:projects/service:Service")
    return frozenset({f"{known.api}.googleapis.com"}) if known and known.api else frozenset()


def _price(resource: Registration, stack: Stack) -> Iterator[str]:
    if bills(resource) == "free" or not resource.type.startswith("gcp:"):
        return
    reasons = stack.unpriced.get(resource.urn, ())
    later = [reason for reason in reasons if "only to the real run" in reason]
    yield from dict.fromkeys(reason.removeprefix(f"{resource.name}: ") for reason in reasons if reason not in later)
    if later:
        raise UnknownError("what it costs", later[0])


RULES = (
    ResourceRule(
        id="type-understood",
        title="Every type of resource is one that somebody has looked at",
        why="What a type spends, opens and loses is judged by facts of the type; without them by nobody.",
        remedy=f"Take a type that the program declares; or {inputs.EXCEPTION}.",
        severity="high",
        applies=lambda _: True,
        check=_type,
        breaks=(
            Example(
                "dev",
                "cluster",
                add("container/cluster:Cluster", "cluster", location="europe-west1", initialNodeCount=9),
                says="container.Cluster opens",
            ),
            Example("dev", "odd", add("nowhere/thing:Thing", "odd"), says="nor what it costs"),
        ),
        keeps=(Example("dev", "k", add("serviceaccount/account:Account", "k", accountId="a-b-c-d")),),
    ),
    *inputs.RULES,
    AmongRule(
        id="api-needed",
        title="Each API is on for something of the stack",
        why="An API that is on can be spent with by whoever has a role for it, and Google's agent of it gets a role.",
        remedy=f"Leave it out until something of the stack needs it; or {inputs.EXCEPTION}.",
        severity="medium",
        applies=frozenset({"projects.Service"}).__contains__,
        check=_api,
        breaks=(
            Example("dev", "odd", add("projects/service:Service", "odd", service="tpu.googleapis.com"), says="`tpu"),
            Example(
                "dev",
                "compute",
                put("projects.Service", "compute", "service", "container.googleapis.com"),
                says="`container.googleapis.com`",
            ),
        ),
        keeps=(
            Example(
                "dev",
                "pubsub",
                then(
                    add("projects/service:Service", "pubsub", service="pubsub.googleapis.com"),
                    add("pubsub/topic:Topic", "told", name="told"),
                ),
            ),
        ),
    ),
    AmongRule(
        id="price-known",
        title="Everything that bills has a known price",
        why="What nobody can price is in no total: neither a limit nor the day on which the credit ends counts it.",
        remedy=f"Give its price under `coursecloud:prices`; or {inputs.EXCEPTION}.",
        severity="high",
        topic="cost",
        applies=lambda _: True,
        check=_price,
        breaks=(
            Example(
                "dev", "data", put("storage.Bucket", "data", "storageClass", "NEARLINE"), says="NEARLINE has no known"
            ),
        ),
        keeps=(Example("dev", "data", put("storage.Bucket", "data", "location", "EU")),),
    ),
)

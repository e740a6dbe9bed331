"""What the program makes beside what the stack file names: a reader of that file does not know of it."""

from collections.abc import Callable, Collection, Iterator, Mapping

from catalog import types
from coursecloud.plan import effects
from coursecloud.plan.planning import bills, short_type
from coursecloud.plan.registration import Registration
from coursecloud.policy import expected
from coursecloud.policy.example import Example, add, bucket
from coursecloud.policy.rule import ResourceRule
from infra.settings import Settings

_NAMES: Mapping[str, Callable[[Settings], Collection[str]]] = {
    "artifactregistry.Repository": lambda _: expected.REPOSITORIES,
    "cloudbuild.Trigger": lambda settings: settings.builds.triggers,
    "cloudrunv2.Service": lambda settings: settings.services,
    "compute.Disk": lambda settings: [f"{name}-work" for name in settings.machines],
    "compute.Instance": lambda settings: settings.machines,
    "secretmanager.Secret": lambda settings: settings.secrets.names,
    "storage.Bucket": lambda _: expected.BUCKETS,
}
"""How the program calls what the stack file names; of any other type its components make what they need."""

_ACCOUNT = "serviceaccount.Account"


def _unnamed(resource: Registration, settings: Settings) -> Iterator[str]:
    known, kind = types.of(resource.type), short_type(resource.type)
    if not resource.custom or not resource.type.startswith("gcp:") or (bills(resource) == "free" and kind != _ACCOUNT):
        return
    component = known is not None and effects.made_by(resource) in known.components
    if component and (kind not in _NAMES or resource.name in _NAMES[kind](settings)):
        return
    called = known.called[0] if known and known.called else kind
    yield f"the program brings this {called}, and the stack file does not name it: no edit of that ends it"


RULES = (
    ResourceRule(
        id="named-in-stack-file",
        title="What bills, and who acts, is named in the stack file",
        why="Whoever reads the stack file takes it for all that there is: they do not look for what bills beside it.",
        remedy="Read what the program declares there, and what it costs; or take it out.",
        severity="low",
        topic="upkeep",
        advisory=True,
        applies=lambda _: True,
        check=_unnamed,
        breaks=(
            Example("dev", "more", add("compute/disk:Disk", "more", size=10), says="brings this disk"),
            Example("dev", "more", add("serviceaccount/account:Account", "more"), says="brings this service account"),
            Example("dev", "more", add("alloydb/cluster:Cluster", "more"), says="and the stack file does not name it"),
        ),
        keeps=(Example("dev", "data", bucket("labels.near", "miss")),),
    ),
)

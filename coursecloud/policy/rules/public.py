"""Nothing is public unless the stack file lists it."""

from collections.abc import Callable, Iterator

from catalog import types
from coursecloud.plan.registration import Registration
from coursecloud.policy import grants
from coursecloud.policy.example import Example, add, grant, public, put
from coursecloud.policy.reading import at, is_true
from coursecloud.policy.rule import ResourceRule
from infra.names import Names
from infra.settings import Settings

_BUCKET_LISTS = frozenset(
    f"storage.{name}"
    for name in ("BucketACL", "BucketAccessControl", "DefaultObjectACL", "DefaultObjectAccessControl", "ObjectACL",
                 "ObjectAccessControl")
)  # fmt: skip


def _iam_of(*modules: str) -> Callable[[str], bool]:
    return lambda kind: grants.grants_something(kind) and kind.partition(".")[0] in modules


def _public(resource: Registration, _: Settings) -> Iterator[str]:
    for member in grants.public(resource):
        yield f"it lets {member} in, that is everybody"


def _listed(service: str, settings: Settings) -> bool:
    names = Names(settings.project, settings.stack)
    return any(
        declared.public and names.resource(key) == service.rpartition("/")[2]
        for key, declared in settings.services.items()
    )


def _service(resource: Registration, settings: Settings) -> Iterator[str]:
    breaches = list(_public(resource, settings))
    if is_true(at(resource.inputs, "invokerIamDisabled")):
        breaches.append("invokerIamDisabled is true: it asks nobody who they are")
    if breaches:
        service = str(at(resource.inputs, "name") or at(resource.inputs, "service") or "")
        if not _listed(service, settings):
            yield from (f"{breach}, and the stack file does not say `public: true`" for breach in breaches)


_RUNNING = ("cloudrunv2", "cloudrun", "cloudfunctions", "cloudfunctionsv2")
_SERVICES = _iam_of(*_RUNNING)
_OWN_RULE = ("storage", "artifactregistry", "secretmanager", "pubsub", *_RUNNING)

RULES = (
    ResourceRule(
        id="bucket-not-public",
        title="No bucket is public",
        why="Data sets and models of a course hold other people's data and licences.",
        remedy="Grant the members of the team; show single files by a signed URL.",
        severity="critical",
        applies=lambda kind: kind in _BUCKET_LISTS or _iam_of("storage")(kind),
        check=_public,
        trivy=("AVD-GCP-0001",),
        cis=("5.1",),
        breaks=(
            Example(
                "dev",
                "m",
                public("storage/bucketIAMMember:BucketIAMMember", "roles/storage.objectViewer", bucket="b"),
                says="allUsers",
                checkov=("CKV_GCP_28",),
            ),
        ),
        keeps=(
            Example(
                "dev",
                "machines-use-data",
                put("storage.BucketIAMMember", "machines-use-data", "member", "domain:example.com"),
            ),
        ),
    ),
    ResourceRule(
        id="registry-not-public",
        title="No repository of images or packages is public",
        why="An image holds the code and often more; each pull by a stranger bills.",
        remedy="Grant roles/artifactregistry.reader to the accounts that pull.",
        severity="high",
        applies=_iam_of("artifactregistry"),
        check=_public,
        breaks=(
            Example(
                "dev",
                "m",
                public(
                    "artifactregistry/repositoryIamMember:RepositoryIamMember",
                    "roles/artifactregistry.reader",
                    repository="r",
                    location="europe-west1",
                ),
                says="allUsers",
                checkov=("CKV_GCP_101",),
            ),
        ),
        keeps=(
            Example(
                "dev",
                "machines-read-docker",
                put("artifactregistry.RepositoryIamMember", "machines-read-docker", "member", "group:a@example.com"),
            ),
        ),
    ),
    ResourceRule(
        id="secret-not-public",
        title="No secret is public",
        why="A secret that everybody can read is none.",
        remedy="Grant roles/secretmanager.secretAccessor to the one account that needs it.",
        severity="critical",
        applies=_iam_of("secretmanager"),
        check=_public,
        breaks=(
            Example(
                "full",
                "m",
                public(
                    "secretmanager/secretIamMember:SecretIamMember", "roles/secretmanager.secretAccessor", secretId="s"
                ),
                says="allUsers",
            ),
        ),
        keeps=(
            Example(
                "full",
                "machines-reads-WANDB_API_KEY",
                put("secretmanager.SecretIamMember", "machines-reads-WANDB_API_KEY", "member", "group:a@example.com"),
            ),
        ),
    ),
    ResourceRule(
        id="topic-not-public",
        title="No topic is public",
        why="Whoever can publish can stop machines or run up a bill; whoever can subscribe reads along.",
        remedy="Grant the one account that publishes.",
        severity="high",
        applies=_iam_of("pubsub"),
        check=_public,
        breaks=(
            Example(
                "dev",
                "m",
                public("pubsub/topicIAMMember:TopicIAMMember", "roles/pubsub.publisher", topic="t"),
                says="allUsers",
                checkov=("CKV_GCP_99",),
            ),
        ),
        keeps=(
            Example(
                "dev",
                "m",
                add(
                    "pubsub/topicIAMMember:TopicIAMMember",
                    "m",
                    topic="t",
                    role="roles/pubsub.publisher",
                    member="user:a@b.c",
                ),
            ),
        ),
    ),
    ResourceRule(
        id="service-not-public",
        title="No service is public unless it is listed",
        why="A public service answers, and bills for, everybody who finds its address.",
        remedy="Add `public: true` to the service under coursecloud:services, or grant the members only.",
        severity="high",
        applies=lambda kind: kind == "cloudrunv2.Service" or _SERVICES(kind),
        check=_service,
        breaks=(
            Example(
                "full",
                "m",
                public(
                    "cloudrunv2/serviceIamMember:ServiceIamMember",
                    "roles/run.invoker",
                    name="full-backend",
                    location="x",
                ),
                says="public: true",
            ),
        ),
        keeps=(
            Example(
                "full",
                "demo-public",
                put("cloudrunv2.ServiceIamMember", "demo-public", "name", "projects/p/locations/l/services/full-demo"),
            ),
        ),
    ),
    ResourceRule(
        id="grant-not-public",
        title="No other grant is public",
        why="A grant to allUsers on a project or an account is one to everybody on the internet.",
        remedy="Name the members.",
        severity="critical",
        applies=lambda kind: types.grants(kind) is not None and kind.partition(".")[0] not in _OWN_RULE,
        check=_public,
        breaks=(Example("full", "services-logging-log-writer", grant("member", "allUsers"), says="allUsers"),),
        keeps=(Example("full", "services-logging-log-writer", grant("member", "domain:example.com")),),
    ),
)

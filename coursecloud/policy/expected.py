"""What the rules hold the program to, written here once more on purpose: an edit of the program does not move it.

`tests/guardrails/test_expected.py` holds both to be the same. What is shared are the readers of a stack file
(`infra.settings`, `infra.names`) and of secrets (`infra.secrecy`), and nothing that a resource is made of.
"""

from coursecloud.plan import service_images
from infra.settings.lease import Lease

ISSUER = "https://token.actions.githubusercontent.com"
"""Who says what a workflow of GitHub is."""

PULL_REQUEST = "pull_request"
_RUNS = (
    ("push", "ref"), ("push", "tags"), ("release", "tags"), ("schedule", "ref"), ("workflow_dispatch", "ref"),
    ("workflow_dispatch", "tags"),
)  # fmt: skip
"""By which events the group's workflows build and deploy, and on which refs."""

IAP_RANGE = "35.235.240.0/20"
"""From where Identity-Aware Proxy comes (cloud.google.com/iap, read 2026-11-23)."""

LONG_RUN = 24 * 3600
"""Seconds that a machine may run without a reason."""

PLACEHOLDER = service_images.SAMPLE
"""Google's sample, for a service whose image nobody has pushed."""

DEPLOYED = "deployed"
"""The tag of what a build has released."""

PERIOD = 300
"""Seconds of which an alert counts the errors together."""

BUCKETS, REPOSITORIES = ("data", "models", "staging"), ("docker", "python")
"""What every stack stores in, by the program's names."""

UNFINISHED = 7
"""Days after which an upload that nobody finished is given up."""

_OPEN_LEASE = 180
"""Days that a replaced object stays where a lease has no end."""


def condition(repository_id: int, ref: str) -> str:
    """Write what a workflow has to be to come in, in CEL."""
    events = "', '".join(sorted({PULL_REQUEST, *(event for event, _ in _RUNS)}))
    wanted = (
        f"assertion.repository_id == '{repository_id}'",
        f"assertion.event_name in ['{events}']",
        f"(assertion.event_name == '{PULL_REQUEST}' || assertion.ref == '{ref}'"
        " || assertion.ref.startsWith('refs/tags/'))",
    )
    return " && ".join(wanted)


def run_attribute(ref: str) -> str:
    """Write of what the attribute that bindings ask for is made, in CEL."""
    return (
        "assertion.repository_id + '/' + assertion.event_name"
        f" + (assertion.event_name == '{PULL_REQUEST}' ? '' : (assertion.ref == '{ref}'"
        " || !assertion.ref.startsWith('refs/tags/') ? '/' + assertion.ref : '/refs/tags'))"
    )


def runs(ref: str) -> frozenset[str]:
    """List the group's own runs as that attribute has them, but for those of pull requests."""
    found = {f"{event}/{ref if kind == 'ref' else 'refs/tags'}" for event, kind in _RUNS}
    return frozenset(found | ({f"release/{ref}"} if ref.startswith("refs/tags/") else set()))


def channel(project: str, number: str) -> str:
    """Name a notification channel as Google does."""
    return f"projects/{project}/notificationChannels/{number}"


def noncurrent_days(lease: Lease) -> int:
    """Count the days that a replaced object stays: to the last grace day, whenever in the lease it was replaced."""
    return (lease.kept_until - lease.starts).days if lease.starts and lease.kept_until else _OPEN_LEASE


def accelerator(gpu: str) -> str:
    """Call a GPU as Vertex AI does: nvidia-tesla-t4 is NVIDIA_TESLA_T4."""
    return gpu.upper().replace("-", "_")

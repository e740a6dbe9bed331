"""Names and labels within Google's limits: pure functions of the stack, unique in a project."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from catalog import limits

STACK = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,39}")
"""Names of stacks that names are made from."""

Workload = Literal["machines", "training", "prediction", "builds", "services"]
"""What has a service account of its own, and can be given a secret."""
WORKLOADS: tuple[Workload, ...] = get_args(Workload)

OWN_LABELS = frozenset({"course", "group", "owner", "stack", "lease-end", "managed-by", "component"})


@dataclass(frozen=True)
class Names:
    """The names of one stack; two stacks of one project share none.

    The stack's name leads. A stack with a hyphen in its name is set apart by two, or stack `a` with a machine
    `b-c` and stack `a-b` with a machine `c` would both make `a-b-c`; no other part has two in a row. What
    would be too long, or would lose letters that tell two names apart, is cut and gets six hexadecimal
    digits of its SHA-256 instead.
    """

    project: str
    stack: str
    existing: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    """Names of the group's own things that the stack uses in place of one that it makes, by what is made otherwise."""

    def _joined(self, *parts: str) -> str:
        return self.stack + ("--" if "-" in self.stack else "-") + "-".join(parts)

    def resource(self, *parts: str) -> str:
        """Name a Compute Engine, Cloud Run, Cloud Build or Artifact Registry resource: at most 49 characters,
        the least of their limits."""
        return fit(self._joined(*parts), 49)

    def account(self, *parts: str) -> str:
        """Name a service account: 6 to 30 characters."""
        name = fit(self._joined(*parts), 30)
        return name if len(name) >= 6 else f"{name}-account"

    def email(self, *parts: str) -> str:
        """Give the address of a service account."""
        return email_of(self.account(*parts), self.project)

    def bucket(self, name: str) -> str:
        """Name a bucket: at most 63 characters, unique in the world by the project's id in front."""
        return self.existing.get(name) or fit(f"{self.project}-{self._joined(name)}", 63)

    def repository(self, name: str) -> str:
        """Name a repository of Artifact Registry: `docker` or `python`."""
        return self.existing.get(name) or self.resource(name)

    def docker(self, region: str) -> str:
        """Say where the stack's docker images are pushed: HOST/PROJECT/REPOSITORY."""
        return f"{region}-docker.pkg.dev/{self.project}/{self.repository('docker')}"

    def image(self, region: str, image: str) -> str:
        """Complete the name of an image: one without a registry's host is in the stack's docker repository."""
        return image if names_registry(image) else f"{self.docker(region)}/{image}"

    def secret(self, name: str) -> str:
        """Name a secret: the stack in front, the group's own spelling behind."""
        front = fit(self.stack, 48)
        return front + ("--" if "-" in front else "-") + name

    def role(self, *parts: str) -> str:
        """Name a custom role: letters, digits and '_' only."""
        return "coursecloud_" + fit(self._joined(*parts), 50).replace("-", "_")

    @property
    def budget(self) -> str:
        """Name the billing account's budget for the stack as its messages show it: at most 60 characters."""
        return f"{self.project} {self.stack}"[:60]

    def number(self, *parts: str) -> str:
        """Name a Vertex AI endpoint: nine digits, the first not 0 (the API takes nine, the provider ten)."""
        digest = hashlib.sha256("-".join((self.project, self.stack, *parts)).encode()).hexdigest()
        return str(10**8 + int(digest, 16) % (9 * 10**8))


def fit(text: str, limit: int) -> str:
    """Bring a text into lower case, digits and hyphens, at most `limit` long, and keep it unique.

    >>> fit("dev-data", 63)
    'dev-data'
    >>> fit("Dev.2-data", 63)
    'dev-2-data-84b3df'
    """
    plain = re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")
    if plain == text and len(plain) <= limit:
        return plain
    digest = hashlib.sha256(text.encode()).hexdigest()[:6]
    return f"{plain[: limit - 7].rstrip('-')}-{digest}"


def labels(*, course: str, group: str, owner: str, stack: str, lease_end: str, own: dict[str, str]) -> dict[str, str]:
    """Make the labels that every resource carries; `own` are the group's additions."""
    return own | {
        "course": course,
        "group": group,
        "owner": owner,
        "stack": label_value(stack),
        "lease-end": lease_end,
        "managed-by": "coursecloud",
    }


def email_of(account: str, project: str) -> str:
    """Give the address that Google gives a service account by its id.

    >>> email_of("dev-builds", "my-project-1")
    'dev-builds@my-project-1.iam.gserviceaccount.com'
    """
    return f"{account}@{project}.iam.gserviceaccount.com"


def variable(secret: str) -> str:
    """Name the environment variable of a secret: a shell reads no variable with a hyphen."""
    return secret.replace("-", "_")


def member_key(member: str) -> str:
    """Name a member in resource names without their address: eight digits of its SHA-256."""
    return f"member-{hashlib.sha256(member.encode()).hexdigest()[:8]}"


def label_value(text: str) -> str:
    """Bring a text into a label's form: lower case, digits, '_' and '-', at most 63."""
    return text if re.fullmatch(limits.pattern("label-value"), text) else fit(text, 63)


def names_registry(image: str) -> bool:
    """Say whether an image's name begins with a registry's host, as docker reads it."""
    host, slash, _ = image.partition("/")
    return bool(slash) and ("." in host or ":" in host)

"""The one form in which a stack uses what is the group's own: imported as it is, never changed, never deleted.

Each import, each resource that Pulumi leaves behind and each that it overlooks is a danger but this one: all three
together, on a bucket or repository that the stack file names as `existing`. Pure.
"""

from collections.abc import Mapping
from typing import Any

from coursecloud.plan.registration import Registration
from infra.settings import Settings

BUCKET = "gcp:storage/bucket:Bucket"
REPOSITORY = "gcp:artifactregistry/repository:Repository"
EVERYTHING = ["*"]
"""What Pulumi overlooks changes of: every input."""


def ids(settings: Settings) -> Mapping[tuple[str, str], str]:
    """Give the id of each thing that the stack file names as existing, by type and name in the program."""
    place = f"projects/{settings.project}/locations/{settings.region}/repositories"
    return {
        (REPOSITORY if name == "docker" else BUCKET, name): f"{place}/{own}" if name == "docker" else own
        for name, own in settings.existing.items()
    }


def adopted(resource: Registration, settings: Settings) -> bool:
    """Say whether a resource is used in this form, and by the stack file's own word.

    What its inputs say has to be the very thing that is imported: it is what readers, prices and rules see.
    """
    own = ids(settings).get((resource.type, resource.name))
    return bool(own) and has_form(resource) and resource.options.get("importId") == own and path(resource) == own


def has_form(resource: Registration) -> bool:
    """Say whether a resource is of this form, whatever the stack file says: all that a saved plan or a state tells."""
    options = resource.options
    return (
        resource.type in (BUCKET, REPOSITORY)
        and bool(options.get("importId"))
        and options.get("retainOnDelete") is True
        and options.get("ignoreChanges") == EVERYTHING
        and not resource.inputs.get("forceDestroy")
        and not resource.provider
    )


def called(resource: Registration) -> str:
    """Name it as Google does: a bucket by its name, a repository by its last part."""
    return path(resource).rpartition("/")[2]


def in_state(resource: Mapping[str, Any]) -> bool:
    """Say whether a resource of Pulumi's state is the group's own: the state has no more of the form than this."""
    return resource.get("type") in (BUCKET, REPOSITORY) and bool(resource.get("retainOnDelete"))


def path(resource: Registration) -> str:
    """Give its id, as its inputs say it."""
    inputs = resource.inputs
    if resource.type == BUCKET:
        return str(inputs.get("name"))
    place = f"projects/{inputs.get('project')}/locations/{inputs.get('location')}"
    return f"{place}/repositories/{inputs.get('repositoryId')}"

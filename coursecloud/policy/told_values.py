"""What stands in a resource and what the stack file says of it, side by side."""

from collections.abc import Iterable, Iterator, Mapping

from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.policy.reading import at
from infra.names import Names, variable
from infra.settings import Settings


def differs(resource: Registration, wanted: Mapping[str, object]) -> Iterator[str]:
    """Say which inputs are none of those that are wanted, also by being left out: Google then takes its own."""
    for path, value in wanted.items():
        if (given := at(resource.inputs, path)) not in (value, UNKNOWN):
            is_now = "left out" if given is None else said(given)
            yield f"`{path}` is {is_now}, and the stack file says {'nothing' if value is None else said(value)}"


def names_of(settings: Settings) -> Names:
    """Give the names of the stack."""
    return Names(settings.project, settings.stack, settings.existing)


def stores(secrets: Iterable[str], names: Names) -> dict[str, str]:
    """Give the variables that tell code of the stack where its stores are."""
    return {
        "DATA_BUCKET": f"gs://{names.bucket('data')}",
        "MODELS_BUCKET": f"gs://{names.bucket('models')}",
        **{
            f"{variable(name)}_SECRET": f"projects/{names.project}/secrets/{names.secret(name)}/versions/latest"
            for name in secrets
        },
    }


def said(value: object) -> str:
    """Write a value as code, whole: what is cut off is what nobody sees; without what would end it."""
    return f"`{str(value).replace('`', chr(39))}`"

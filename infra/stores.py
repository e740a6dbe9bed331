"""The three stores of work, which most components are granted something on."""

from collections.abc import Iterable
from dataclasses import dataclass

from infra.component import Place
from infra.names import variable
from infra.registry import Registry
from infra.secrets import Secrets, newest_version
from infra.storage import Storage


@dataclass(frozen=True)
class Stores:
    """Buckets, repositories and secrets of one stack."""

    storage: Storage
    registry: Registry
    secrets: Secrets


def environment(place: Place, secrets: Iterable[str]) -> dict[str, str]:
    """Make the environment variables that tell a workload's code where its stores are.

    A secret is told by the name of its newest version, which the code reads with its own identity: a value
    in a variable would be readable by everyone who may look at the workload.
    """
    return {
        "DATA_BUCKET": f"gs://{place.names.bucket('data')}",
        "MODELS_BUCKET": f"gs://{place.names.bucket('models')}",
        **{f"{variable(name)}_SECRET": newest_version(place, name) for name in secrets},
    }

"""How much of what bills by use a group expects to use; costs are planned on it, and nothing is deployed from it."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from catalog import tables
from infra.settings.lease import CURRENCIES, Credit, Lease, dollars
from infra.settings.listed import listed
from infra.settings.machines import Machine, Machines
from infra.settings.problem import Findings, Problem, likely, nearest
from infra.settings.types import Int, Key, Number, Section

Hours = Annotated[Number, Field(ge=0, le=24)]
Gigabytes = Annotated[Number, Field(ge=0, le=100_000)]
Count = Annotated[Int, Field(ge=0, le=10_000_000)]


class StoredData(Section):
    """What lies in the buckets, old versions included, and how often it is touched."""

    data_gb: Gigabytes = 10.0
    """GB in the bucket `data`."""
    models_gb: Gigabytes = 5.0
    """GB in the bucket `models`."""
    staging_gb: Gigabytes = 1.0
    """GB in the bucket `staging`."""
    writes_per_day: Count = 500
    """Objects written or listed a day (operations of class A)."""
    reads_per_day: Count = 2000
    """Objects read a day (operations of class B)."""


class StoredImages(Section):
    """What lies in Artifact Registry."""

    docker_gb: Gigabytes = 5.0
    """GB of docker images. Layers that images share count once."""
    python_gb: Gigabytes = 0.1
    """GB of Python packages."""


class SecretUse(Section):
    """Versions and reads of the secrets."""

    versions: Annotated[Int, Field(ge=0, le=100)] = 1
    """Versions of each secret that are not destroyed; each bills, disabled ones too."""
    reads_per_day: Count = 50
    """Reads a day, of all secrets together."""


class BuildUse(Section):
    """Builds of all triggers together."""

    per_day: Annotated[Number, Field(ge=0, le=1000)] = 4.0
    """Builds a working day."""
    minutes: Annotated[Number, Field(ge=0, le=1440)] = 8.0
    """Minutes a build."""


class TrainingUse(Section):
    """Hours of Vertex AI."""

    hours_per_week: Annotated[Number, Field(ge=0, le=168)] = 2.0
    """Hours a week that training jobs run, those of all jobs together, as many on each working day."""
    jobs_per_week: Annotated[Number, Field(ge=0, le=10_000)] = 2.0
    """Jobs a week. Each pulls its image and reads its data, which bills where they are in another region."""
    image_gb: Gigabytes = 4.0
    """GB of the image that a job pulls."""
    data_gb: Annotated[Gigabytes | None, Field(examples=[50])] = None
    """GB of data that a job reads; all that is in the bucket `data` unless given."""
    endpoint_hours_per_week: Annotated[Number, Field(ge=0, le=168)] = 2.0
    """Hours a week for which a model is deployed to the endpoint, as many on each working day; only where there is
    one."""
    endpoint_machine: Annotated[str, listed("machineType")] = "n1-standard-2"
    """Machine type that a deployed model runs on."""


class ServiceUse(Section):
    """Requests to each Cloud Run service."""

    requests_per_day: Count = 200
    """Requests a day to each service."""
    seconds: Annotated[Number, Field(ge=0, le=3600)] = 0.5
    """Seconds until a request is answered."""


class TrafficUse(Section):
    """What leaves and enters the network."""

    egress_gb_per_day: Gigabytes = 0.1
    """GB a day from machines, services and buckets to the internet: to laptops, to GitHub."""
    download_gb_per_day: Gigabytes = 1.0
    """GB a day that machines download. Free with an address of their own; Cloud NAT bills each GB, and so does the
    bucket `data` where a machine is in another region than it."""
    logs_gb_per_day: Gigabytes = 0.05
    """GB of logs a day."""
    messages_gb_per_day: Gigabytes = 0.001
    """GB a day through Pub/Sub, published and delivered, of all topics together."""


class Usage(Section):
    """What the group expects to use; the working days and hours are those of the lease."""

    hours_per_day: Annotated[Hours | None, Field(examples=[6])] = None
    """Hours that each machine runs on a working day. Unless given: all working hours of the lease, but no
    longer than one start of the machine lasts (`maxRun`)."""
    machines: Annotated[dict[Key, Hours], Field(examples=[{"trainer": 3}])] = Field(default_factory=dict)
    """Hours of a working day of single machines, by their name."""
    evening: Literal["stop", "down"] = "stop"
    """What happens after the working hours: machines `stop` and their disks bill on, or `make down` removes
    all that is not kept. `stop` is the dearer one, so an estimate errs on the safe side."""
    storage: StoredData = StoredData()
    """Buckets."""
    registry: StoredImages = StoredImages()
    """Artifact Registry."""
    secrets: SecretUse = SecretUse()
    """Secret Manager."""
    builds: BuildUse = BuildUse()
    """Cloud Build."""
    training: TrainingUse = TrainingUse()
    """Vertex AI."""
    services: ServiceUse = ServiceUse()
    """Cloud Run."""
    traffic: TrafficUse = TrafficUse()
    """Network and logs."""
    groups_on_account: Annotated[Int, Field(ge=1, le=10_000)] = 1
    """Groups whose projects are on the same billing account: they share its free tiers."""
    usd_rate: Annotated[Annotated[Number, Field(ge=0.000001, le=1000)] | None, Field(examples=[0.145])] = None
    """What one unit of the credit's currency is worth in USD (0.145 where 1 DKK is $0.145); the dated table's rate
    unless given. A credit in USD needs none."""

    def hours_of(self, name: str, machine: Machine, lease: Lease) -> float:
        """Hours that a machine runs on a working day."""
        given = self.machines.get(name, self.hours_per_day)
        hours = lease.working_hours.hours_per_week / len(lease.working_hours.days)
        return min(hours, machine.max_run / 3600) if given is None else given


def check(
    usage: Usage, machines: Machines, allowed: tuple[str, ...], credit: Credit, found: Findings
) -> Iterator[Problem]:
    """Hold the names of machines against those of the stack, the endpoint's machine type and the currency against
    the tables.
    """
    currency = "coursecloud:lease.credit.currency"
    if usage.usd_rate is None and credit.currency not in CURRENCIES and found.sound(currency, "coursecloud:usage"):
        rule = f"a rate is known of {', '.join(CURRENCIES)}; of another it has to be given"
        meant = likely(credit.currency, CURRENCIES)
        remedy = f"did you mean '{meant}'? Else " if meant else ""
        remedy += (
            f"write one of these, or what 1 {credit.currency} is worth in USD as `usdRate` under coursecloud:usage"
        )
        yield Problem(currency, credit.currency, rule, remedy)
    if usage.usd_rate is not None and found.sound(currency, "coursecloud:usage.usdRate"):
        yield from _rate(usage.usd_rate, credit.currency)
    if found.sound("coursecloud:machines"):
        for name, hours in usage.machines.items():
            if name not in machines:
                path, remedy = f"coursecloud:usage.machines.{name}", nearest(name, machines, "remove it")
                yield Problem(path, hours, "the stack has no such machine", remedy)
    path, wanted = "coursecloud:usage.training.endpointMachine", usage.training.endpoint_machine
    known = (*tables.machine_types(), *allowed)
    if wanted not in known and found.sound(path, "coursecloud:allow.machineTypes"):
        yield Problem(path, wanted, "the table has no such machine type", nearest(wanted, known, "write n1-standard-2"))


_MOST = 4.0
"""USD that no unit of a currency is worth: the highest, the Kuwaiti dinar, has been near 3.3 for years."""

_FAR = 2
"""Times the dated rate, or its part, from which on a rate is a slip and no news: currencies seldom move so far."""


def _rate(given: float, currency: str) -> Iterator[Problem]:
    """Hold a rate against the dated one: what is wrong by far makes every limit on money blind."""
    dated = dollars(currency)
    if dated is None and given > _MOST:
        rule = f"one unit of a currency is worth {_MOST:g} USD at the most, and limits on money follow from this"
        meant = f"{1 / given:.3g}, if this is what 1 USD is worth in {currency}"
        remedy = f"write what 1 {currency} is worth in USD: {meant}"
        yield Problem("coursecloud:usage.usdRate", given, rule, remedy)
    if dated is None or currency == "USD" or dated / _FAR <= given <= dated * _FAR:
        return
    path, date = "coursecloud:usage.usdRate", tables.table("prices-currencies")["date"]
    rule = f"1 {currency} was worth {dated:.3g} USD on {date}, and this is {_FAR} times off or more"
    meant = 1 / given if dated / _FAR <= 1 / given <= dated * _FAR else dated
    rule += f": it says what 1 USD is worth in {currency}" if meant != dated else ""
    yield Problem(path, given, rule, f"write {meant:.3g}, or leave it out")

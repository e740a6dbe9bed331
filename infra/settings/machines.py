"""Virtual machines: their type, GPUs and what they run, and how long."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field
from typing_extensions import override

from catalog import limits
from infra.settings.combinations import Given, Is, Refused
from infra.settings.disks import DISK_PRICE, MACHINE_ANEW, BootDisk, DataDisk
from infra.settings.effects import costs, loses, nothing, restarts, updates
from infra.settings.images import ImageName, MachineImage
from infra.settings.listed import listed
from infra.settings.problem import RuleViolationError
from infra.settings.times import Duration, lasting
from infra.settings.types import Bool, EnvironmentName, Int, Key, LabelKey, LabelValue, Section

_NEXT_START = updates("it changes in place and is used at the next start.")


_SCRIPT = 200_000
"""Bytes of a start-up script that may be a container's arguments and variables: the rest is the script's own."""

STOPPING, STOPPING_SPOT = 90, 30
"""Seconds that Compute Engine gives a machine to stop, and a Spot machine that it takes away: at best, not for certain
(cloud.google.com/compute/docs/shutdownscript, from memory, 2026-11-28; compute v1, Scheduling.skipGuestOsShutdown, says
120 and 30)."""

LONG_RUN = 24 * 3600
"""Seconds above which a run limit needs a reason."""


class Gpu(Section):
    """GPUs of a machine or of a training job."""

    model: Annotated[str, listed("model"), Field(examples=["T4"])]
    """Google's name or its short form: nvidia-tesla-t4 or T4."""
    count: Annotated[Int, listed("count"), costs("each GPU bills once."), Field(ge=1, le=16, examples=[1])] = 1
    """How many."""


class Container(Section):
    """A container that the machine runs from its start-up script."""

    image: Annotated[ImageName, _NEXT_START, Field(examples=["trainer:latest"])]
    """An image of the stack's docker repository (`trainer:latest`) or a full image name."""
    args: Annotated[
        tuple[str, ...],
        _NEXT_START,
        Field(examples=[["--epochs", "10"]]),
    ] = ()
    """Arguments after the image's entry point."""
    env: Annotated[
        dict[EnvironmentName, str],
        _NEXT_START,
        Field(examples=[{"WANDB_PROJECT": "mlops"}]),
    ] = Field(default_factory=dict)
    """Environment variables. Not for secrets: they are readable by everyone who can see the machine."""


class Machine(Section):
    """A virtual machine that stops by itself."""

    machine_type: Annotated[
        str,
        listed("machineType"),
        restarts(
            "the machine is stopped, changed and started; its disks stay. Google refuses a change between x86 and ARM,"
            " and to or from a series with GPUs or local SSD of its own; to a series that takes other disks (N4, C4,"
            " ...), disks without a `type` of theirs are made anew, empty."
        ),
        costs(
            "by the hour while it runs, in europe-west1: e2-medium $0.037, e2-standard-4 $0.147, n1-standard-4"
            " $0.209, n1-standard-8 $0.418; about half or less with `spot: true` (2026-08-20)."
        ),
        Field(examples=["e2-medium", "n1-standard-4", "g2-standard-4"]),
    ] = "e2-medium"
    """Machine type, one of Google's or a size of your own (`e2-custom-4-5120`: 4 vCPUs, 5120 MiB); changing it stops
    and starts the machine but does not replace it."""
    gpu: Annotated[
        Gpu | None,
        MACHINE_ANEW,
        costs(
            "each GPU bills with its machine while it runs, in europe-west1: a T4 $0.35 an hour, $0.14 with `spot:"
            " true` (2026-08-20)."
        ),
        Field(examples=[{"model": "T4", "count": 1}]),
    ] = None
    """GPUs to attach. Changing them replaces the machine; its data disk stays."""
    zone: Annotated[
        str | None,
        listed("zone"),
        loses(
            "the machine and its data disk are made anew in the other zone, empty; a kept disk is refused instead."
            " Copy the work first."
        ),
        Field(examples=["europe-west4-a"]),
    ] = None
    """Where it runs: the first zone of the stack's region that has the type unless given."""
    fallback_zones: Annotated[
        tuple[Annotated[str, listed("zone")], ...],
        nothing(
            "nothing until a zone has no capacity for a machine that is new; then `make up` makes it and its data"
            " disk in the next zone. A disk that was there before stays where its files are, and its machine with"
            " it."
        ),
        costs("nothing by itself."),
        Field(examples=[["europe-west4-b", "europe-west4-c"]]),
    ] = ()
    """Zones to try in this order when Google has no capacity in `zone`, until the machine's data disk is there."""
    spot: Annotated[
        Bool,
        MACHINE_ANEW,
        costs("true: 60-90% less than the full price, and Google may stop the machine at any time."),
        Field(examples=[True]),
    ] = False
    """Spot price (60-90% less); Google may stop the machine at any time."""
    on_demand_gpu: Annotated[
        Bool,
        nothing("it only says that the full price is meant."),
        costs("the full price of the GPU, two to three times that of Spot."),
        Field(examples=[True]),
    ] = False
    """Says that a GPU without Spot is meant."""
    image: Annotated[
        MachineImage | None,
        listed("image"),
        MACHINE_ANEW,
        costs("nothing by itself."),
        Field(examples=["debian", "deep-learning", "debian-cloud/debian-12"]),
    ] = None
    """Name of the image table or PROJECT/FAMILY; chosen by the machine's use unless given."""
    boot_disk: Annotated[
        BootDisk,
        updates("a larger boot disk grows in place."),
        DISK_PRICE,
    ] = BootDisk()
    """The disk with the operating system."""
    data_disk: Annotated[
        DataDisk | None,
        loses(
            "`null` deletes the disk with all files on it, and is refused for a kept one; otherwise the disk is"
            " added to the machine in place."
        ),
        DISK_PRICE,
        Field(examples=[{"sizeGb": 50}]),
    ] = DataDisk()
    """The disk with the work; `null` for none."""
    startup_script: Annotated[
        str | None,
        updates("the script changes in place and runs at the next start."),
        costs("nothing by itself."),
        Field(examples=["starter/setup.sh"]),
    ] = None
    """Path of a shell script, from the project's folder, that runs as root at each start."""
    before_stop: Annotated[
        str | None,
        updates(
            "the script changes in place and runs at the next stop; in a container that had none, from the next start"
            " on."
        ),
        costs("nothing by itself."),
        Field(examples=["starter/checkpoint.sh"]),
    ] = None
    """Path of a shell script, from the project's folder, that runs before the machine stops, whoever stops it: as root
    on the machine, or in its `container`. Google gives it 30 seconds on Spot and about 90 otherwise (20 and 75 in a
    container, which then gets SIGTERM), and nothing after a crash."""
    container: Annotated[
        Container | None,
        loses(
            "another container changes in place and runs at the next start. Where `image` is left out, adding or"
            " removing one makes the machine anew on another image: its boot disk is lost, its data disk stays."
        ),
        costs("nothing by itself."),
        Field(examples=[{"image": "trainer:latest", "args": ["--epochs", "10"]}]),
    ] = None
    """A container to run instead of working on the machine by hand."""
    max_run: Annotated[
        Duration,
        lasting(limits.bounds("max-run"), "a machine's run on Compute Engine"),
        loses("the machine is made anew (Google's rule): its boot disk is lost, its data disk stays."),
        costs("the longest that a forgotten machine bills in one go."),
        Field(examples=["8h"]),
    ] = Duration(8 * 3600)
    """The machine is stopped this long after each start. Changing it replaces the machine (Google's rule)."""
    max_run_reason: Annotated[
        str | None, nothing("it is for readers."), Field(examples=["one training run takes three days"])
    ] = None
    """Why `max_run` is above 24h."""
    labels: Annotated[
        dict[LabelKey, LabelValue],
        updates("only labels change, in place."),
        costs("nothing."),
        Field(examples=[{"purpose": "training"}]),
    ] = Field(default_factory=dict)
    """Further labels of this machine."""

    combinations = (
        Refused(
            rule="a GPU at the full price is a costly default",
            remedy="add `spot: true`, or `onDemandGpu: true` if an interruption would lose work",
            all_of=(Given("gpu"),),
            none_of=(Is("spot", True), Is("onDemandGpu", True)),
        ),
        Refused(
            rule="a machine runs a container or a start-up script, not both",
            remedy="call docker in the script, or put the work into the image",
            all_of=(Given("container"), Given("startupScript")),
        ),
    )

    @override
    def rules(self) -> Iterator[RuleViolationError]:
        """Want a reason for what runs long, too."""
        yield from super().rules()
        run = self.container
        if run and (size := sum(len(word.encode()) for word in (*run.args, *run.env, *run.env.values()))) > _SCRIPT:
            yield RuleViolationError(
                f"the container's arguments and variables go into the start-up script, which Google bounds at 256 KiB;"
                f" these have {size} bytes",
                "put the bulk into the image or the data bucket",
                "container",
            )
        if self.max_run > LONG_RUN and not self.max_run_reason:
            yield RuleViolationError(
                f"a run limit above 24h ({self.max_run}) needs a reason: a forgotten machine is the whole"
                " cost tail of a course",
                "shorten maxRun, or add `maxRunReason:` with one sentence",
                "maxRun",
                "maxRunReason",
            )


Machines = dict[Key, Annotated[Machine, updates("the machine changes in place.")]]

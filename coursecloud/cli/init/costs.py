"""What an answer costs, from the dated prices: the whole machine and not its card, and what is kept over night."""

from decimal import Decimal

from catalog import tables
from coursecloud.cli.init.answers import TRAINING_GPU, Answers, gpu_of, machine_type_of, offered, region_for
from coursecloud.cost import prices
from coursecloud.cost.prices import Unknown
from infra.settings.problem import RuleViolationError

DATA = 10
"""GiB of data and of images that the sentence counts with; most groups of the course have less."""
_DAYS = Decimal(365) / 12


def disk_size(answers: Answers) -> int:
    """Size the disk for work, in GB."""
    return 50 if gpu_of(answers) else 20


def machines(answers: Answers) -> str:
    """Say what an hour of the machine costs without a GPU and with each, all of it. Facts: the dated price files."""
    known = prices.load()
    said, unknown = list[str](), list[str]()
    for choice in ("no", "yes", *(gpu.short for gpu in offered() if gpu.short != TRAINING_GPU)):
        region = answers.get("region") or region_for({"gpu": choice})
        gpu = gpu_of({"gpu": choice})
        kind = machine_type_of(gpu)
        if choice not in ("no", "yes") and not tables.zones_for(kind, gpu, region):
            continue
        parts = [prices.machine(known, kind.name, region, spot=gpu is not None)]
        parts += [prices.gpu(known, gpu.name, region, spot=True)] if gpu and gpu.attached else []
        numbers = [part for part in parts if not isinstance(part, Unknown)]
        what = f"{kind.name} with a {gpu.short}, Spot" if gpu else kind.name
        price = f"${sum(numbers, Decimal(0)):.2f}" if len(numbers) == len(parts) else ""
        if choice in ("no", "yes"):
            said.append(f"{choice}: {what}, {(price and f'{price} an hour') or 'a price not known here'} while it runs")
        elif price:
            said.append(f"{choice}: {price} with its {kind.name}, Spot")
        else:
            unknown.append(choice)
    more = f"; no price is known here of {', '.join(unknown)}" if unknown else ""
    return f"{'; '.join(said)}{more} ({known.date}, USD)."


def kept(answers: Answers) -> str:
    """Say what a day costs of what is kept; empty where a price is missing or an answer cannot be read."""
    try:
        region, size = answers.get("region") or region_for(answers), disk_size(answers)
    except RuleViolationError:
        return ""
    known = prices.load()
    # The kind of disk that the settings take unless told otherwise.
    kind = tables.disk_types(machine_type_of(gpu_of(answers)).name)[0]
    disk, data = known.gib_month(region, kind), known.gib_month(region, "standard")
    if disk is None or data is None:
        return ""
    return (
        f"about ${disk * size / _DAYS:.2f} a day for the disk of {size} GB, and ${data * DATA / _DAYS:.3f} for"
        f" each {DATA} GB of data"
    )

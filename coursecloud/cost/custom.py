"""Custom machine types as they bill: vCPUs, memory, and the memory beyond what a vCPU has in its family."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_NAME = re.compile(
    r"(?:(?P<family>[a-z]\w*)-)?custom-(?P<cores>\d{1,4}|micro|small|medium)-(?P<mib>\d{1,8})(?P<ext>-ext)?"
)
_SHARED = {"micro": Decimal("0.25"), "small": Decimal("0.5"), "medium": Decimal(1)}
"""The fractions of a vCPU that a shared core of e2 bills as."""


@dataclass(frozen=True)
class Size:
    """What a custom machine type is made of, as it is billed."""

    family: str
    vcpus: Decimal
    gib: Decimal
    extended_gib: Decimal
    """GiB beyond the family's most a vCPU, which have a price of their own."""


def size(machine_type: str, facts: Mapping[str, Any]) -> Size | None:
    """Read `n2-custom-4-8192`, `custom-4-8192` (of n1) or `n2-custom-4-65536-ext`; None where it is no such name.

    `facts` is `custom` of the compute table: which families have such types, and the most GiB a vCPU of each.
    """
    match = _NAME.fullmatch(machine_type)
    family = (match["family"] or "n1") if match else ""
    if match is None or family not in facts["gibPerVcpu"] or (match["cores"] in _SHARED and family != "e2"):
        return None
    vcpus = _SHARED.get(match["cores"]) or Decimal(match["cores"])
    memory = Decimal(match["mib"]) / 1024
    most = memory
    if match["ext"]:
        most = min(memory, vcpus * Decimal(facts["gibPerVcpu"][family]))
    return Size(family, vcpus, most, memory - most) if vcpus else None

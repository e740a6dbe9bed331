"""For each rule: changes of a real plan that break it, and near ones that keep it."""

from tests.guardrails.edits import Case
from tests.guardrails.offenders_exposure import DELIVERY, LEAKS, PUBLIC
from tests.guardrails.offenders_identity import IDENTITY
from tests.guardrails.offenders_infrastructure import MACHINES, NETWORK, STACK, STORAGE
from tests.guardrails.offenders_program import PROGRAM
from tests.guardrails.offenders_secrets import LEAKED, PRINTED

CASES: list[Case] = [
    *STACK, *STORAGE, *NETWORK, *MACHINES, *IDENTITY, *PUBLIC, *DELIVERY, *LEAKS, *PRINTED, *LEAKED, *PROGRAM,
]  # fmt: skip

"""For each rule: its own examples, and more changes that break or keep it."""

from coursecloud.policy import RULES
from tests.guardrails.cases import Case
from tests.guardrails.offenders_exposure import DELIVERY, LEAKS, PUBLIC
from tests.guardrails.offenders_identity import IDENTITY
from tests.guardrails.offenders_infrastructure import MACHINES, NETWORK, STACK, STORAGE
from tests.guardrails.offenders_program import PROGRAM
from tests.guardrails.offenders_secrets import LEAKED, PRINTED

CASES: list[Case] = [
    *(Case(rule.id, one.says, one.stack, one.name, one.edit, one.checkov)
      for rule in RULES for one in (*rule.breaks, *rule.keeps)),
    *STACK, *STORAGE, *NETWORK, *MACHINES, *IDENTITY, *PUBLIC, *DELIVERY, *LEAKS, *PRINTED, *LEAKED, *PROGRAM,
]  # fmt: skip

"""Every rule, by what it is about. The order is that of a stack: where it is, what runs, who may, what it costs."""

from coursecloud.policy.rule import Rule
from coursecloud.policy.rules import delivery, identity, leaks, machines, network, program, public, stack, storage

CURRENT = stack.CURRENT

RULES: tuple[Rule, ...] = (
    *stack.RULES,
    *storage.RULES,
    *network.RULES,
    *machines.RULES,
    *identity.RULES,
    *public.RULES,
    *delivery.RULES,
    *leaks.RULES,
    *program.RULES,
)
"""All of them; each id once."""

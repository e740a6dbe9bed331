"""Every rule, by what it is about. The order is that of a stack: where it is, what runs, who may, what it costs."""

from coursecloud.policy.rule import Rule
from coursecloud.policy.rules import (
    accounts,
    alerts,
    beside,
    claims,
    declared,
    delivery,
    federation,
    firewalls,
    granted,
    hardening,
    identity,
    jobs,
    leaks,
    machines,
    network,
    program,
    public,
    stack,
    stops,
    storage,
    team,
    understood,
)

CURRENT = stack.CURRENT

RULES: tuple[Rule, ...] = (
    *stack.RULES,
    *storage.RULES,
    *firewalls.RULES,
    *network.RULES,
    *machines.RULES,
    *hardening.RULES,
    *identity.RULES,
    *federation.RULES,
    *accounts.RULES,
    *granted.RULES,
    *public.RULES,
    *delivery.RULES,
    *leaks.RULES,
    *program.RULES,
    *declared.RULES,
    *alerts.RULES,
    *claims.RULES,
    *team.RULES,
    *beside.RULES,
    *stops.RULES,
    *jobs.RULES,
    *understood.RULES,
)
"""All of them; each id once."""

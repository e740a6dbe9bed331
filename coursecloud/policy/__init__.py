"""The guardrails: one set of rules, held against a plan offline and, as a Pulumi policy pack, against a real run."""

from coursecloud.policy.evaluation import Checked, check, checked
from coursecloud.policy.rule import DeedRule, Finding, References, ResourceRule, Rule, StackRule
from coursecloud.policy.rules import RULES

__all__ = [
    "RULES",
    "Checked",
    "DeedRule",
    "Finding",
    "References",
    "ResourceRule",
    "Rule",
    "StackRule",
    "check",
    "checked",
]

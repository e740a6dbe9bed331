"""The guardrails: one set of rules, held against a plan offline and, as a Pulumi policy pack, against a real run."""

from guardrails.checking import Checked, check, checked
from guardrails.rule import DeedRule, Finding, References, ResourceRule, Rule, StackRule
from guardrails.rules import RULES

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

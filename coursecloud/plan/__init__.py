"""The plan. In: a stack file and the program. Out: each resource with its inputs, as Pulumi's engine would get them."""

from coursecloud.plan.planning import make, to_json

__all__ = ["make", "to_json"]

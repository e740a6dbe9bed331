"""The plan. In: a stack file and the program. Out: each resource with its inputs, as Pulumi's engine would get them."""

from coursecloud.plan.json_form import to_json
from coursecloud.plan.planning import make

__all__ = ["make", "to_json"]

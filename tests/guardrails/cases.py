"""A change of a real plan, and the rule that it is about."""

from dataclasses import dataclass

from coursecloud.policy.example import Edit


@dataclass(frozen=True)
class Case:
    """One change of a real plan, and what a rule says of it: the fields of an example, behind the rule's id."""

    rule: str
    says: str
    stack: str
    name: str
    edit: Edit
    checkov: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.rule}: {self.says or 'kept'} ({self.name})"

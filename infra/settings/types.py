"""The base of every settings section, and the values that Google writes in a form of its own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Strict
from pydantic.alias_generators import to_camel
from typing_extensions import override

from catalog import limits
from infra.settings.combinations import Combination
from infra.settings.documentation import documentation
from infra.settings.problem import RuleViolationError


class Section(BaseModel):
    """A frozen part of the stack file: keys in camelCase, and an unknown key is an error."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        # A traceback would show what pydantic was given.
        hide_input_in_errors=True,
    )

    combinations: ClassVar[tuple[Combination, ...]] = ()
    """Combinations of its keys that are refused, in the editor too."""

    def rules(self) -> Iterator[RuleViolationError]:
        """Yield each rule between keys of the section that it breaks; `load` reports them with all others."""
        values = {field.alias or name: getattr(self, name) for name, field in type(self).model_fields.items()}
        for combination in self.combinations:
            if combination.broken(values):
                yield RuleViolationError(combination.rule, combination.remedy, *combination.keys)

    @classmethod
    @override
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any, /) -> dict[str, Any]:
        """Add what the fields' docstrings say and the combinations to pydantic's schema."""
        schema = handler(core_schema)
        whole = handler.resolve_ref_schema(schema)
        said = documentation(cls)
        for name, field in cls.model_fields.items():
            if name in said and field.alias in whole["properties"]:
                whole["properties"][field.alias]["description"] = said[name]
        if cls.combinations:
            whole["allOf"] = [each.schema() for each in cls.combinations]
        return schema


# Text such as "5" or "yes" is not quietly taken for a number or a truth value.
Int = Annotated[int, Strict()]
Number = Annotated[float, Strict()]
Bool = Annotated[bool, Strict()]


@dataclass(frozen=True)
class Shown:
    """What editors are told of a text: a pattern that all accepted text matches, and the rule in words."""

    pattern: str
    rule: str
    remedy: str

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return handler(schema) | {
            "pattern": f"^(?:{self.pattern})$",
            "patternErrorMessage": f"{self.rule}; {self.remedy}",
        }


@dataclass(frozen=True)
class matching(Shown):  # noqa: N801 - reads as a verb where it stands
    """Accept text that matches all of a regular expression."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, value: str) -> str:
        if not re.fullmatch(self.pattern, value):
            raise RuleViolationError(self.rule, self.remedy)
        return value


def text(value: object) -> object:
    """Take a whole number for a text: YAML reads 2026 as one where a person meant a label."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Key = Annotated[
    str,
    matching(
        r"(?=.{1,20}$)[a-z][a-z0-9]*(-[a-z0-9]+)*",
        "a name has 1 to 20 lower-case letters, digits and single hyphens, begins with a letter and does not"
        " end with a hyphen (it becomes part of Google's resource names)",
        "rename the key, for example 'trainer' or 'gpu-1'",
    ),
]
"""A key of a map (machine, trigger, service): becomes part of resource names."""

LabelValue = Annotated[
    str,
    BeforeValidator(text, json_schema_input_type=str | int),
    matching(
        limits.pattern("label-value"),
        "a label value has at most 63 lower-case letters, digits, '_' and '-'",
        "write it in lower case without spaces, dots or '@', for example 'group-07'",
    ),
]
LabelKey = Annotated[
    str,
    matching(
        f"(?!goog){limits.pattern('label-key')}",
        "a label key has 1 to 63 lower-case letters, digits, '_' and '-' and begins with a letter, but not with 'goog'",
        "write it in lower case without spaces, for example 'cost-center'",
    ),
]

ProjectId = Annotated[
    str,
    matching(
        limits.pattern("project-id"),
        "a project id has 6 to 30 lower-case letters, digits and hyphens, begins with a letter and does"
        " not end with a hyphen (it is neither the project's name nor its number)",
        "copy the ID column of `gcloud projects list`",
    ),
]

NOT_IN_PROJECT_IDS = ("google", "ssl", "null", "undefined")
"""Words that Google gives out no project id with."""

SecretId = Annotated[
    str,
    matching(
        r"(?=.{1,200}$)[A-Za-z0-9_]+(-[A-Za-z0-9_]+)*",
        "a secret's id has 1 to 200 letters, digits, '_' and single hyphens between them",
        "rename it, for example WANDB_API_KEY",
    ),
]

BucketName = Annotated[
    str,
    matching(
        limits.pattern("bucket-name"),
        "a bucket's name has 3 to 63 lower-case letters, digits, '-', '_' and '.', begins and ends with a letter or"
        " digit, but not with 'goog', and has no 'google' or 'g00gle' in it",
        "copy it from `gcloud storage ls`, without gs:// and what follows a '/'",
    ),
]

RepositoryName = Annotated[
    str,
    matching(
        limits.pattern("artifact-repository-id"),
        "a repository's name has 1 to 63 lower-case letters, digits and hyphens, and begins with a letter",
        "copy the REPOSITORY column of `gcloud artifacts repositories list`",
    ),
]

EnvironmentName = Annotated[
    str,
    matching(
        r"[A-Za-z_][A-Za-z0-9_]*",
        "the name of an environment variable has letters, digits and '_' and does not begin with a digit",
        "rename it, for example WANDB_PROJECT",
    ),
]

_ATOM = r"[A-Za-z0-9_%+'-]+"
_HOST = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOCAL = rf"(?=[^@]{{1,64}}@){_ATOM}(\.{_ATOM})*@"
_EMAIL = rf"{_LOCAL}(?![^@]*gserviceaccount\.com$)(?=[^@]{{1,253}}$)({_HOST}\.)+[A-Za-z]{{2,63}}"
_ACCOUNT = rf"{_LOCAL}(?=[^@]{{1,253}}$)({_HOST}\.)*gserviceaccount\.com"


def _of_its_kind(value: str) -> str:
    kind, _, address = value.partition(":")
    domain = address.rpartition("@")[2].lower()
    other = {("user", "googlegroups.com"): "group", ("group", "gmail.com"): "user"}.get((kind, domain))
    if other:
        raise RuleViolationError(f"an address at {domain} is a {other}'s", f"write '{other}:{address}'")
    return value


Principal = Annotated[
    str,
    matching(
        rf"(user|group):{_EMAIL}|serviceAccount:{_ACCOUNT}",
        "a principal is user:, group: or serviceAccount: followed by its e-mail address, a service account's ending in"
        " gserviceaccount.com; allUsers and allAuthenticatedUsers would make the project public",
        "write 'group:name@googlegroups.com' or 'user:name@example.com'",
    ),
    AfterValidator(_of_its_kind),
]

ServiceAccount = Annotated[
    str,
    matching(
        _ACCOUNT,
        "an account of the course is a service account's address, which tells of no person; whoever teaches acts as it"
        " (roles/iam.serviceAccountTokenCreator on it), without a key",
        "write it bare, for example runner@mlops-course.iam.gserviceaccount.com",
    ),
]
"""The bare address of a service account."""

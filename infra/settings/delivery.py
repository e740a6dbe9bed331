"""Who changes things: build triggers, GitHub's workflows and the members of the team."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from typing_extensions import override

from catalog import limits, tables
from infra.settings import re2
from infra.settings.combinations import ExactlyOne, Given, Refused
from infra.settings.effects import costs, nothing, replaces, updates
from infra.settings.paths import GitHubOwner, GitHubRepository, RepositoryGlob, RepositoryPath
from infra.settings.problem import RuleViolationError
from infra.settings.times import Duration, lasting
from infra.settings.types import Bool, Int, Key, Principal, Section, Shown, matching

_NOT_RE2 = "Cloud Build reads RE2, which has no look-around and no back-reference"
_BRANCH = "write for example '^main$'"


def _regex(value: str) -> str:
    if not value:
        raise RuleViolationError("an empty pattern says nothing of what starts the build", _BRANCH)
    if wrong := re2.mistake(value):
        raise RuleViolationError(
            _NOT_RE2 if wrong == re2.LACKING else f"this is not a regular expression ({wrong})", _BRANCH
        )
    if re.match(r"[\^(]*(\?:)?refs/(heads|tags)/", value):
        raise RuleViolationError(
            "branches and tags come without the refs/heads/ or refs/tags/ in front, and this would start nothing",
            _BRANCH,
        )
    bare = _ELSEWHERE.sub("", value)
    each = bare.split("|") if "(" not in bare else [] if "|" in bare else [bare]
    if each and all(_NEVER.search(one) for one in each):
        raise RuleViolationError(
            "this would start nothing: no name has a blank, a list or anything before '^' or behind '$'",
            "write for example '^main$', of several '^(main|dev)$'",
        )
    return value


_ELSEWHERE = re.compile(r"\\.|\[[^\]]*\]|\{[^}]*\}")
"""What has signs in a pattern that mean another thing there."""
_NEVER = re.compile(r"[\s,](?![?*])|[\w/.,-]\^|\$[\w/.,-]")

Regex = Annotated[str, AfterValidator(_regex)]


SubstitutionName = Annotated[
    str,
    matching(
        r"_[A-Z0-9_]{1,99}",
        "a substitution of one's own is '_' with capital letters, digits and '_'; the others are Cloud Build's",
        "write for example _SERVICE",
    ),
]
"""The name of a variable of a build (https://cloud.google.com/build/docs/build-config-file-schema, 2026-11-28)."""

_SUBSTITUTIONS, _SUBSTITUTION_BYTES = 200, 4000
"""As many substitutions, and as many bytes of a value, as a build takes (the same page, from memory, 2026-11-29)."""
_OWN_SUBSTITUTIONS = 3


class GitRepository(Section):
    """The GitHub repository whose pushes start builds."""

    owner: Annotated[GitHubOwner, Field(examples=["my-group"])]
    """User or organization on GitHub."""
    name: Annotated[GitHubRepository, Field(examples=["my-project"])]
    """Name of the repository."""
    connection: Annotated[
        Annotated[
            str,
            matching(
                r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?",
                "a connection's name has lower-case letters, digits and hyphens",
                "copy it from `gcloud builds connections list`",
            ),
        ]
        | None,
        updates("the triggers go to the other generation in place; nothing that was built is lost."),
        Field(examples=["github"]),
    ] = None
    """Name of a 2nd generation connection that exists in the stack's region. Without it triggers are of
    the 1st generation, and the repository is connected by one visit of the console."""


BuildMachine = Literal["E2_MEDIUM", "E2_STANDARD_2", "E2_HIGHCPU_8", "E2_HIGHCPU_32"]
"""What a build can run on (Cloud Build API v1, BuildOptions.machineType, revision 20261029, read 2026-11-23)."""


class Trigger(Section):
    """A Cloud Build trigger: what starts a build, and the build."""

    branch: Annotated[Regex | None, Field(examples=["^main$"])] = None
    """Regular expression of branches whose pushes start the build."""
    tag: Annotated[Regex | None, Field(examples=["^v\\d+"])] = None
    """Regular expression of tags whose pushes start the build."""
    pull_request: Annotated[Regex | None, Field(examples=["^main$"])] = None
    """Regular expression of the base branches of pull requests. Such a build can neither push images nor
    read secrets, and one from outside waits for a collaborator's `/gcbrun`."""
    included_files: Annotated[tuple[RepositoryGlob, ...], Field(examples=[["src/**", "Dockerfile"]])] = ()
    """Globs of files; a push that touches none of them starts nothing."""
    build_file: Annotated[RepositoryPath | None, Field(examples=["cloudbuild.yaml"])] = None
    """Path of a Cloud Build file in the repository."""
    dockerfile: Annotated[RepositoryPath | None, Field(examples=["Dockerfile"])] = None
    """Path of a Dockerfile in the repository: build it, and push it unless it is a pull request."""
    image: Annotated[Key | None, Field(examples=["trainer"])] = None
    """Name of the image in the stack's docker repository; the trigger's name unless given."""
    timeout: Annotated[
        Annotated[Duration, lasting(limits.bounds("build-timeout"), "a build of Cloud Build")] | None,
        costs("the longest that a build that hangs can bill."),
        Field(examples=["20m"]),
    ] = None
    """The build of a `dockerfile` is cancelled after this time, 20m unless given. A build file has its own `timeout`,
    an hour unless given."""
    machine_type: Annotated[
        BuildMachine | None,
        costs(
            "the default bills $0.006 a minute after the free minutes; every other type bills from its"
            " first minute (2026-08-20)."
        ),
        Field(examples=["E2_HIGHCPU_8"]),
    ] = None
    """Cloud Build machine type of a `dockerfile`'s build, e.g. E2_HIGHCPU_8. The default is the only one with free
    minutes. A build file has it under its `options`."""
    approval: Annotated[Bool, Field(examples=[True])] = False
    """A build waits until a member approves it."""
    deploys: Annotated[Bool, Field(examples=[True])] = False
    """The build may also release the stack's services and submit training, as an account of its own. Only for a
    pattern that matches one branch (`^main$`), or tags by their beginning (`^v`), and nothing else."""
    substitutions: Annotated[dict[SubstitutionName, str], Field(examples=[{"_SERVICE": "demo"}])] = Field(
        default_factory=dict
    )
    """Variables of the build, for the build file. Not for secrets: they stand in the build's log and settings."""

    combinations = (
        ExactlyOne(
            "a trigger has exactly one of branch, tag and pullRequest",
            "write for example `branch: ^main$`, and a second trigger for a second event",
            ("branch", "tag", "pullRequest"),
        ),
        ExactlyOne(
            "a trigger has exactly one of buildFile and dockerfile",
            "write `dockerfile: Dockerfile`, or `buildFile: cloudbuild.yaml`",
            ("buildFile", "dockerfile"),
        ),
        Refused(
            rule="a build file says itself how long its build may take, and on which machine; here it has no effect",
            remedy="write `timeout:`, and `machineType:` under `options:`, into the build file, and remove them here",
            all_of=(Given("buildFile"),),
            any_of=(Given("timeout"), Given("machineType")),
        ),
    )

    @property
    def lasts(self) -> int:
        """Seconds after which the build of a Dockerfile is cancelled."""
        return int(self.timeout or 1200)

    @override
    def rules(self) -> Iterator[RuleViolationError]:
        """Let only what starts by a named branch or tags deploy, and keep to Cloud Build's bounds."""
        yield from super().rules()
        wide = [name for name, value in self.substitutions.items() if len(value.encode()) > _SUBSTITUTION_BYTES]
        if wide or len(self.substitutions) > _SUBSTITUTIONS - _OWN_SUBSTITUTIONS:
            yield RuleViolationError(
                f"Cloud Build takes {_SUBSTITUTIONS} substitutions, of which the stack sets up to {_OWN_SUBSTITUTIONS},"
                f" of {_SUBSTITUTION_BYTES} bytes each; "
                + (f"{' and '.join(wide)} has more" if wide else f"these are {len(self.substitutions)}"),
                "put the bulk into a file of the repository",
                "substitutions",
            )
        if not self.deploys:
            return
        if self.pull_request:
            yield RuleViolationError(
                "a build of a pull request deploys nothing: its code is of whoever opened it",
                "add a second trigger with `branch: ^main$` and `deploys: true`",
                "deploys",
                "pullRequest",
            )
        for key, pattern, named, remedy in (
            ("branch", self.branch, re2.names_one(self.branch or ""), _BRANCH),
            ("tag", self.tag, re2.begins_so(self.tag or ""), "write for example '^v'"),
        ):
            if pattern and not named:
                yield RuleViolationError(
                    f"a build that deploys is started by a named {key} only, and {pattern!r} also matches others",
                    remedy,
                    "deploys",
                    key,
                )


class Builds(Section):
    """Cloud Build: triggers that build the group's docker images. None until a repository is named."""

    repository: GitRepository | None = None
    """The repository on GitHub."""
    triggers: Annotated[
        dict[Key, Annotated[Trigger, updates("the trigger changes in place; the next push uses it.")]],
        replaces("a trigger more or less is added or removed; under another name it is made anew. Images stay."),
        Field(examples=[{"trainer": {"branch": "^main$", "dockerfile": "Dockerfile"}}]),
    ] = Field(default_factory=dict)
    """The triggers by name."""

    combinations = (
        Refused(
            rule="triggers need a repository",
            remedy="add `repository: {owner: ..., name: ...}`",
            all_of=(Given("triggers"),),
            none_of=(Given("repository"),),
            weighs=("repository",),
        ),
    )


class GitHub(Section):
    """Workload Identity Federation: GitHub's workflows act in the project without a key."""

    keep: Annotated[Bool, nothing("only what `make down` does changes."), Field(examples=[True])] = False
    """Protect the federation: a deleted pool's id stays blocked for 30 days."""
    repository_id: Annotated[Int, Field(gt=0, lt=2**53, examples=[123456789])]
    """Numeric id of the repository (`gh api repos/OWNER/NAME --jq .id`): unlike its name it cannot be
    taken over by somebody else after a rename."""
    ref: Annotated[
        str,
        matching(
            r"refs/(heads|tags)(/(?!.*\.\.)[A-Za-z0-9_+@][A-Za-z0-9._+@-]*(?<![.])(?<!\.lock))+",
            "a ref is refs/heads/BRANCH or refs/tags/TAG",
            "write it in full, for example refs/heads/main",
        ),
        Field(examples=["refs/heads/main"]),
    ] = "refs/heads/main"
    """The only ref that may deploy."""
    deploy: Annotated[Bool, replaces("the identity that deploys is added or removed."), Field(examples=[True])] = False
    """Declare an identity that may run `pulumi up` from `ref`. It can change everything the stack has, and
    may grant only the roles that the stack itself grants."""


def _administers(role: str) -> bool:
    """Say whether a role gives more than the use of a service: by its permissions where the dated tables know them."""
    facts = tables.table("escalating")
    held = tables.table("roles")["roles"].get(role, {}).get("permissions", ())
    more = re.compile("|".join(facts["permissions"]))
    return role in facts["roles"] or any(more.fullmatch(permission) for permission in held)


_NAMED_SO = r"roles/[iI][aA][mM]\..*|.*[aA][dD][mM][iI][nN]|.*[aA][dD][mM][iI][nN]\..*|.*[sS]erviceAgent"
_KNOWN: list[str] = [*tables.table("roles")["roles"], *tables.table("escalating")["roles"]]
_LISTED = sorted({role for role in _KNOWN if _administers(role)})


_ROLE = r"roles/(browser|[a-zA-Z][a-zA-Z0-9]*(\.[a-zA-Z0-9]+)+)"
"""Of the predefined roles only `browser`, which lists projects and folders, has no service in its name."""


def _extra_role(value: str) -> str:
    if value in ("roles/owner", "roles/editor", "roles/viewer"):
        raise RuleViolationError(
            "a basic role reaches every service of the project", "name the predefined role you need"
        )
    if not re.fullmatch(_ROLE, value):
        raise RuleViolationError(
            "a role is roles/SERVICE.NAME", "write for example roles/bigquery.jobUser, with its 'roles/'"
        )
    if re.fullmatch(_NAMED_SO, value) or value in _LISTED:
        raise RuleViolationError(
            "its holder could become owner of the project, delete it, or do everything of a service",
            "name a narrower role of the same service",
        )
    return value


ExtraRole = Annotated[
    str,
    AfterValidator(_extra_role),
    Shown(
        rf"(?!roles/(owner|editor|viewer)$)(?!({_NAMED_SO})$)"
        rf"(?!({'|'.join(map(re.escape, _LISTED))})$)"
        f"{_ROLE}",
        "a role is roles/SERVICE.NAME, and neither a basic role nor one that administers",
        "write for example roles/bigquery.jobUser, with its 'roles/'",
    ),
]


class Team(Section):
    """The members of the group: what a student needs and no more."""

    members: Annotated[tuple[Principal, ...], Field(examples=[["group:mlops-group-07@googlegroups.com"]])] = ()
    """Principals; a group's address keeps people's addresses out of the file, and so does a git-ignored
    `members.STACK.yaml` in the project with a plain list of principals."""
    extra_roles: Annotated[tuple[ExtraRole, ...], Field(examples=[["roles/bigquery.jobUser"]])] = ()
    """Further roles of every member on the project."""

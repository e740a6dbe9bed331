"""Who gets what: the stack's own accounts, the team and Google's agents get the roles of their work, nobody else any.

One definition for every type that can grant: `coursecloud.plan.grants` reads whom a resource lets in, the type's file
(`grants.gives`) says which roles a stack gives by it.
"""

import datetime
import functools
import re
from collections.abc import Iterator

from catalog import types
from catalog.types.parts import Grants
from coursecloud.plan import grants, nested
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.policy import whose, work
from coursecloud.policy.example import Edit, Example, add, grant, put, then
from coursecloud.policy.reading import UnknownError
from coursecloud.policy.rule import AmongRule, Stack
from infra.names import Names

_ROLE = "projects.IAMCustomRole"
_GRANTING = "roles/resourcemanager.projectIamAdmin"
_ONLY = r"api\.getAttribute\('iam\.googleapis\.com/modifiedGrantsByRole', \[\]\)\.hasOnly\(\[('[^']*'(, )?)*\]\)"


def _applies(kind: str) -> bool:
    return types.grants(kind) is not None


def _granted(resource: Registration, stack: Stack) -> Iterator[str]:
    gives = types.grants(types.short_type(resource.type))
    later: UnknownError | None = None
    for each in grants.given(resource):
        try:
            yield from _judged(resource, stack, gives or Grants(""), each)
        except UnknownError as error:
            later = error
    if later:
        raise later


def _judged(resource: Registration, stack: Stack, gives: Grants, each: grants.Grant) -> Iterator[str]:
    who, member = whose.kind(resource, stack, each), each.member or ""
    name = "somebody whom only the real run knows" if each.member is None else each.member
    if not who:
        # What they get does not matter, and may be known to the real run only.
        yield f"it gives {each.role or 'access'} to {name}, whom neither the stack file nor the program declares"
        return
    role = _role(each)
    allowed = set(gives.gives.get(who, ()))
    if who == "everybody" and not allowed:
        return  # the rules on what is public say so
    if who == "accounts" and each.member:
        # Of the name that the program gives its account, and of the address that the stack's names give.
        own_name = stack.accounts[each.member].name.removesuffix("-account")
        if each.member == f"serviceAccount:{Names(stack.settings.project, stack.settings.stack).email(own_name)}":
            allowed |= set(gives.gives.get(own_name, ()))
    if who == "agents":
        allowed = set(gives.gives.get(whose.agent(resource, each), ()))
    if who == "members" and gives.of == "organizations.Project":
        allowed |= set(stack.settings.team.extra_roles)
        yield from _ends(stack, each, role)
    if who == "course" and gives.of == "serviceaccount.Account":
        allowed = {"roles/iam.serviceAccountUser"}  # all else the group grants by hand, with an end
    if who == "deploys" and gives.of == "organizations.Project":
        allowed = _deploying()
        if role == _GRANTING:
            if str(UNKNOWN) in each.condition:
                raise UnknownError("`condition.expression`")
            yield from _bounded(each, stack)
    if who == "federation":
        yield from _comes(resource, stack, gives, each)
    yield from _elsewhere(resource, stack, gives)
    if gives.of == "serviceaccount.Account" and who != "federation" and whose.deploys(_target(resource), stack):
        yield f"it lets {name} act as the account that deploys, which may do anything that the stack needs"
    if role not in allowed and (own := _own(resource, stack, each)) not in allowed:
        said = f"the stack's own role {own.partition(':')[2]}" if own else role
        yield f"it gives {said} to {name}, which no stack gives {_WHO[who]}"
    elif who in ("accounts", "deploys", "members") and each.role and (on := _on(resource, stack, gives)):
        does = "members" if who == "members" else stack.accounts[member].name.removesuffix("-account")
        needs = work.may(does, gives.of, on, stack.settings)
        if needs is not None and each.role not in needs:
            yield f"it gives {role} on {on} to {name}, and the stack file gives {does} no such work"
    if member.endswith(grants.ENCRYPTED):
        raise UnknownError("`member`", "who a member is that the stack file has encrypted, only the real run reads")


def _comes(resource: Registration, stack: Stack, gives: Grants, each: grants.Grant) -> Iterator[str]:
    """Hold which runs of workflows may be which account to the work of that account."""
    of = resource.at_run.get(each.member_at) or each.member or ""
    name, _, value = of.rpartition("/attribute.")[2].partition("/")
    account = _on(resource, stack, gives)
    declared = stack.settings.github
    if not account or not declared:
        return
    if name == "run":
        run = value.removeprefix(f"{declared.repository_id}/")
        allowed = run in work.comes_by(account, stack.settings)
    else:
        # A program of before 2026-11-28 maps nothing else, and lets in by the repository or the ref alone.
        before = {"preview": "repository_id", "deploy": "ref"}
        run = f"{name} {value}"
        allowed = before.get(account) == name and not any(map(_maps_run, stack.of("iam.WorkloadIdentityPoolProvider")))
    if not allowed:
        yield f"it lets a workflow at {run} be {account}, and that is no work of such a run"


def _maps_run(provider: Registration) -> bool:
    return "attribute.run" in nested.mapping(provider.inputs.get("attributeMapping"))


_WHO = {
    "accounts": "to an account of its own",
    "deploys": "to the account that deploys",
    "members": "to a member of the team",
    "course": "to an account of the course",
    "agents": "to a service of Google's",
    "federation": "to a workflow",
    "everybody": "to everybody",
}


def _role(each: grants.Grant) -> str:
    return "a role that only the real run knows" if each.role is None else each.role or "access"


def _own(resource: Registration, stack: Stack, each: grants.Grant) -> str:
    """Name a role that the stack declares, whose permissions are judged there: `own:NAME`, empty for any other."""
    declared = stack.of(_ROLE)
    if each.role is None:
        urns = resource.property_dependencies.get(each.role_at.partition("[")[0], ())
        if not urns and each.role_at not in resource.at_run:
            raise UnknownError(f"`{each.role_at}`")
        names = [r.name for r in declared if urns == (r.urn,)]
    else:
        ids = {f"projects/{r.inputs.get('project')}/roles/{r.inputs.get('roleId')}": r.name for r in declared}
        names = [ids[each.role]] if each.role in ids else []
    return f"own:{names[0]}" if names else ""


def _on(resource: Registration, stack: Stack, gives: Grants) -> str | None:
    """Name the resource of the stack that a grant is on as the program does; None where it is none of them."""
    name = str(resource.inputs.get(gives.on)).rpartition("/")[2] if gives.on else ""
    if gives.of == "serviceaccount.Account":
        found = stack.accounts.get(_target(resource))
        return found.name.removesuffix("-account") if found else None
    urns = resource.property_dependencies.get(gives.on or "", ())
    for each in stack.of(gives.of):
        if each.urn in urns or name in {str(each.inputs.get(key)) for key in ("name", "secretId", "repositoryId")}:
            return each.name
    return None


def _target(resource: Registration) -> str:
    """Name the account that a grant is on, as a member."""
    return f"serviceAccount:{str(resource.inputs.get('serviceAccountId')).rpartition('/')[2]}"


def _elsewhere(resource: Registration, stack: Stack, gives: Grants) -> Iterator[str]:
    """Hold what a grant is on to what the stack has: what is somebody else's gets nobody of the stack's."""
    on = resource.inputs.get(gives.on) if gives.on and gives.of != "organizations.Project" else None
    if not isinstance(on, str) or not (name := on.rpartition("/")[2]):
        return  # known only to the real run, where it follows from another resource
    there = {str(r.inputs.get(key)) for r in stack.of(gives.of) for key in ("name", "secretId", "repositoryId")}
    if gives.of == "serviceaccount.Account":
        there = {member.partition(":")[2] for member in stack.accounts}
    if name not in there:
        yield f"it is on {name}, which is none of the stack's"


@functools.cache
def _deploying() -> frozenset[str]:
    """List what an update needs for the types that the program declares."""
    return frozenset({_GRANTING, *(role for each in types.declared() for role in each.deploy)})


def _bounded(each: grants.Grant, stack: Stack) -> Iterator[str]:
    """Hold whoever may grant to a list of roles that the stack grants on the project to others than itself."""
    if not re.fullmatch(rf"{_ONLY}( \|\| {_ONLY})*", each.condition):
        yield f"it gives {_GRANTING} without a condition that lists which roles may be granted"
        return
    listed = {
        role for some in re.findall(r"hasOnly\(\[(.*?)\]\)", each.condition) for role in re.findall("'(.*?)'", some)
    }
    if more := sorted(listed - _granting(stack)):
        yield f"it lets {each.member} grant {', '.join(more)}, to itself too, and the stack grants nobody that"


def _granting(stack: Stack) -> set[str | None]:
    """List the roles that the stack grants on the project, but for those of the account that deploys."""
    found: set[str | None] = set()
    for resource in stack.resources:
        gives = types.grants(types.short_type(resource.type))
        if gives and gives.of == "organizations.Project":
            others = (each for each in grants.given(resource) if not whose.deploys(each.member or "", stack))
            found |= {each.role or resource.at_run.get(each.role_at) for each in others}
    return found


def _ends(stack: Stack, each: grants.Grant, role: str) -> Iterator[str]:
    """Hold what a member may on the project to the lease's end."""
    until = stack.settings.lease.kept_until
    if until and each.condition != f"request.time < timestamp('{until + datetime.timedelta(days=1)}T00:00:00Z')":
        yield f"it gives {role} to {each.member} beyond the end of the lease"


def _lets(account: str, token: str, role: str, **on: str) -> Edit:
    """Give an account of stack full a role on something."""
    member = f"serviceAccount:full-{account}@example-project-id.iam.gserviceaccount.com"
    return add(token, "more", role=role, member=member, **on)


def _of(account: str) -> str:
    return f"projects/example-project-id/serviceAccounts/full-{account}@example-project-id.iam.gserviceaccount.com"


_STORE = "example-project-id-full-data"
_BUCKET, _ROLES = "storage/bucketIAMMember:BucketIAMMember", "roles/storage."
_SECRET, _ACCESS = "secretmanager/secretIamMember:SecretIamMember", "roles/secretmanager.secretAccessor"
_REGISTRY, _PUSH = "artifactregistry/repositoryIamMember:RepositoryIamMember", "roles/artifactregistry.writer"
_ACCOUNT, _USE = "serviceaccount/iAMMember:IAMMember", "roles/iam.serviceAccountUser"


RULES = (
    AmongRule(
        id="grant-understood",
        title="Only the declared get access, and only to what they do",
        why="Whoever gets more than their work needs, or is nobody of the stack's, can spend, read and delete unseen.",
        remedy="Name members under coursecloud:team, roles under its extraRoles; or an exception with reason and end.",
        severity="high",
        applies=_applies,
        check=_granted,
        breaks=(
            Example(
                "full",
                "services-logging-log-writer",
                grant("member", "user:stranger@example.com"),
                says="whom neither the stack file",
            ),
            Example(
                "full",
                "services-logging-log-writer",
                grant("role", "roles/pubsub.editor"),
                says="no stack gives to an account of its own",
            ),
            Example(
                "full",
                "services-logging-log-writer",
                grant("role", "roles/cloudbuild.builds.editor"),
                says="no stack gives to an account of its own",
            ),
            Example(
                "dev",
                "sets",
                add(
                    "bigquery/dataset:Dataset",
                    "sets",
                    datasetId="d",
                    accesses=[{"role": "READER", "userByEmail": "eve@example.com"}],
                ),
                says="user:eve@example.com",
            ),
            *(
                Example("full", "more", then(new, edit), says="no such work")
                for new, edit in (
                    (
                        add("secretmanager/secret:Secret", "PROD_DB", secretId="PROD_DB"),
                        _lets("checks", _SECRET, _ACCESS, secretId="PROD_DB"),
                    ),
                    (
                        add("artifactregistry/repository:Repository", "zz", repositoryId="zz"),
                        _lets("checks", _REGISTRY, _PUSH, repository="zz"),
                    ),
                )
            ),
            *(
                Example("full", "more", edit, says="no such work")
                for edit in (
                    _lets("checks", _SECRET, _ACCESS, secretId="full-WANDB_API_KEY"),
                    _lets("preview", _SECRET, _ACCESS, secretId="full-WANDB_API_KEY"),
                    _lets("ci-read", _REGISTRY, _PUSH, repository="full-docker"),
                    _lets("training", _BUCKET, f"{_ROLES}objectUser", bucket=_STORE),
                    _lets("checks", _BUCKET, f"{_ROLES}objectViewer", bucket=_STORE),
                    _lets("deployer", _ACCOUNT, _USE, serviceAccountId=_of("deployer")),
                    _lets("ci", _ACCOUNT, _USE, serviceAccountId=_of("machines")),
                )
            ),
        ),
        keeps=(
            Example(
                "dev",
                "machines-use-data",
                put("storage.BucketIAMMember", "machines-use-data", "role", "roles/storage.objectViewer"),
            ),
        ),
    ),
)

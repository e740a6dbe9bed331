"""How a workflow of GitHub says what it is: the one attribute that bindings ask for, and its values. Pure."""

PULL_REQUEST = "pull_request"
CI_EVENTS = {"push": ("ref", "tags"), "release": ("tags",), "schedule": ("ref",), "workflow_dispatch": ("ref", "tags")}
"""The events by which the group's workflows build and deploy, and for which refs. Left out are those that run the
default branch's workflow at a stranger's wish: pull_request_target, issue_comment, workflow_run."""


ISSUER = "https://token.actions.githubusercontent.com"


def condition(repository_id: int, ref: str) -> str:
    """Write what a workflow has to be to come in at all, in CEL: its repository, event, and ref or any tag."""
    events = ", ".join(f"'{event}'" for event in sorted([PULL_REQUEST, *CI_EVENTS]))
    refs = f"assertion.ref == '{ref}' || assertion.ref.startsWith('refs/tags/')"
    return (
        f"assertion.repository_id == '{repository_id}' && assertion.event_name in [{events}]"
        f" && (assertion.event_name == '{PULL_REQUEST}' || {refs})"
    )


def run_attribute(ref: str) -> str:
    """Write the one attribute that bindings ask for: REPOSITORY_ID/EVENT, and but for a pull request its ref.

    The ref of a pull request has its number in it (refs/pull/N/merge). A tag is one of all tags (`refs/tags`),
    unless it is the ref that deploys. A binding on the ref alone would also let in pull_request_target, closed
    pull requests, issue_comment and workflow_run, whose ref is a branch of the repository
    (https://docs.github.com/actions/reference/events-that-trigger-workflows, 2026-11-28).
    """
    known = f"assertion.ref == '{ref}' || !assertion.ref.startsWith('refs/tags/')"
    where = f"({known} ? '/' + assertion.ref : '/refs/tags')"
    event = f"(assertion.event_name == '{PULL_REQUEST}' ? '' : {where})"
    return f"assertion.repository_id + '/' + assertion.event_name + {event}"


def ci_runs(ref: str) -> dict[str, str]:
    """List the event and ref, as `run_attribute` writes them, by which the group's workflows come in, by a name."""
    where = {"ref": f"/{ref}", "tags": "/refs/tags"}
    runs = {f"{event}-{kind}": event + where[kind] for event, kinds in CI_EVENTS.items() for kind in kinds}
    return runs | ({"release-ref": f"release/{ref}"} if ref.startswith("refs/tags/") else {})

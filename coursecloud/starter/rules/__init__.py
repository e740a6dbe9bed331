"""What in a repository will fail in a stack, or gives a secret away: one module a kind of file."""

from collections.abc import Iterator

from coursecloud.starter.facts import Facts
from coursecloud.starter.finding import FileFinding
from coursecloud.starter.repository import Repository
from coursecloud.starter.rules import builds, data, docker, jobs, keys, places, workflows


def found(facts: Facts, repository: Repository) -> list[FileFinding]:
    """Hold a repository against every rule; each finding once, in the order of the files."""
    made: Iterator[FileFinding] = (
        each
        for module in (keys, docker, builds, jobs, workflows, data, places)
        for each in module.found(facts, repository)
    )
    once = {(each.path, each.line, each.id, each.value): each for each in made}
    return sorted(once.values())

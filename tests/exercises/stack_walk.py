"""The provider's own calls: a preview reads as `preview`; an up makes and a destroy deletes as `deploy`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from catalog.types import short_type
from tests.exercises import provider
from tests.exercises.filled import RefusedError, asking
from tests.exercises.provider import Made
from tests.exercises.walk import Line, Outcome, Stage, outcome

PEOPLES = ("preview-account", "deploy-account", "preview-federation", "deploy-federation", "pool", "provider")
"""What the workflow itself comes in by: people make it, and no workflow changes it."""

REFUSED: Mapping[str, str] = {
    "projects.IAMCustomRole": "iam.roles.{}",
    "iam.WorkloadIdentityPool": "iam.workloadIdentityPools.{}",
    "iam.WorkloadIdentityPoolProvider": "iam.workloadIdentityPoolProviders.{}",
}
"""What `deploy` may only look at, and the permission by which it is told so."""


def own(made: Made) -> bool:
    """Is it part of how the workflow comes in, which an up as `deploy` finds made?"""
    deploys = made.name.startswith("deploy-") and not made.name.endswith("-acts-as")
    return made.name in PEOPLES or deploys or made.name == "preview"


def steps(stage: Stage) -> Iterator[tuple[Line, Callable[[], Outcome]]]:
    """Every call of a preview, a destroy and an up, in order, each with what it has to come to."""
    for made in stage.made:
        yield Line("preview", "preview", "read", _shown(made)), _step(stage, "preview", provider.read, made)
    for made in stage.made:
        yield Line("refresh", "deploy", "read", _shown(made)), _step(stage, "deploy", provider.read, made)
    for made in stage.made:
        short = short_type(made.type)
        if short in REFUSED:
            line = Line("destroy", "deploy", "delete", _shown(made), refused=REFUSED[short].format("delete"))
            yield line, _step(stage, "deploy", provider.delete, made)
    mine = [made for made in stage.made if not own(made) and short_type(made.type) not in REFUSED]
    for made in reversed(mine):
        yield Line("destroy", "deploy", "delete", _shown(made)), _step(stage, "deploy", provider.delete, made)
    for made in mine:
        yield Line("up", "deploy", "create", _shown(made)), _step(stage, "deploy", _again, made)


def _again(ask: provider.Asked, made: Made) -> None:
    provider.create(ask, made.type, made.name, made.inputs)


def _shown(made: Made) -> str:
    return f"{short_type(made.type)} {made.name}"


def _step(stage: Stage, who: str, act: Callable[[provider.Asked, Made], object], made: Made) -> Callable[[], Outcome]:
    def run() -> Outcome:
        ask = asking(stage.emulator, stage.who.token(who))
        start = len(stage.emulator.requests)
        try:
            act(ask, made)
        except RefusedError as refused:
            return outcome(stage, start, False, str(refused))
        return outcome(stage, start, True, "")

    return run


def walk(stage: Stage) -> Iterator[tuple[Line, Outcome]]:
    """Go through the stack's life; what one step deletes the later ones do not find."""
    stage.emulator.restore(stage.before)
    for line, run in steps(stage):
        yield line, run()
    stage.touched = True

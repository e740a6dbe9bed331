"""What a build of the stack is told otherwise than by the stack file: its steps, its images, when it starts."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from coursecloud.plan import nested
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.policy.reading import at, entries
from coursecloud.policy.told_values import differs, names_of, said
from infra.settings import Settings
from infra.settings.delivery import Trigger


def otherwise(trigger: Registration, settings: Settings) -> Iterator[str]:
    """Say in sentences what a trigger is told that neither the stack file nor the names of the stack say."""
    declared = settings.builds.triggers.get(trigger.name)
    given = at(trigger.inputs, "substitutions")
    own: dict[str, tuple[object, ...]] = {}
    if declared:
        own = {
            "_IMAGE": (_image(trigger, declared, settings),),
            "_REGION": (settings.region,),
            "_SERVICE": tuple(names_of(settings).resource(each) for each in settings.services),
            **{name: (value,) for name, value in declared.substitutions.items()},
        }
        yield from _declared(trigger, declared, settings)
    for name, value in cast("Mapping[str, object]", given).items() if isinstance(given, Mapping) else ():
        if value not in own.get(name, ()):
            yield f"`substitutions.{name}` is {said(value)}, which the stack file does not say"


def _declared(trigger: Registration, declared: Trigger, settings: Settings) -> Iterator[str]:
    if (place := at(trigger.inputs, "location", "global")) != settings.region:
        yield f"it builds in {said(place)} (`location`), and the stack file says {said(settings.region)}"
    lasts = None if declared.build_file else f"{declared.lasts}s"  # a file of the repository says its own
    yield from differs(trigger, {"build.timeout": lasts, "filename": declared.build_file})
    if (kind := at(trigger.inputs, "build.options.machineType")) not in (declared.machine_type, None, UNKNOWN):
        yield f"`build.options.machineType` is {said(kind)}, and the stack file says {said(declared.machine_type)}"
    files = [str(each) for each in entries(trigger.inputs, "includedFiles")]
    if more := [each for each in files if each not in declared.included_files]:
        yield f"`includedFiles` has {said(', '.join(more))}, which the stack file does not say"
    if declared.included_files and not files:
        yield f"every push builds, and the stack file says `includedFiles`: {said(', '.join(declared.included_files))}"
    image = _image(trigger, declared, settings)
    for each in entries(trigger.inputs, "build.images"):
        if declared.pull_request or not _own(each, image):
            yield f"it pushes {said(each)}, which the stack file does not say"
    services = [names_of(settings).resource(each) for each in settings.services]
    for step in entries(trigger.inputs, "build.steps"):
        if not _known(step, declared, image, services):
            yield f"a step runs {said(_words(step))}, which the stack file does not say"


def _words(step: object) -> str:
    """Write a step as one reads it; one that says more than an image and its arguments as it stands."""
    given = nested.mapping(step)
    if given.keys() - {"name", "args"}:
        return json.dumps(given, default=str)
    return " ".join(map(str, (given.get("name"), *entries(given, "args"))))


_TAGS = r":(\$COMMIT_SHA|\$SHORT_SHA|\$TAG_NAME|\$BRANCH_NAME|latest|deployed)"


def _image(trigger: Registration, declared: Trigger, settings: Settings) -> str:
    return f"{names_of(settings).docker(settings.region)}/{declared.image or trigger.name}"


def _own(image: object, own: str) -> bool:
    return re.fullmatch(re.escape(own) + _TAGS, str(image)) is not None


def _known(step: object, declared: Trigger, image: str, services: Iterable[str]) -> bool:
    """Say whether a step builds the Dockerfile of the stack file, pushes its image, or releases it to a service."""
    if not isinstance(step, Mapping):
        return False
    step = cast("Mapping[str, object]", step)
    if step.keys() - {"name", "args", "entrypoint"}:
        return False
    words = [str(each) for each in entries(step, "args")]
    match str(at(step, "name")).removesuffix(":slim"), at(step, "entrypoint"), words:
        case "gcr.io/cloud-builders/docker", None, ["push", pushed]:
            return not declared.pull_request and _own(pushed, image)
        case "gcr.io/cloud-builders/docker", None, ["build", *flags, "."]:
            given = list(zip(flags[::2], flags[1::2], strict=False))
            known = (flag == "--tag" and _own(value, image) for flag, value in given)
            files = [value for flag, value in given if flag == "--file"]
            whole = len(flags) == 2 * len(given) and sum(known) + len(files) == len(given)
            # Unless named it is the one at the top.
            return whole and (files or ["Dockerfile"]) == [declared.dockerfile]
        case "gcr.io/google.com/cloudsdktool/cloud-sdk", "gcloud", ["run", "services", "update", service, *flags]:
            known = (re.fullmatch(r"--(region|project)=[\w-]+|--quiet", each) for each in flags)
            new = [each for each in flags if each.startswith("--image=") and _own(each.removeprefix("--image="), image)]
            return declared.deploys and service in services and sum(map(bool, known)) + len(new) == len(flags)
        case _:
            return False

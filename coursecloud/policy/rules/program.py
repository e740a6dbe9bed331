"""The program does what its plan shows: nothing else in the real run, by other hands, or to what is not the stack's."""

from coursecloud.plan.effects import ALTERED
from coursecloud.policy.example import Example, another, bucket, does, opt, protect
from coursecloud.policy.rule import DeedRule

RULES = (
    DeedRule(
        id="program-same-in-real-run",
        title="The real run does what the preview shows",
        why="What only `pulumi up` does, or does otherwise each time, nobody has seen, priced or agreed to.",
        remedy="Take out what asks whether this is a preview, the time, chance, or the machine it runs on.",
        severity="critical",
        kinds=frozenset({"differs"}),
        breaks=(Example("gpu", "stack", does("differs", "in the real run only, it x"), says="real run only"),),
        keeps=(Example("gpu", "stack", does("read", "looks at something")),),
    ),
    DeedRule(
        id="program-as-shipped",
        title="The program is the one that this version ships",
        why="Rules judge what a program registers; what it leaves out, and tells people to run, only a reader sees.",
        remedy="Read the files that are named; `coursecloud review` says which lines a change has, and what they do.",
        severity="medium",
        topic="upkeep",
        advisory=True,
        kinds=frozenset({ALTERED}),
        breaks=(Example("gpu", "stack", does(ALTERED, "is not the one: `infra/x.py`"), says="infra/x.py"),),
        keeps=(Example("gpu", "stack", does("read", "looks at something")),),
    ),
    DeedRule(
        id="program-nothing-unseen",
        title="The program does nothing beside its resources",
        why="Hooks, transforms and files do what no list of resources shows, and code of it runs as whoever deploys.",
        remedy="Declare the resource as it is to be; if it has to be so, an exception says why and until when.",
        severity="high",
        kinds=frozenset({"code", "hook", "transform", "unread", "read", "asset"}),
        breaks=(Example("gpu", "stack", does("hook", "runs code: hook `h`"), says="hook"),),
        keeps=(Example("dev", "data", bucket("labels.near", "miss")),),
    ),
    DeedRule(
        id="program-one-provider",
        title="Everything is made by the stack's own Google provider",
        why="Another provider can have other rights, another project or account, and things that nothing here judges.",
        remedy="Take the key that is named out of the stack file, or `provider=` and its options out of the program.",
        severity="high",
        kinds=frozenset({"provider", "package"}),
        breaks=(Example("gpu", "other", another("random:index/randomId:RandomId"), says="package"),),
        keeps=(Example("dev", "data", bucket("labels.near", "miss")),),
    ),
    DeedRule(
        id="program-owns-its-resources",
        title="A resource begins, changes and ends with the stack",
        why="What is taken over, or protected by nothing, can go with the stack; what is left behind bills.",
        remedy="Leave import_, protect, retain_on_delete and ignore_changes as they are; write `existing` or `keep`.",
        severity="high",
        topic="upkeep",
        kinds=frozenset({"import", "retain", "unkept", "overlook", "anew"}),
        breaks=(
            Example("gpu", "data", opt(importId="foreign"), says="`foreign`"),
            Example("gpu", "data", protect(False), says="protected by nothing: `make down` takes objects"),
        ),
        keeps=(Example("gpu", "data", opt(customTimeouts={"create": "3h"})),),
    ),
)

"""Cases of the rules about secrets: in inputs, in the stack file, in a Dockerfile, and printed by a build file."""

import dataclasses
import json
from collections.abc import Mapping, Sequence

from coursecloud.plan.planning import Plan
from coursecloud.policy.example import WANDB_KEY, Edit, machine, variable
from tests.guardrails.cases import Case


def _text(file: str, text: str) -> Edit:
    """Let every trigger have read a file that it names."""

    def edit(plan: Plan) -> Plan:
        resources = [
            dataclasses.replace(resource, files={file: text}) if file in resource.files else resource
            for resource in plan.resources
        ]
        assert tuple(resources) != plan.resources
        return dataclasses.replace(plan, resources=tuple(resources))

    return edit


def _file(steps: Sequence[Mapping[str, object]], **options: object) -> Edit:
    return _text("cloudbuild.yaml", json.dumps({"steps": steps, "options": options}))


PRINTED = [
    *(
        Case("build-prints-no-secrets", says, "full", "release", _file(steps))
        for says, steps in (
            ("echo $$WANDB_API_KEY`", [{"args": ["-c", "echo $$WANDB_API_KEY"], "secretEnv": ["WANDB_API_KEY"]}]),
            ("`printenv`", [{"script": "printenv | sort", "secretEnv": ["WANDB_API_KEY"]}]),
            ("prints the environment: `env`", [{"entrypoint": "env", "args": [], "secretEnv": ["WANDB_API_KEY"]}]),
            ("`-xc`", [{"entrypoint": "bash", "args": ["-xc", "make"], "secretEnv": ["WANDB_API_KEY"]}]),
            ("`set -eux`", [{"script": "set -eux\nmake", "secretEnv": ["WANDB_API_KEY"]}]),
            (
                "step 1 of cloudbuild.yaml follows one with secrets",
                [
                    {"script": "sed -i s/KEY/$$WANDB_API_KEY/ config.yaml", "secretEnv": ["WANDB_API_KEY"]},
                    {"entrypoint": "cat", "args": ["config.yaml"]},
                ],
            ),
            ("prints a file", [{"script": 'sed "s/KEY/$$K/" config.yaml', "secretEnv": ["K"]}]),
            ("prints a file", [{"script": "envsubst < config.yaml", "secretEnv": ["K"]}]),
            ("prints one of them", [{"script": 'X=$$K\necho "the key is $X"', "secretEnv": ["K"]}]),
            ("prints one of them", [{"script": "echo $K | tee key.txt", "secretEnv": ["K"]}]),
            ("prints one of them", [{"args": ["python", "-c", "print(os.environ['K'])"], "secretEnv": ["K"]}]),
            ("image's history", [{"args": ["build", "--build-arg", "KEY=$$K", "."], "secretEnv": ["K"]}]),
            ("prints the value that it gets", [{"script": "gcloud secrets versions access latest --secret=k"}]),
        )
    ),
    Case("build-prints-no-secrets", "echo $K", "full", "release", _file([{"script": "echo $K"}], secretEnv=["K"])),
    *(
        Case("build-prints-no-secrets", "", "full", "release", _file(steps))
        for steps in (
            [{"args": ["-c", "echo building $COMMIT_SHA"], "secretEnv": ["WANDB_API_KEY"]}],
            [{"script": "echo $K | docker login --password-stdin ghcr.io", "secretEnv": ["K"]}],
            [{"script": "printf '%s' $$K > key; chmod 600 key", "secretEnv": ["K"]}],
            [{"script": "# echo $K would print it\npython train.py", "secretEnv": ["K"]}],
            [{"script": "sed -i s/KEY/$$K/ config.yaml", "secretEnv": ["K"]}, {"script": "docker build ."}],
            [{"script": "envsubst < a > b", "secretEnv": ["K"]}],
            [{"script": "K=$(gcloud secrets versions access latest --secret=k)\nwandb login $K"}],
            [{"script": "echo hello; cat README.md; env"}],
        )
    ),
]

LEAKED = [
    Case("no-secret-values", "Weights & Biases", "dev", "workbench", machine("labels.note", WANDB_KEY)),
    Case("no-secret-values", "Weights & Biases", "dev", "workbench", machine("metadata.note", f"x {WANDB_KEY}")),
    Case("no-secret-values", "", "dev", "workbench", machine("labels.commit", WANDB_KEY)),
    Case("no-secret-values", "", "dev", "workbench", machine("metadata.from", f"git checkout {WANDB_KEY}")),
    Case("no-secret-values", "", "full", "demo", variable("IMAGE", f"ghcr.io/a/b@sha256:{'0f' * 32}")),
    Case(
        "no-secret-values",
        "line 2 of cloudbuild.yaml gives WANDB_API_KEY a value",
        "full",
        "release",
        _text("cloudbuild.yaml", "steps:\n- args: [-c, 'export WANDB_API_KEY=hunter2 && make']\n"),
    ),
    Case(
        "no-secret-values",
        "line 1 of Dockerfile",
        "full",
        "trainer",
        _text("Dockerfile", "ENV WANDB_API_KEY hunter2\n"),
    ),
    Case("no-secret-values", "", "full", "trainer", _text("Dockerfile", "FROM python:3.12\nARG WANDB_API_KEY\n")),
    *(
        Case("no-secret-values", says, "full", "demo", variable(name, value))
        for says, name, value in (
            ("gives apiKey a value", "apiKey", "swordfish"),
            ("gives TOKEN_2 a value", "TOKEN_2", "swordfish"),
            ("Google API key", "MAPS", "AIza" + "b" * 35),
            ("JSON Web Token", "X", "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijkl"),
            ("GitLab Token", "X", "glpat-" + "x1Y2z3W4q5R6t7U8i9O0"),
        )
    ),
]

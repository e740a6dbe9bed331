"""A pytest plugin for the mutation run: hold a mutant against the quick tests of its own module.

mutmut itself runs the tests during which it saw a function called. Plans are made once a session, so of the tests
that read a plan it saw the first only, and of others it has missed some that notice; and a mutant of a component is
planned by nearly every test there is.
"""

import gc
import os

import pytest

PLANS = ("tests/infra/test_invariants.py", "tests/infra/test_stack.py", "tests/infra/test_closed_world.py")
TESTS = {
    "infra.component": (
        "tests/infra/test_machines.py",
        "tests/infra/test_storage.py",
        "tests/infra/test_team.py",
        "tests/infra/test_github.py",
        *PLANS,
    ),
    "infra.secrecy": ("tests/secrecy/test_forms.py", "tests/secrecy/test_places.py"),
    "infra.operator": ("tests/infra/test_team.py", "tests/infra/test_machines.py", *PLANS),
    "infra.commands": (
        "tests/infra/test_outputs.py",
        "tests/infra/test_commands.py",
        "tests/infra/test_training_jobs.py",
    ),
    "infra.outputs": ("tests/infra/test_outputs.py", "tests/infra/test_commands.py"),
    "infra.stores": ("tests/infra/test_secrets.py", "tests/infra/test_training.py"),
    "infra.images": ("tests/infra/test_serving.py", "tests/infra/test_builds.py"),
    "infra.federation": ("tests/infra/test_github.py",),
    "infra.workflows": ("tests/infra/test_github.py", *PLANS),
    "infra.names": ("tests/test_names.py",),
    "infra.files": ("tests/test_files.py", "tests/test_stackfile.py"),
    **dict.fromkeys(("catalog.data", "catalog.families", "catalog.tables"), ("tests/test_tables.py",)),
    "infra.settings.re2": (
        "tests/settings/test_rules.py",
        "tests/settings/test_edges.py",
        "tests/coursecloud/test_conformance.py",
    ),
    "infra.training": ("tests/infra/test_training.py", "tests/infra/test_outputs.py", *PLANS),
    **dict.fromkeys(
        ("infra.settings.times", "infra.settings.types"),
        (
            "tests/settings/test_edges.py",
            "tests/settings/test_reading.py",
            "tests/settings/test_saying.py",
            "tests/coursecloud/test_schema.py",
        ),
    ),
    **dict.fromkeys(
        (
            "infra.settings.combinations",
            "infra.settings.documentation",
            "infra.settings.effects",
            "infra.settings.listed",
        ),
        (
            "tests/settings/test_rules.py",
            "tests/settings/test_saying.py",
            "tests/coursecloud/test_schema.py",
            "tests/coursecloud/test_explain.py",
        ),
    ),
    "infra.settings.cron": (
        "tests/settings/test_cron.py",
        "tests/settings/test_edges.py",
        "tests/settings/test_limits.py",
    ),
    "infra.settings.credentials": ("tests/secrecy/test_places.py", "tests/settings/test_reading.py"),
    "infra.settings.problem": ("tests/settings/test_saying.py", "tests/secrecy/test_places.py"),
    "infra.settings.guardrails": ("tests/settings/test_guardrails.py",),
    "infra.settings": (
        "tests/settings/test_edges.py",
        "tests/settings/test_saying.py",
        "tests/settings/test_proposals.py",
        "tests/settings/test_rules.py",
        "tests/settings/test_reading.py",
        "tests/settings/test_usage.py",
        "tests/settings/test_guardrails.py",
    ),
    "coursecloud.plan.notices": ("tests/coursecloud/test_notices.py",),
    "coursecloud.plan.planning": ("tests/coursecloud/test_notices.py", "tests/coursecloud/test_plan.py"),
    **dict.fromkeys(
        ("coursecloud.plan.engine", "coursecloud.plan.engine_request"),
        ("tests/coursecloud/test_engine.py", "tests/coursecloud/test_plan.py", *PLANS),
    ),
    "coursecloud.plan.saved": ("tests/coursecloud/test_saved.py",),
    **dict.fromkeys(("coursecloud.common.stack_file", "coursecloud.common.stack_yaml"), ("tests/test_stackfile.py",)),
}
"""Where a module's tests are, unless they are in `tests/PACKAGE/test_MODULE.py` and among those of every plan."""


def files_of(module: str) -> list[str]:
    """Name the files of tests that a mutant of a module is held against, in this order.

    >>> files_of("infra.names")
    ['tests/test_names.py']
    """
    package, _, name = module.rpartition(".")
    for known in (module, package):
        if known in TESTS:
            return list(TESTS[known])
    return [f"tests/{package}/test_{name}.py", *PLANS]


def pytest_configure(config: pytest.Config) -> None:
    """Replace the tests that mutmut asks for, where a mutant is active."""
    module, _, function = os.environ.get("MUTANT_UNDER_TEST", "").rpartition(".")
    if "__mutmut_" in function:
        gc.freeze()  # what the fork inherits, hundreds of MB of the SDK, is not garbage
        config.args = files_of(module)

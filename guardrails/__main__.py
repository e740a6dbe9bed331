"""What Pulumi's engine starts for `--policy-pack guardrails`; it serves until the engine ends it."""

import sys
from pathlib import Path

# The engine puts this folder first on the path, where its modules would stand for others of the same name.
sys.path[:] = [str(Path(__file__).parent.parent), *(entry for entry in sys.path if entry != str(Path(__file__).parent))]

from pulumi_policy import PolicyPack  # noqa: E402

from coursecloud.policy.pack import policies  # noqa: E402

# PolicyPack serves and never returns, which is why no other module may call it.
PolicyPack("coursecloud-guardrails", policies())

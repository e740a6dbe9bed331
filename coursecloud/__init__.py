"""The command line around the environment: plan it without a cloud, bring it up and take it down."""

import os

# Before gRPC starts: in a child that is forked its threads would begin anew, and write their errors where that child's
# program writes its own.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")

"""A Pulumi program of its own, run once by whoever owns the billing account: what a project's owner may not declare.

In comes the stack file of the group and the billing account; out goes a budget over the lease, and a topic that is
told. The group's own stack has nothing of the billing account.
"""

"""A Pulumi program of its own, for whoever runs a course: its job in Cloud Run, and what that needs.

In comes the roster; out go the runner's account, the bucket of the record and the leases, the job, and where the roster
says so what stops machines at night. No group's stack has anything of it.
"""

"""What a person does once before the first `up`, as commands like those of the days. Pure: settings in, words out."""

import shlex

from coursecloud.plan import gpu_quota
from infra import monitoring
from infra.settings import Settings


def commands(settings: Settings) -> dict[str, str]:
    """Write the commands by name. Whoever owns the project runs those of quotas and notifications."""
    project = settings.project
    return {
        # One login is gcloud's own, the other what programs find: Pulumi, DVC, Google's libraries.
        "log in gcloud": "gcloud auth login",
        "log in programs": "gcloud auth application-default login",
        "set project": shlex.join(["gcloud", "config", "set", "project", project]),
        **gpu_quota.commands(settings),
        # `coursecloud:monitoring` names the channel by the number with which what this prints ends.
        "email notifications": monitoring.channel_command(project, settings.stack),
    }

"""What a person does once before the first `up`, as commands like those of the days. Pure: settings in, words out."""

import shlex

from coursecloud.plan import gpu_quota
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
        # A budget, an alert or a check of a service can then name the channel that this prints.
        "email notifications": shlex.join(
            [
                *("gcloud", "beta", "monitoring", "channels", "create", "--type=email"),
                *("--channel-labels=email_address=EMAIL", f"--display-name={settings.stack} by e-mail"),
                f"--project={project}",
            ]
        ),
    }

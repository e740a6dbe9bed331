"""Cloud Monitoring: one alert on errors of services and builds, to channels that somebody has made by hand.

Deliberately absent: the channels. A declared one would put somebody's address into the state, which the empty
passphrase opens, and an `up` from a clone that lacks it would take it away. Machines and training jobs are not watched:
what they log as an error is what their programs write to the error output, progress bars among it.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import pulumi
from pulumi_gcp import monitoring

from infra.builds import Builds
from infra.component import Component, Place
from infra.serving import Serving
from infra.settings.monitoring import Monitoring as MonitoringSettings

PERIOD = 300
"""Seconds of which the errors are counted together."""
CLOSES = 1800
"""Seconds without another error after which an incident is over: Google's least."""


class Monitoring(Component):
    """An alert on answers of services with a 5xx, and on errors in the log of a trigger's build."""

    def __init__(self, place: Place, settings: MonitoringSettings, *, serving: Serving | None, builds: Builds | None):
        super().__init__("monitoring", place)
        conditions = [
            *([self._services(serving)] if serving else []),
            *([self._builds(builds)] if builds else []),
        ]
        self.alert = monitoring.AlertPolicy(
            "errors",
            display_name=place.names.resource("errors"),
            project=place.project,
            combiner="OR",
            conditions=conditions,
            notification_channels=[channel_name(place.project, channel) for channel in settings.channels],
            alert_strategy=monitoring.AlertPolicyAlertStrategyArgs(auto_close=f"{CLOSES}s"),
            documentation=monitoring.AlertPolicyDocumentationArgs(
                content=f"Something of stack {place.names.stack} failed. What its log says:"
                f" https://console.cloud.google.com/logs/query;query=severity%3E%3DERROR?project={place.project}",
                mime_type="text/markdown",
            ),
            user_labels=place.labelled("monitoring"),
            opts=self.child("monitoring"),
        )
        self.register_outputs({})

    @staticmethod
    def _services(serving: Serving) -> monitoring.AlertPolicyConditionArgs:
        names = [service.name for service in serving.services.values()]
        return _condition(
            "a service answers with an error",
            "cloud_run_revision",
            "run.googleapis.com/request_count",
            'metric.labels.response_code_class = "5xx"',
            "resource.labels.service_name",
            names,
            # So that the message says which of them.
            group_by=["resource.label.service_name"],
        )

    @staticmethod
    def _builds(builds: Builds) -> monitoring.AlertPolicyConditionArgs:
        # Cloud Build has no metric of its own; a step that fails is an error in the build's log.
        return _condition(
            "a build fails",
            "build",
            "logging.googleapis.com/log_entry_count",
            'metric.labels.severity = "ERROR"',
            "resource.labels.build_trigger_id",
            [trigger.trigger_id for trigger in builds.triggers.values()],
        )


def _condition(
    name: str,
    resource: str,
    metric: str,
    which: str,
    label: str,
    values: Sequence[pulumi.Input[str]],
    *,
    group_by: Sequence[str] = (),
) -> monitoring.AlertPolicyConditionArgs:
    """Watch how often something happened in five minutes to one of the things whose label has one of the values."""
    listed = pulumi.Output.all(*values).apply(lambda known: ", ".join(f'"{value}"' for value in sorted(known)))
    start = f'resource.type = "{resource}" AND metric.type = "{metric}" AND {which} AND {label} = one_of('
    return monitoring.AlertPolicyConditionArgs(
        display_name=name,
        condition_threshold=monitoring.AlertPolicyConditionConditionThresholdArgs(
            filter=pulumi.Output.concat(start, listed, ")"),
            comparison="COMPARISON_GT",
            threshold_value=0,
            duration="0s",
            aggregations=[
                monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(
                    alignment_period=f"{PERIOD}s",
                    per_series_aligner="ALIGN_DELTA",
                    cross_series_reducer="REDUCE_SUM",
                    group_by_fields=list(group_by) or None,
                )
            ],
        ),
    )


def channel_name(project: str, channel: str) -> str:
    """Name a notification channel as Google does, by its number."""
    return f"projects/{project}/notificationChannels/{channel}"


OWN_ADDRESS = "$(gcloud config get account)"
"""In a command of gcloud's, the address of whoever is logged in there."""


def channel_command(project: str, stack: str) -> str:
    """Write the command that makes a channel once, to the address of whoever runs it, and prints its name."""
    words = [
        "gcloud", "beta", "monitoring", "channels", "create",
        f"--project={project}",
        f"--display-name={stack}",
        "--type=email",
        "--format=value(name)",
    ]  # fmt: skip
    return f'{shlex.join(words)} --channel-labels="email_address={OWN_ADDRESS}"'

"""A budget over a group's lease that counts what the credit pays, whom it tells, and who may read what is billed."""

import datetime
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pulumi
import pulumi_gcp as gcp

from coursecloud.common import stack_file
from infra.names import Names, labels, member_key
from infra.settings import EXAMPLE_PROJECT, Problem, Settings, SettingsError, load
from infra.settings.problem import MISSING

NAMESPACE = "coursecloud-billing:"
_ACCOUNT = re.compile(r"[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_MOST_CHANNELS = 5
"""Channels that a budget tells (Budget API, `monitoringNotificationChannels`, 2026-11-28)."""

APIS = ("billingbudgets", "pubsub", "cloudbilling")
KEPT = "86400s"
"""How long a message waits for readers, none of whom takes it: Google sends some a day, and keeps a day free of charge
(docs.cloud.google.com/pubsub/docs/subscription-properties, 2026-11-29)."""


@dataclass(frozen=True)
class Asked:
    """What is to be declared for one group."""

    settings: Settings
    account: str
    amount: Decimal
    """In `currency`, which is the account's."""
    currency: str
    channels: tuple[str, ...]
    """Numbers of notification channels of the group's project."""


def read(stack: str, root: Path) -> Asked:
    """Read Pulumi's configuration and the group's stack file in `root`. Raises SettingsError with every mistake."""
    config = {key: value for key, value in pulumi.runtime.get_config_env().items() if key.startswith(NAMESPACE)}
    file = stack_file.path_of(stack, root)
    settings = load(stack_file.read(stack, file), stack, root)
    if found := [*_problems(config, settings)]:
        raise SettingsError(stack, found)
    amount, currency = (config.get(f"{NAMESPACE}{key}") for key in ("amount", "currency"))
    credit = settings.lease.credit
    return Asked(
        settings,
        config[f"{NAMESPACE}account"],
        Decimal(amount) if amount else Decimal(str(credit.amount)),
        currency or credit.currency,
        tuple(_channels(config)) if f"{NAMESPACE}channels" in config else settings.monitoring.channels,
    )


def _problems(config: Mapping[str, str], settings: Settings) -> Iterator[Problem]:
    def set_(key: str, value: str) -> str:
        return f"`pulumi config set {key} {value}`"

    for key in sorted(config.keys() - {f"{NAMESPACE}{name}" for name in ("account", "amount", "currency", "channels")}):
        rule = "this program has the keys account, amount, currency and channels"
        yield Problem(key, config[key], rule, f"`pulumi config rm {key.removeprefix(NAMESPACE)}`")
    account = config.get(f"{NAMESPACE}account")
    if account is None or not _ACCOUNT.fullmatch(account):
        rule = "a billing account is three times six signs of 0-9 and A-F"
        remedy = f"`gcloud billing accounts list` has it; {set_('account', '012345-6789AB-CDEF01')}"
        yield Problem(f"{NAMESPACE}account", MISSING if account is None else account, rule, remedy)
    amount, currency = (config.get(f"{NAMESPACE}{key}") for key in ("amount", "currency"))
    if (amount is None) != (currency is None):
        rule = "an amount of its own has a currency, and the other way round: both are the billing account's"
        remedy = f"{set_('amount', '350')} and {set_('currency', 'DKK')}, or remove the one that is there"
        yield Problem(f"{NAMESPACE}{'amount' if amount is None else 'currency'}", MISSING, rule, remedy)
    if amount is not None and not (re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,2})?", amount) and Decimal(amount)):
        rule = "an amount is a number above 0 with at most two decimals"
        yield Problem(f"{NAMESPACE}amount", amount, rule, set_("amount", "350"))
    if currency is not None and not _CURRENCY.fullmatch(currency):
        rule = "a currency is a code of three capital letters, the billing account's"
        yield Problem(f"{NAMESPACE}currency", currency, rule, set_("currency", "DKK"))
    yield from _of_channels(config, settings)
    yield from _of_stack(settings)


def _of_channels(config: Mapping[str, str], settings: Settings) -> Iterator[Problem]:
    key = f"{NAMESPACE}channels"
    try:
        channels = _channels(config) if key in config else list(settings.monitoring.channels)
    except ValueError:
        rule = "channels are numbers of notification channels, separated by commas"
        yield Problem(key, config[key], rule, "`pulumi config set channels 12345678901234567890`")
        return
    if len(channels) > _MOST_CHANNELS:
        rule = f"a budget tells at most {_MOST_CHANNELS} channels"
        yield Problem(key, len(channels), rule, "`pulumi config set channels` with those that matter most")


def _channels(config: Mapping[str, str]) -> list[str]:
    text = config[f"{NAMESPACE}channels"]
    given = cast("list[object]", json.loads(text)) if text.startswith("[") else text.split(",")
    found = [str(each).strip() for each in given]
    if not all(re.fullmatch(r"[0-9]{5,25}", each) for each in found):
        raise ValueError(text)
    return found


def _of_stack(settings: Settings) -> Iterator[Problem]:
    file = f"Pulumi.{settings.stack}.yaml"
    if settings.project == EXAMPLE_PROJECT:
        rule = "the project is still the example, which nobody has"
        yield Problem("gcp:project", settings.project, rule, f"write the group's project into {file}")
    if settings.lease.starts is None or settings.lease.ends is None:
        rule = "a budget counts over the lease, from its first day to its last"
        remedy = f"add `starts` and `ends` under coursecloud:lease in {file}"
        yield Problem("coursecloud:lease", MISSING, rule, remedy)


def declare(asked: Asked) -> dict[str, Any]:
    """Declare the budget, the topic that is told and who may read there; gives what `pulumi stack output` shows."""
    settings = asked.settings
    project, lease = settings.project, settings.lease
    assert lease.starts  # noqa: S101 - `read` refuses a lease without dates
    assert lease.ends  # noqa: S101
    # A person's own credentials have no project whose quota a call to the Budget API counts against: it answers 403.
    provider = gcp.Provider("google", project=project, billing_project=project, user_project_override=True)
    google = pulumi.ResourceOptions(provider=provider)
    apis = [
        gcp.projects.Service(
            api, service=f"{api}.googleapis.com", project=project, disable_on_destroy=False, opts=google
        )
        for api in APIS
    ]
    ready = pulumi.ResourceOptions(provider=provider, depends_on=apis)
    names = Names(project, settings.stack)
    own = labels(
        course=settings.course.name,
        group=settings.course.group,
        owner=settings.course.owner,
        stack=settings.stack,
        lease_end=f"{lease.ends}",
        own=settings.course.labels,
    )
    topic = gcp.pubsub.Topic("budget", name=names.resource("budget"), project=project, labels=own, opts=ready)
    _readers(asked, topic, own, ready)
    number = gcp.organizations.get_project_output(
        project_id=project, opts=pulumi.InvokeOutputOptions(provider=provider, depends_on=apis)
    ).number
    units, cents = divmod(asked.amount, 1)
    budget = gcp.billing.Budget(
        "budget",
        billing_account=asked.account,
        display_name=names.budget,
        amount=gcp.billing.BudgetAmountArgs(
            specified_amount=gcp.billing.BudgetAmountSpecifiedAmountArgs(
                currency_code=asked.currency, units=str(units), nanos=int(cents * 10**9) or None
            )
        ),
        budget_filter=gcp.billing.BudgetBudgetFilterArgs(
            projects=[pulumi.Output.concat("projects/", number)],
            # A coupon is a credit: a budget that takes credits off stays at nothing until the coupon is gone.
            credit_types_treatment="EXCLUDE_ALL_CREDITS",
            custom_period=gcp.billing.BudgetBudgetFilterCustomPeriodArgs(
                start_date=gcp.billing.BudgetBudgetFilterCustomPeriodStartDateArgs(**_day(lease.starts)),
                end_date=gcp.billing.BudgetBudgetFilterCustomPeriodEndDateArgs(**_day(lease.ends)),
            ),
        ),
        threshold_rules=[
            # A forecast does not go with a period of one's own.
            gcp.billing.BudgetThresholdRuleArgs(threshold_percent=part, spend_basis="CURRENT_SPEND")
            for part in lease.alerts
        ],
        all_updates_rule=gcp.billing.BudgetAllUpdatesRuleArgs(
            pubsub_topic=topic.id,
            schema_version="1.0",
            monitoring_notification_channels=[
                f"projects/{project}/notificationChannels/{channel}" for channel in asked.channels
            ],
            disable_default_iam_recipients=False,
        ),
        opts=ready,
    )
    return {
        "budget": budget.name,
        "topic": topic.id,
        "tells": f"{asked.amount:f} {asked.currency} from {lease.starts} to {lease.ends}, credits not taken off; at "
        + ", ".join(f"{part:.0%}" for part in lease.alerts)
        + "; it stops nothing",
        "readers": f"{len(settings.team.members)} members of the team, beside owners and editors of {project}",
        "gone": f"`pulumi destroy --stack {settings.stack}` in billing/, by whoever may change the billing account",
    }


def _readers(asked: Asked, topic: gcp.pubsub.Topic, own: dict[str, str], ready: pulumi.ResourceOptions) -> None:
    """Let the group's members read, by `coursecloud status`, what the topic was told."""
    settings = asked.settings
    held = gcp.pubsub.Subscription(
        "budget",
        name=Names(settings.project, settings.stack).resource("budget"),
        project=settings.project,
        topic=topic.id,
        labels=own,
        ack_deadline_seconds=10,
        message_retention_duration=KEPT,
        # Else it goes after 31 days in which nobody reads.
        expiration_policy=gcp.pubsub.SubscriptionExpirationPolicyArgs(ttl=""),
        opts=ready,
    )
    for member in dict.fromkeys(settings.team.members):
        gcp.pubsub.SubscriptionIAMMember(
            member_key(member),
            project=settings.project,
            subscription=held.name,
            role="roles/pubsub.subscriber",
            member=member,
            opts=ready,
        )


def _day(day: datetime.date) -> dict[str, int]:
    return {"year": day.year, "month": day.month, "day": day.day}

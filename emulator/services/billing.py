"""Billing: a project's billing account and what else is linked to it; budgets with Google's rules."""

from __future__ import annotations

import re
from typing import Any

from ..call import Call, page
from ..errors import ApiError, bad_value, invalid
from ..kinds import Handlers, Kind, Service
from ..shapes import many, part
from .common import need, one_of

Json = dict[str, Any]
handlers = Handlers()
ACCOUNT = re.compile(r"[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}")
CURRENCY = "USD"


def account_of(call: Call) -> str:
    """The billing account in the path, well formed."""
    account = call.segment("billingAccounts")
    if not ACCOUNT.fullmatch(account):
        raise ApiError(404, f"Requested entity was not found: billingAccounts/{account}")
    return account


def budget(call: Call, body: Json, _old: Json | None) -> None:
    """Amount, thresholds, period and who is told."""
    account_of(call)
    amount = part(body, "amount")
    if one_of(amount, ("specifiedAmount", "lastPeriodAmount"), "budget.amount") == "specifiedAmount":
        money = amount["specifiedAmount"]
        if money.setdefault("currencyCode", CURRENCY) != CURRENCY:
            raise bad_value(
                "budget.amount.currency_code", money["currencyCode"], f"Must be the billing account's, {CURRENCY}."
            )
        if int(money.get("units") or 0) < 0:
            raise bad_value("budget.amount.units", money["units"], "Must not be negative.")
    if len(body.get("displayName", "")) > 60:
        raise bad_value("budget.display_name", body["displayName"], "Must be at most 60 characters.")
    custom = "customPeriod" in part(body, "budgetFilter")
    for rule in many(body, "thresholdRules"):
        if not 0 <= float(rule.get("thresholdPercent") or 0) <= 10:
            raise bad_value(
                "threshold_rules.threshold_percent", rule["thresholdPercent"], "It is a fraction: 0.5 is 50%."
            )
        if custom and rule.get("spendBasis") == "FORECASTED_SPEND":
            raise invalid(
                "FORECASTED_SPEND cannot go with a custom period.", ("threshold_rules.spend_basis", "custom period")
            )
    if body.get("spendCap"):
        _cap(body, _old)
    _filter(call, body.setdefault("budgetFilter", {}))
    _notify(call, part(body, "notificationsRule"))


# https://docs.cloud.google.com/billing/docs/how-to/budgets-spend-caps, by the API's description of 2026-10-11; which
# services are eligible stands on that page alone: Vertex AI, Cloud Run, its functions, AI Studio and Maps.
CAPPED = ("C7E2-9256-1C43", "152E-C115-5142")
"""Vertex AI and Cloud Run; the others' ids are not known here."""


def _cap(body: Json, old: Json | None) -> None:
    """A spend cap: one project, one eligible service, a calendar month, no credits taken off, three thresholds."""
    chosen, rule, cap = part(body, "budgetFilter"), part(body, "notificationsRule"), body["spendCap"]
    wrong: list[str] = []
    if len(many(chosen, "projects")) != 1:
        wrong.append("budget_filter.projects must contain exactly one project")
    if len(many(chosen, "services")) != 1 or many(chosen, "services")[0].removeprefix("services/") not in CAPPED:
        wrong.append("budget_filter.services must contain exactly one eligible service")
    if chosen.get("creditTypesTreatment") != "EXCLUDE_ALL_CREDITS":
        wrong.append("budget_filter.credit_types_treatment must be EXCLUDE_ALL_CREDITS")
    if chosen.get("calendarPeriod", "MONTH") != "MONTH" or chosen.get("customPeriod"):
        wrong.append("budget_filter.calendar_period must be MONTH")
    rules = many(body, "thresholdRules")
    current = all(each.get("spendBasis", "CURRENT_SPEND") == "CURRENT_SPEND" for each in rules)
    if sorted(float(each.get("thresholdPercent") or 0) for each in rules) != [0.5, 0.8, 1.0] or not current:
        wrong.append("threshold_rules must be 0.5, 0.8 and 1.0 of CURRENT_SPEND")
    if not rule.get("enableProjectLevelRecipients") or rule.get("disableDefaultIamRecipients"):
        wrong.append("notifications_rule.enable_project_level_recipients must be true")
    if rule.get("pubsubTopic") or rule.get("monitoringNotificationChannels"):
        wrong.append("notifications_rule must have neither topic nor channels")
    if body.get("ownershipScope") == "BILLING_ACCOUNT" or "specifiedAmount" not in part(body, "amount"):
        wrong.append("ownership_scope and amount must be those of a spend cap")
    allowed = ("CONFIGURED",) if old is None else ("CONFIGURED", "AWAITING_NEXT_PERIOD")
    if cap.get("inputState") not in allowed:
        wrong.append("spend_cap.input_state must be CONFIGURED")
    if wrong:
        raise invalid("; ".join(wrong), *(("budget", each) for each in wrong))
    if old and part(old, "spendCap").get("outputState") == "ENFORCED":
        raise ApiError(400, "An enforced spend cap cannot be modified.", status="FAILED_PRECONDITION")
    cap.setdefault("outputState", cap["inputState"])


@handlers.on("billingbudgets.billingAccounts.budgets.list")
def budgets(call: Call) -> Any:
    """Those of the account, or with `scope` those that track one project."""
    account_of(call)
    scope = str(call.query.get("scope") or "").removeprefix("projects/")
    project = call.world.project(scope) if scope else None
    if scope and project is None:
        raise ApiError(403, f"Permission denied on resource projects/{scope}.")
    held = [r.body for r in call.world.below("billingbudgets", call.path.rpartition("/")[0])]
    wanted = [f"projects/{project.number}"] if project else []
    return page(call, "budgets", [b for b in held if not wanted or many(part(b, "budgetFilter"), "projects") == wanted])


def _filter(call: Call, chosen: Json) -> None:
    if "customPeriod" in chosen and "calendarPeriod" in chosen:
        raise invalid("Either a calendar or a custom period.", ("budget.budget_filter", "both periods"))
    if "customPeriod" not in chosen:
        chosen.setdefault("calendarPeriod", "MONTH")
    chosen.setdefault("creditTypesTreatment", "INCLUDE_ALL_CREDITS")
    if chosen.get("creditTypes") and chosen["creditTypesTreatment"] != "INCLUDE_SPECIFIED_CREDITS":
        raise invalid(
            "credit_types goes with INCLUDE_SPECIFIED_CREDITS.", ("budget.budget_filter.credit_types", "not allowed")
        )
    known = []
    for name in many(chosen, "projects"):
        project = call.world.project(name.removeprefix("projects/"))
        if project is None:
            raise invalid(
                f"Project {name} is not linked to the billing account.", ("budget.budget_filter.projects", name)
            )
        known.append(f"projects/{project.number}")
    if known:
        chosen["projects"] = known


def _notify(call: Call, rule: Json) -> None:
    if rule.get("pubsubTopic"):
        need(call, "pubsub", rule["pubsubTopic"])
        if rule.get("schemaVersion") != "1.0":
            raise bad_value("notifications_rule.schema_version", rule.get("schemaVersion"), "Must be 1.0.")
    if rule.get("disableDefaultIamRecipients") and not (
        rule.get("pubsubTopic") or rule.get("monitoringNotificationChannels")
    ):
        raise invalid(
            "Without default recipients a topic or a channel must be given.", ("notifications_rule", "nobody")
        )
    if len(many(rule, "monitoringNotificationChannels")) > 5:
        raise invalid("At most 5 channels.", ("notifications_rule.monitoring_notification_channels", "too many"))
    for name in many(rule, "monitoringNotificationChannels"):
        need(call, "monitoring", name)


@handlers.on("cloudbilling.projects.getBillingInfo")
def info(call: Call) -> Any:
    """To which account the project is linked."""
    project = call.project
    account = f"billingAccounts/{project.billing_account}" if project.billing_account else ""
    return {
        "name": f"projects/{project.id}/billingInfo",
        "projectId": project.id,
        "billingAccountName": account,
        "billingEnabled": bool(account),
    }


@handlers.on("cloudbilling.projects.updateBillingInfo")
def update_info(call: Call) -> Any:
    """Link, or with an empty account unlink: everything that bills would stop."""
    account = str(call.body.get("billingAccountName") or "").removeprefix("billingAccounts/")
    if account and not ACCOUNT.fullmatch(account):
        raise invalid(f"Billing account '{account}' is not valid.", ("billing_account_name", account))
    call.project.billing_account = account
    return info(call)


@handlers.on("cloudbilling.billingAccounts.get")
def account(call: Call) -> Any:
    """One billing account."""
    name = account_of(call)
    return {"name": f"billingAccounts/{name}", "open": True, "displayName": "Course", "currencyCode": CURRENCY}


@handlers.on("cloudbilling.billingAccounts.list")
def accounts(call: Call) -> Any:
    """Those that projects are linked to."""
    names = sorted({p.billing_account for p in call.world.projects.values() if p.billing_account})
    return page(
        call,
        "billingAccounts",
        [{"name": f"billingAccounts/{n}", "open": True, "displayName": "Course"} for n in names],
    )


@handlers.on("cloudbilling.billingAccounts.projects.list")
def linked(call: Call) -> Any:
    """The projects of an account."""
    name = call.segment("billingAccounts")
    return page(
        call,
        "projectBillingInfo",
        [
            {
                "name": f"projects/{p.id}/billingInfo",
                "projectId": p.id,
                "billingAccountName": f"billingAccounts/{name}",
                "billingEnabled": True,
            }
            for p in call.world.projects.values()
            if p.billing_account == name
        ],
    )


BILLING = Service("cloudbilling", ("v1",), handlers=handlers, kinds=(Kind("cloudbilling", "billingAccounts"),))
BUDGETS = Service(
    "billingbudgets",
    ("v1",),
    handlers=handlers,
    kinds=(Kind("billingbudgets", "billingAccounts/budgets", etag="etag", fill=budget),),
)

"""The budgets and spend caps of a project: they are the billing account's, and only who has a role on it may look."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from coursecloud.common.console import visible
from coursecloud.deploy.cloud import Cloud, CloudError
from coursecloud.spend.budget import Budget, Budgets

Json = dict[str, Any]
PAGES = 10


def look(cloud: Cloud, project: str) -> Budgets:
    """Look which there are; three questions. Raises nothing: who may not look is told why, in a few words."""
    try:
        found = every(cloud, project, account(cloud, project), number(cloud, project))
    except CloudError as error:
        return Budgets(None, _unseen(error))
    return Budgets(tuple(_told(each) for each in found))


def _unseen(error: CloudError) -> str:
    """Say in a few words why nobody can look: Google's own are three lines about an API's page in the console."""
    if error.off:
        return "the APIs that tell are off in the project"
    if error.status == 403:
        return "you have no role on the billing account, whose they are"
    return error.words


def account(cloud: Cloud, project: str) -> str:
    """Give the name of a project's billing account: `billingAccounts/A`. Raises CloudError."""
    told = cloud.call("GET", "cloudBilling", f"projects/{project}/billingInfo", payer=project)
    name = str(told.get("billingAccountName") or "")
    if not name:
        raise CloudError(200, f"{project} is linked to no billing account, so nothing bills")
    return name


def number(cloud: Cloud, project: str) -> str:
    """Give a project's number. Raises CloudError."""
    return str(cloud.get("resourceManager", f"projects/{project}", fields="projectNumber").get("projectNumber") or "")


def every(cloud: Cloud, project: str, of: str, number_: str) -> list[Json]:
    """List the budgets of an account that are about a project, caps among them. Raises CloudError."""
    found: list[Json] = []
    token = ""
    for _ in range(PAGES):
        more = {"scope": f"projects/{number_}", "pageSize": "100"} | ({"pageToken": token} if token else {})
        answer = cloud.call("GET", "billingBudgets", f"{of}/budgets", parameters=more, payer=project)
        found += [cast("Json", each) for each in cast("list[object]", answer.get("budgets") or [])
                  if isinstance(each, dict)]  # fmt: skip
        token = str(answer.get("nextPageToken") or "")
        if not token:
            return found
    raise CloudError(200, f"the account has more than {PAGES * 100} budgets")


def value(budget: Json) -> Decimal:
    """Give a budget's amount."""
    money = _part(_part(budget, "amount"), "specifiedAmount")
    return Decimal(str(money.get("units") or 0)) + Decimal(int(money.get("nanos") or 0)) / 10**9


def money(budget: Json) -> str:
    """Write a budget's amount with its currency."""
    currency = _part(_part(budget, "amount"), "specifiedAmount").get("currencyCode") or ""
    return f"{value(budget):.2f} {currency}".strip()


def _told(budget: Json) -> Budget:
    name = str(budget.get("name") or "")
    treated = _part(budget, "budgetFilter").get("creditTypesTreatment")
    return Budget(
        name=visible(name),
        shown=visible(str(budget.get("displayName") or name.rpartition("/")[2])),
        amount=visible(money(budget)),
        cap=bool(budget.get("spendCap")),
        # Google takes all credits off where nothing is said (Budget API v1, Filter.creditTypesTreatment).
        credits_off=treated in (None, "INCLUDE_ALL_CREDITS"),
    )


def _part(body: Json, name: str) -> Json:
    found = body.get(name)
    return cast("Json", found) if isinstance(found, dict) else {}

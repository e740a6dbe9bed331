"""`coursecloud caps`: Google's own monthly spend caps of a project, shown, and set after a question.

A cap is a budget that pauses one service for the rest of a calendar month (Budget API v1, `spendCap`, description of
2026-10-11). There is none of Compute Engine, where most of a group's money goes. Neither Pulumi's provider (10.2) nor
Terraform's knows it, so it is asked for here.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from coursecloud.common.console import visible
from coursecloud.deploy import budgets
from coursecloud.deploy.cloud import CloudError
from coursecloud.deploy.preconditions import RefusedError
from coursecloud.look.found import SERVICE
from coursecloud.look.kinds import table
from coursecloud.look.shapes import part
from coursecloud.operate import targets
from coursecloud.operate.session import Operation, lines
from coursecloud.operate.stop import number

Json = dict[str, Any]
SERVICES: dict[str, tuple[str, str]] = {name: (told[0], told[1]) for name, told in table()["capped"].items()}
"""What a cap can be set on here: its name, and its id in the Cloud Billing catalog."""
STATES = {
    "CONFIGURED": "counts", "ENFORCED": "has PAUSED the service", "AWAITING_NEXT_PERIOD": "is lifted until next month"
}  # fmt: skip
NOT_COMPUTE = "None of them sees Compute Engine: machines and disks go on, whatever they cost."


def show(operation: Operation) -> int:
    """Say which caps there are. Returns 0, or 1 where Google did not say; raises CloudError."""
    try:
        account, number_ = _account(operation), _number(operation)
        found = _caps(operation, account, number_)
    except CloudError as error:
        operation.first(*_may_not(operation, error))
        operation.told |= {"caps": None, "reason": error.words}
        return 1
    names = [_said(each) for each in found]
    head = f"{len(found)} of Google's spend caps on {operation.settings.project}" if found else (
        f"Google's spend caps: none on {operation.settings.project}; nothing of Google's pauses what it spends"
    )  # fmt: skip
    todo = "" if found else f"`coursecloud caps --set --stack {operation.stack}` sets one on Vertex AI."
    operation.first(f"{head}.", *lines("", names)[1:], NOT_COMPUTE, *([todo] if todo else []))
    operation.told |= {"billingAccount": account, "caps": [_row(each) for each in found]}
    return 0


_MOST = 1e12
"""Of any currency: no credit is as much, and what is no number at all is none below it."""


def put(operation: Operation, service: str, amount: float) -> int:
    """Set a cap on a service, or the amount of the one that is there. Returns 0, or 1 where Google said no.

    Raises RefusedError (nothing was changed).
    """
    if service not in SERVICES or not 0 <= amount < _MOST:
        mistakes: list[str] = []
        if service not in SERVICES:
            rule = "a cap is on one service, and here on one of vertex and run"
            mistakes.append(f"--service {service}\n    rule    {rule}\n    remedy  name one of them")
        if not 0 <= amount < _MOST:
            rule = "a cap is an amount of money a month"
            mistakes.append(
                f"--amount {amount:g}\n    rule    {rule}\n    remedy  give a number above 0, below {_MOST:.0e}"
            )
        raise RefusedError("\n".join(mistakes))
    called, id_ = SERVICES[service]
    try:
        account, number_ = _account(operation), _number(operation)
        currency = str(_ask(operation, "GET", "cloudBilling", account).get("currencyCode") or "")
        there = next((each for each in _caps(operation, account, number_) if _service(each) == id_), None)
    except CloudError as error:
        operation.first(*_may_not(operation, error))
        operation.told |= {"set": None, "reason": error.words}
        return 1
    money = _amount(operation, amount, currency)
    if there and part(there, "spendCap").get("outputState") == "ENFORCED":
        raise RefusedError(
            f"the cap on {called} {STATES['ENFORCED']}",
            "while it is enforced Google changes nothing of it but that it is lifted",
            "lift it in the console (Billing, Budgets & alerts), or wait for the next month",
        )
    was = f" (it is {budgets.money(there)} now)" if there else ""
    pauses = _pauses(operation, service)
    operation.first(
        f"At {money} {currency} a month Google would pause {called} in {operation.settings.project} until the month"
        f" ends{was}.",
        *lines("It would pause:", pauses),
        "Credits are not taken off, and Google counts some hours late: more than that may be spent.",
        NOT_COMPUTE,
    )
    operation.agreed("Set it", "say --yes, or answer the question with y")
    try:
        made = _put(operation, account, number_, id_, called, money, currency, there)
    except CloudError as error:
        operation.say(f"NOT set: {error.words}.")
        operation.told |= {"set": None, "reason": error.words}
        return 1
    operation.say(
        f"Set: {_said(made)}. It stays until somebody deletes it: `gcloud billing budgets delete {made['name']}`."
    )
    operation.told |= {"billingAccount": account, "set": _row(made)}
    return 0


def _put(
    operation: Operation, account: str, number_: str, id_: str, called: str, money: Decimal, currency: str,
    there: Json | None,
) -> Json:  # fmt: skip
    units, rest = divmod(money, 1)
    amount = {"specifiedAmount": {"currencyCode": currency, "units": str(int(units)), "nanos": int(rest * 10**9)}}
    if there:
        body = {"etag": there.get("etag"), "amount": amount, "spendCap": {"inputState": "CONFIGURED"}}
        mask = {"updateMask": "amount,spend_cap.input_state"}
        return _ask(operation, "PATCH", "billingBudgets", str(there["name"]), body, mask)
    body = {
        "displayName": f"{called} of {operation.settings.project}"[:60],
        "budgetFilter": {
            "projects": [f"projects/{number_}"],
            "services": [f"services/{id_}"],
            "calendarPeriod": "MONTH",
            "creditTypesTreatment": "EXCLUDE_ALL_CREDITS",
        },
        "amount": amount,
        "thresholdRules": [{"thresholdPercent": each, "spendBasis": "CURRENT_SPEND"} for each in (0.5, 0.8, 1.0)],
        "notificationsRule": {"enableProjectLevelRecipients": True},
        "spendCap": {"inputState": "CONFIGURED"},
    }
    return _ask(operation, "POST", "billingBudgets", f"{account}/budgets", body)


def _amount(operation: Operation, amount: float, currency: str) -> Decimal:
    """Take the amount that was given, or the lease's credit where it is in the account's currency."""
    credit = operation.settings.lease.credit
    if amount:
        return Decimal(str(amount)).quantize(Decimal("0.01"))
    if credit.currency != currency:
        raise RefusedError(
            f"the lease's credit is in {credit.currency}, and the billing account in {currency or 'no known currency'}",
            "a cap is in the billing account's currency",
            f"say how much a month: --amount 50 is 50 {currency}",
        )
    return Decimal(str(credit.amount)).quantize(Decimal("0.01"))


def _pauses(operation: Operation, service: str) -> list[str]:
    """Name what a cap would pause: services answer nobody any more. Of Vertex AI all that is there."""
    if service != "run":
        return []
    seen = operation.look()
    names = [f"{targets.called(each)}, which answers nobody then" for each in seen.found if each.shape.asset == SERVICE]
    missed = [f"not read: {what}: {why}" for what, why in seen.unread if what == SERVICE or "other regions" in what]
    return [*(names or ["no service that could be seen; each that is made later"]), *missed]


def _account(operation: Operation) -> str:
    return budgets.account(operation.cloud, operation.settings.project)


def _number(operation: Operation) -> str:
    return budgets.number(operation.cloud, operation.settings.project)


def _caps(operation: Operation, account: str, number_: str) -> list[Json]:
    """The budgets of the project that are caps. Raises CloudError."""
    found = budgets.every(operation.cloud, operation.settings.project, account, number_)
    return [each for each in found if each.get("spendCap")]


def _ask(
    operation: Operation, method: str, api: str, path: str, body: Json | None = None,
    parameters: dict[str, str] | None = None,
) -> Json:  # fmt: skip
    # A billing account is in no project: somebody's own credentials need one to count against.
    project = operation.settings.project
    return operation.cloud.call(method, api, path, parameters=parameters, body=body, payer=project)


def _may_not(operation: Operation, error: CloudError) -> list[str]:
    project = operation.settings.project
    head = f"Whether {project} has spend caps is NOT known: {error.words}."
    if error.off:
        on = f"`gcloud services enable billingbudgets.googleapis.com cloudbilling.googleapis.com --project={project}`"
        return [head, f"Switch on the APIs that are asked: {on}."]
    if error.status in (401, 403):
        return [
            head,
            "Budgets and caps are the billing account's: its viewers see them, a project's owner does not.",
            f"Ask whose account it is to run `coursecloud caps --stack {operation.stack}`.",
        ]
    return [head]


def _service(cap: Json) -> str:
    names = cast("list[str]", part(cap, "budgetFilter").get("services") or [""])
    return names[0].rpartition("/")[2]


def _said(cap: Json) -> str:
    called = {id_: name for name, id_ in SERVICES.values()}
    state = str(part(cap, "spendCap").get("outputState") or part(cap, "spendCap").get("inputState") or "")
    what = called.get(_service(cap), f"service {_service(cap)}")
    return visible(f"{what}: {budgets.money(cap)} a month; it {STATES.get(state, f'is {state}')}")


def _row(cap: Json) -> Json:
    called = {id_: name for name, (_, id_) in SERVICES.items()}
    return {
        "name": cap.get("name"), "service": called.get(_service(cap)), "serviceId": _service(cap),
        "amount": number(budgets.value(cap)),
        "currency": part(part(cap, "amount"), "specifiedAmount").get("currencyCode"),
        "state": part(cap, "spendCap").get("outputState"),
    }  # fmt: skip

"""Google's refusals: one exception, and the two JSON forms in which Google's APIs write it."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    412: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
RPC_CODE = {
    "INVALID_ARGUMENT": 3,
    "DEADLINE_EXCEEDED": 4,
    "NOT_FOUND": 5,
    "ALREADY_EXISTS": 6,
    "PERMISSION_DENIED": 7,
    "RESOURCE_EXHAUSTED": 8,
    "FAILED_PRECONDITION": 9,
    "ABORTED": 10,
    "UNIMPLEMENTED": 12,
    "INTERNAL": 13,
    "UNAVAILABLE": 14,
    "UNAUTHENTICATED": 16,
}
REASON = {
    400: "invalid",
    401: "authError",
    403: "forbidden",
    404: "notFound",
    409: "alreadyExists",
    412: "conditionNotMet",
    429: "rateLimitExceeded",
    500: "internalError",
    501: "notImplemented",
    502: "backendError",
    503: "backendError",
}


class ApiError(Exception):
    """A refusal; `classic` is the form of Compute Engine and Cloud Storage, the other that of every newer API."""

    def __init__(
        self, code: int, message: str, *, status: str = "", reason: str = "", details: list[Json] | None = None
    ):
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status or STATUS.get(code, "UNKNOWN")
        self.reason = reason or REASON.get(code, "backendError")
        self.details = details or []

    def body(self, classic: bool) -> Json:
        """The JSON of the answer."""
        error: Json = {"code": self.code, "message": self.message}
        off = self.reason == "accessNotConfigured"  # told in the older form by the newer APIs too
        if classic or off:
            domain = "usageLimits" if off else "global"
            error["errors"] = [{"message": self.message, "domain": domain, "reason": self.reason}]
        if not classic or self.details:
            error["status"] = self.status
        if self.details:
            error["details"] = self.details
        return {"error": error}


def invalid(message: str, *fields: tuple[str, str], reason: str = "invalid") -> ApiError:
    """400; `fields` are (path, what is wrong with it) and become a google.rpc.BadRequest."""
    violations = [{"field": path, "description": text} for path, text in fields]
    detail = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations}
    return ApiError(400, message, reason=reason, details=[detail] if violations else [])


def bad_value(field: str, value: object, rule: str) -> ApiError:
    """400 in the words of Compute Engine, which other tools know how to read as well."""
    return ApiError(400, f"Invalid value for field '{field}': '{value}'. {rule}")


def failed(message: str) -> ApiError:
    """400 FAILED_PRECONDITION: the request is well formed, the state of the system is against it."""
    return ApiError(400, message, status="FAILED_PRECONDITION", reason="failedPrecondition")


def not_found(what: str) -> ApiError:
    """404."""
    return ApiError(404, f"Resource '{what}' was not found")


def exists(what: str) -> ApiError:
    """409: the name is taken."""
    return ApiError(409, f"Resource '{what}' already exists")


def stale(what: str) -> ApiError:
    """409: someone else was faster."""
    text = f"Concurrent changes to {what}: please retry the whole read-modify-write with exponential backoff."
    return ApiError(409, text, status="ABORTED", reason="aborted")


def in_use(what: str, by: str) -> ApiError:
    """400: something else still needs it."""
    text = f"The {what} is already being used by '{by}'"
    return ApiError(400, text, reason="resourceInUseByAnotherResource", status="FAILED_PRECONDITION")


def denied(permission: str, resource: str) -> ApiError:
    """403 that names the permission."""
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "IAM_PERMISSION_DENIED",
        "domain": permission.split(".")[0] + ".googleapis.com",
        "metadata": {"permission": permission, "resource": resource},
    }
    text = f"Permission '{permission}' denied on resource '//{resource}' (or it may not exist)."
    return ApiError(403, text, details=[info])


def expired(host: str) -> ApiError:
    """401 for an access token whose hour is over.

    The words are those of hashicorp/terraform issue 27658; the reason is of google/api/error_reason.proto (2026-08).
    """
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_EXPIRED",
        "domain": "googleapis.com",
        "metadata": {"service": host},
    }
    text = (
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
    )
    return ApiError(401, text, details=[info])


def disabled(host: str, number: str) -> ApiError:
    """The API is not enabled in the project: what a missing dependsOn on a projects.Service looks like."""
    title = host.split(".")[0]
    url = f"https://console.developers.google.com/apis/api/{host}/overview?project={number}"
    text = (
        f"{title} API has not been used in project {number} before or it is disabled. Enable it by visiting {url} "
        "then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our "
        "systems and retry."
    )
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "SERVICE_DISABLED",
        "domain": "googleapis.com",
        "metadata": {"service": host, "consumer": f"projects/{number}", "activationUrl": url},
    }
    return ApiError(403, text, reason="accessNotConfigured", details=[info])

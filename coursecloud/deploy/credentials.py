"""As whom Google is asked: with what the provider takes, in its order.

That is pulumi-gcp 10.2's (its Configure): what the stack file says goes before the environment, and a token before a
key. No message repeats a token or a key.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping
from typing import Any

import google.auth
import google.auth.exceptions
import requests
from google.auth import impersonated_credentials
from google.auth.transport.requests import AuthorizedSession
from google.oauth2 import credentials as oauth2
from requests.adapters import HTTPAdapter
from urllib3 import Retry

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
KEYS = ("GOOGLE_CREDENTIALS", "GOOGLE_CLOUD_KEYFILE_JSON", "GCLOUD_KEYFILE_JSON")
"""Variables with a key, or the name of its file, in the order in which the provider looks."""

AGAIN = Retry(
    total=2,
    connect=1,
    read=1,
    other=1,
    allowed_methods=None,  # what is asked here may be asked twice without harm
    status_forcelist=(429, 500, 502, 503, 504),
    backoff_factor=0.5,  # at once, and after a second
    retry_after_max=30,
    raise_on_status=False,
)
"""How often, and when, the same is asked again: twice where Google says no for now, once where nothing came.

How long to wait Google may say itself (Retry-After), up to half a minute.
"""

_AUTH: Any = google.auth  # which has no complete types


def session(environment: Mapping[str, str], config: Mapping[str, object]) -> requests.Session:
    """Make a session that asks as the provider would. Raises google.auth.exceptions.GoogleAuthError."""
    with warnings.catch_warnings():
        # google-auth warns of accounts without a project that pays (which is that of each thing that is asked for), and
        # of key files that a stranger may have written.
        warnings.simplefilter("ignore")
        found, fixed = _credentials(environment, config)
    # A token that somebody handed over cannot be renewed: then Google's own words are wanted, not google-auth's.
    session = AuthorizedSession(found, max_refresh_attempts=0 if fixed else 2)
    # A .netrc would put a password in the place of the token; proxies are given with each request.
    session.trust_env = False
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=AGAIN))
    bundle = environment.get("REQUESTS_CA_BUNDLE") or environment.get("SSL_CERT_FILE")
    if bundle:
        session.verify = bundle
    return session


def _credentials(environment: Mapping[str, str], config: Mapping[str, object]) -> tuple[Any, bool]:
    """Find the credentials as the provider does; True for a token that nothing renews. Raises GoogleAuthError."""
    token, key = config.get("gcp:accessToken"), config.get("gcp:credentials")
    if not token and not key:
        token = environment.get("GOOGLE_OAUTH_ACCESS_TOKEN")
        key = next((environment[name] for name in KEYS if environment.get(name)), None)
    for name, value in (("gcp:accessToken", token), ("gcp:credentials", key)):
        if value and not isinstance(value, str):
            raise google.auth.exceptions.DefaultCredentialsError(f"{name} is encrypted, and Pulumi alone reads it")
    fixed = bool(token)
    if token:
        found: Any = oauth2.Credentials(token=str(token))
    elif key:
        found = _of_key(str(key))
    else:
        found = _default(environment)
    override = str(config.get("gcp:userProjectOverride") or environment.get("USER_PROJECT_OVERRIDE") or "")
    payer = config.get("gcp:billingProject") or environment.get("GOOGLE_BILLING_PROJECT") or config.get("gcp:project")
    # google-auth sends the project of `gcloud auth application-default set-quota-project` along, the provider does not.
    if hasattr(found, "with_quota_project"):
        pays = payer if isinstance(payer, str) and override.lower() == "true" else None
        found = found.with_quota_project(pays)
    account = config.get("gcp:impersonateServiceAccount") or environment.get("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT")
    if isinstance(account, str):
        through: Any = config.get("gcp:impersonateServiceAccountDelegates")
        found = impersonated_credentials.Credentials(found, account, [SCOPE], delegates=through or None)
        fixed = False
    return found, fixed


def _of_key(key: str) -> Any:
    """Load a key that is given itself or as the name of its file; no message repeats it, for it may be either."""
    try:
        if os.path.exists(key):  # noqa: PTH110 - Path refuses a text as long as a key
            return _AUTH.load_credentials_from_file(key, scopes=[SCOPE])[0]
        return _AUTH.load_credentials_from_dict(json.loads(key), scopes=[SCOPE])[0]
    except (ValueError, AttributeError, TypeError, OSError):
        pass
    words = "GOOGLE_CREDENTIALS or its like holds neither the JSON of a key nor the name of its file"
    raise google.auth.exceptions.DefaultCredentialsError(words)


def _default(environment: Mapping[str, str]) -> Any:
    file = environment.get("GOOGLE_APPLICATION_CREDENTIALS")
    if file:
        return _AUTH.load_credentials_from_file(file, scopes=[SCOPE])[0]
    return _AUTH.default(scopes=[SCOPE])[0]

"""The environment that sends the Pulumi provider, gcloud and the Python clients to the emulator."""

from __future__ import annotations

# GOOGLE_<name>_CUSTOM_ENDPOINT of the provider -> path; each ends in its version, which its clients cut off or keep.
PROVIDER = {
    "ARTIFACT_REGISTRY": "artifactregistry/v1/",
    "BILLING_BUDGETS": "billingbudgets/v1/",
    "CLOUD_BILLING": "cloudbilling/v1/",
    "CLOUD_BUILD": "cloudbuild/v1/",
    "CLOUDBUILDV2": "cloudbuild/v2/",
    "CLOUD_RUN_V2": "run/v2/",
    "CLOUD_SCHEDULER": "cloudscheduler/v1/",
    "COMPUTE": "compute/beta/",
    "IAM_BETA": "iam/v1/",  # service accounts and roles go this way too
    "LOGGING": "logging/v2/",
    "MONITORING": "monitoring/",
    "PUBSUB": "pubsub/v1/",
    "RESOURCE_MANAGER": "cloudresourcemanager/v1/",
    "RESOURCE_MANAGER_V3": "cloudresourcemanager/v3/",
    "SECRET_MANAGER": "secretmanager/v1/",
    "SERVICE_USAGE": "serviceusage/v1beta1/",
    "STORAGE": "storage/v1/",
    "VERTEX_AI": "aiplatform/v1beta1/",
}
# CLOUDSDK_API_ENDPOINT_OVERRIDES_<name> of gcloud -> path; it adds the version itself, but for two.
GCLOUD = {
    "AIPLATFORM": "aiplatform/",
    "ARTIFACTREGISTRY": "artifactregistry/",
    "BILLINGBUDGETS": "billingbudgets/",
    "CLOUDBILLING": "cloudbilling/",
    "CLOUDBUILD": "cloudbuild/",
    "CLOUDRESOURCEMANAGER": "cloudresourcemanager/",
    "CLOUDSCHEDULER": "cloudscheduler/",
    "COMPUTE": "compute/v1/",
    "IAM": "iam/",
    "LOGGING": "logging/",
    "MONITORING": "monitoring/",
    "OSLOGIN": "oslogin/",
    "PUBSUB": "pubsub/",
    "RUN": "run/",
    "SECRETMANAGER": "secretmanager/",
    "SERVICEUSAGE": "serviceusage/",
    "STORAGE": "storage/v1/",
}
TOKEN = "emulator-token"  # noqa: S105 - means nothing anywhere
"""Not the name of a file or folder here: the provider would read it, for want of a token."""


def environment(url: str, project: str) -> dict[str, str]:
    """Every variable; HTTPS_PROXY is the emulator itself, which refuses and records what would leave the machine."""
    found = {f"GOOGLE_{name}_CUSTOM_ENDPOINT": f"{url}/{path}" for name, path in PROVIDER.items()}
    found |= {f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name}": f"{url}/{path}" for name, path in GCLOUD.items()}
    return found | {
        "GOOGLE_OAUTH_ACCESS_TOKEN": TOKEN,
        "GOOGLE_PROJECT": project,
        "GOOGLE_CLOUD_PROJECT": project,
        "PULUMI_GCP_SKIP_REGION_VALIDATION": "true",
        "CLOUDSDK_AUTH_ACCESS_TOKEN": TOKEN,
        "CLOUDSDK_CORE_PROJECT": project,
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        # gcloud asks Cloud Run at REGION-HOST, a name that nobody knows; its proxy does.
        "CLOUDSDK_PROXY_TYPE": "http",
        "CLOUDSDK_PROXY_ADDRESS": url.removeprefix("http://").rpartition(":")[0],
        "CLOUDSDK_PROXY_PORT": url.rpartition(":")[2],
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
        "STORAGE_EMULATOR_HOST": url.removeprefix("http://"),  # the form that Pulumi takes for a state in gs://
        "EMULATOR_URL": url,
        "HTTPS_PROXY": url,
        "https_proxy": url,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def api_endpoint(url: str, service: str, version: str) -> str:
    """`client_options={"api_endpoint": ...}` for google-api-python-client."""
    return f"{url}/{service}/{version}/" if service in ("compute", "storage") else f"{url}/{service}/"

"""A small program that breaks no rule: what an edit puts behind it is all that is new."""

from __future__ import annotations

from typing import Any

import pulumi

PROJECT = pulumi.Config("gcp").require("project")
ACCOUNT = f"own@{PROJECT}.iam.gserviceaccount.com"
OWN = f"serviceAccount:{ACCOUNT}"
LETS_IN = (
    "assertion.repository_id == '123456789' && assertion.event_name in"
    " ['pull_request', 'push', 'release', 'schedule', 'workflow_dispatch']"
    " && (assertion.event_name == 'pull_request' || assertion.ref == 'refs/heads/main'"
    " || assertion.ref.startsWith('refs/tags/'))"
)
"""What the stack file's repository has to be to come in."""
NETWORK = f"projects/{PROJECT}/global/networks/own"
IMAGE = "us-docker.pkg.dev/cloudrun/container/hello"


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Put what an edit says into what stands there; None takes it out."""
    both = dict(old)
    for key, value in new.items():
        there = both.get(key)
        both[key] = merged(there, value) if isinstance(there, dict) and isinstance(value, dict) else value  # pyright: ignore[reportUnknownArgumentType]
    return {key: value for key, value in both.items() if value is not None}


def machine(name: str, opts: pulumi.ResourceOptions | None = None, /, **more: Any) -> pulumi.CustomResource:
    """Declare a machine as the project's program does."""
    said: dict[str, Any] = {
        "project": PROJECT,
        "zone": "europe-west1-b",
        "machineType": "e2-small",
        "allowStoppingForUpdate": True,
        "canIpForward": False,
        "deletionProtection": False,
        "bootDisk": {
            "autoDelete": True,
            "initializeParams": {"image": "debian-cloud/debian-13", "size": 10, "type": "pd-balanced"},
        },
        "networkInterfaces": [{"subnetwork": f"projects/{PROJECT}/regions/europe-west1/subnetworks/own"}],
        "metadata": {
            "enable-oslogin": "TRUE",
            "block-project-ssh-keys": "TRUE",
        },
        "scheduling": {
            "automaticRestart": False,
            "instanceTerminationAction": "STOP",
            "maxRunDuration": {"seconds": 3600},
            "onHostMaintenance": "MIGRATE",
            "preemptible": False,
            "provisioningModel": "STANDARD",
        },
        "serviceAccount": {"email": ACCOUNT, "scopes": ["https://www.googleapis.com/auth/cloud-platform"]},
        "shieldedInstanceConfig": {"enableIntegrityMonitoring": True, "enableSecureBoot": True, "enableVtpm": True},
    }
    return made("gcp:compute/instance:Instance", name, said, opts, more)


def bucket(name: str, opts: pulumi.ResourceOptions | None = None, /, **more: Any) -> pulumi.CustomResource:
    """Declare a bucket."""
    said: dict[str, Any] = {
        "name": f"{PROJECT}-unit-{name}",
        "project": PROJECT,
        "location": "EUROPE-WEST1",
        "storageClass": "STANDARD",
        "uniformBucketLevelAccess": True,
        "publicAccessPrevention": "enforced",
        "forceDestroy": True,
        "versioning": {"enabled": True},
        "softDeletePolicy": {"retentionDurationSeconds": 0},
        "lifecycleRules": [
            {"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": 36, "numNewerVersions": 3}}
        ],
    }
    return made("gcp:storage/bucket:Bucket", name, said, opts, more)


def firewall(name: str, opts: pulumi.ResourceOptions | None = None, /, **more: Any) -> pulumi.CustomResource:
    """Declare a firewall rule."""
    said: dict[str, Any] = {
        "project": PROJECT,
        "network": NETWORK,
        "direction": "INGRESS",
        "allows": [{"protocol": "tcp", "ports": ["22"]}],
        "sourceRanges": ["35.235.240.0/20"],
    }
    return made("gcp:compute/firewall:Firewall", name, said, opts, more)


def service(name: str, opts: pulumi.ResourceOptions | None = None, /, **more: Any) -> pulumi.CustomResource:
    """Declare a Cloud Run service; `container` goes into its container, `template` into its template."""
    container: dict[str, Any] = merged(
        {"image": IMAGE, "resources": {"cpuIdle": True, "limits": {"cpu": "1", "memory": "512Mi"}}},
        more.pop("container", {}),
    )
    scaling = {"minInstanceCount": 0, "maxInstanceCount": 1}
    template = merged({"serviceAccount": ACCOUNT, "scaling": scaling, "timeout": "60s"}, more.pop("template", {}))
    said: dict[str, Any] = {
        "name": name,
        "project": PROJECT,
        "location": "europe-west1",
        "ingress": "INGRESS_TRAFFIC_ALL",
        "deletionProtection": False,
        "template": {**template, "containers": [container, *more.pop("sidecars", [])]},
    }
    return made("gcp:cloudrunv2/service:Service", name, said, opts, more)


def trigger(name: str, opts: pulumi.ResourceOptions | None = None, /, **more: Any) -> pulumi.CustomResource:
    """Declare a build trigger."""
    said: dict[str, Any] = {
        "name": name,
        "project": PROJECT,
        "location": "europe-west1",
        "serviceAccount": f"projects/{PROJECT}/serviceAccounts/{ACCOUNT}",
        "approvalConfig": {"approvalRequired": True},
        "github": {"owner": "a-group", "name": "its-project", "push": {"branch": "^main$"}},
        "build": {
            "options": {"logging": "CLOUD_LOGGING_ONLY"},
            "steps": [{"name": "gcr.io/cloud-builders/docker", "args": ["build", "."]}],
            "timeout": "600s",
        },
    }
    return made("gcp:cloudbuild/trigger:Trigger", name, said, opts, more)


def provider(name: str, opts: pulumi.ResourceOptions | None = None, /, **more: Any) -> pulumi.CustomResource:
    """Declare who of GitHub's workflows may come in."""
    said: dict[str, Any] = {
        "project": PROJECT,
        "workloadIdentityPoolId": "own-pool",
        "workloadIdentityPoolProviderId": "github",
        "attributeCondition": LETS_IN,
        "attributeMapping": {"google.subject": "assertion.sub"},
        "oidc": {"issuerUri": "https://token.actions.githubusercontent.com"},
    }
    kind = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
    return made(kind, name, said, opts, more)


def member(name: str, opts: pulumi.ResourceOptions | None = None, /, **more: Any) -> pulumi.CustomResource:
    """Grant a role on the project."""
    said: dict[str, Any] = {"project": PROJECT, "role": "roles/logging.logWriter", "member": OWN}
    return made("gcp:projects/iAMMember:IAMMember", name, said, opts, more)


def role(name: str, opts: pulumi.ResourceOptions | None = None, /, **more: Any) -> pulumi.CustomResource:
    """Declare a role of the stack's own."""
    said: dict[str, Any] = {
        "project": PROJECT,
        "roleId": f"own_{name}",
        "title": "Starts machines",
        "permissions": ["compute.instances.start", "compute.instances.stop"],
    }
    return made("gcp:projects/iAMCustomRole:IAMCustomRole", name, said, opts, more)


def made(
    kind: str, name: str, said: dict[str, Any], opts: pulumi.ResourceOptions | None, more: dict[str, Any]
) -> pulumi.CustomResource:
    """Register a resource by its inputs as Pulumi's wire has them."""
    return pulumi.CustomResource(kind, name, merged(said, more), opts)


def other(kind: str, name: str, opts: pulumi.ResourceOptions | None = None, /, **inputs: Any) -> pulumi.CustomResource:
    """Register a resource of any type."""
    return pulumi.CustomResource(kind, name, {"project": PROJECT, **inputs}, opts)


other("gcp:serviceaccount/account:Account", "own", accountId="own", displayName="the small program's own")
other("gcp:compute/network:Network", "network", name="own", autoCreateSubnetworks=False)
other(
    "gcp:compute/subnetwork:Subnetwork", "subnet", name="own", region="europe-west1", network=NETWORK,
    ipCidrRange="10.10.0.0/20", privateIpGoogleAccess=True,
)  # fmt: skip
machine("machine")
bucket("data")
firewall("ssh")
service("api")
trigger("build")
provider("github")
member("writes-logs")
role("operator")
# What an edit adds stands below.

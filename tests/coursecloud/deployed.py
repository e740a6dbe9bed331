"""A small stack on an emulator, made by the APIs themselves, and the state that Pulumi would have of it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from coursecloud.deploy.cloud import Cloud
from emulator import Emulator
from emulator.world import World

Json = dict[str, Any]
PROJECT = "my-project"
REGION, ZONE = "europe-west1", "europe-west1-b"
BUCKET, SECRET, REPOSITORY = "my-project-dev-data", "dev-WANDB_API_KEY", "dev-docker"
ACCOUNT = f"dev-machines@{PROJECT}.iam.gserviceaccount.com"
HERE = f"projects/{PROJECT}"
PLACE, AREA = f"{HERE}/zones/{ZONE}", f"{HERE}/locations/{REGION}"
POOL = f"{HERE}/locations/global/workloadIdentityPools/github-1"
APIS = ("artifactregistry", "cloudresourcemanager", "compute", "iam", "run", "secretmanager", "storage")
READS = "roles/storage.objectUser"
ISSUER = "https://token.actions.githubusercontent.com"


@dataclass
class Deployed:
    """The emulator, a session with it, and the state."""

    emulator: Emulator
    cloud: Cloud
    resources: list[Json] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    @property
    def number(self) -> str:
        return self.emulator.world.projects[PROJECT].number

    def asked(self, start: int = 0) -> list[str]:
        """Name the methods that were asked for."""
        return [call["id"] for call in self.emulator.requests[start:]]

    def state(self, kind: str, called: str, path: str, /, **outputs: Any) -> None:
        """Put a resource into the state; one of its outputs called `protect` is none, but that it is kept."""
        urn = f"urn:pulumi:dev::coursecloud::{kind}::{called}"
        told: Json = {"custom": True, "type": kind, "urn": urn, "id": path, "protect": outputs.pop("protect", False)}
        self.resources.append({**told, "inputs": {}, "outputs": {"id": path, **outputs}})

    def grant(self, api: str, path: str, role: str, *members: str, method: str = "POST", **condition: str) -> None:
        """Add members to a policy, as a person does in the console."""
        version = {"optionsRequestedPolicyVersion": "3"}
        if api == "storage":
            policy = self.cloud.get(api, f"{path}/iam", **version)
        elif api == "resourceManager":
            whole = {"options": {"requestedPolicyVersion": 3}}
            policy = self.cloud.call("POST", api, f"{path}:getIamPolicy", body=whole)
        elif api == "iamBeta":
            policy = self.cloud.call("POST", api, f"{path}:getIamPolicy")
        else:
            policy = self.cloud.get(api, f"{path}:getIamPolicy", **{"options.requestedPolicyVersion": "3"})
        binding: Json = {"role": role, "members": list(members)} | ({"condition": condition} if condition else {})
        policy = {**policy, "bindings": [*policy.get("bindings", []), binding], "version": 3}
        if api == "storage":
            self.cloud.call("PUT", api, f"{path}/iam", body=policy)
        else:
            self.cloud.call(method, api, f"{path}:setIamPolicy", body={"policy": policy})

    def upload(self, name: str, content: bytes) -> None:
        self.cloud.write_object(BUCKET, name, content)

    def rule(self, name: str, **more: Any) -> None:
        """Make a firewall rule on the stack's network."""
        body = {"name": name, "network": "global/networks/dev-network", "allowed": [{"IPProtocol": "tcp"}], **more}
        self.cloud.call("POST", "compute", f"{HERE}/global/firewalls", body=body)


def deploy() -> Iterator[Deployed]:
    """Give the stack on an emulator of its own."""
    with Emulator(projects=[PROJECT], enabled=[f"{api}.googleapis.com" for api in APIS]) as emulator:
        slept: list[float] = []
        made = Deployed(emulator, Cloud(emulator.env(), {}, sleep=slept.append), slept=slept)
        if not _KNOWN:
            _stores(made)
            _machine(made)
            _access(made)
            _KNOWN.append((emulator.copy(), made.resources))
        world, resources = _KNOWN[0]
        emulator.restore(world)
        made.resources = copy.deepcopy(resources)
        yield made


_KNOWN: list[tuple[World, list[Json]]] = []
"""What was made for the first test, and is copied for each."""


def _stores(made: Deployed) -> None:
    call, state = made.cloud.call, made.state
    body = {"name": BUCKET, "location": REGION, "versioning": {"enabled": True}}
    call("POST", "storage", "b", parameters={"project": PROJECT}, body=body)
    number = float(made.number)  # as the provider writes it
    state("gcp:storage/bucket:Bucket", "data", BUCKET, protect=True, name=BUCKET, projectNumber=number)
    call("POST", "artifactRegistry", f"{AREA}/repositories", parameters={"repositoryId": REPOSITORY}, body=DOCKER)
    path = f"{AREA}/repositories/{REPOSITORY}"
    state("gcp:artifactregistry/repository:Repository", "docker", path, format="DOCKER", name=REPOSITORY)
    call("POST", "secretManager", f"{HERE}/secrets", parameters={"secretId": SECRET}, body=REPLICATED)
    name = f"projects/{made.number}/secrets/{SECRET}"
    state("gcp:secretmanager/secret:Secret", "WANDB_API_KEY", f"{HERE}/secrets/{SECRET}", name=name)


DOCKER = {"format": "DOCKER"}
REPLICATED: Json = {"replication": {"automatic": {}}}


def _machine(made: Deployed) -> None:
    call, state = made.cloud.call, made.state
    network = {"name": "dev-network", "autoCreateSubnetworks": False}
    call("POST", "compute", f"{HERE}/global/networks", body=network)
    state("gcp:compute/network:Network", "network", f"{HERE}/global/networks/dev-network")
    made.rule("dev-ssh-from-iap", sourceRanges=["35.235.240.0/20"])
    state("gcp:compute/firewall:Firewall", "ssh-from-iap", f"{HERE}/global/firewalls/dev-ssh-from-iap")
    subnet = {"name": "dev-subnet", "network": "global/networks/dev-network", "ipCidrRange": "10.0.0.0/24"}
    call("POST", "compute", f"{HERE}/regions/{REGION}/subnetworks", body=subnet)
    call("POST", "compute", f"{PLACE}/disks", body={"name": "dev-workbench-work", "sizeGb": "30"})
    state("gcp:compute/disk:Disk", "workbench-work", f"{PLACE}/disks/dev-workbench-work", name="dev-workbench-work")
    image = "projects/debian-cloud/global/images/family/debian-12"
    boot = {"boot": True, "autoDelete": True, "initializeParams": {"sourceImage": image, "diskSizeGb": "20"}}
    machine = {
        "name": "dev-workbench",
        "machineType": f"zones/{ZONE}/machineTypes/e2-medium",
        "disks": [boot, {"source": f"zones/{ZONE}/disks/dev-workbench-work"}],
        "networkInterfaces": [{"subnetwork": f"regions/{REGION}/subnetworks/dev-subnet"}],
    }
    call("POST", "compute", f"{PLACE}/instances", body=machine)
    disk = {"source": f"https://www.googleapis.com/compute/v1/{PLACE}/disks/dev-workbench"}
    state("gcp:compute/instance:Instance", "workbench", f"{PLACE}/instances/dev-workbench", bootDisk=disk)


def _access(made: Deployed) -> None:
    call, state = made.cloud.call, made.state
    call("POST", "iamBeta", f"{HERE}/serviceAccounts", body={"accountId": "dev-machines"})
    account = f"{HERE}/serviceAccounts/{ACCOUNT}"
    state("gcp:serviceaccount/account:Account", "machines-account", account, email=ACCOUNT)
    member = f"serviceAccount:{ACCOUNT}"
    made.grant("storage", f"b/{BUCKET}", READS, member)
    grant = {"bucket": f"b/{BUCKET}", "role": READS, "member": member, "condition": None}
    path = f"b/{BUCKET}/{READS}/{member}"
    state("gcp:storage/bucketIAMMember:BucketIAMMember", "machines-use-data", path, **grant)
    made.grant("resourceManager", HERE, "roles/logging.logWriter", member)
    grant = {"project": PROJECT, "role": "roles/logging.logWriter", "member": member, "condition": None}
    state("gcp:projects/iAMMember:IAMMember", "machines-logs", f"{PROJECT}/...", **grant)
    template = {"template": {"containers": [{"image": "docker.io/library/nginx"}]}}
    call("POST", "cloudRunV2", f"{AREA}/services", parameters={"serviceId": "dev-demo"}, body=template)
    state("gcp:cloudrunv2/service:Service", "demo", f"{AREA}/services/dev-demo", name="dev-demo")
    call("POST", "iamBeta", POOL.rpartition("/")[0], parameters={"workloadIdentityPoolId": "github-1"}, body={})
    state("gcp:iam/workloadIdentityPool:WorkloadIdentityPool", "pool", POOL, workloadIdentityPoolId="github-1")
    provider(made, "github")
    kind = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
    state(kind, "provider", f"{POOL}/providers/github")


def provider(made: Deployed, name: str) -> None:
    """Make a provider of the stack's federation."""
    body = {
        "oidc": {"issuerUri": ISSUER},
        "attributeMapping": {"google.subject": "assertion.sub"},
        "attributeCondition": "assertion.repository_id == '1'",
    }
    where = {"workloadIdentityPoolProviderId": name}
    made.cloud.call("POST", "iamBeta", f"{POOL}/providers", parameters=where, body=body)

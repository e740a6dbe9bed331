"""Cases of the rules about the stack as a whole, its buckets, its network and its machines."""

from coursecloud.plan.registration import UNKNOWN
from coursecloud.policy.example import DROP, add, bucket, firewall, machine, put, settings, then
from infra.settings.lease import Credit
from tests.guardrails.cases import Case

STORAGE = [
    Case("bucket-uniform-access", "not true", "dev", "data", bucket("uniformBucketLevelAccess", DROP)),
    Case("bucket-public-access-prevented", "'inherited'", "dev", "data", bucket("publicAccessPrevention", DROP)),
    Case("bucket-versioned", "overwritten", "dev", "models", put("storage.Bucket", "models", "versioning", DROP)),
    Case("bucket-versioned", "overwritten", "dev", "staging", put("storage.Bucket", "staging", "lifecycleRules", [])),
    Case(
        "bucket-old-versions-end", "for ever", "dev", "data", bucket("lifecycleRules.0.action.type", "SetStorageClass")
    ),
    Case("bucket-old-versions-end", "", "dev", "data", bucket("versioning.enabled", False)),
]

NETWORK = [
    Case("firewall-not-open", "::/0", "dev", "ssh-from-iap", firewall("sourceRanges", ["35.235.240.0/20", "::/0"])),
    Case("firewall-not-open", "0.0.0.0/0", "dev", "ssh-from-iap", firewall("sourceRanges", DROP)),
    Case(
        "firewall-not-open",
        "128.0.0.0/1",
        "dev",
        "ssh-from-iap",
        firewall("sourceRanges", ["0.0.0.0/1", "128.0.0.0/1"]),
    ),
    Case(
        "firewall-not-open",
        "",
        "dev",
        "ssh-from-iap",
        then(firewall("sourceRanges", DROP), firewall("sourceTags", ["inside"])),
    ),
    Case(
        "firewall-not-open",
        "",
        "dev",
        "ssh-from-iap",
        then(firewall("sourceRanges", ["0.0.0.0/0"]), firewall("direction", "EGRESS")),
    ),
    Case(
        "firewall-not-open",
        "",
        "dev",
        "ssh-from-iap",
        then(firewall("sourceRanges", ["0.0.0.0/0"]), firewall("disabled", True)),
    ),
    Case(
        "firewall-ssh-through-iap",
        "1.2.3.4/32",
        "dev",
        "ssh-from-iap",
        then(firewall("sourceRanges", ["1.2.3.4"]), firewall("allows", [{"protocol": "tcp", "ports": ["20-30"]}])),
    ),
    Case("firewall-ssh-through-iap", "", "dev", "ssh-from-iap", firewall("sourceRanges", ["10.10.0.0/20"])),
    Case(
        "network-own",
        "default network",
        "dev",
        "workbench",
        machine("networkInterfaces", [{"network": "projects/p/global/networks/default"}]),
    ),
    Case("network-own", "default network", "dev", "ssh-from-iap", firewall("network", "default")),
    Case("network-own", "", "dev", "workbench", machine("networkInterfaces.0.subnetwork", UNKNOWN)),
]

MACHINES = [
    Case("machine-ends", "nothing stops it", "dev", "workbench", machine("scheduling", DROP)),
    Case("machine-ends", "does nothing", "dev", "workbench", machine("scheduling.instanceTerminationAction", DROP)),
    Case("machine-ends", "up to 2d", "dev", "workbench", machine("scheduling.maxRunDuration.seconds", 172800)),
    Case("machine-ends", "", "dev", "workbench", machine("scheduling.instanceTerminationAction", "DELETE")),
    Case(
        "machine-gpu-spot",
        "full price",
        "dev",
        "workbench",
        machine("machineType", "zones/x/machineTypes/g2-standard-4"),
    ),
    Case("machine-gpu-spot", "", "dev", "workbench", machine("machineType", "n1-standard-8")),
    Case("machine-own-account", "names no service account", "dev", "workbench", machine("serviceAccount.email", DROP)),
    Case("machine-blocks-project-keys", "any key", "dev", "workbench", machine("metadata", DROP)),
    Case(
        "machine-os-login",
        "whole project",
        "dev",
        "item",
        add("compute/projectMetadataItem:ProjectMetadataItem", "item", key="enable-oslogin", value="FALSE"),
    ),
    Case("machine-os-login", "", "dev", "workbench", machine("metadata.enable-oslogin", True)),
    Case("machine-no-serial-console", "open", "dev", "workbench", machine("metadata.serial-port-enable", "1")),
    Case("machine-shielded", "enableIntegrityMonitoring", "dev", "workbench", machine("shieldedInstanceConfig", DROP)),
]

STACK = [
    Case("region-allowed", "us-central1-a", "dev", "workbench", machine("zone", "us-central1-a")),
    Case("region-allowed", "allowed are eu", "dev", "data", settings("guardrails", regions=("eu",))),
    Case("region-allowed", "", "dev", "workbench", machine("zone", "europe-west1-c")),
    Case("cost-per-hour", "the limit is 2", "dev", "stack", machine("machineType", "n1-highmem-96")),
    Case("cost-idle-per-day", "the limit is 0.02", "dev", "stack", settings("lease", credit=Credit(amount=1.0))),
    Case("cost-idle-per-day", "the limit is 1", "dev", "stack", put("compute.Disk", "workbench-work", "size", 9000)),
]

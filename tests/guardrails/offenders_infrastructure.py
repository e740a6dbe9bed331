"""Cases of the rules about the stack as a whole, its buckets, its network and its machines."""

from coursecloud.plan.registration import UNKNOWN
from infra.settings.lease import Credit
from tests.guardrails.edits import DEFAULT_ACCOUNT, DROP, Case, Edit, add, bucket, machine, put, settings, then


def _firewall(path: str, value: object) -> Edit:
    return put("compute.Firewall", "ssh-from-iap", path, value)


def _from_all(ports: list[str]) -> Edit:
    return then(_firewall("allows", [{"protocol": "tcp", "ports": ports}]), _firewall("sourceRanges", ["0.0.0.0/0"]))


STORAGE = [
    Case(
        "bucket-uniform-access", "not true", "dev", "data", bucket("uniformBucketLevelAccess", False), ("CKV_GCP_29",)
    ),
    Case("bucket-uniform-access", "not true", "dev", "data", bucket("uniformBucketLevelAccess", DROP)),
    Case("bucket-uniform-access", "", "dev", "data", bucket("uniformBucketLevelAccess", "true")),
    Case(
        "bucket-public-access-prevented",
        "'inherited'",
        "dev",
        "data",
        bucket("publicAccessPrevention", "inherited"),
        ("CKV_GCP_114",),
    ),
    Case("bucket-public-access-prevented", "'inherited'", "dev", "data", bucket("publicAccessPrevention", DROP)),
    Case("bucket-public-access-prevented", "", "dev", "data", bucket("location", "EU")),
    Case("bucket-versioned", "overwritten", "dev", "data", bucket("versioning", {"enabled": False}), ("CKV_GCP_78",)),
    Case("bucket-versioned", "overwritten", "dev", "models", put("storage.Bucket", "models", "versioning", DROP)),
    Case("bucket-versioned", "overwritten", "dev", "staging", put("storage.Bucket", "staging", "lifecycleRules", [])),
    Case("bucket-versioned", "", "dev", "staging", put("storage.Bucket", "staging", "versioning.enabled", True)),
    Case("bucket-old-versions-end", "for ever", "dev", "data", bucket("lifecycleRules", [])),
    Case(
        "bucket-old-versions-end", "for ever", "dev", "data", bucket("lifecycleRules.0.action.type", "SetStorageClass")
    ),
    Case("bucket-old-versions-end", "", "dev", "data", bucket("lifecycleRules.0.condition", {"numNewerVersions": 3})),
    Case("bucket-old-versions-end", "", "dev", "data", bucket("versioning.enabled", False)),
]

NETWORK = [
    Case(
        "firewall-not-open",
        "0.0.0.0/0",
        "dev",
        "ssh-from-iap",
        _firewall("sourceRanges", ["0.0.0.0/0"]),
        ("CKV_GCP_2",),
    ),
    Case("firewall-not-open", "0.0.0.0/0", "dev", "ssh-from-iap", _from_all(["3389"]), ("CKV_GCP_3",)),
    Case("firewall-not-open", "0.0.0.0/0", "dev", "ssh-from-iap", _from_all(["21"]), ("CKV_GCP_75",)),
    Case("firewall-not-open", "0.0.0.0/0", "dev", "ssh-from-iap", _from_all(["20"]), ("CKV_GCP_77",)),
    Case("firewall-not-open", "0.0.0.0/0", "dev", "ssh-from-iap", _from_all(["80"]), ("CKV_GCP_106",)),
    Case(
        "firewall-not-open",
        "0.0.0.0/0",
        "dev",
        "ssh-from-iap",
        then(_firewall("allows", [{"protocol": "all"}]), _firewall("sourceRanges", ["0.0.0.0/0"])),
        ("CKV2_GCP_12",),
    ),
    Case("firewall-not-open", "::/0", "dev", "ssh-from-iap", _firewall("sourceRanges", ["35.235.240.0/20", "::/0"])),
    Case("firewall-not-open", "0.0.0.0/0", "dev", "ssh-from-iap", _firewall("sourceRanges", DROP)),
    Case(
        "firewall-not-open",
        "128.0.0.0/1",
        "dev",
        "ssh-from-iap",
        _firewall("sourceRanges", ["0.0.0.0/1", "128.0.0.0/1"]),
    ),
    Case("firewall-not-open", "", "dev", "ssh-from-iap", _firewall("sourceRanges", ["10.0.0.0/8"])),
    Case(
        "firewall-not-open",
        "",
        "dev",
        "ssh-from-iap",
        then(_firewall("sourceRanges", DROP), _firewall("sourceTags", ["inside"])),
    ),
    Case(
        "firewall-not-open",
        "",
        "dev",
        "ssh-from-iap",
        then(_firewall("sourceRanges", ["0.0.0.0/0"]), _firewall("direction", "EGRESS")),
    ),
    Case(
        "firewall-not-open",
        "",
        "dev",
        "ssh-from-iap",
        then(_firewall("sourceRanges", ["0.0.0.0/0"]), _firewall("disabled", True)),
    ),
    Case(
        "firewall-ssh-through-iap",
        "130.226.0.0/16",
        "dev",
        "ssh-from-iap",
        _firewall("sourceRanges", ["130.226.0.0/16"]),
    ),
    Case(
        "firewall-ssh-through-iap",
        "1.2.3.4/32",
        "dev",
        "ssh-from-iap",
        then(_firewall("sourceRanges", ["1.2.3.4"]), _firewall("allows", [{"protocol": "tcp", "ports": ["20-30"]}])),
    ),
    Case(
        "firewall-ssh-through-iap",
        "",
        "dev",
        "ssh-from-iap",
        then(_firewall("sourceRanges", ["1.2.3.4/32"]), _firewall("allows", [{"protocol": "tcp", "ports": ["443"]}])),
    ),
    Case("firewall-ssh-through-iap", "", "dev", "ssh-from-iap", _firewall("sourceRanges", ["10.10.0.0/20"])),
    Case(
        "subnet-private-google-access",
        "not true",
        "dev",
        "subnet-europe-west1",
        put("compute.Subnetwork", "subnet-europe-west1", "privateIpGoogleAccess", False),
        ("CKV_GCP_74",),
    ),
    Case(
        "subnet-private-google-access",
        "",
        "dev",
        "subnet-europe-west1",
        then(
            put("compute.Subnetwork", "subnet-europe-west1", "privateIpGoogleAccess", False),
            put("compute.Subnetwork", "subnet-europe-west1", "purpose", "REGIONAL_MANAGED_PROXY"),
        ),
    ),
    Case(
        "network-own", "names no network", "dev", "workbench", machine("networkInterfaces", [{"nicType": "VIRTIO_NET"}])
    ),
    Case(
        "network-own",
        "default network",
        "dev",
        "workbench",
        machine("networkInterfaces", [{"network": "projects/p/global/networks/default"}]),
    ),
    Case("network-own", "default network", "dev", "ssh-from-iap", _firewall("network", "default")),
    Case("network-own", "", "dev", "workbench", machine("networkInterfaces.0.subnetwork", "other-subnet")),
    Case("network-own", "", "dev", "workbench", machine("networkInterfaces.0.subnetwork", UNKNOWN)),
]

MACHINES = [
    Case("machine-ends", "nothing stops it", "dev", "workbench", machine("scheduling.maxRunDuration", DROP)),
    Case("machine-ends", "nothing stops it", "dev", "workbench", machine("scheduling", DROP)),
    Case("machine-ends", "does nothing", "dev", "workbench", machine("scheduling.instanceTerminationAction", DROP)),
    Case("machine-ends", "up to 2d", "dev", "workbench", machine("scheduling.maxRunDuration.seconds", 172800)),
    Case("machine-ends", "", "dev", "workbench", machine("scheduling.maxRunDuration.seconds", 86400)),
    Case("machine-ends", "", "dev", "workbench", machine("scheduling.instanceTerminationAction", "DELETE")),
    Case(
        "machine-gpu-spot",
        "full price",
        "gpu",
        "trainer",
        put("compute.Instance", "trainer", "scheduling", {"provisioningModel": "STANDARD", "preemptible": False}),
    ),
    Case(
        "machine-gpu-spot",
        "full price",
        "dev",
        "workbench",
        machine("machineType", "zones/x/machineTypes/g2-standard-4"),
    ),
    Case("machine-gpu-spot", "", "gpu", "trainer", put("compute.Instance", "trainer", "machineType", "n1-standard-8")),
    Case("machine-gpu-spot", "", "dev", "workbench", machine("machineType", "n1-standard-8")),
    Case(
        "machine-own-account",
        "default service account",
        "dev",
        "workbench",
        machine("serviceAccount.email", DEFAULT_ACCOUNT),
        ("CKV_GCP_30", "CKV_GCP_31"),
    ),
    Case("machine-own-account", "names no service account", "dev", "workbench", machine("serviceAccount.email", DROP)),
    Case("machine-own-account", "", "dev", "workbench", machine("serviceAccount", DROP)),
    Case(
        "machine-blocks-project-keys",
        "any key",
        "dev",
        "workbench",
        machine("metadata.block-project-ssh-keys", "FALSE"),
        ("CKV_GCP_32",),
    ),
    Case("machine-blocks-project-keys", "any key", "dev", "workbench", machine("metadata", DROP)),
    Case("machine-blocks-project-keys", "", "dev", "workbench", machine("metadata.block-project-ssh-keys", "true")),
    Case(
        "machine-os-login", "not TRUE", "dev", "workbench", machine("metadata.enable-oslogin", "FALSE"), ("CKV_GCP_34",)
    ),
    Case(
        "machine-os-login",
        "not TRUE",
        "dev",
        "common",
        add("compute/projectMetadata:ProjectMetadata", "common", metadata={"x": "y"}),
        ("CKV_GCP_33",),
    ),
    Case(
        "machine-os-login",
        "whole project",
        "dev",
        "item",
        add("compute/projectMetadataItem:ProjectMetadataItem", "item", key="enable-oslogin", value="FALSE"),
    ),
    Case(
        "machine-os-login",
        "",
        "dev",
        "item",
        add("compute/projectMetadataItem:ProjectMetadataItem", "item", key="other", value="FALSE"),
    ),
    Case("machine-os-login", "", "dev", "workbench", machine("metadata.enable-oslogin", True)),
    Case(
        "machine-no-serial-console",
        "open to the internet",
        "dev",
        "workbench",
        machine("metadata.serial-port-enable", "TRUE"),
        ("CKV_GCP_35",),
    ),
    Case("machine-no-serial-console", "open", "dev", "workbench", machine("metadata.serial-port-enable", "1")),
    Case("machine-no-serial-console", "", "dev", "workbench", machine("metadata.serial-port-enable", DROP)),
    Case("machine-no-forwarding", "other machines", "dev", "workbench", machine("canIpForward", True), ("CKV_GCP_36",)),
    Case("machine-no-forwarding", "", "dev", "workbench", machine("canIpForward", DROP)),
    Case(
        "machine-shielded",
        "enableVtpm",
        "dev",
        "workbench",
        machine("shieldedInstanceConfig.enableVtpm", False),
        ("CKV_GCP_39",),
    ),
    Case("machine-shielded", "enableIntegrityMonitoring", "dev", "workbench", machine("shieldedInstanceConfig", DROP)),
    Case("machine-shielded", "", "dev", "workbench", machine("shieldedInstanceConfig.enableSecureBoot", False)),
    Case(
        "machine-secure-boot", "no GPU", "dev", "workbench", machine("shieldedInstanceConfig.enableSecureBoot", False)
    ),
    Case(
        "machine-secure-boot",
        "",
        "gpu",
        "trainer",
        put("compute.Instance", "trainer", "shieldedInstanceConfig.enableVtpm", False),
    ),
    Case(
        "machine-no-address",
        "interface 0",
        "full",
        "runner",
        put("compute.Instance", "runner", "networkInterfaces.0.accessConfigs", [{"networkTier": "PREMIUM"}]),
        ("CKV_GCP_40",),
    ),
    Case("machine-no-address", "", "dev", "workbench", machine("networkInterfaces.0.accessConfigs", [])),
]

STACK = [
    Case("lease-ends", "no end", "gpu", "stack", settings("lease", ends=None)),
    Case("lease-ends", "", "gpu", "stack", settings("lease", time_zone="Etc/UTC")),
    Case("region-allowed", "us-central1", "dev", "data", bucket("location", "US-CENTRAL1")),
    Case("region-allowed", "us-central1-a", "dev", "workbench", machine("zone", "us-central1-a")),
    Case("region-allowed", "allowed are eu", "dev", "data", settings("guardrails", regions=("eu",))),
    Case("region-allowed", "", "dev", "data", settings("guardrails", regions=("europe-west1", "eu"))),
    Case("region-allowed", "", "dev", "workbench", machine("zone", "europe-west1-c")),
    Case("cost-per-hour", "the limit is 0.01", "dev", "stack", settings("lease", max_per_hour=0.01)),
    Case("cost-per-hour", "the limit is 2", "dev", "stack", machine("machineType", "n1-highmem-96")),
    Case("cost-per-hour", "", "dev", "stack", settings("lease", max_per_hour=1.0)),
    Case("cost-idle-per-day", "the limit is 0.01", "dev", "stack", settings("guardrails", max_idle_per_day=0.01)),
    Case("cost-idle-per-day", "the limit is 0.02", "dev", "stack", settings("lease", credit=Credit(amount=1.0))),
    Case("cost-idle-per-day", "the limit is 1", "dev", "stack", put("compute.Disk", "workbench-work", "size", 9000)),
    Case("cost-idle-per-day", "", "dev", "stack", put("compute.Disk", "workbench-work", "size", 30)),
]

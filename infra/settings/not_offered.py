"""What Google has and a stack file does not offer, with the reason, and what others call what it has."""

from catalog import tables

_ACCOUNT = "each part has a service account of its own with what it needs; more goes to `team.extraRoles` or infra/"

_FUNCTION = (
    "a function of Google's second generation is a Cloud Run service whose image Google builds, and leaves buckets and"
    " a repository of its own behind; put the code into an image that answers on $PORT (functions-framework does so)"
    " and name it under coursecloud:services"
)

_WHY: dict[str, dict[str, str]] = {
    "Service": {
        "gpu": "a GPU of Cloud Run bills at least a minute a start and has a quota of its own; serve from a machine"
        " with a `gpu:`, or run a batch as a training job",
        "sidecars": "a service has one container; for what a sidecar would do, such as sending metrics,"
        " docs/monitoring.md has the commands",
        "function": _FUNCTION,
        "ingress": "who may call it is said by `public`",
        "cpuAlwaysAllocated": "it would bill around the clock; a service bills while it answers",
        "serviceAccount": _ACCOUNT,
        "region": "services are in the stack's region, gcp:region",
        "command": "the image's entry point starts it",
        "args": "the image's entry point starts it; settings go into `env`",
    },
    "Machine": {
        "serviceAccount": _ACCOUNT,
        "localSsd": "what is on a local SSD is lost at each stop, and these machines stop each evening; take a"
        " `dataDisk`, or a machine type that comes with local SSD",
        "minCpuPlatform": "Google chooses a processor of the series; take a series that has the one you need",
        "sshKeys": "people log in by OS Login, as themselves: `gcloud compute ssh --tunnel-through-iap`",
        "tags": "the network's rules hold for every machine of the stack",
        "network": "machines are in the network of the stack; `coursecloud:network` has its ranges",
        "externalIp": "`coursecloud:network: {egress: nat}` leaves machines without an address of their own",
        "count": "write one machine a name; each has a disk of its own",
        "ports": "nothing comes in but ssh through IAP; what answers others is a service, under coursecloud:services",
        "snapshots": "copy what matters to the data bucket, which keeps old versions",
        "hibernate": "a machine is stopped, and its disks stay; memory is not kept",
    },
    "BootDisk": {
        "iops": "Google's default for the size is taken",
        "throughput": "Google's default for the size is taken",
        "keep": "the boot disk goes with the machine; work belongs on the `dataDisk`, which has `keep`",
    },
    "DataDisk": {
        "iops": "Google's default for the size is taken",
        "throughput": "Google's default for the size is taken",
        "snapshots": "copy what matters to the data bucket, which keeps old versions",
    },
    "Training": {
        "replicas": "a job has one worker; submit several jobs by the command in the outputs",
        "serviceAccount": _ACCOUNT,
        "command": "the image's entry point starts it; `args` go behind it",
        "diskSizeGb": "a job has Google's default disk of 100 GB; data is read from the buckets at /gcs",
    },
    "Monitoring": {
        "email": "an address in the stack would stand in its state, which the empty passphrase opens; make a channel"
        " once (docs/monitoring.md) and name its number under `channels`",
        "slo": "docs/monitoring.md has the command",
        "dashboard": "docs/monitoring.md has the command; Cloud Run and Cloud Build each have one of Google's",
    },
    "Settings": {"functions": _FUNCTION},
    "Secrets": {
        "replication": "Google chooses where a secret is kept",
        "rotation": "add a new version by the command in the outputs, and disable the old one",
        "ttl": "a secret goes with the stack, unless it has `keep`",
    },
    "Trigger": {
        "ignoredFiles": "`includedFiles` names the files whose change starts it; all others start nothing",
        "steps": "steps, arguments and targets of a build stand in a build file, named as `buildFile`",
        "serviceAccount": _ACCOUNT,
        "substitutions": "write them into the build file, under `substitutions:`",
        "secrets": "say who reads a secret under coursecloud:secrets.names, with `builds`",
        "schedule": "a build starts by a push, a tag or a pull request",
    },
}


def why(model: str, key: str) -> str | None:
    """Say why a key is not offered in a section; None where nobody has thought of it."""
    folded = {name.lower(): reason for name, reason in _WHY.get(model, {}).items()}
    return folded.get(_ALSO.get(_folded(key), _folded(key)))


def meant(model: str, key: str) -> tuple[str, str]:
    """Say what others call by this word: the remedy, and the key where it is one; empty where unknown."""
    words: dict[str, list[str]] = tables.table("other-words")["keys"].get(model, {})
    found = next((right for right, others in words.items() if _folded(key) in map(_folded, others)), "")
    return (found, "") if " " in found or not found else (f"did you mean '{found}'?", found)


def _folded(key: str) -> str:
    return key.lower().replace("_", "").replace("-", "")


_ALSO = {
    "gpus": "gpu",
    "publicipaddress": "externalip",
    "staticip": "externalip",
    "networkinterfaces": "externalip",
    "accessconfig": "externalip",
    "instances": "count",
    "firewall": "ports",
    "public": "ports",
    "ssh": "sshkeys",
    "user": "sshkeys",
    "snapshot": "snapshots",
    "backup": "snapshots",
    "buildargs": "steps",
    "target": "steps",
    "context": "steps",
    "accelerator": "gpu",
    "emails": "email",
    "emailaddress": "email",
    "slos": "slo",
    "dashboards": "dashboard",
    "cloudfunctions": "functions",
    "containers": "sidecars",
    "sidecar": "sidecars",
    "source": "function",
    "entrypoint": "function",
    "runtime": "function",
    "cpuidle": "cpualwaysallocated",
    "localssds": "localssd",
    "scratchdisks": "localssd",
    "networktags": "tags",
    "subnet": "network",
    "subnetwork": "network",
    "address": "externalip",
    "publicip": "externalip",
    "provisionediops": "iops",
    "provisionedthroughput": "throughput",
    "replicacount": "replicas",
    "workers": "replicas",
    "bootdisksizegb": "disksizegb",
}
"""Other words for the same, letter case aside."""

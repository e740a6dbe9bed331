"""Each rule of the stack file: what breaks it is named by path, with the rule and a remedy that would work."""

import warnings
from pathlib import Path
from typing import Any

import pytest

from infra.settings import delivery
from tests.settings.stacks import PROJECT, mistakes

N1 = "machineType: n1-standard-4"
HOURS = "coursecloud:lease.workingHours"
SUBNETS = "coursecloud:network.subnets"
Case = tuple[str, str, str, str]
"""What the file says, the path of its only mistake, words of the rule, and words of the remedy."""

PROVIDER: list[Case] = [
    ("{}", "gcp:project", "names the Google Cloud project", "add `gcp:project"),
    ("gcp:project:", "gcp:project", "names the Google Cloud project", "add `gcp:project"),
    ("gcp:project: short", "gcp:project", "6 to 30", "gcloud projects list"),
    ("gcp:project: My Project", "gcp:project", "lower-case", "gcloud projects list"),
    ("gcp:project: ends-with-", "gcp:project", "not end with a hyphen", "gcloud projects list"),
    ("gcp:project: 123456789", "gcp:project", "nor its number", "gcloud projects list"),
    *(
        (f"gcp:project: my-{word}-project", "gcp:project", f"'{word}'", "gcloud projects list")
        for word in ("google", "ssl", "null", "undefined")
    ),
    ("gcp:project: [a]", "gcp:project", "a text belongs here", "write one text"),
    ("gcp:projct: my-project-1", "gcp:project", "names the Google Cloud project", "in place of `gcp:projct`"),
    ("google:project: x\n" + PROJECT, "google:project", "nothing reads", "'gcp:project'"),
    ("project: my-project-1", "coursecloud:project", "belongs to the provider", "gcp:project"),
    (PROJECT + "region: europe-west4", "coursecloud:region", "belongs to the provider", "gcp:region"),
    (PROJECT + "zone: europe-west1-b", "coursecloud:zone", "belongs to the provider", "gcp:zone"),
    (PROJECT + "gpc:region: europe-west4", "gpc:region", "nothing reads", "'gcp:region'"),
    (PROJECT + "gcp:region: europe-west1-b", "gcp:region", "no such region", "'europe-west1'"),
    (PROJECT + "gcp:region: mars", "gcp:region", "no such region", "europe-west4"),
    (PROJECT + "gcp:region: {secure: AAAA}", "gcp:region", "a plan needs to know", "plainly"),
    (PROJECT + "gcp:zone: us-central1-a", "gcp:zone", "not in the stack's region", "europe-west1-b"),
    (PROJECT + "gcp:zone: europe-west1-a", "gcp:zone", "no such zone", "europe-west1-b"),
    (PROJECT + "gcp:regoin: europe-west4", "gcp:regoin", "no such setting", "'gcp:region'"),
    (PROJECT + "gcp:zoen: europe-west4-a", "gcp:zoen", "no such setting", "'gcp:zone'"),
    (PROJECT + "gcp:projectId: other-project", "gcp:projectId", "no such setting", "'gcp:project'"),
]

SECTIONS: list[Case] = [
    (
        "coursecloud:machines: {a: {fallbackZones: [europe-west1-z]}}",
        "coursecloud:machines.a.fallbackZones[0]",
        "no such zone",
        "write one of europe-west1-b",
    ),
    ("coursecloud:machine: {}", "coursecloud:machine", "not known", "'machines'"),
    ("coursecloud:lease:ends: x", "coursecloud:lease:ends", "this section is not known", "'lease'"),
    ("coursecloud:training: {region: mars}", "coursecloud:training.region", "no such region", "europe-west1"),
    ("coursecluod:lease: {}", "coursecluod:lease", "nothing reads", "'coursecloud:lease'"),
    ("coursecloud:lease: [a]", "coursecloud:lease", "mapping", "indent"),
    ("coursecloud:lease: soon", "coursecloud:lease", "mapping", "indent"),
    ("coursecloud:machines: [a]", "coursecloud:machines", "mapping", "indent"),
    ("coursecloud:machines: {a: e2-medium}", "coursecloud:machines.a", "mapping", "machineType"),
    ("coursecloud:github:", "coursecloud:github.repositoryId", "required", "gh api repos/OWNER/NAME"),
    ("coursecloud:lease: {time_zone: Etc/UTC}", "coursecloud:lease.time_zone", "not known", "'timeZone'"),
    ("coursecloud:lease: {xyzzy: 1}", "coursecloud:lease.xyzzy", "not known", "known here: alerts, credit"),
    ("coursecloud:machines: {a: {gpu: {modell: T4}}}", "coursecloud:machines.a.gpu.modell", "not known", "'model'"),
    ("coursecloud:storage: {data: {keepNewst: 1}}", "coursecloud:storage.data.keepNewst", "not known", "'keepNewest'"),
    ("coursecloud:lease: {workingHours: }", "coursecloud:lease.workingHours", "mapping", "remove the key"),
    ("coursecloud:course: {labels: {a: {b: c}}}", "coursecloud:course.labels.a", "a text", "in quotes"),
    ("coursecloud:lease: {secure: AAAA}", "coursecloud:lease", "encrypted", "plainly"),
    ("coursecloud:lease: {timeZone: {secure: AAAA}}", "coursecloud:lease.timeZone", "encrypted", "plainly"),
    ("coursecloud:team: {members: {secure: AAAA}}", "coursecloud:team.members", "encrypted", "single entries"),
    (
        "coursecloud:services: {demo: {env: {KEY: {secure: AAAA}}}}",
        "coursecloud:services.demo.env.KEY",
        "encrypted",
        "Secret Manager",
    ),
]

COURSE: list[Case] = [
    ("coursecloud:course: {group: Group 7}", "coursecloud:course.group", "lower-case", "'group-07'"),
    ("coursecloud:course: {owner: ada@example.com}", "coursecloud:course.owner", "lower-case", "'@'"),
    (f"coursecloud:course: {{name: {'a' * 64}}}", "coursecloud:course.name", "at most 63", "lower case"),
    ("coursecloud:course: {labels: {version: 1.5}}", "coursecloud:course.labels.version", "a text", '"1.5", in quotes'),
    ("coursecloud:course: {labels: {Cost: x}}", "coursecloud:course.labels.Cost", "label key", "lower case"),
    ("coursecloud:course: {labels: {goog-x: x}}", "coursecloud:course.labels.goog-x", "'goog'", "write it"),
    ("coursecloud:course: {labels: {stack: x}}", "coursecloud:course.labels.stack", "sets this label itself", "rename"),
    ("coursecloud:machines: {a: {labels: {owner: x}}}", "coursecloud:machines.a.labels.owner", "itself", "rename"),
    (
        f"coursecloud:course: {{labels: {{{', '.join(f'k{n}: v' for n in range(58))}}}}}",
        "coursecloud:course.labels",
        "64 labels",
        "remove some",
    ),
]

LEASE: list[Case] = [
    ("coursecloud:lease: {timeZone: CET+1}", "coursecloud:lease.timeZone", "IANA", "'CET'"),
    ("coursecloud:lease: {timeZone: Europe/Kopenhagen}", "coursecloud:lease.timeZone", "IANA", "'Europe/Copenhagen'"),
    ("coursecloud:lease: {timeZone: Mars}", "coursecloud:lease.timeZone", "IANA", "Europe/Copenhagen"),
    ("coursecloud:lease: {starts: 23.11.2026}", "coursecloud:lease.starts", "year first", "2026-11-23"),
    ("coursecloud:lease: {starts: 2026-02-30}", "coursecloud:lease.starts", "year first", "2026-12-18"),
    ("coursecloud:lease: {ends: 2026-12-18}", "coursecloud:lease", "needs its start", "add `starts: `"),
    ("coursecloud:lease: {starts: 2026-12-18, ends: 2026-12-01}", "coursecloud:lease", "after it ends", "swap"),
    ("coursecloud:lease: {credit: 50 USD}", "coursecloud:lease.credit", "mapping", "amount, currency"),
    ("coursecloud:lease: {credit: {amount: -1}}", "coursecloud:lease.credit.amount", "0.01 or more", "0.01 or more"),
    ("coursecloud:lease: {credit: {amount: '50'}}", "coursecloud:lease.credit.amount", "a number", "without quotes"),
    ("coursecloud:lease: {credit: {amount: true}}", "coursecloud:lease.credit.amount", "a number", "without quotes"),
    ("coursecloud:lease: {credit: {currency: kr}}", "coursecloud:lease.credit.currency", "DKK", "write DKK, NOK"),
    ("coursecloud:lease: {maxPerHour: '.nan'}", "coursecloud:lease.maxPerHour", "a number", "without quotes"),
    ("coursecloud:lease: {graceDays: 1.5}", "coursecloud:lease.graceDays", "whole number", "fraction"),
    ("coursecloud:lease: {graceDays: 366}", "coursecloud:lease.graceDays", "365 or less", "365"),
    ("coursecloud:lease: {workingHours: {days: [Monday]}}", "coursecloud:lease.workingHours.days[0]", "mon", "'mon'"),
    ("coursecloud:lease: {workingHours: {days: []}}", "coursecloud:lease.workingHours.days", "empty", "add an entry"),
    (
        "coursecloud:lease: {workingHours: {days: [mon, mon]}}",
        "coursecloud:lease.workingHours.days[1]",
        "twice",
        "once",
    ),
    ("coursecloud:lease: {workingHours: {start: 9:00}}", "coursecloud:lease.workingHours.start", "HH:MM", "'08:00'"),
    ("coursecloud:lease: {workingHours: {end: 24:00}}", "coursecloud:lease.workingHours.end", "23:59", "'08:00'"),
    (
        "coursecloud:lease: {workingHours: {start: 18:00, end: 08:00}}",
        "coursecloud:lease.workingHours",
        "not before its end",
        "start before the end",
    ),
    *(
        (f"coursecloud:lease: {{stopSchedule: '{line}'}}", "coursecloud:lease.stopSchedule", rule, "'0 20 * * *'")
        for line, rule in [
            ("20:00", "five fields, this one has 1"),
            ("0 25 * * *", "hour is 0 to 23"),
            ("60 20 * * *", "minute is 0 to 59"),
            ("0 20 0 * *", "day of the month is 1 to 31"),
            ("0 20 * 13 *", "month is 1 to 12"),
            ("0 20 * * MONDAY", "day of the week is a number"),
            ("0 20-18 * * *", "hour is 0 to 23"),
            ("0 */0 * * *", "step of the hour is 1"),
            ("0 1-2-3 * * *", "hour is a number"),
            ("*/5 20 * * *", "at most once an hour"),
            ("* * * * *", "at most once an hour"),
            ("² 20 * * *", "minute is a number"),
        ]
    ),
]

NETWORK: list[Case] = [
    (
        "coursecloud:network: {subnets: {europe-west1: 10.10.0.0/16, europe-west4: 10.10.16.0/20}}",
        "coursecloud:network.subnets.europe-west4",
        "overlaps the range of europe-west1",
        "10.11.0.0/20",
    ),
    (
        "coursecloud:network: {subnets: {europe-west4: 10.10.0.0/20}}",
        "coursecloud:network.subnets",
        "own region, europe-west1, has no subnet",
        "add `europe-west1: 10.10.16.0/20`",
    ),
    (
        "coursecloud:network: {subnets: {europe-west1: 10.10.0.0/20, europe-wset4: 10.20.0.0/20}}",
        "coursecloud:network.subnets.europe-wset4",
        "no such region",
        "'europe-west4'",
    ),
    *(
        (
            f"coursecloud:network: {{subnets: {{europe-west1: {cidr}}}}}",
            "coursecloud:network.subnets.europe-west1",
            *say,
        )
        for cidr, say in [
            ("10.10.0.1/20", ("first address", "write 10.10.0.0/20")),
            ("8.8.8.0/24", ("part of 10/8", "10.10.0.0/20")),
            ("127.0.0.0/24", ("part of 10/8", "10.10.0.0/20")),
            ("10.10.0.0/30", ("/16 to /29", "10.10.0.0/20")),
            ("10.0.0.0/8", ("/16 to /29", "10.10.0.0/20")),
            ("172.17.0.0/20", ("docker's own bridge", "10.10.0.0/20")),
            ("fd00::/64", ("IPv4 address and a prefix", "10.10.0.0/20")),
            ("'10.0.0.0/8/8'", ("IPv4 address and a prefix", "10.10.0.0/20")),
        ]
    ),
    (
        "coursecloud:network: {subnets: {europe-west1: 10.10.0.0/20, '': 10.20.0.0/20}}",
        "coursecloud:network.subnets.",
        "an empty text names nothing",
        "remove the key",
    ),
    ("coursecloud:network: {egress: none}", "coursecloud:network.egress", "'address' or 'nat'", "address, nat"),
]

STORES: list[Case] = [
    ("coursecloud:storage: {location: Europe}", "coursecloud:storage.location", "no such location", "eu"),
    ("coursecloud:storage: {keep: yes}", "coursecloud:storage.keep", "true or false", "write true or false"),
    ("coursecloud:storage: {keep: on}", "coursecloud:storage.keep", "true or false", "write true or false"),
    ("coursecloud:storage: {keep: 'true'}", "coursecloud:storage.keep", "true or false", "write true or false"),
    ("coursecloud:storage: {staging: {days: 0}}", "coursecloud:storage.staging.days", "1 or more", "1 or more"),
    ("coursecloud:registry: {keepNewest: 0}", "coursecloud:registry.keepNewest", "1 or more", "1 or more"),
    ("coursecloud:registry: {keepTags: [-x]}", "coursecloud:registry.keepTags[0]", "docker tag", "release"),
    ("coursecloud:registry: {keepTags: release}", "coursecloud:registry.keepTags", "a list", "[release]"),
    (
        "coursecloud:secrets: {names: {WANDB KEY: []}}",
        "coursecloud:secrets.names.WANDB KEY",
        "a secret's id",
        "WANDB_API_KEY",
    ),
    ("coursecloud:secrets: {names: {a--b: []}}", "coursecloud:secrets.names.a--b", "single hyphens", "rename"),
    (
        "coursecloud:secrets: {names: {a-b: [], a_b: []}}",
        "coursecloud:secrets.names",
        "same environment variable",
        "rename",
    ),
    ("coursecloud:secrets: {names: [WANDB]}", "coursecloud:secrets.names", "mapping", "indent"),
    ("coursecloud:secrets: {names: {A: [vm]}}", "coursecloud:secrets.names.A[0]", "'machines'", "machines"),
    (
        "coursecloud:secrets: {names: {A: [builds, builds]}}",
        "coursecloud:secrets.names.A[1]",
        "listed twice",
        "list it once",
    ),
]

MACHINES: list[Case] = (
    [
        (f"coursecloud:machines: {{{key}: {{}}}}", f"coursecloud:machines.{key}", "1 to 20 lower-case", "'trainer'")
        for key in ("Trainer", "gpu_1", "1gpu", "a--b", "a-", "a" * 21)
    ]
    + [
        (f"coursecloud:machines: {{a: {{{body}}}}}", f"coursecloud:machines.a{key}", rule, remedy)
        for body, key, rule, remedy in [
            ("machineType: e2-meduim", ".machineType", "no such machine type", "'e2-medium'"),
            ("machineType: p5.48xlarge", ".machineType", "no such machine type", "coursecloud:allow.machineTypes"),
            (
                f"{N1}, gpu: {{model: V100}}, spot: true, zone: europe-west1-b",
                ".zone",
                "no V100",
                "zone: europe-west4-a",
            ),
            (f"{N1}, gpu: {{model: V100}}, spot: true", ".zone", "no V100 in region", "gcp:region: europe-west4"),
            (
                "machineType: e2-standard-4, gpu: {model: T4}, spot: true",
                ".gpu.model",
                "n1 machines only",
                "n1-standard-4",
            ),
            ("gpu: {model: T4}, spot: true", ".gpu.model", "e2-medium is e2", "n1-standard-4"),
            ("machineType: f1-micro, gpu: {model: T4}, spot: true", ".gpu.model", "f1-micro is f1", "n1-standard-4"),
            (f"{N1}, gpu: {{model: T4, count: 3}}, spot: true", ".gpu.count", "1, 2 or 4 T4", "count: 2"),
            (f"{N1}, gpu: {{model: T4, count: 0}}, spot: true", ".gpu.count", "1 or more", "1 or more"),
            (f"{N1}, gpu: {{model: T4, count: two}}, spot: true", ".gpu.count", "whole number", "without quotes"),
            (f"{N1}, gpu: {{model: Z100}}, spot: true", ".gpu.model", "no such GPU", "T4, V100"),
            (f"{N1}, gpu: T4, spot: true", ".gpu", "mapping", "model, count"),
            (
                "machineType: n1-standard-64, gpu: {model: T4}, spot: true",
                ".machineType",
                "at most 48 vCPUs",
                "count: 4",
            ),
            ("machineType: g2-standard-4, gpu: {model: L4}, spot: true", ".gpu", "comes with the", "g2-standard-4"),
            ("machineType: g2-standard-4, spot: true", ".zone", "sources disagree", "coursecloud:allow.zones"),
            (f"{N1}, gpu: {{model: T4}}", "", "full price", "spot: true"),
            ("zone: europe-west1-a", ".zone", "no such zone", "europe-west1-b"),
            ("zone: europe-west1", ".zone", "no such zone", "europe-west1-b"),
            ("zone: europe-west4-a", ".zone", "no subnet in europe-west4", "`europe-west4: 10.10.16.0/20`"),
            ("fallbackZones: europe-west1-c", ".fallbackZones", "a list", "[europe-west1-c]"),
            ("fallbackZones: [europe-west1-b]", ".fallbackZones[0]", "first zone already", "remove"),
            ("fallbackZones: [europe-west1-c, europe-west1-c]", ".fallbackZones[1]", "listed twice", "list it once"),
            ("maxRun: 8", ".maxRun", "s, m, h or d", "'8h'"),
            ("maxRun: 8 hours", ".maxRun", "s, m, h or d", "'8h'"),
            ("maxRun: 8:00", ".maxRun", "s, m, h or d", "'8h'"),
            ("maxRun: ٣h", ".maxRun", "s, m, h or d", "'8h'"),
            ("maxRun: 29s", ".maxRun", "30s to 120d", "120d"),
            ("maxRun: 121d", ".maxRun", "30s to 120d", "120d"),
            ("maxRun: 25h", "", "above 24h", "maxRunReason"),
            ("bootDisk: {sizeGb: 20GB}", ".bootDisk.sizeGb", "whole number", "unit"),
            ("bootDisk: {sizeGb: 5}", ".bootDisk.sizeGb", "10 or more", "10"),
            ("bootDisk: {sizeGb: 20}, image: deep-learning", ".bootDisk.sizeGb", "needs", "or leave it out"),
            ("bootDisk: {type: ssd}", ".bootDisk.type", "'pd-ssd'", "'pd-ssd'"),
            ("dataDisk: {sizeGb: 10001}", ".dataDisk.sizeGb", "10000 or less", "10000"),
            ("image: debain", ".image", "no such image", "'debian'"),
            ("image: a/b/c", ".image", "PROJECT/FAMILY", "debian-cloud/debian-12"),
            ("image: debian cloud/debian 12", ".image", "PROJECT/FAMILY", "debian-cloud/debian-12"),
            ("image: Debian-Cloud/debian-12", ".image", "lower-case", "debian-cloud/debian-12"),
            ("image: my image", ".image", "no such image", "PROJECT/FAMILY"),
            ("container: {image: My Image}", ".container.image", "a path in lower case", "trainer:latest"),
            ("startupScript: none.sh", ".startupScript", "no such file", "correct the path"),
            ("startupScript: ../x.sh", ".startupScript", "outside the project", "put it into the project"),
            ("startupScript: /etc/passwd", ".startupScript", "outside the project", "put it into the project"),
            ('startupScript: "a\\0b"', ".startupScript", "cannot be read", "correct the path"),
            (f"startupScript: {'a' * 5000}", ".startupScript", "cannot be read", "correct the path"),
            ("startupScript: Pulumi.x.yaml", ".startupScript", "without '#!'", "name a shell script"),
            *(
                (f"startupScript: {name}", ".startupScript", "a file of this name holds secrets", "read where it runs")
                for name in (
                    ".git/config",
                    "./.git/config",
                    "owners.key",
                    "a/id_rsa",
                    ".env.prod",
                    "gcp-credentials.json",
                )
            ),
            ("container: {image: a, env: {A B: x}}", ".container.env.A B", "environment variable", "rename"),
            ("container: {image: a, env: {A: 1}}", ".container.env.A", "a text", '"1", in quotes'),
        ]
    ]
    + [
        (
            "gcp:region: europe-west4\ncoursecloud:machines: {a: {machineType: g2-standard-4}}",
            "coursecloud:machines.a.machineType",
            "1 L4 at the full price",
            "spot: true",
        ),
        ("coursecloud:machines: {a: {}, a-work: {}}", "coursecloud:machines.a-work", "data disk of 'a'", "rename"),
    ]
)

TRAINING: list[Case] = [
    *(
        (f"coursecloud:training: {{image: '{image}'}}", "coursecloud:training.image", "at most one :tag", "trainer:v1")
        for image in (
            "",
            "my trainer",
            "Trainer",
            "ghcr.io/A/b",
            "trainer:a:b",
            "trainer:",
            "a//b",
            "/a",
            "a/",
            "trainer@sha256:12",
            "$REGION-docker.pkg.dev/p/r/i",
            "https://ghcr.io/a/b",
            "host:port/a",
            "_a",
            "a..b",
            "trainer:-v1",
        )
    ),
    ("coursecloud:training: {timeout: 8d}", "coursecloud:training.timeout", "1m to 7d", "7d"),
    ("coursecloud:training: {region: europe-west10}", "coursecloud:training.region", "Vertex AI", "europe-west4"),
    ("coursecloud:training: {gpu: {model: V100}}", "coursecloud:training.region", "no V100", "europe-west4"),
    ("coursecloud:training: {gpu: {model: T4, count: 3}}", "coursecloud:training.gpu.count", "1, 2 or 4", "count: 2"),
    ("coursecloud:training: {machineType: x}", "coursecloud:training.machineType", "no such", "e2-medium"),
    ("coursecloud:training: {enabled: false, endpoint: true}", "coursecloud:training", "part of training", "remove"),
]

SERVICES: list[Case] = [
    (f"coursecloud:services: {{demo: {{{body}}}}}", f"coursecloud:services.demo{key}", rule, remedy)
    for body, key, rule, remedy in [
        ("cpu: 3", ".cpu", "1, 2 or 4", "1, 2 or 4"),
        ("memory: 1GB", ".memory", "Mi or Gi", "'512Mi'"),
        ("memory: ²Gi", ".memory", "Mi or Gi", "'512Mi'"),
        ("memory: 5Gi", "", "1 vCPU goes with 128Mi to 4Gi", "4Gi"),
        ("cpu: 4, memory: 1Gi", "", "4 vCPU goes with 2048Mi to 16Gi", "16Gi"),
        ("timeout: 2h", ".timeout", "1s to 1h", "1h"),
        ("maxInstances: 11", ".maxInstances", "10 or less", "10"),
        ("port: 70000", ".port", "65535 or less", "65535"),
        ("image: 'demo:latest '", ".image", "without spaces", "trainer:latest"),
        *(
            (f"env: {{{name}: x}}", f".env.{name}", "Cloud Run keeps PORT", "the service's `port:`")
            for name in ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION", "X_GOOGLE_", "X_GOOGLE_A")
        ),
        ("env: {A B: x}", ".env.A B", "environment variable", "rename"),
        ("secrets: [NOPE]", ".secrets[0]", "no such secret", "`NOPE: [services]`"),
        ("mountedSecrets: [NOPE]", ".mountedSecrets[0]", "no such secret", "`NOPE: [services]`"),
    ]
] + [
    (
        "coursecloud:secrets: {names: {A: [machines]}}\ncoursecloud:services: {demo: {secrets: [A]}}",
        "coursecloud:services.demo.secrets[0]",
        "services may not read",
        "coursecloud:secrets.names.A",
    ),
    *(
        (
            f"coursecloud:secrets: {{names: {{{secret}: [services]}}}}\ncoursecloud:services: {{demo: {{{body}}}}}",
            "coursecloud:services.demo",
            f"the secret {secret} would be the variable {variable}: Cloud Run keeps PORT",
            "rename the secret",
        )
        for secret, variable, body in [
            ("PORT", "PORT", "mountedSecrets: [PORT]"),
            ("K-SERVICE", "K_SERVICE", "mountedSecrets: [K-SERVICE]"),
            ("X_GOOGLE_A", "X_GOOGLE_A", "mountedSecrets: [X_GOOGLE_A]"),
            ("2FA", "2FA", "mountedSecrets: [2FA]"),
            ("2FA", "2FA_SECRET", "secrets: [2FA]"),
        ]
    ),
    *(
        (
            f"coursecloud:secrets: {{names: {{{secret}: [services]}}}}\n"
            f"coursecloud:services: {{demo: {{mountedSecrets: [{secret}]{more}}}}}",
            "coursecloud:services.demo",
            f"the variable {variable} would have two values: the mounted secret's and the one {whose}",
            f"list {secret}",
        )
        for secret, variable, more, whose in [
            ("A-B", "A_B", ", env: {A_B: x}", "of `env`"),
            ("DATA-BUCKET", "DATA_BUCKET", "", "that the stack sets"),
            ("MODELS_BUCKET", "MODELS_BUCKET", "", "that the stack sets"),
            # A variable of the stack's own that `env` has anew has that one's value.
            ("DATA_BUCKET", "DATA_BUCKET", ", env: {DATA_BUCKET: x}", "of `env`"),
        ]
    ),
    (
        "coursecloud:secrets: {names: {A-B: [services], A_B_SECRET: [services]}}\n"
        "coursecloud:services: {demo: {secrets: [A-B], mountedSecrets: [A_B_SECRET]}}",
        "coursecloud:services.demo",
        "the variable A_B_SECRET would have two values",
        "list A_B_SECRET under `secrets`",
    ),
]

REPOSITORY = "repository: {owner: a, name: b}"
DELIVERY: list[Case] = [
    (
        f"coursecloud:builds: {{{REPOSITORY}, triggers: {{a: {{{body}}}}}}}",
        f"coursecloud:builds.triggers.a{key}",
        rule,
        remedy,
    )
    for body, key, rule, remedy in [
        ("dockerfile: D", "", "one of branch, tag and pullRequest", "branch: ^main$"),
        ("branch: a, tag: b, dockerfile: D", "", "one of branch, tag and pullRequest", "second trigger"),
        ("branch: a", "", "one of buildFile and dockerfile", "dockerfile: Dockerfile"),
        ("branch: a, dockerfile: D, buildFile: B", "", "one of buildFile and dockerfile", "cloudbuild.yaml"),
        ("branch: '(', dockerfile: D", ".branch", "not a regular expression", "'^main$'"),
        ("branch: 'a{1001}', dockerfile: D", ".branch", "not a regular expression", "'^main$'"),
        ("branch: '^(?!main$)', dockerfile: D", ".branch", "no look-around", "'^main$'"),
        ("branch: main, dockerfile: D, deploys: true", "", "by a named branch only", "'^main$'"),
        ("branch: '^main', dockerfile: D, deploys: true", "", "by a named branch only", "'^main$'"),
        ("branch: '^main$|x', dockerfile: D, deploys: true", "", "by a named branch only", "'^main$'"),
        ("tag: v, dockerfile: D, deploys: true", "", "by a named tag only", "'^v'"),
        ("pullRequest: '^main$', dockerfile: D, deploys: true", "", "deploys nothing", "second trigger"),
        ("branch: a, dockerfile: D, substitutions: {SERVICE: x}", ".substitutions.SERVICE", "'_'", "_SERVICE"),
        ("branch: a, dockerfile: D, timeout: 25h", ".timeout", "1s to 1d", "1d"),
        ("branch: a, dockerfile: D, image: A_B", ".image", "lower-case", "rename"),
    ]
] + [
    (
        "coursecloud:builds: {triggers: {a: {branch: a, dockerfile: D}}}",
        "coursecloud:builds",
        "need a repository",
        "owner",
    ),
    ("coursecloud:builds: {repository: {owner: a}}", "coursecloud:builds.repository.name", "required", "add `name:`"),
    ("coursecloud:builds: {repository: github.com/a/b}", "coursecloud:builds.repository", "mapping", "owner, name"),
    (
        "coursecloud:builds: {repository: {owner: https://github.com/a, name: b}}",
        "coursecloud:builds.repository.owner",
        "on GitHub",
        "without https",
    ),
    ("coursecloud:github: {repositoryId: a/b}", "coursecloud:github.repositoryId", "whole number", "gh api"),
    ("coursecloud:github: {repositoryId: 0}", "coursecloud:github.repositoryId", "more than 0", "gh api"),
    ("coursecloud:github: {repositoryId: 1, ref: main}", "coursecloud:github.ref", "refs/heads", "in full"),
]

TEAM: list[Case] = [
    *(
        (f"coursecloud:team: {{members: ['{who}']}}", "coursecloud:team.members[0]", "a principal is", "user:name@")
        for who in ("ada@example.com", "allUsers", "allAuthenticatedUsers", "user:ada", "domain:example.com")
    ),
    ("coursecloud:team: {members: user:a@b.dk}", "coursecloud:team.members", "a list", "[user:a@b.dk]"),
    ("coursecloud:team: {members: [user:a@b.dk, user:a@b.dk]}", "coursecloud:team.members[1]", "twice", "once"),
    *(
        (f"coursecloud:team: {{extraRoles: [{role}]}}", "coursecloud:team.extraRoles[0]", rule, remedy)
        for role, rule, remedy in [
            ("owner", "roles/SERVICE.NAME", "'roles/'"),
            ("roles/owner", "every service", "predefined role"),
            ("roles/editor", "every service", "predefined role"),
            ("roles/viewer", "every service", "predefined role"),
            ("roles/storage.admin", "everything of a service", "narrower"),
            ("roles/iam.serviceAccountTokenCreator", "owner of the project", "narrower"),
            ("roles/resourcemanager.projectIamAdmin", "owner of the project", "narrower"),
            ("roles/compute.instanceAdmin.v1", "owner of the project", "narrower"),
            ("roles/compute.instanceAdmin", "everything of a service", "narrower"),
            ("roles/compute.loadBalancerAdmin.v1", "everything of a service", "narrower"),
            ("roles/cloudbuild.builds.editor", "owner of the project", "narrower"),
            ("roles/cloudbuild.builds.builder", "owner of the project", "narrower"),
            ("roles/deploymentmanager.editor", "owner of the project", "narrower"),
            ("roles/resourcemanager.projectDeleter", "delete it", "narrower"),
            ("roles/resourcemanager.projectMover", "delete it", "narrower"),
            ("roles/compute.serviceAgent", "everything of a service", "narrower"),
            ("roles/storage.objectAdmin", "everything of a service", "narrower"),
        ]
    ),
]

SECTIONED = [*SECTIONS, *COURSE, *LEASE, *NETWORK, *STORES, *MACHINES, *TRAINING, *SERVICES, *DELIVERY, *TEAM]


@pytest.mark.parametrize(
    ("config", "path", "rule", "remedy"),
    [*PROVIDER, *((PROJECT + config, *expected) for config, *expected in SECTIONED)],
)
def test_a_mistake_is_said_once_with_its_path_rule_and_remedy(
    config: str, path: str, rule: str, remedy: str, tmp_path: Path
) -> None:
    found = mistakes(config, tmp_path)
    assert [problem.path for problem in found] == [path]
    assert rule in found[0].rule
    assert remedy in found[0].remedy


@pytest.mark.parametrize(
    ("config", "shown", "rule", "remedy"),
    [
        (
            "coursecloud:machines: {{a: {{{0}, zone: europe-west1-b}}}}",
            "machines.a.zone: 'europe-west1-b'",
            "there is no V100 in zone europe-west1-b (table of ",
            "write gcp:region: europe-west4 and zone: ",
        ),
        (
            "coursecloud:machines: {{a: {{{0}}}}}",
            "machines.a.zone: 'europe-west1'",
            "there is no V100 in region europe-west1 (table of ",
            "write gcp:region: europe-west4; it is also in ",
        ),
        (
            "gcp:region: europe-west4\ncoursecloud:machines: {{a: {{{0}, zone: europe-west4-b}}}}",
            "machines.a.zone: 'europe-west4-b'",
            "sources disagree whether europe-west4-b has V100 (table of ",
            "take one of europe-west4-a, or look europe-west4-b up",
        ),
        (
            "gcp:region: australia-southeast1\ncoursecloud:machines: {{a: {{{1}}}}}",
            "machines.a.zone: 'australia-southeast1'",
            "sources disagree whether australia-southeast1-b and australia-southeast1-c have P100 (table of ",
            "take one of asia-east1-a, asia-east1-c, europe-west1-b (and its region as gcp:region), or look aus",
        ),
        (
            "coursecloud:training: {{gpu: {{model: P100}}, region: australia-southeast1}}",
            "training.region: 'australia-southeast1'",
            "sources disagree whether australia-southeast1-b and australia-southeast1-c have P100 (table of ",
            "take one of asia-east1, europe-west1, europe-west4, us-central1, or look australia-southeast1-b up",
        ),
    ],
)
def test_what_a_place_does_not_have_is_said_with_where_it_is(
    config: str, shown: str, rule: str, remedy: str, tmp_path: Path
) -> None:
    gpus = [f"machineType: n1-standard-4, gpu: {{model: {model}}}, spot: true" for model in ("V100", "P100")]
    (found,) = mistakes(PROJECT + config.format(*gpus), tmp_path)
    assert str(found).splitlines()[0] == f"coursecloud:{shown}"
    assert found.rule.startswith(rule)
    assert found.remedy.startswith(remedy)


@pytest.mark.parametrize("config", ["gcp:region: {secure: AAAA}", "coursecloud:training: {image: {secure: AAAA}}"])
def test_an_encrypted_value_is_shown_as_one(config: str, tmp_path: Path) -> None:
    (found,) = mistakes(PROJECT + config, tmp_path)
    assert found.value == "(encrypted)"


def test_a_mistake_shows_the_value_that_was_found(tmp_path: Path) -> None:
    (found,) = mistakes(PROJECT + "coursecloud:lease: {timeZone: Mars}", tmp_path)
    assert str(found).splitlines()[0] == "coursecloud:lease.timeZone: 'Mars'"


@pytest.mark.parametrize(
    "stack", ["1st", "-a", "a b", "a" * 41, "google-team"], ids=["digit", "hyphen", "space", "long", "google"]
)
def test_a_stack_whose_name_makes_no_valid_names_is_refused(stack: str, tmp_path: Path) -> None:
    (found,) = mistakes(PROJECT, tmp_path, stack)
    assert found.path == f"Pulumi.{stack}.yaml"
    assert "rename the stack file" in found.remedy


def test_a_script_that_is_not_text_or_too_long_for_metadata_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_bytes(b"\xff\xfe")
    (tmp_path / "b.sh").write_text("#" * 200_001)
    config = PROJECT + "coursecloud:machines: {a: {startupScript: a.sh}, b: {startupScript: b.sh}}"
    assert [problem.rule for problem in mistakes(config, tmp_path)] == [
        "the script is not UTF-8 text",
        "Compute Engine takes 256 KB of metadata a value",
    ]


def test_a_role_is_judged_by_its_permissions_where_the_tables_know_them(monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[str, dict[str, list[str]]] = {
        "roles/mild.name": {"permissions": ["iam.serviceAccounts.actAs"]},
        "roles/good.user": {"permissions": []},
    }
    real = delivery.tables.table

    def table(name: str) -> dict[str, Any]:
        return {"roles": known} if name == "roles" else real(name)

    monkeypatch.setattr(delivery.tables, "table", table)
    assert [delivery._administers(role) for role in known] == [True, False]  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("pattern", ["[[:digit:]]", "[a&&b]", "[a||b]", "[~~a]"])
def test_no_pattern_of_a_trigger_prints_a_warning_of_pythons(pattern: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert delivery._regex(pattern) == pattern  # pyright: ignore[reportPrivateUsage]
    assert caught == []

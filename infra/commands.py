"""The commands of a stack's days, each a line that a POSIX shell takes as it stands. Pure: nothing is asked of Google.

Words in capitals (FILE, JOB, TAG) are for the reader to fill in; logs are those of the newest job and build. What
members must hold for each is in `catalog/commands.json`.
"""

import json
import shlex

from infra.builds import DOCKER
from infra.component import Place
from infra.registry import docker_url
from infra.settings import Settings
from infra.settings.machines import Machine
from infra.startup import WORK
from infra.training import submit_all_command, submit_command


def commands(place: Place, settings: Settings) -> dict[str, str]:
    """Write the commands, keyed by what they are for; all of it is known before anything is deployed."""
    result: dict[str, str] = {}
    for name, machine in settings.machines.items():
        result |= _machine(place, name, machine, settings.zone_of(machine))
    result |= _data(place)
    result |= _images(place)
    if settings.builds.triggers:
        result |= _builds(place, settings)
    if settings.training.enabled:
        result |= _training(place, settings)
    for name in settings.secrets.names:
        # The value is typed or piped in, so it is in no shell history and no process list.
        result[f"add secret {name}"] = _line(
            "gcloud", "secrets", "versions", "add", place.names.secret(name), _project(place), "--data-file=-"
        )
    for name in settings.services:
        result |= _service(place, name)
    result["read logs"] = _line("gcloud", "logging", "read", "severity>=WARNING", _project(place), "--limit=20")
    return result


def _machine(place: Place, name: str, machine: Machine, zone: str) -> dict[str, str]:
    called = place.names.resource(name)
    at = [_project(place), f"--zone={zone}"]
    # Nothing reaches a machine but through Identity-Aware Proxy.
    ssh = [called, *at, "--tunnel-through-iap"]
    home = f"{called}:{WORK}/" if machine.data_disk else f"{called}:"
    return {
        f"ssh {name}": _line("gcloud", "compute", "ssh", *ssh),
        f"start {name}": _line("gcloud", "compute", "instances", "start", called, *at),
        f"stop {name}": _line("gcloud", "compute", "instances", "stop", called, *at),
        f"copy to {name}": _line("gcloud", "compute", "scp", "--recurse", "FILE", home, *ssh[1:]),
        f"copy from {name}": _line("gcloud", "compute", "scp", "--recurse", f"{home}FILE", ".", *ssh[1:]),
        # The tunnel stays open until Ctrl-C; a notebook server on the machine is then http://localhost:8888.
        f"notebook {name}": _line(
            "gcloud", "compute", "ssh", *ssh, "--ssh-flag=-N", "--ssh-flag=-L8888:localhost:8888"
        ),
        f"configure ssh {name}": _ssh_configuration(called, at),
    }


def _ssh_configuration(called: str, at: list[str]) -> str:
    """Write a host for OpenSSH, and the editors that read its configuration, once.

    gcloud's own `config-ssh` writes addresses, which nothing answers on. A machine that is made anew has another host
    key under the same name: who it is says Google's tunnel, by the instance's name and the caller's account.
    """
    proxy = shlex.join(["gcloud", "compute", "start-iap-tunnel", called, "22", "--listen-on-stdin", *at])
    options = [
        "IdentityFile ~/.ssh/google_compute_engine",
        f"ProxyCommand {proxy.replace('%', '%%')} --verbosity=warning",
        "StrictHostKeyChecking no",
        "UserKnownHostsFile /dev/null",
        "LogLevel ERROR",
    ]
    user = _line(
        "gcloud", "compute", "os-login", "describe-profile", "--format=value(posixAccounts[0].username)", at[0]
    )
    host, rest = shlex.quote(f"Host {called}"), " ".join(shlex.quote(f"  {option}") for option in options)
    written = f"user=$({user}) && printf '%s\\n' '' {host} \"  User $user\" {rest} >> ~/.ssh/config"
    return f"mkdir -p ~/.ssh && {{ grep -qsx {host} ~/.ssh/config || {{ {written}; }}; }}"


def _data(place: Place) -> dict[str, str]:
    data, models = (f"gs://{place.names.bucket(name)}" for name in ("data", "models"))
    project = _project(place)
    return {
        "upload data": _line("gcloud", "storage", "cp", "--recursive", "data", data, project),
        "download data": _line("gcloud", "storage", "cp", "--recursive", f"{data}/data", ".", project),
        "list data": _line("gcloud", "storage", "ls", "--recursive", "--all-versions", data, project),
        # What is in the folder `models` here is at the top of the bucket: there jobs and services look for it.
        "upload models": _line("gcloud", "storage", "cp", "--recursive", "models/*", models, project),
        "download models": "mkdir -p models && "
        + _line("gcloud", "storage", "cp", "--recursive", f"{models}/*", "models", project),
        # The bucket keeps each version under its own name, so DVC needs no copies named by their hashes.
        "dvc remote": f"{_line('dvc', 'remote', 'add', '--default', '--force', 'storage', f'{data}/dvc')}"
        " && dvc remote modify storage version_aware true",
        "dvc push": "dvc push",
        "dvc pull": "dvc pull",
    }


def _images(place: Place) -> dict[str, str]:
    image = _image(place)
    return {
        "docker login": _line("gcloud", "auth", "configure-docker", f"{place.region}-docker.pkg.dev", "--quiet"),
        "docker push": f"{_line('docker', 'build', '--tag', image, '.')} && {_line('docker', 'push', image)}",
        "docker pull": _line("docker", "pull", image),
    }


def _builds(place: Place, settings: Settings) -> dict[str, str]:
    project, region = _project(place), f"--region={place.region}"
    # The account is the stack's own and the sources go to its bucket: without either, gcloud takes an account that may
    # do far more, and makes a bucket that nobody deletes. A build with an account must say where its log goes.
    image = _image(place)
    config = {
        "steps": [{"name": DOCKER, "args": ["build", "--tag", image, "."]}],
        "images": [image],
        "options": {"logging": "CLOUD_LOGGING_ONLY"},
    }
    account = place.names.email("builds")
    submit = [
        *("gcloud", "builds", "submit", ".", "--config=build.json", project, region),
        f"--service-account=projects/{place.project}/serviceAccounts/{account}",
        f"--gcs-source-staging-dir=gs://{place.names.bucket('staging')}/source",
        # gcloud cannot stream such a log; it prints the log's address instead.
        "--suppress-logs",
    ]
    newest = _line("gcloud", "builds", "list", project, region, "--limit=1", "--format=value(id)")
    found = f'"resource.type=build AND resource.labels.build_id=$({newest})"'
    result = {
        "build": f"printf '%s' {shlex.quote(json.dumps(config))} > build.json && {_line(*submit)}",
        "list builds": _line("gcloud", "builds", "list", project, region, "--limit=10"),
        "build log": f"{_line('gcloud', 'logging', 'read')} {found}"
        f" {_line(project, '--order=asc', '--format=value(textPayload)')}",
    }
    for name, trigger in settings.builds.triggers.items():
        if trigger.pull_request or trigger.deploys:
            continue  # only GitHub can start it: nobody in the team acts as what deploys
        kind = "--tag=TAG" if trigger.tag else "--branch=main"
        called = place.names.resource(name)
        result[f"run trigger {name}"] = _line("gcloud", "builds", "triggers", "run", called, project, region, kind)
    return result


def _training(place: Place, settings: Settings) -> dict[str, str]:
    readable = tuple(name for name, readers in settings.secrets.names.items() if "training" in readers)
    at = [_project(place), f"--region={settings.training.region or place.region}"]
    one = ("--sort-by=~createTime", "--limit=1", "--format=value(name)")
    newest = f'"$({_line("gcloud", "ai", "custom-jobs", "list", *at, *one)})"'
    return {
        "train": submit_command(place, settings.training, readable),
        **{
            f"train {name}": submit_command(place, settings.training, readable, name) for name in settings.training.jobs
        },
        **({"train all": submit_all_command(place, settings.training, readable)} if settings.training.jobs else {}),
        "list jobs": _line("gcloud", "ai", "custom-jobs", "list", *at),
        # Vertex AI hands the job a folder below this one for what it makes.
        "download jobs": _line(
            "gcloud", "storage", "cp", "--recursive", f"gs://{place.names.bucket('models')}/jobs", ".", at[0]
        ),
        "job log": f"{_line('gcloud', 'ai', 'custom-jobs', 'stream-logs')} {newest} {shlex.join(at)}",
        "cancel job": _line("gcloud", "ai", "custom-jobs", "cancel", "JOB", *at),
    }


def _service(place: Place, name: str) -> dict[str, str]:
    called, at = place.names.resource(name), [_project(place), f"--region={place.region}"]
    address = _line("gcloud", "run", "services", "describe", called, *at, "--format=value(status.url)")
    return {
        f"call service {name}": call(f'"$({address})"'),
        f"service log {name}": _line("gcloud", "run", "services", "logs", "read", called, *at, "--limit=50"),
    }


def call(address: str) -> str:
    """Write the call of a service by whoever is logged in; `address` is a word of a shell, quoted already."""
    return f'curl --header "Authorization: Bearer $(gcloud auth print-identity-token)" {address}'


def _image(place: Place) -> str:
    return f"{docker_url(place)}/trainer:latest"


def _project(place: Place) -> str:
    return f"--project={place.project}"


def _line(*words: str) -> str:
    return shlex.join(words)

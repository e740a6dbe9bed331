"""Names of another place: images, regions, projects, accounts and buckets that are not the stack's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from catalog import limits, tables
from coursecloud.starter import lined
from coursecloud.starter.facts import Facts
from coursecloud.starter.finding import FileFinding
from coursecloud.starter.repository import Repository

_IMAGE = re.compile(
    r"(?P<host>(?:[a-z0-9-]+-docker\.pkg\.dev)|(?:(?:[a-z]+\.)?gcr\.io))/(?P<project>[^/\s\"'`,\]]+)(?:/(?P<rest>[^\s\"'`,\]\\)|;]+))?"
)
_OTHERS = re.compile(
    r"(cloud-builders|cloud-builders-community|google\.com|google-appengine|google-containers|distroless|kaniko-project|"
    r"cloudrun|vertex-ai|vertex-ai-restricted|deeplearning-platform-release|cloud-ops-agents-artifacts|cloud-marketplace|k8s-.*|"
    r"google-samples|cloudsql-docker|buildpacks)$"
)
"""Projects of Google and others whose images are public."""
_PLACE = re.compile(
    r"(?i)\b_?(?:[a-z_]*region|[a-z_]*location|[a-z_]*zone)[a-z_]*\b[\"']?\s*(?:[:=]|\s)\s*[\"']?"
    r"(?P<place>[a-z]+-[a-z]+\d+(?:-[a-z])?)\b"
)
_PROJECT = re.compile(
    r"(?i)(?:--project[ =]|\bset project |"
    r"\b_?(?:gcp_|google_cloud_|gcloud_|cloudsdk_core_)?project(?:_id)?[\"']?\s*[:=]\s*)"
    r"[\"']?(?P<project>" + limits.pattern("project-id") + r")[\"']?(?=$|[\s,;)\"'])"
)
_ACCOUNT = re.compile(r"[a-z0-9-]+@(?:[a-z0-9-]+\.iam|developer|appspot|cloudbuild)\.gserviceaccount\.com")
_BUCKET = re.compile(r"(?:gs://|/gcs/)(?P<bucket>[a-z0-9][a-z0-9._-]{1,61}[a-z0-9])(?=[/\s\"'`,)]|$)")
_SECRET = re.compile(r"\bsecrets/(?P<secret>[\w-]+)(?=/versions/)")
_PUBLIC = re.compile(
    r"(cloud-samples-.*|gcp-public-data.*|tfds-data|download\.tensorflow\.org|.*-public(-.*)?|public-.*)$"
)


def found(facts: Facts, repository: Repository) -> Iterator[FileFinding]:
    """Hold each line of what builds, trains, deploys and runs against the stack's names."""
    for path, text in repository.texts.items():
        if not _deploys(repository, path):
            continue
        values = _substitutions(repository, path, facts)
        for number, raw in enumerate(text.split("\n"), 1):
            if raw.lstrip().startswith(("#", "//")) or len(raw) > 2000:
                continue
            yield from _line(facts, path, number, lined.substituted(raw, values))


def _deploys(repository: Repository, path: str) -> bool:
    """Say whether a file has a say in what is done in the cloud: no lock file, notebook, document or test."""
    name = PurePosixPath(path).name.lower()
    if re.search(r"(^|/)tests?/", path) or name in ("uv.lock", "poetry.lock", ".gitignore", ".gcloudignore"):
        return False
    if path == ".dvc/config" or path.endswith((".ipynb", ".dvc", ".lock", ".txt", ".pem", ".key")):
        return False
    return path in repository.texts


def _substitutions(repository: Repository, path: str, facts: Facts) -> dict[str, str]:
    if path not in repository.build_files:
        return {}
    try:
        made = lined.mapping(lined.load(repository.texts[path]))
    except lined.NotYamlError:
        made = {}
    own = {str(name): str(value) for name, value in lined.mapping(made.get("substitutions")).items()}
    return own | {"PROJECT_ID": facts.project, "LOCATION": facts.region}


def _line(facts: Facts, path: str, number: int, line: str) -> Iterator[FileFinding]:
    said = False
    for match in _IMAGE.finditer(line):
        for each in _image(facts, path, number, match):
            said = True
            yield each
    # A host has its region in it: what was said of the image is enough.
    rest = _IMAGE.sub(" ", line)
    regions = {facts.region, facts.training_region}
    for match in _PLACE.finditer(rest):
        place = match["place"]
        region = re.sub(r"-[a-z]$", "", place)
        if region in tables.regions() and region not in regions and not said:
            rule = (
                f"the stack is in {' and '.join(sorted(regions))}; what is made or looked for elsewhere is not"
                " there, or is beside it"
            )
            yield FileFinding(
                path,
                number,
                "other-region",
                "fails",
                place,
                rule,
                f"write {facts.training_region if 'ai ' in rest or 'vertex' in path else facts.region}",
            )
    for match in _PROJECT.finditer(rest):
        project = match["project"]
        if project != facts.project and "-" in project:
            rule = f"the stack is in {facts.project}; its accounts have no right in another project"
            yield FileFinding(path, number, "other-project", "fails", project, rule, f"write {facts.project}")
    for match in _ACCOUNT.finditer(rest):
        account = match[0]
        if account not in facts.accounts:
            rule = "this is no account of the stack: it is not there, or may do more than it should"
            remedy = "one of the stack's: " + ", ".join(sorted(facts.accounts))
            yield FileFinding(path, number, "other-account", "fails", account, rule, remedy)
    secrets = {facts.names.secret(name) for name in facts.settings.secrets.names}
    for match in _SECRET.finditer(rest):
        if match["secret"] not in secrets and "$" not in match["secret"]:
            rule = "the stack has no secret of this name, and its accounts may read no other"
            known = ", ".join(sorted(secrets)) or f"none yet: name it under coursecloud:secrets of {facts.file}"
            yield FileFinding(path, number, "other-secret", "fails", match["secret"], rule, f"the stack's are {known}")
    own = {url.removeprefix("gs://") for url in facts.buckets.values()}
    for match in _BUCKET.finditer(rest):
        bucket = match["bucket"]
        if bucket not in own and not _PUBLIC.match(bucket) and path != "Pulumi.yaml":
            rule = "the stack's accounts may use its own buckets; another answers them with 403"
            yield FileFinding(
                path,
                number,
                "other-bucket",
                "warns",
                match[0],
                rule,
                "the environment names them: DATA_BUCKET, MODELS_BUCKET; or "
                + ", ".join(sorted(facts.buckets.values())),
            )


def _image(facts: Facts, path: str, number: int, match: re.Match[str]) -> Iterator[FileFinding]:
    host, project, rest = match["host"], match["project"], match["rest"] or ""
    if _OTHERS.match(project):
        return
    rule, value = "", f"{host}/{project}" + (f"/{rest}" if rest else "")
    remedy = f"{facts.registry}/{rest.rpartition('/')[2] or 'IMAGE:TAG'}"
    if host.endswith("gcr.io"):
        rule = "Container Registry is shut down (2025), and the stack's accounts push to its own repository"
    elif "$" in host or host != f"{facts.region}-docker.pkg.dev":
        rule = f"the stack's repository is in {facts.region}"
    elif "$" not in project and project != facts.project:
        rule = "the stack's accounts push to and pull from its own repository, not that of another project"
    elif rest and "$" not in rest.split("/")[0] and rest.split("/")[0] != facts.registry.rpartition("/")[2]:
        rule = f"the stack's repository is {facts.registry}, and there is no other that its accounts may use"
    if rule:
        yield FileFinding(path, number, "other-image", "fails", value, rule, remedy)

"""Cloud Build: triggers that build the group's docker images, and the accounts that the builds run as."""

from __future__ import annotations

from pulumi_gcp import cloudbuild, cloudbuildv2, serviceaccount

from infra.component import Component, Place
from infra.github import GitHub
from infra.images import DEPLOYED
from infra.registry import full_image
from infra.serving import Serving
from infra.settings.delivery import Builds as BuildsSettings
from infra.settings.delivery import GitRepository, Trigger
from infra.settings.services import Services
from infra.stores import Stores
from infra.training import Training

DOCKER = "gcr.io/cloud-builders/docker"
GCLOUD = "gcr.io/google.com/cloudsdktool/cloud-sdk:slim"
"""Google's image of its command line (https://cloud.google.com/sdk/docs/downloads-docker, 2026-11-28)."""


class Builds(Component):
    """Triggers of one repository, each as the account whose rights it needs.

    `checks` builds pull requests and can only write its log, `builds` pushes images, and `deployer`, of those
    triggers that nothing but a named branch or tags start, also releases the services and submits training.
    """

    def __init__(
        self,
        place: Place,
        settings: BuildsSettings,
        services: Services,
        repository: GitRepository,
        *,
        stores: Stores,
        training: Training | None,
        serving: Serving | None,
        github: GitHub | None,
    ):
        super().__init__("builds", place)
        self._repository = repository
        self._stores = stores
        triggers = settings.triggers
        self.account = self._builder("builds", "builds of pushed code")
        self._attachable = github.let_deploy_use("builds", self.account) if github else []
        self._attachable += self.let_course_use("builds", self.account)

        self.checks_account = None
        if any(trigger.pull_request for trigger in triggers.values()):
            self.checks_account = self.service_account("checks", purpose="builds of pull requests")
            self.grant_project("checks", self.checks_account, ["roles/logging.logWriter"])
            self._attachable += github.let_deploy_use("checks", self.checks_account) if github else []
            self._attachable += self.let_course_use("checks", self.checks_account)

        # By trigger, the services that it releases.
        self._released: dict[str, list[str]] = {
            name: [place.names.resource(key) for key, service in services.items() if service.deployed_by == name]
            for name in triggers
        }
        self.deployer = None
        if any(trigger.deploys for trigger in triggers.values()):
            self.deployer = self._builder("deployer", "builds that deploy")
            self._attachable += github.let_deploy_use("deployer", self.deployer) if github else []
            self._attachable += self.let_course_use("deployer", self.deployer)
            if training:
                self.grant_project("deployer", self.deployer, ["roles/aiplatform.user"])
                self.grant_use("deployer-training", training.account, self.deployer.member)
            if serving:
                serving.grant_releasing("deployer", self.deployer.member, under=self)
                self.grant_use("deployer-services", serving.account, self.deployer.member)

        # The connection to GitHub needs a person's consent in the console, so the stack file names it.
        self._connected = (
            cloudbuildv2.Repository(
                "repository",
                name=place.names.resource("repository"),
                project=place.project,
                location=place.region,
                parent_connection=f"projects/{place.project}/locations/{place.region}"
                f"/connections/{repository.connection}",
                remote_uri=f"https://github.com/{repository.owner}/{repository.name}.git",
                opts=self.child("cloudbuild"),
            )
            if repository.connection
            else None
        )
        self.triggers = {name: self._trigger(name, trigger) for name, trigger in triggers.items()}
        self.register_outputs({})

    def _trigger(self, name: str, trigger: Trigger) -> cloudbuild.Trigger:
        place = self.place
        account = self.checks_account if trigger.pull_request else self.deployer if trigger.deploys else self.account
        assert account is not None  # noqa: S101 - made above for every trigger that wants one
        return cloudbuild.Trigger(
            name,
            name=place.names.resource(name),
            project=place.project,
            location=place.region,
            description=f"{self._repository.owner}/{self._repository.name}: {_event(trigger)}",
            tags=[place.names.resource("builds")],
            service_account=account.name,
            included_files=list(trigger.included_files) or None,
            approval_config=cloudbuild.TriggerApprovalConfigArgs(approval_required=trigger.approval),
            filename=trigger.build_file,
            build=self._build(name, trigger) if trigger.dockerfile else None,
            github=None if self._connected else self._first_generation(trigger),
            repository_event_config=self._second_generation(trigger, self._connected) if self._connected else None,
            substitutions=self._substitutions(name, trigger),
            opts=self.child("cloudbuild", depends_on=self._attachable),
        )

    def _builder(self, name: str, purpose: str) -> serviceaccount.Account:
        """Declare an account whose builds push images, read data and the secrets that builds may read."""
        account, stores = self.service_account(name, purpose=purpose), self._stores
        self.grant_project(name, account, ["roles/logging.logWriter"])
        stores.registry.grant(f"{name}-push", account.member, "roles/artifactregistry.writer", under=self)
        stores.storage.grant(
            f"{name}-read", account.member, "roles/storage.objectViewer", "staging", "data", under=self
        )
        stores.storage.grant_seeing(name, account.member, "staging", "data", under=self)
        stores.secrets.grant_reading("builds", account.member, under=self, name=name)
        return account

    def _build(self, name: str, trigger: Trigger) -> cloudbuild.TriggerBuildArgs:
        """Build the Dockerfile and, unless it is a pull request's, push the image.

        No step prints its configuration or environment: the log of a build is read by many.
        """
        image, released = full_image(self.place, trigger.image or name), self._released[name]
        tags = [f"{image}:$COMMIT_SHA", f"{image}:latest"] + ([f"{image}:$TAG_NAME"] if trigger.tag else [])
        # The images of a build are pushed once all its steps are done: the tag moves when the image runs.
        tags += [f"{image}:{DEPLOYED}"] if released else []
        tagged = [argument for tag in tags for argument in ("--tag", tag)]
        steps = [
            cloudbuild.TriggerBuildStepArgs(
                name=DOCKER, args=["build", *tagged, "--file", trigger.dockerfile or "Dockerfile", "."]
            )
        ]
        if released:
            steps.append(cloudbuild.TriggerBuildStepArgs(name=DOCKER, args=["push", tags[0]]))
        steps += [
            cloudbuild.TriggerBuildStepArgs(
                name=GCLOUD,
                entrypoint="gcloud",
                args=[
                    "run", "services", "update", service, f"--image={tags[0]}",
                    f"--region={self.place.region}", f"--project={self.place.project}", "--quiet",
                ],
            )
            for service in released
        ]  # fmt: skip
        return cloudbuild.TriggerBuildArgs(
            steps=steps,
            images=None if trigger.pull_request else tags,
            timeout=f"{trigger.lasts}s",
            options=cloudbuild.TriggerBuildOptionsArgs(
                # Without a bucket of its own for logs, a build as a service account must log here.
                logging="CLOUD_LOGGING_ONLY",
                machine_type=trigger.machine_type,
            ),
        )

    def _substitutions(self, name: str, trigger: Trigger) -> dict[str, str] | None:
        """Tell a build file that deploys where to push, and what it releases; the stack file's own words win."""
        told: dict[str, str] = {}
        if trigger.deploys and trigger.build_file:
            told = {"_IMAGE": full_image(self.place, trigger.image or name), "_REGION": self.place.region}
            told |= {"_SERVICE": self._released[name][0]} if self._released[name] else {}
        return told | trigger.substitutions or None

    def _first_generation(self, trigger: Trigger) -> cloudbuild.TriggerGithubArgs:
        return cloudbuild.TriggerGithubArgs(
            owner=self._repository.owner,
            name=self._repository.name,
            push=cloudbuild.TriggerGithubPushArgs(branch=trigger.branch, tag=trigger.tag)
            if not trigger.pull_request
            else None,
            pull_request=cloudbuild.TriggerGithubPullRequestArgs(
                branch=trigger.pull_request, comment_control="COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY"
            )
            if trigger.pull_request
            else None,
        )

    @staticmethod
    def _second_generation(
        trigger: Trigger, repository: cloudbuildv2.Repository
    ) -> cloudbuild.TriggerRepositoryEventConfigArgs:
        return cloudbuild.TriggerRepositoryEventConfigArgs(
            repository=repository.id,
            push=cloudbuild.TriggerRepositoryEventConfigPushArgs(branch=trigger.branch, tag=trigger.tag)
            if not trigger.pull_request
            else None,
            pull_request=cloudbuild.TriggerRepositoryEventConfigPullRequestArgs(
                branch=trigger.pull_request, comment_control="COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY"
            )
            if trigger.pull_request
            else None,
        )


def _event(trigger: Trigger) -> str:
    kind, pattern = next(
        (kind, pattern)
        for kind, pattern in (
            ("pushes to branches", trigger.branch),
            ("tags", trigger.tag),
            ("pull requests into", trigger.pull_request),
        )
        if pattern
    )
    return f"{kind} {pattern}"


def needs_first_connection(settings: BuildsSettings) -> bool:
    """Say whether a person must connect the repository in the console before triggers can be made."""
    return bool(settings.triggers) and settings.repository is not None and not settings.repository.connection

"""The group's own workflows on GitHub: what builds, trains and deploys, and what a pull request may read."""

from __future__ import annotations

from collections.abc import Mapping

from pulumi_gcp import serviceaccount

from infra.component import Component, Place
from infra.federation import PULL_REQUEST, ci_runs
from infra.github import GitHub
from infra.serving import Serving
from infra.stores import Stores


class Workflows(Component):
    """Two identities by federation: `ci` of pushed code, and `ci-read` of pull requests, which changes nothing."""

    def __init__(
        self,
        place: Place,
        github: GitHub,
        *,
        accounts: Mapping[str, serviceaccount.Account],
        stores: Stores,
        serving: Serving | None,
    ):
        """`accounts` are those that builds, jobs and services run as: whoever submits one acts as its account."""
        super().__init__("workflows", place)
        self.ci = self.service_account("ci", purpose="the group's workflows of pushed code")
        for name, run in ci_runs(github.settings.ref).items():
            github.let_in(f"ci-{name}", self.ci, run, under=self)
        # Logs of the builds that it submits, and the project that pays where gcloud names it.
        roles = ["roles/logging.viewer", "roles/serviceusage.serviceUsageConsumer"]
        roles += ["roles/cloudbuild.builds.editor"] if "builds" in accounts else []
        roles += ["roles/aiplatform.user"] if "training" in accounts else []
        self.grant_project("ci", self.ci, roles)
        stores.registry.grant("ci-pushes", self.ci.member, "roles/artifactregistry.writer", under=self)
        stores.storage.grant("ci-reads", self.ci.member, "roles/storage.objectViewer", "data", under=self)
        stores.storage.grant("ci-uses", self.ci.member, "roles/storage.objectUser", "staging", under=self)
        stores.storage.grant_seeing("ci", self.ci.member, "data", "staging", under=self)
        for name, account in accounts.items():
            self.grant_use(f"ci-{name}", account, self.ci.member)
        if serving:
            serving.grant_releasing("ci", self.ci.member, under=self)

        self.reader = self.service_account("ci-read", purpose="the group's workflows of pull requests")
        github.let_in("ci-read", self.reader, PULL_REQUEST, under=self)
        stores.registry.grant("ci-read-reads", self.reader.member, "roles/artifactregistry.reader", under=self)
        stores.storage.grant("ci-read-reads", self.reader.member, "roles/storage.objectViewer", "data", under=self)
        stores.storage.grant_seeing("ci-read", self.reader.member, "data", under=self)
        self.register_outputs({})

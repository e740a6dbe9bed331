"""The APIs that the emulator serves, by name; each module holds what one description does not tell."""

from __future__ import annotations

from ..kinds import Service
from . import (
    aiplatform,
    artifactregistry,
    billing,
    cloudbuild,
    cloudresourcemanager,
    cloudscheduler,
    compute,
    iam,
    iamcredentials,
    logging,
    monitoring,
    oslogin,
    pubsub,
    run,
    secretmanager,
    serviceusage,
    storage,
    sts,
)

ALL: dict[str, Service] = {
    service.name: service
    for service in (
        aiplatform.SERVICE,
        artifactregistry.SERVICE,
        billing.BUDGETS,
        billing.BILLING,
        cloudbuild.SERVICE,
        cloudresourcemanager.SERVICE,
        cloudscheduler.SERVICE,
        compute.SERVICE,
        iam.SERVICE,
        iamcredentials.SERVICE,
        logging.SERVICE,
        monitoring.SERVICE,
        oslogin.SERVICE,
        pubsub.SERVICE,
        run.SERVICE,
        secretmanager.SERVICE,
        serviceusage.SERVICE,
        storage.SERVICE,
        sts.SERVICE,
    )
}

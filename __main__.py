"""The program that `pulumi up` runs: read the settings, declare the environment, export what one needs."""

import pulumi

from infra import stack
from infra.settings import EXAMPLE_PROJECT, SettingsError, read

try:
    settings = read(pulumi.get_stack())
except SettingsError as error:
    raise pulumi.RunError(str(error)) from None
if settings.project == EXAMPLE_PROJECT and not pulumi.runtime.is_dry_run():
    raise pulumi.RunError(
        f"gcp:project is still the example, {EXAMPLE_PROJECT}; nothing was registered.\n"
        f"Write your own project's id into Pulumi.{settings.stack}.yaml (`gcloud projects list` shows it)."
    )
for name, value in stack.declare(settings).items():
    pulumi.export(name, value)

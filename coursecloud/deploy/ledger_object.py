"""The ledger's object in a bucket of the stack, as Cloud Storage has it."""

from __future__ import annotations

from coursecloud.deploy.cloud import Cloud, CloudError, escaped
from coursecloud.spend import form, store


class LedgerObject:
    """The object of one project; see `coursecloud.spend.store.Objects`."""

    def __init__(self, cloud: Cloud, bucket: str, project: str):
        self._cloud, self._bucket, self._name = cloud, bucket, store.name_of(project)

    def read(self) -> tuple[bytes, int] | None:
        """Give its bytes and their generation; None where there is none. Raises StoreError.

        Where somebody writes between the two calls the generation is the older one, and writing over it is refused.
        """
        path = f"b/{escaped(self._bucket)}/o/{escaped(self._name)}"
        try:
            generation = int(str(self._cloud.get("storage", path, fields="generation").get("generation") or 0))
            return self._cloud.read_object(self._bucket, self._name, form.LARGEST), generation
        except CloudError as error:
            if error.gone:
                return None
            raise store.StoreError(error.words) from None
        except ValueError:
            raise store.StoreError("Google gave no generation of the object") from None

    def write(self, content: bytes, generation: int) -> None:
        """Write it over that generation; 0 where there was none. Raises ChangedError, StoreError."""
        try:
            self._cloud.write_object(self._bucket, self._name, content, generation=generation)
        except CloudError as error:
            if error.status == 412:
                raise store.ChangedError from None
            raise store.StoreError(error.words) from None

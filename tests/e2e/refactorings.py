# ruff: noqa: E501 - texts of code, as long as they are
"""Refactorings of the program, as text: names, parents and components change, and nothing that Google has."""

from dataclasses import dataclass
from pathlib import Path

Edit = tuple[str, str, str]
"""A file of infra/, a text that it has exactly once, and what stands there instead."""


@dataclass(frozen=True)
class Refactoring:
    """One change of the program that is meant to change nothing."""

    called: str
    type: str
    """A type whose resources have another URN afterwards."""
    edits: tuple[Edit, ...]
    aliases: tuple[Edit, ...]
    """Further edits, which tell the engine the old names."""

    def apply(self, root: Path, *, aliases: bool) -> None:
        """Edit the program in `root`."""
        for file, old, new in (*self.edits, *(self.aliases if aliases else ())):
            path = root / "infra" / file
            text = path.read_text(encoding="utf-8")
            assert text.count(old) == 1, f"{self.called}: {file} has {text.count(old)} times: {old}"
            path.write_text(text.replace(old, new), encoding="utf-8")


def _opts(file: str, options: str, alias: str) -> Edit:
    merged = f"pulumi.ResourceOptions.merge({options}, pulumi.ResourceOptions(aliases=[pulumi.Alias({alias})]))"
    return file, f"opts={options}", f"opts={merged}"


_INIT = 'super().__init__(f"coursecloud:infra:{type(self).__name__}", name)'


def _component(module: str, alias: str) -> Edit:
    """Give one component an alias, which its children follow."""
    told = f"aliases = [pulumi.Alias({alias})] if type(self).__module__ == 'infra.{module}' else None"
    return "component.py", _INIT, f"{told}\n        {_INIT[:-1]}, opts=pulumi.ResourceOptions(aliases=aliases))"


_BUCKET = 'self.child("storage", keep=keep)'
_ACCOUNT = 'self.child("iam", keep=keep)'
_DISK = 'self.child("compute", keep=settings.keep)'
_SECRET = 'self.child("secretmanager", keep=settings.keep)'
_REPOSITORY = 'self.child("artifactregistry", keep=settings.keep)'
_PULUMI = ("network.py", "from pulumi_gcp import compute\n", "import pulumi\nfrom pulumi_gcp import compute\n")
_SHELF = """class Shelf(Component):
    def __init__(self, name: str, place: Place):
        super().__init__(name, place)


class Secrets(Component)"""

REFACTORINGS = (
    Refactoring(
        "a bucket's name",
        "gcp:storage/bucket:Bucket",
        (("storage.py", "            name,\n            name=self", '            f"{name}-bucket",\n            name=self'),),
        (_opts("storage.py", _BUCKET, "name=name"),),
    ),
    Refactoring(
        "an account's name",
        "gcp:serviceaccount/account:Account",
        (("component.py", 'f"{name}-account"', 'f"{name}-identity"'),),
        (_opts("component.py", _ACCOUNT, 'name=f"{name}-account"'),),
    ),
    Refactoring(
        "a data disk's name",
        "gcp:compute/disk:Disk",
        (("machines.py", 'f"{name}-work"', 'f"{name}-disk"'),),
        (_opts("machines.py", _DISK, 'name=f"{name}-work"'),),
    ),
    Refactoring(
        "a secret's name",
        "gcp:secretmanager/secret:Secret",
        (("secrets.py", "                name,\n                secret_id=", '                f"secret-{name}",\n                secret_id='),),
        (_opts("secrets.py", _SECRET, "name=name"),),
    ),
    Refactoring(
        "a repository's name",
        "gcp:artifactregistry/repository:Repository",
        (("registry.py", "            name,\n            repository_id=self", '            f"images-{name}",\n            repository_id=self'),),
        (_opts("registry.py", _REPOSITORY, "name=name"),),
    ),
    Refactoring(
        "the network's name",
        "gcp:compute/network:Network",
        (("network.py", '            "network",\n            name', '            "vpc",\n            name'),),
        (_PULUMI, _opts("network.py", 'self.child("compute")', 'name="network"')),
    ),
    Refactoring(
        "a machine's name",
        "gcp:compute/instance:Instance",
        (("machines.py", "            name,\n            name=", '            f"machine-{name}",\n            name='),),
        (
            (
                "machines.py",
                "opts=self.child(\n                depends_on=[*self._attachable",
                "opts=pulumi.ResourceOptions.merge(pulumi.ResourceOptions(aliases=[pulumi.Alias(name=name)]), self.child(\n"
                "                depends_on=[*self._attachable",
            ),
            (
                "machines.py",
                "replace_with=[disk] if disk else (),\n            ),",
                "replace_with=[disk] if disk else (),\n            )),",
            ),
        ),
    ),
    Refactoring(
        "a grant's name",
        "gcp:storage/bucketIAMMember:BucketIAMMember",
        (("storage.py", "storage.BucketIAMMember(name, ", 'storage.BucketIAMMember(f"{name}-grant", '),),
        (_opts("storage.py", "under.child()", "name=name"),),
    ),
    Refactoring(
        "a component's class",
        "gcp:compute/network:Network",
        (
            ("network.py", "class Network(Component)", "class Lan(Component)"),
            ("stack.py", "from infra.network import Network", "from infra.network import Lan as Network"),
            ("machines.py", "from infra.network import Network", "from infra.network import Lan as Network"),
        ),
        (_component("network", 'type_="coursecloud:infra:Network"'),),
    ),
    Refactoring(
        "buckets out of their component",
        "gcp:storage/bucket:Bucket",
        (
            ("storage.py", "        return storage.Bucket(\n            name,\n            name=self", f"        options = {_BUCKET}\n        options.parent = None\n        return storage.Bucket(\n            name,\n            name=self"),
            ("storage.py", f"opts={_BUCKET}", "opts=options"),
        ),
        (("storage.py", "        options.parent = None\n", "        options.parent = None\n        options.aliases = [pulumi.Alias(parent=self)]\n"),),
    ),
    Refactoring(
        "secrets split, each into a component of its own",
        "gcp:secretmanager/secret:Secret",
        (
            ("secrets.py", "class Secrets(Component)", _SHELF),
            ("secrets.py", f"opts={_SECRET}", f"opts=pulumi.ResourceOptions.merge({_SECRET}, pulumi.ResourceOptions(parent=Shelf(f'shelf-{{name}}', place)))"),
        ),
        (("secrets.py", "parent=Shelf(f'shelf-{name}', place)", "parent=Shelf(f'shelf-{name}', place), aliases=[pulumi.Alias(parent=self)]"),),
    ),
    Refactoring(
        "secrets merged into the component of the repositories",
        "gcp:secretmanager/secret:Secret",
        (
            ("registry.py", 'super().__init__("registry", place)', 'super().__init__("registry", place)\n        Registry.one = self'),
            ("secrets.py", "from infra.component import Component, Place", "from infra.component import Component, Place\nfrom infra.registry import Registry"),
            ("secrets.py", f"opts={_SECRET}", f"opts=pulumi.ResourceOptions.merge({_SECRET}, pulumi.ResourceOptions(parent=Registry.one))"),
        ),
        (("secrets.py", "parent=Registry.one", "parent=Registry.one, aliases=[pulumi.Alias(parent=self)]"),),
    ),
)  # fmt: skip

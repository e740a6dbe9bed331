"""Rules over source text: each takes the text of one file and lists the breaches with their lines. Pure."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_AUTHORITATIVE = re.compile(r"([A-Z][A-Za-z]*)?(IAM|Iam)(Binding|Policy|AuditConfig)(Args|ArgsDict)?")
_KEYS = {"serviceaccount.Key", "storage.HmacKey", "projects.ApiKey", "apikeys"}
_CONFIGURATION = {"Config", "get_config", "get_config_env", "get_config_env_key", "get_config_secret_keys_env"}
_ENVIRONMENT = {"environ", "getenv"}
_ASKS_THE_RUN = {"is_dry_run", "is_preview", "dry_run"}
_SETTLED = ("names", "place", "settings", "Names")
"""Names that hold plain text wherever they stand in this project."""
_ALWAYS_OUTPUTS = {"email", "member", "self_link", "unique_id", "project_number", "urn", "uri", "network_ip"}
"""Attributes that only a resource has in this project: never text before the real run."""
_RESOURCE_OUTPUTS = _ALWAYS_OUTPUTS | {"id", "name", "url", "secret_id", "repository_id", "account_id", "role_id"}
"""Attributes that are outputs on a resource, and may be text on anything else."""


def dotted(node: ast.AST) -> str:
    """Write a chain of names as it stands in the source, or '' for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (front := dotted(node.value)):
        return f"{front}.{node.attr}"
    return ""


def _references(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Give each name, attribute and import of a file with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            yield node.lineno, dotted(node) or getattr(node, "attr", "")
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def authoritative_iam(source: str) -> list[str]:
    """Find IAM that replaces what others have granted: a binding or policy of its own takes theirs away."""
    return [
        f"{line}: {name}"
        for line, name in _references(ast.parse(source))
        if _AUTHORITATIVE.fullmatch(name.rpartition(".")[2])
    ]


def account_keys(source: str) -> list[str]:
    """Find keys that would be long-lived credentials."""
    found: list[str] = []
    for line, name in _references(ast.parse(source)):
        tail = ".".join(name.split(".")[-2:])
        if tail in _KEYS or any(part in _KEYS for part in name.split(".")):
            found.append(f"{line}: {name}")
    return found


def configuration(source: str) -> list[str]:
    """Find reads of configuration or of the environment."""
    return [
        f"{line}: {name}"
        for line, name in _references(ast.parse(source))
        if (name.rpartition(".")[2] in _CONFIGURATION and name.split(".")[0] in ("pulumi", *_CONFIGURATION))
        or (name.rpartition(".")[2] in _ENVIRONMENT and name.split(".")[0] in ("os", *_ENVIRONMENT))
    ]


def asks_the_run(source: str) -> list[str]:
    """Find what behaves one way in a rehearsal and another in the real run."""
    return [
        f"{line}: {name}"
        for line, name in _references(ast.parse(source))
        if set(name.split(".")) & _ASKS_THE_RUN or re.search(r"(?i)\bmock", name.replace("_", "."))
    ]


def _same_scope(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a statement, but not into functions and classes, whose names are their own."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _same_scope(child)


@dataclass
class _Known:
    """What is known of the names in one scope."""

    resources: set[str] = field(default_factory=set)
    outputs: set[str] = field(default_factory=set)

    def and_also(self, other: "_Known") -> "_Known":
        return _Known(self.resources | other.resources, self.outputs | other.outputs)


def formatted_outputs(source: str) -> list[str]:
    """Find outputs put into text: Python writes the address of an object there, and no value.

    What a syntax tree can see: attributes that only a resource has; attributes such as `name` and `id` of what is
    made from a provider's class, or annotated with one; parameters annotated as inputs and outputs. Inside a
    function that is handed to `apply` values are plain.
    """
    tree = ast.parse(source)
    modules = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "pulumi_gcp"
        for alias in node.names
    }
    found: list[str] = []
    _Formatting(modules, found).scope(tree.body, _Known())
    return found


class _Formatting:
    def __init__(self, modules: set[str], found: list[str]):
        self.modules = modules
        self.found = found

    def scope(self, body: list[ast.stmt], known: _Known) -> None:
        """Judge one scope with what is known of the names around it."""
        known = known.and_also(self._made(body))
        for statement in body:
            self._statement(statement, known)

    def _statement(self, node: ast.AST, known: _Known) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self.scope(node.body, known.and_also(self._annotated(node.args)))
        elif isinstance(node, ast.ClassDef):
            # What a method hangs on `self`, every method of the class has.
            own = _Known()
            for method in (entry for entry in node.body if isinstance(entry, ast.FunctionDef)):
                made = self._made(method.body).and_also(self._renamed(method))
                own.resources |= {name for name in made.resources if name.startswith("self.")}
                own.outputs |= {name for name in made.outputs if name.startswith("self.")}
            self.scope(node.body, known.and_also(own))
        elif not isinstance(node, ast.Lambda):
            self._expression(node, known)
            for child in ast.iter_child_nodes(node):
                self._statement(child, known)

    def _expression(self, node: ast.AST, known: _Known) -> None:
        if isinstance(node, ast.JoinedStr):
            put = [value.value for value in node.values if isinstance(value, ast.FormattedValue)]
        elif isinstance(node, ast.Call) and dotted(node.func) in ("str", "repr", "format", "json.dumps", "shlex.quote"):
            put = list(node.args)
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "join")
        ):
            put = [*node.args, *(keyword.value for keyword in node.keywords)]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add):
            sides = (node.left, node.right)
            text = any(
                isinstance(s, ast.JoinedStr) or (isinstance(s, ast.Constant) and isinstance(s.value, str))
                for s in sides
            )
            put = list(sides) if text else []
        else:
            return
        for value in put:
            for part in value.elts if isinstance(value, ast.Tuple | ast.List) else [value]:
                if self._is_output(part, known):
                    self.found.append(
                        f"{part.lineno}: {ast.unparse(part)} is not text yet: use .apply or Output.concat"
                    )

    def _is_output(self, node: ast.expr, known: _Known) -> bool:
        while isinstance(node, ast.Subscript):
            node = node.value
        name = dotted(node)
        if name in known.outputs or name in known.resources:
            return True
        if not isinstance(node, ast.Attribute):
            return False
        if node.attr in _ALWAYS_OUTPUTS:
            return dotted(node.value).split(".")[0] not in _SETTLED
        owner: ast.expr = node.value
        while isinstance(owner, ast.Subscript):
            owner = owner.value
        return node.attr in _RESOURCE_OUTPUTS and dotted(owner) in known.resources

    def _made(self, body: list[ast.stmt]) -> _Known:
        """List the names that statements give to resources, also to dictionaries and choices of them."""
        known = _Known()
        for statement in body:
            for node in _same_scope(statement):
                targets: list[ast.expr] = []
                value: ast.expr | None = None
                if isinstance(node, ast.Assign):
                    targets, value = node.targets, node.value
                elif isinstance(node, ast.AnnAssign):
                    targets, value = [node.target], node.value
                    self._note(node.target, node.annotation, known)
                elif isinstance(node, ast.NamedExpr):
                    targets, value = [node.target], node.value
                if value is not None and self._makes(value):
                    known.resources |= {name for target in targets if (name := dotted(target))}
        return known

    def _makes(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Call):
            # `storage.Bucket(...)`, and not its arguments' `storage.BucketVersioningArgs(...)`.
            module, _, name = dotted(node.func).partition(".")
            return module in self.modules and name[:1].isupper() and not name.endswith("Args")
        if isinstance(node, ast.DictComp):
            return self._makes(node.value)
        if isinstance(node, ast.ListComp):
            return self._makes(node.elt)
        if isinstance(node, ast.IfExp):
            return self._makes(node.body) or self._makes(node.orelse)
        return False

    def _annotated(self, arguments: ast.arguments) -> _Known:
        known = _Known()
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            if argument.annotation is not None:
                self._note(ast.Name(argument.arg), argument.annotation, known)
        return known

    def _renamed(self, method: ast.FunctionDef) -> _Known:
        """Follow `self._network = network` from an annotated parameter."""
        given, known = self._annotated(method.args), _Known()
        for node in ast.walk(method):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
                names = {dotted(target) for target in node.targets}
                if node.value.id in given.resources:
                    known.resources |= names
                if node.value.id in given.outputs:
                    known.outputs |= names
        return known

    def _note(self, target: ast.AST, annotation: ast.expr, known: _Known) -> None:
        written = ast.unparse(annotation)
        if re.search(r"\b(pulumi\.)?(Input|Output)\[", written):
            known.outputs.add(dotted(target))
        elif any(re.search(rf"\b{re.escape(module)}\.[A-Z]\w*(?<!Args)\b", written) for module in self.modules):
            known.resources.add(dotted(target))


def undecorated_tests(source: str) -> list[str]:
    """Find tests that make resources without Pulumi's decorator: they end before anything is registered."""
    tree = ast.parse(source)
    makers: set[str] = set()
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names = {alias.asname or alias.name for alias in node.names}
            if node.module == "pulumi_gcp":
                modules |= names
            makers |= {name for name in names if _makes_resources(node.module or "", name)}
        elif isinstance(node, ast.Import):
            modules |= {alias.asname or alias.name for alias in node.names if alias.name.split(".")[0] == "pulumi_gcp"}
    found: list[str] = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.name.startswith("test"):
            continue
        decorated = any("runtime.test" in ast.unparse(decorator) for decorator in node.decorator_list)
        if not decorated and any(_registers(call, makers, modules) for call in ast.walk(node)):
            found.append(f"{node.lineno}: {node.name} makes resources without @pulumi.runtime.test")
    return found


_COMPONENTS = {
    *("Apis", "Builds", "Component", "GitHub", "Machines", "Network", "Operator", "Registry", "Secrets", "Serving"),
    *("Storage", "Team", "Training", "declare"),
}


def _makes_resources(module: str, name: str) -> bool:
    """Say whether calling what is imported from a module registers resources."""
    if module.startswith("pulumi_gcp."):
        return name[:1].isupper() and not name.endswith("Args")
    if module.startswith("infra."):
        return module.count(".") == 1 and name in _COMPONENTS
    return module.startswith("pulumi") and name in ("ComponentResource", "CustomResource")


def _registers(node: ast.AST, makers: set[str], modules: set[str]) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = dotted(node.func)
    first, _, rest = name.partition(".")
    made = rest.rpartition(".")[2]
    return (
        name in makers
        or name in ("pulumi.ComponentResource", "pulumi.CustomResource", "stack.declare")
        or (first in modules and made[:1].isupper() and not made.endswith("Args"))
    )

"""The product's source, parsed: who imports what, and which names it defines itself."""

import ast
from collections.abc import Iterator
from pathlib import Path


class Sources:
    """The text of modules, by their names."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts
        self._trees = {module: ast.parse(text, module) for module, text in texts.items()}

    def nodes(self) -> Iterator[tuple[str, ast.AST]]:
        """Each node of each module."""
        for module, tree in self._trees.items():
            for node in ast.walk(tree):
                yield module, node

    def imports(self) -> Iterator[tuple[str, int, str]]:
        """Who imports, in which line, what: ``from a import b`` is ``a.b``."""
        for module, node in self.nodes():
            if isinstance(node, ast.Import):
                yield from ((module, node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{module}:{node.lineno} imports by a relative name"
                for alias in node.names:
                    yield module, node.lineno, f"{node.module}.{alias.name}"

    def defined(self) -> Iterator[tuple[str, str]]:
        """Who assigns which name, or gives it to a function, a class or a parameter."""
        for module, node in self.nodes():
            match node:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    yield module, name
                case ast.ClassDef(name=name) | ast.arg(arg=name):
                    yield module, name
                case ast.Attribute(attr=name, ctx=ast.Store()) | ast.Name(id=name, ctx=ast.Store()):
                    yield module, name


def texts_of(base: Path, package: str) -> Iterator[tuple[str, str]]:
    """Name and text of each module of a package that lies in ``base``."""
    for path in sorted((base / package).rglob("*.py")):
        module = ".".join(path.relative_to(base).with_suffix("").parts)
        yield module.removesuffix(".__init__"), path.read_text()


def within(module: str, package: str) -> bool:
    """Whether the module is the package, or in it."""
    return module == package or module.startswith(f"{package}.")

"""The package keeps its own rules: layers, docstrings, no printing, no trace of the machine it came from."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs import picture
from tests.examples import ROOT

SOURCE = ROOT / "src" / "shopkeeper"
MODULES = sorted(SOURCE.rglob("*.py"))
FORBIDDEN = re.compile(r"/work/|/root/|/home/\w+/|\bTODO\b|\bFIXME\b|pickle\.loads?\(|allow_pickle=True")
TEXTS = (".py", ".md", ".toml", ".yml", ".sh", ".html", ".css", ".js", ".svg", "")


def name(path: Path) -> str:
    return path.relative_to(ROOT / "src").as_posix()


def public(tree: ast.Module) -> list[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """Classes and functions a reader of the module meets, methods included."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    outer = [node for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")]
    inner = [
        node
        for owner in outer
        if isinstance(owner, ast.ClassDef)
        for node in owner.body
        if isinstance(node, kinds) and not node.name.startswith("_")
    ]
    return outer + inner


def test_import_contracts_hold():
    # In a process of its own: import-linter sets up logging and silences the loggers of other tests.
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_picture_shows_the_imports_as_they_are():
    assert picture.PICTURE.read_text("utf-8") == picture.draw(), "out of date: make picture"


def test_picture_points_only_down():
    order = picture.layers()
    for importer, imported in picture.imports():
        if importer in order and imported in order:
            assert order.index(importer) < order.index(imported), f"{importer} imports {imported}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_everything_public_says_what_it_is(path):
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree), "the module has no docstring"
    overloads = {"overload", "setter"}
    silent = [
        node.name
        for node in public(tree)
        if not ast.get_docstring(node)
        and not any(ast.unparse(d).split(".")[-1] in overloads for d in node.decorator_list)
    ]
    assert silent == []


@pytest.mark.parametrize("path", [path for path in MODULES if path.name != "cli.py"], ids=name)
def test_the_library_never_prints(path):
    calls = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    assert not [call for call in calls if isinstance(call, ast.Name) and call.id in ("print", "breakpoint")]


def test_no_function_takes_anything():
    """A ``**kwargs`` that is handed through hides what a function takes."""
    found = [
        f"{name(path)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.arg) and node.arg in ("kwargs", "kw", "options")
        if node.annotation is not None and ast.unparse(node.annotation) == "Any"
    ]
    assert found == []


def test_nothing_of_the_machine_it_was_written_on():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split("\n")
    files = [ROOT / path for path in listed if path and Path(path).suffix in TEXTS]
    texts = [path for path in files if path.is_file() and path != Path(__file__)]
    found = [path.name for path in texts if FORBIDDEN.search(path.read_text("utf-8"))]
    assert found == []


def test_the_root_is_lazy():
    """Importing one part must not load the whole."""
    script = "import sys, shopkeeper.core.columns; print('numpy' in sys.modules, 'fastapi' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["False", "False"]


def test_the_package_is_typed():
    assert (SOURCE / "py.typed").exists()

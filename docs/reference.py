"""Make the reference pages and list the decisions: what can be read from the tree is not written twice.

Hooks of MkDocs; each package of the source becomes one page with all its modules.
"""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "shopkeeper"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fill the parts of the navigation that follow from the tree."""
    decisions = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    config.nav = [
        *(config.nav or []),
        {"Reference": [{name: f"reference/{name}.md"} for name in pages()]},
        {"Decisions": ["decisions/index.md", *(f"decisions/{name}" for name in decisions)]},
    ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add one page a package."""
    for name, modules in pages().items():
        files.append(File.generated(config, f"reference/{name}.md", content=page(name, modules)))
    return files


def pages() -> dict[str, list[str]]:
    """Modules to show by page: the root's own modules, then each package."""
    tops = sorted(path.parent for path in SOURCE.glob("*/__init__.py"))
    alone = sorted(path.stem for path in SOURCE.glob("*.py") if not path.stem.startswith("_"))
    return {"shopkeeper": ["shopkeeper", *(f"shopkeeper.{name}" for name in alone)]} | {
        folder.name: [_module(path) for path in sorted(folder.rglob("*.py"))] for folder in tops
    }


def page(name: str, modules: list[str]) -> str:
    """Text of one page."""
    return f"# {name}\n\n" + "".join(f"::: {module}\n\n" for module in modules)


def _module(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

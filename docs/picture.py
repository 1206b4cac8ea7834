"""Draw `docs/architecture.svg` from the imports as they are: ``python docs/picture.py [--check]``.

Packages stand on a staircase in the order of the layers. A dot in a row says what that package imports;
since imports only point down, every dot lies above the staircase.
"""

import ast
import re
import sys
import tomllib
from html import escape
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "architecture.svg"
STEP, HEIGHT, LEFT, TOP, BOX = 34, 36, 380, 14, 120


def layers() -> list[str]:
    """Packages and modules below the root, from the highest to the lowest, as far as they exist."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    named = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    names = [name.strip(" ()") for layer in named for name in layer.split("|")]
    return [name for name in names if source(name).exists() and not name.startswith("_")]


def source(name: str) -> Path:
    """The file that describes a package or a module."""
    folder = ROOT / "src" / "shopkeeper" / name
    return folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")


def purpose(name: str) -> str:
    """First sentence of its docstring, as far as the colon."""
    text = ast.get_docstring(ast.parse(source(name).read_text())) or ""
    return re.split(r"[.:](?:\s|$)", text)[0].replace("\n", " ").replace("`", "")


def imports() -> set[tuple[str, str]]:
    """Which package imports which."""
    graph = grimp.build_graph("shopkeeper", cache_dir=None)
    return {
        (_top(importer), _top(imported))
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
        if _top(importer) != _top(imported)
    }


def _top(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def draw() -> str:
    """The picture as SVG text."""
    names = layers()
    width, height = LEFT + len(names) * STEP + TOP, 2 * TOP + len(names) * HEIGHT
    edges = sorted((names.index(a), names.index(b)) for a, b in imports() if a in names and b in names)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'font-family="system-ui, sans-serif" font-size="13">',
        "<title>The packages of Shopkeeper and what each imports</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#fff"/>',
        *(_lines(row, edges) for row in range(len(names))),
        *(f'<circle cx="{_x(b)}" cy="{_y(a)}" r="5" fill="#2f6f5e"/>' for a, b in edges),
        *(_step(row, name) for row, name in enumerate(names)),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _x(column: int) -> int:
    return LEFT + column * STEP + STEP // 2


def _y(row: int) -> int:
    return TOP + row * HEIGHT + HEIGHT // 2


def _lines(row: int, edges: list[tuple[int, int]]) -> str:
    """From a package to the right as far as its last import, and up as far as its first importer."""
    right = max((b for a, b in edges if a == row), default=row)
    up = min((a for a, b in edges if b == row), default=row)
    return f'<path d="M{_x(right)} {_y(row)}H{_x(row)}V{_y(up)}" fill="none" stroke="#c9d6d1"/>'


def _step(row: int, name: str) -> str:
    x, y = _x(row) - BOX + 14, _y(row) - 14
    return (
        f'<text x="{TOP}" y="{_y(row) + 5}" fill="#555">{escape(purpose(name))}</text>\n'
        f'<rect x="{x}" y="{y}" width="{BOX}" height="28" rx="6" fill="#e8f1ed" stroke="#2f6f5e"/>\n'
        f'<text x="{x + BOX // 2}" y="{_y(row) + 5}" text-anchor="middle" font-weight="600">{name}</text>'
    )


def main() -> int:
    """Write the picture, or with ``--check`` say whether the one there is true."""
    if "--check" not in sys.argv[1:]:
        PICTURE.write_text(draw(), encoding="utf-8")
    elif not PICTURE.exists() or PICTURE.read_text(encoding="utf-8") != draw():
        print("docs/architecture.svg does not show the imports as they are: make picture", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The documentation is true: its examples run, and what it should name it names."""

import ast
import re
import shutil
import tomllib
from pathlib import Path

import pytest

import shopkeeper
from shopkeeper.core import columns
from shopkeeper.core.config import EventWeights
from shopkeeper.core.types import EventType
from tests.examples import ROOT, Block, Reader, blocks

DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "shopkeeper"
PAGES = [ROOT / "README.md", ROOT / "README.zh.md", *sorted(DOCS.glob("*.md"))]
RUN = [page for page in PAGES if blocks(page) and page.name != "README.zh.md"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def section(page: Path, heading: str) -> str:
    """Text below a heading of the second level."""
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found, f"{page.name} has no section {heading!r}"
    return found[1]


def rows(text: str) -> set[str]:
    """First cell of each row of the tables, where it is code."""
    return set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE))


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    for name in ("items.csv", "orders.csv"):
        shutil.copy(DOCS / "examples" / name, tmp_path)
    return Reader(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_examples_run_as_they_stand(page, reader):
    if page.name in ("http.md", "customers.md"):
        make_tea_shop(reader.folder)
    reader.follow(page)


def make_tea_shop(folder: Path) -> None:
    """What the pages before have made."""
    with shopkeeper.create(folder / "my-shop") as shop:
        titles = {"item_id": "sku", "title": "name", "category": "department", "category2": "group"}
        shop.import_(folder / "items.csv", kind="items", mapping=titles)
        who = {"customer_id": "buyer", "item_id": "sku", "timestamp": "ordered_at"}
        shop.import_(folder / "orders.csv", kind="events", mapping=who)
        shop.train()


def test_examples_are_found():
    assert {"README.md", "getting-started.md", "python.md"} <= {page.name for page in RUN}


def test_both_readmes_show_the_same_commands_and_code():
    def runnable(page: Path) -> list[Block]:
        return [Block(b.language, re.sub(r" *#.*", "", b.text)) for b in blocks(page)]

    assert runnable(ROOT / "README.md") == runnable(ROOT / "README.zh.md")


@pytest.mark.parametrize(
    ("heading", "table"),
    [
        ("Events", columns.EVENT_COLUMNS),
        ("Items", columns.ITEM_COLUMNS),
        ("Customers", columns.CUSTOMER_COLUMNS),
        ("Campaigns", columns.CAMPAIGN_COLUMNS),
    ],
)
def test_every_column_is_documented(heading, table):
    text = section(DOCS / "data-formats.md", heading).split("\nEvent types")[0]
    assert rows(text) == set(table)


def test_every_event_type_is_documented_with_its_weight():
    text = section(DOCS / "data-formats.md", "Events").split("\nEvent types")[1]
    told = {name: float(weight) for name, weight in re.findall(r"\| `(\w+)` \| ([\d.]+) ", text)}
    weights = EventWeights()
    assert told == {kind.name: getattr(weights, kind.name) for kind in EventType}


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=;!~ ]", requirement)[0].lower() for requirement in requirements}


def required() -> set[str]:
    project = PROJECT["project"]
    groups = [*project["optional-dependencies"].values(), *PROJECT["dependency-groups"].values()]
    return _names([*project["dependencies"], *(name for group in groups for name in group)])


def test_every_dependency_has_a_decision_record():
    recorded = {
        name
        for page in (DOCS / "decisions").glob("[0-9]*.md")
        for line in re.findall(r"^Dependencies: (.*)$", page.read_text("utf-8"), re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", line)
    }
    assert recorded == required()


@pytest.mark.parametrize("page", sorted((DOCS / "decisions").glob("[0-9]*.md")), ids=lambda page: page.stem)
def test_every_record_is_listed_and_has_its_four_parts(page):
    text = page.read_text("utf-8")
    assert re.match(rf"# {page.stem[:3]} \w", text)
    parts = re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE)
    assert [part.replace("Measured", "Known") for part in parts] == ["Context", "Known", "Choice", "Price"]
    assert f"]({page.name})" in (DOCS / "decisions" / "index.md").read_text("utf-8")


@pytest.mark.parametrize("lock", ["demo", "dev"])
def test_lock_files_hold_what_the_package_needs(lock):
    text = (ROOT / "requirements" / f"{lock}.lock").read_text("utf-8")
    locked = set(re.findall(r"^([a-z0-9][a-z0-9._-]*)==", text, re.MULTILINE))
    extras = PROJECT["project"]["optional-dependencies"]
    groups = PROJECT["dependency-groups"]
    needed = [*PROJECT["project"]["dependencies"], *extras["demo"], *groups["build"]]
    if lock == "dev":
        needed += [*extras["postgresql"], *extras["mysql"], *groups["dev"]]
    assert _names(needed) <= locked
    assert text.count("==") <= text.count("--hash=sha256:")


def test_architecture_names_every_package_and_no_other():
    text = section(DOCS / "architecture.md", "The layers")
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    modules = {path.stem for path in SOURCE.glob("[!_]*.py")}
    assert rows(text) == packages | modules


def test_every_option_of_the_command_line_is_documented():
    from shopkeeper.cli import _parser

    text = (DOCS / "command-line.md").read_text("utf-8")
    for name, command in _commands(_parser()):
        part = section(DOCS / "command-line.md", name)
        options = {option for action in command._actions for option in action.option_strings}
        missing = {option for option in options - {"-h", "--help"} if f"`{option}" not in part}
        assert not missing, f"{name}: {missing}"
    assert len(re.findall(r"^## ", text, re.MULTILINE)) >= len(_commands(_parser()))


def _commands(parser):
    import argparse

    found = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return sorted(found[0].choices.items())


def test_every_setting_is_documented():
    from shopkeeper.core.config import ShopConfig

    text = (DOCS / "operations.md").read_text("utf-8")
    for name, setting in ShopConfig.model_fields.items():
        section_model = setting.annotation
        if section_model is EventWeights:
            continue
        inner = getattr(section_model, "model_fields", None)
        for key in [f"{name}.{field}" for field in inner] if inner else [name]:
            assert f"`{key}`" in text, key


def test_every_http_route_is_documented():
    """Read from the source: opening a shop only to list its routes would be much for a test of words."""
    tree = ast.parse((SOURCE / "serving" / "http.py").read_text("utf-8"))
    routes = [
        " ".join(ast.literal_eval(word) for word in call.args[:2])
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Route"
    ]
    assert len(routes) >= 7
    text = (DOCS / "http.md").read_text("utf-8")
    assert [route for route in routes if f"`{route}`" not in text] == []


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page):
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8"))
    made = [target for target in targets if target.startswith("reference/")]
    missing = [target for target in targets if target not in made and not (page.parent / target).exists()]
    assert missing == []
    assert all((SOURCE / Path(target).stem).is_dir() or Path(target).stem == "shopkeeper" for target in made)

"""Reads a page as strictly as a validator would: balanced tags, names for everything, nothing inline."""

from html.parser import HTMLParser
from itertools import pairwise

_VOID = frozenset(("meta", "link", "img", "input", "br", "hr"))
_SVG_VOID = frozenset(("path", "circle", "rect"))
_CONTROLS = frozenset(("a", "button", "summary"))


class Page(HTMLParser):
    """One page and the faults found in it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[int, str] = {}
        self._open: list[tuple[str, int]] = []
        self.feed(text)
        self.close()
        self.faults += [f"<{name}> is never closed" for name, _ in self._open]
        self._check()

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.faults.append(f"<{tag}> names an attribute twice")
        if tag == "title" and any(name == "svg" for name, _ in self._open):
            tag = "svg-title"
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self._open.append((tag, len(self.tags) - 1))

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _SVG_VOID:
            self.faults.append(f"<{tag}/> is not HTML")

    def handle_endtag(self, tag):
        if tag == "title" and self._open and self._open[-1][0] == "svg-title":
            tag = "svg-title"
        if not self._open or self._open[-1][0] != tag:
            self.faults.append(f"</{tag}> closes {self._open[-1:]} at line {self.getpos()[0]}")
        else:
            self._open.pop()

    def handle_data(self, data):
        for _, index in self._open:
            self.texts[index] = self.texts.get(index, "") + data

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        """Attributes of all elements of a kind."""
        return [
            attributes
            for name, attributes in self.tags
            if name == tag and all(attributes.get(key) == value for key, value in wanted.items())
        ]

    def text_of(self, tag: str) -> list[str]:
        """Texts of all elements of a kind."""
        found = [i for i, (name, _) in enumerate(self.tags) if name == tag]
        return [" ".join(self.texts.get(i, "").split()) for i in found]

    def _check(self) -> None:
        ids = [attributes["id"] for _, attributes in self.tags if "id" in attributes]
        self._unless(len(ids) == len(set(ids)), "an id is given twice")
        for tag in ("main", "h1", "title", "header", "footer"):
            self._unless(len(self.all(tag)) == 1, f"there is not exactly one <{tag}>")
        labelled = {attributes.get("for") for attributes in self.all("label")}
        for index, (tag, attributes) in enumerate(self.tags):
            self._check_one(tag, attributes, index, set(ids), labelled)
        levels = [int(tag[1]) for tag, _ in self.tags if tag in ("h1", "h2", "h3", "h4")]
        body = levels[levels.index(1) :] if 1 in levels else []
        jumps = [(a, b) for a, b in pairwise(body) if b > a + 1]
        self._unless(not jumps, f"headings jump: {jumps}")

    def _check_one(self, tag, attributes, index, ids, labelled) -> None:
        self._unless("style" not in attributes, f"<{tag}> has a style of its own")
        self._unless(not any(name.startswith("on") for name in attributes), f"<{tag}> has an inline script")
        self._unless(tag != "script" or "src" in attributes, "a script is inline")
        self._unless(tag != "style", "a style sheet is inline")
        self._unless(tag != "img" or "alt" in attributes, "a picture has no alt")
        for name in ("aria-labelledby", "form", "for"):
            if name in attributes:
                self._unless(attributes[name] in ids, f"{name}={attributes[name]} leads nowhere")
        if tag in _CONTROLS:
            name = self.texts.get(index, "").strip() or attributes.get("aria-label", "").strip()
            self._unless(bool(name), f"<{tag} {attributes}> has no name")
        if tag == "input" and attributes.get("type") not in ("hidden", "checkbox"):
            self._unless(attributes.get("id") in labelled, f"<input {attributes}> has no label")

    def _unless(self, right: bool, fault: str) -> None:
        if not right:
            self.faults.append(fault)

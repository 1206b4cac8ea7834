"""What axe-core finds wrong with the page a browser shows."""

from functools import cache
from importlib.resources import files
from typing import Any

_RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then(
  found => done(found.violations.map(one => ({
    id: one.id, impact: one.impact, where: one.nodes.map(node => node.html.slice(0, 160)).slice(0, 3)
  }))),
  error => done([{id: "axe failed", impact: "critical", where: [String(error)]}])
);
"""


@cache
def _source() -> str:
    return (files("selenium_axe_python") / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def serious(driver: Any) -> list[dict[str, Any]]:
    """Violations that axe-core calls serious or critical, on the page as it stands."""
    if not driver.execute_script("return typeof axe === 'object'"):
        driver.execute_script(_source())
    return [one for one in driver.execute_async_script(_RUN) if one["impact"] in ("serious", "critical")]

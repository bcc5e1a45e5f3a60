"""The page in a real browser: it draws, answers, asks nobody for anything, and does without scripts."""

from __future__ import annotations

import json
import os
from html import unescape
from pathlib import Path

import browser
import pytest
import studies
from test_interactive_target import figures, target
from test_page import FOUR, page

from perftransfer.figures import _vega
from perftransfer.report.finding import Finding
from perftransfer.report.findings_recommendation import Recommended

if browser.PROGRAM is None and os.environ.get("CI") != "true":
    pytest.skip("no browser: on Debian, tests/report/install.sh installs Chromium", allow_module_level=True)

pytestmark = pytest.mark.browser
KINDS = ("error_against_budget", "error_per_target", "influence", "configurations")

# Waits until all is drawn, does as a reader would, and writes down what the page shows then.
READER = """
<pre id="said"></pre>
<script>
const until = (done) => new Promise((resolve) => {
  const look = () => done() ? resolve() : setTimeout(look, 20);
  look();
});
const settled = () => new Promise((resolve) => setTimeout(resolve, 300));
const chosen = (figure, signal) => document.querySelector(`#latency_ms-interactive-${figure} [data-signal=${signal}]`);
const change = async (control, value) => {
  control.value = value;
  control.dispatchEvent(new Event("change", {bubbles: true}));
  await settled();
};
const labels = (figure, role) =>
  [...document.querySelectorAll(`#latency_ms-interactive-${figure} [aria-roledescription="${role}"]`)]
    .map((mark) => mark.getAttribute("aria-label"));
(async () => {
  await until(() => document.documentElement.dataset.figures === "drawn");
  const said = {};
  STEPS
  document.getElementById("said").textContent = JSON.stringify(said);
})();
</script>
</body>"""


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    return page(FOUR, tmp_path_factory.mktemp("figures"))


def read(html: str, folder: Path, steps: str = "") -> browser.Opened:
    """Open the page; ``steps`` are what a reader does with it."""
    file = folder / "report.html"
    file.write_text(html.replace("</body>", READER.replace("STEPS", steps)) if steps else html, encoding="utf-8")
    return browser.open_page(file, folder / "profile")


def test_a_request_would_be_noticed(tmp_path: Path) -> None:
    (tmp_path / "asks.html").write_text('<img src="http://example.invalid/picture.png">')
    opened = browser.open_page(tmp_path / "asks.html", tmp_path / "profile")
    assert any("example.invalid" in request for request in opened.requests)


def test_all_figures_are_drawn_and_nobody_is_asked_for_anything(html: str, tmp_path: Path) -> None:
    opened = read(html, tmp_path)
    assert opened.console == []
    assert opened.requests == []
    figures = [figure for figure in opened.elements("figure") if figure.get("class") == "interactive"]
    assert [figure["id"] for figure in figures] == [f"latency_ms-interactive-{kind}" for kind in KINDS]
    assert not any("hidden" in figure for figure in figures)
    drawings = [svg for svg in opened.elements("svg") if svg.get("class") == "marks"]
    assert len(drawings) == len(KINDS)
    # The still figures of which there is one that answers are folded, and still there.
    still = [details for details in opened.elements("details") if details.get("class") == "still"]
    assert [details["data-still"] for details in still] == [f"latency_ms-interactive-{KINDS[i]}" for i in (0, 1, 2)]
    assert not any("open" in details for details in still)
    assert len(opened.elements("img")) == len(studies.FIGURES)


def test_the_page_may_not_ask(html: str, tmp_path: Path) -> None:
    asking = html.replace("</main>", '<img src="http://example.invalid/x.png" alt=""></main>')
    opened = read(asking, tmp_path)
    assert opened.requests == []
    assert any("Content Security Policy" in line for line in opened.console)


def test_without_scripts_the_still_figures_stand_there(html: str, tmp_path: Path) -> None:
    # The browser writes down the page by a script of its own, so those of the page are forbidden, not all.
    opened = read(html.replace("script-src 'unsafe-inline' 'unsafe-eval'", "script-src 'none'"), tmp_path)
    assert any("script" in line for line in opened.console)
    figures = [figure for figure in opened.elements("figure") if figure.get("class") == "interactive"]
    assert len(figures) == len(KINDS)
    assert all("hidden" in figure for figure in figures)
    assert all("open" in details for details in opened.elements("details") if details.get("class") == "still")
    assert len(opened.elements("img")) == len(studies.FIGURES)


def said(opened: browser.Opened) -> dict[str, object]:
    assert opened.console == []
    return dict(json.loads(unescape(opened.text_of("said"))))


def test_what_is_chosen_is_shown(html: str, tmp_path: Path) -> None:
    steps = """
      const strategies = () => labels("error_against_budget", "point").map((text) => /strategy: (\\w+)/.exec(text)[1]);
      said.strategies = [...new Set(strategies())].sort();
      const boxes = chosen("error_against_budget", "strategies").querySelectorAll("input");
      boxes[1].click();
      await settled();
      said.without = [...new Set(strategies())].sort();
      document.querySelector("#latency_ms-interactive-error_against_budget [data-switch=none]").click();
      await settled();
      said.none = labels("error_against_budget", "point").length;
      await change(chosen("error_per_target", "strategy"), "DM");
      said.cells = labels("error_per_target", "rect mark").length;
      said.pair = labels("error_per_target", "rect mark")[0];
      await change(chosen("influence", "kind"), "interaction");
      said.terms = [...new Set(labels("influence", "rect mark").map((text) => /term: ([^;]+)/.exec(text)[1]))].sort();
      await change(chosen("configurations", "environment"), "e1");
      said.first = labels("configurations", "point")[0];
      said.points = labels("configurations", "point").length;
    """
    found = said(read(html, tmp_path, steps))
    assert found["strategies"] == ["DM", "LMS", "RS"]
    assert found["without"] == ["LMS", "RS"]
    assert found["none"] == 0
    assert found["cells"] == 12
    assert "strategy: DM" in str(found["pair"])
    assert found["terms"] == ["intra_op_threads × intra_op_spinning"]
    assert found["points"] == 48
    value = studies.excerpt(FOUR).by_objective["latency_ms"].iloc[0, 1]
    assert f"latency (ms): {value:.4g}" in str(found["first"])


def test_controls_have_names_and_are_reached_by_keyboard(html: str, tmp_path: Path) -> None:
    steps = """
      const controls = [...document.querySelectorAll(".interactive :is(input, select, button)")];
      said.count = controls.length;
      said.unnamed = controls.filter((one) => !(one.textContent.trim() && one.tagName === "BUTTON")
        && !(one.labels.length === 1 && one.labels[0].textContent.trim())).length;
      said.unreached = controls.filter((one) => { one.focus(); return document.activeElement !== one; }).length;
      said.charts = [...document.querySelectorAll(".interactive svg.marks [role=graphics-document]," +
        ".interactive svg.marks[role=graphics-document], .interactive [role=graphics-document]")]
        .map((one) => one.getAttribute("aria-label")).length;
      const narrow = [...document.querySelectorAll(".interactive .scroll")]
        .filter((one) => one.scrollWidth > one.clientWidth);
      said.cut = narrow.length;
    """
    found = said(read(html, tmp_path, steps))
    assert found["count"] == 3 + 2 + 3 + 1 + 1 + 3
    assert (found["unnamed"], found["unreached"], found["cut"]) == (0, 0, 0)
    assert found["charts"] == len(KINDS)


def test_a_tooltip_tells_of_the_mark_under_the_pointer(html: str, tmp_path: Path) -> None:
    steps = """
      const figure = document.querySelector("#latency_ms-interactive-error_per_target");
      const cell = figure.querySelector('[aria-roledescription="rect mark"]');
      cell.scrollIntoView({block: "center", behavior: "instant"});
      await settled();
      const {left, top} = cell.getBoundingClientRect();
      cell.dispatchEvent(new PointerEvent("pointermove", {bubbles: true, clientX: left + 4, clientY: top + 4}));
      cell.dispatchEvent(new MouseEvent("mousemove", {bubbles: true, clientX: left + 4, clientY: top + 4}));
      await settled();
      const tip = document.querySelector(".tooltip");
      said.shown = !tip.hidden;
      said.terms = [...tip.querySelectorAll("dt")].map((one) => one.textContent);
      document.dispatchEvent(new KeyboardEvent("keydown", {key: "Escape"}));
      said.dismissed = tip.hidden;
    """
    found = said(read(html, tmp_path, steps))
    assert found["shown"]
    assert found["terms"] == ["source", "target", "strategy", "error (%)", "error without source, RS (%)"]
    assert found["dismissed"]


def test_a_hundred_environments(tmp_path: Path) -> None:
    environments = studies.named(100)
    tables = studies.tables(environments, repeats=1)
    many = page(environments, tmp_path, tables=tables, excerpt=studies.excerpt(environments, 1000))
    assert len(many.encode()) < 10_000_000
    opened = read(many, tmp_path)
    assert opened.console == []
    assert opened.requests == []
    figures = [figure for figure in opened.elements("figure") if figure.get("class") == "interactive"]
    assert len(figures) == len(KINDS)
    assert not any("hidden" in figure for figure in figures)
    assert _vega.ENVIRONMENTS == 100


def test_the_figures_of_a_target_answer(tmp_path: Path) -> None:
    known = target()
    shown = Recommended("new", [Finding("default_is_best", {"quantity": "latency"})], [], figures(known))
    steps = """
      const marks = (name, role) =>
        [...document.querySelectorAll(`#new-interactive-${name} [aria-roledescription="${role}"]`)]
          .map((mark) => mark.getAttribute("aria-label"));
      const control = (name, signal) => document.querySelector(`#new-interactive-${name} [data-signal=${signal}]`);
      said.points = marks("target_choices", "point").length;
      said.default = marks("target_choices", "point").filter((text) => text.includes("the default")).length;
      await change(control("target_choices", "option"), "o1");
      await change(control("target_choices", "objective"), "v1");
      said.level = marks("target_choices", "point").filter((text) => /level of the option: true/.test(text)).length;
      said.front = marks("target_front", "point").length;
      said.predicted = marks("target_predicted", "point").length;
      await change(control("target_predicted", "objective"), "energy_mj");
      said.energy = marks("target_predicted", "point").length;
    """
    found = said(read(page(FOUR, tmp_path, recommended=[shown]), tmp_path, steps))
    assert found == {"points": 40, "default": 1, "level": 20, "front": 40, "predicted": 4, "energy": 4}

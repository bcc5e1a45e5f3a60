"""The page: well formed, complete in itself, honest in its marks, and the same each time."""

from __future__ import annotations

import itertools
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import snapshot
import studies

from perftransfer.errors import UserError
from perftransfer.export.interface import Snippet
from perftransfer.report import findings, protocol
from perftransfer.report.figure_file import FigureFile
from perftransfer.report.finding import Finding, sentence
from perftransfer.report.findings_recommendation import Recommended, TitledSnippet
from perftransfer.report.page import render, tight

VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Fails where tags are not closed in order; collects what the tests ask for."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(data)

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


def page(environments: list[dict[str, Any]], folder: Path, **changes: Any) -> str:
    tables = changes["tables"] if "tables" in changes else studies.tables(environments)
    arguments: dict[str, Any] = {
        "study": studies.study(environments),
        "tables": tables,
        "measurements": [tables["measurements"]],
        "hosts": studies.hosts(environments),
        "figures": studies.figures(folder),
        "study_tables": [],
        "constant_options": {"inter_op_threads": 1},
        "commands": ["git clone ADDRESS perftransfer && cd perftransfer", "make"],
        "excerpt": studies.excerpt(environments),
    }
    return render(**(arguments | changes))


def check(html: str) -> Page:
    found = Page(html)
    assert html.startswith("<!DOCTYPE html>")
    # Vega's script names namespaces and pages of its manual. That nothing is asked for, test_browser.py sees.
    assert not re.search(r"https?://", re.sub(r"(<script>).*?(</script>)", r"\1\2", html, flags=re.DOTALL))
    assert all(script in ({}, {"type": "application/json"}) for script in found.all("script"))
    assert html.count("window.vega") <= 1
    assert not found.all("link", "iframe", "object", "embed")
    assert not re.search(r"url\(|@import", re.sub(r"(<script>).*?(</script>)", r"\1\2", html, flags=re.DOTALL))
    assert all(str(image["src"]).startswith("data:image/svg+xml;base64,") for image in found.all("img"))
    levels = [int(tag[1]) for tag, _ in found.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    for link in found.all("a"):
        assert str(link["href"]).removeprefix("#") in ids
    assert len(found.all("caption")) == len(found.all("table"))
    assert all("scope" in head for head in found.all("th"))
    assert "nan" not in re.sub(r"base64,[^\"]*|<script.*?</script>", "", html, flags=re.DOTALL).lower().split()
    return found


def lead(study: dict[str, Any], tables: dict[str, pd.DataFrame]) -> list[Finding]:
    return findings.lead(findings.evidence_on(study, tables))


FOUR = studies.named(4)


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of a study of four environments."""
    return page(FOUR, tmp_path_factory.mktemp("figures"))


def test_the_page_is_well_formed_and_complete(html: str) -> None:
    found = check(html)
    assert found.all("html") == [{"lang": "en"}]
    images = found.all("img")
    assert len(images) == len(studies.FIGURES)
    assert all(image["alt"] for image in images)
    assert images[0]["style"] == "--natural: 400px"  # 300 pt
    for name in studies.FIGURES:
        assert f"Caption of {name}." in html
    for text in (
        "arXiv 1904.02838",
        "Xeon(R) Platinum",
        "onnxruntime version",
        "killed by SIGSEGV",
        "inter_op_threads = 1",
        "make",
    ):
        assert text in html
    for finding in lead(studies.study(FOUR), studies.tables(FOUR)):
        assert sentence(finding).replace(" %", "\u00a0%") in html


def test_figures_stand_in_the_section_that_they_support(html: str) -> None:
    where = [html.index(f"Caption of {name}.") for name in studies.FIGURES]
    sections = [
        html.index(f'<section id="latency_ms-{name}"') for name in ("budget", "transfer", "alike", "influence", "noise")
    ]
    assert sorted([*where, *sections]) == [position for pair in zip(sections, where, strict=True) for position in pair]


def test_a_figure_that_no_section_expects_is_shown_all_the_same(tmp_path: Path) -> None:
    svg = tmp_path / "new.svg"
    svg.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    html = page(FOUR, tmp_path, figures=[FigureFile("new", "latency_ms", "Something new", "It is new.", svg)])
    assert len(check(html).all("img")) == 1
    assert html.index("More figures") < html.index("It is new.")


def test_same_input_same_bytes(html: str, tmp_path: Path) -> None:
    assert page(FOUR, tmp_path) == html


def test_text_is_text(tmp_path: Path) -> None:
    strange = [studies.environment("<b>bold</b>"), studies.environment("a&b")]
    tables = studies.tables(strange)
    tables["measurements"].loc[0, "error"] = "<script>alert(1)</script>"
    html = page(strange, tmp_path, tables=tables, commands=["make <b>"])
    found = check(html)
    assert not found.all("b")
    assert "&lt;b&gt;bold&lt;/b&gt;" in html


def test_emulated_and_simulated_are_marked(tmp_path: Path) -> None:
    environments = [
        studies.environment("plain"),
        studies.environment("small", emulated=True, cores="1"),
        studies.environment("simulated-x", engine="simulated"),
    ]
    html = page(environments, tmp_path)
    check(html)
    assert html.count("emulated: a restriction of the same machine, not other hardware") == 1
    assert "not measured: simulated" in html
    assert "Not measured: simulated." in html
    assert "small (emulated)" in html
    overview = protocol.overview(studies.study(environments), [48, 48, 48])
    assert overview.facts == {
        "environments": 3, "kinds": {"measured": 2, "simulated": 1}, "emulated": 1,
        "configurations": {"low": 48, "high": 48},
    }  # fmt: skip
    assert sentence(overview) in html
    simulated = Finding("simulated", {"measurements": 96, "total": 288})
    assert sentence(simulated) in html


def test_what_is_measured_is_not_called_simulated(html: str) -> None:
    assert "simulated" not in html


def test_a_wholly_simulated_study_claims_no_measuring(tmp_path: Path) -> None:
    html = page([studies.environment(f"simulated-{i}", engine="simulated") for i in range(2)], tmp_path)
    assert "warms up" not in html
    assert "random, not trained, weights" not in html


def test_the_smallest_study(tmp_path: Path) -> None:
    environments = [studies.imported("tx2-a"), studies.imported("tx2-b")]
    html = page(
        environments, tmp_path, tables=studies.tables(environments, ["RS"]), hosts={}, figures=[], constant_options={}
    )
    check(html)
    for kind in ("no_transfer_evaluated", "nothing_measured", "noise_unknown", "method_imported"):
        assert sentence(Finding(kind)) in html
    snapshot.check("smallest", snapshot.Text(html).text())
    for claim in ("emulated", "one machine", "warms up", "random, not trained, weights", "Transfer hurts"):
        assert claim not in html


def changed(table: str, **columns: object) -> dict[str, pd.DataFrame]:
    tables = studies.tables(FOUR)
    return tables | {table: tables[table].assign(**columns)}


def of_dataset(**columns: object) -> dict[str, pd.DataFrame]:
    return studies.tables(FOUR) | {"ranges": studies.ranges(studies.dataset(FOUR).assign(**columns))}


HARD = {
    "nothing": {name: table.iloc[:0] for name, table in studies.tables(FOUR).items()},
    "no columns": {name: pd.DataFrame() for name in studies.tables(FOUR)},
    "no errors": changed("transfer", mape=np.nan),
    "infinite errors": changed("transfer", mape=np.inf),
    "no other metrics": changed("transfer", regret=np.nan, spearman=np.nan),
    "no learners": changed("transfer", learner=None),
    "perfect models": changed("transfer", mape=0.0),
    "strategies not known yet": changed("transfer", strategy="jump-start"),
    "no values": of_dataset(latency_ms=np.nan),
    "equal values": of_dataset(latency_ms=1.0),
    "text for cores": changed("environments", cores="all"),
    "all failed": changed("measurements", status="failed", error=None),
    "direct transfer only": studies.tables(FOUR, ["DM"]),
    "model shift only": studies.tables(FOUR, ["LMS"]),
    "direct transfer and random sampling": studies.tables(FOUR, ["DM", "RS"]),
}


@pytest.mark.parametrize("case", HARD)
def test_hard_tables(case: str, tmp_path: Path) -> None:
    check(page(FOUR, tmp_path, tables=HARD[case]))


def test_every_kind_of_finding_has_its_words() -> None:
    """One macro for each kind that the code names, and no other."""
    folder = Path(findings.__file__).parent
    code = "".join(path.read_text() for path in folder.glob("*.py"))
    macros = re.findall(r"^{% macro (\w+)\(v\)", (folder / "sentences.jinja").read_text(), flags=re.MULTILINE)
    assert len(set(macros)) == len(macros)
    assert [name for name in macros if f'"{name}"' not in code] == []
    assert set(re.findall(r"Finding\(\s*\"(\w+)\"", code)) <= set(macros)


def test_two_objectives_are_told_apart(tmp_path: Path) -> None:
    tables = studies.tables(FOUR)
    energy = tables["transfer"].assign(objective="energy_mj")
    tables["transfer"] = pd.concat([tables["transfer"], energy])
    study = studies.study(FOUR, objectives=["latency_ms", "energy_mj"])
    figures = [*studies.figures(tmp_path), *studies.figures(tmp_path, "energy_mj")]
    found = check(page(FOUR, tmp_path, study=study, tables=tables, figures=figures))
    assert len(found.all("img")) == 2 * len(studies.FIGURES)
    said = lead(study, tables)
    assert len(said) == findings.MAX_LEAD
    prefixes = [sentence(finding).split(":")[0] for finding in said]
    assert prefixes == ["Latency", "Latency", "Latency", "Energy", "Latency"]


def test_many_environments(tmp_path: Path) -> None:
    check(page(studies.named(7), tmp_path))


def test_a_missing_figure_is_named(tmp_path: Path) -> None:
    gone = FigureFile("noise", "latency_ms", "Noise", "Caption.", tmp_path / "gone.svg")
    with pytest.raises(UserError, match=r"gone\.svg: the figure cannot be read"):
        page(FOUR, tmp_path, figures=[gone])


def test_numbers_and_units_stay_together() -> None:
    assert tight("12 % of 3 s are 5 short") == "12\u00a0% of 3\u00a0s are 5 short"


def test_tables_are_shown_and_claims_stand_at_the_top(tmp_path: Path) -> None:
    tables = studies.tables(FOUR)
    folded = ("environments", "errors", "fit_seconds", "options", "ranking", "significance", "similarity", "wins")
    names = ("claims", "needed", *folded)
    html = page(FOUR, tmp_path, tables=tables, study_tables=studies.shown(tables, *names))
    found = check(html)
    assert [details["id"] for details in found.all("details") if "id" in details] == [
        f"table-{name}" for name in folded
    ]
    assert html.index('<section id="claims">') < html.index('<section id="environments">')
    for text in ("does not hold", "cannot be answered", "tables/ranking.csv", sentence(Finding("limit_tests"))):
        assert text in html
    assert html.count('class="words">median over learners') == len(studies.SHAPES)
    assert sentence(Finding("limit_no_tests")) not in html
    without = page(FOUR, tmp_path)
    assert 'id="claims"' not in without
    assert 'class="words">median over learners' not in without
    assert sentence(Finding("limit_no_tests")) in without
    snapshot.check("study", snapshot.Text(html).text())


def test_a_study_without_some_of_its_environments_says_so_first(tmp_path: Path) -> None:
    html = page(FOUR, tmp_path, study=studies.study(FOUR, left_out=["tx2-inceptionv3-200px"]))
    check(html)
    missing = sentence(Finding("environments_missing", {"environments": ["tx2-inceptionv3-200px"]}))
    assert missing in html
    assert missing not in page(FOUR, tmp_path)


def test_a_figure_of_all_objectives_stands_at_a_glance(tmp_path: Path) -> None:
    (figure,) = [file for file in studies.figures(tmp_path, "all") if file.name == "noise"]
    html = page(FOUR, tmp_path, figures=[*studies.figures(tmp_path), figure])
    found = check(html)
    assert html.index('<section id="at-a-glance">') < html.index('<section id="environments">')
    assert sum("all objectives" in str(image["alt"]) for image in found.all("img")) == 1


def test_what_to_paste_stands_in_the_section_of_its_target(tmp_path: Path) -> None:
    snippets = [TitledSnippet("Code, for latency", Snippet('session = "a<b"\n', ("Measured with batch=1.",)))]
    html = page(FOUR, tmp_path, recommended=[Recommended("new", [], [], snippets=snippets)])
    found = check(html)
    section = html[html.index('<section id="recommendation">') : html.index('<section id="findings">')]
    for text in ("<h4>Code, for latency</h4>", "a&lt;b", "Measured with batch=1."):
        assert text in section
    assert 'session = "a<b"\n' in found.texts["code"]


def test_the_page_says_what_the_networks_were_fed(html: str, tmp_path: Path) -> None:
    assert "filled with" not in html
    fed = {"name": "ids", "shape": [2, 128], "type": "int64", "filled": "integers from 0 to 99"}
    scalar = {"name": "length", "shape": [], "type": "int64", "filled": "200"}
    environments = FOUR[:2]
    first, second = (row["environment"] for row in environments)
    hosts = studies.hosts(environments)
    hosts[first]["fed"] = {"fp32": [fed, scalar], "int8": [fed]}
    hosts[second]["fed"] = {"fp32": [fed]}
    cells = check(page(environments, tmp_path, hosts=hosts)).texts["td"]
    for text in ("2 x 128", "a single value", "integers from 0 to 99", f"{first} (fp32, int8), {second} (fp32)"):
        assert text in cells

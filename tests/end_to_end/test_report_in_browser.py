"""The report page in a real browser: nothing fails, controls do what they say, figures are those of the report."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spikeloom.deploy.chip_picture.picture import chip_picture
from spikeloom.deploy.quantities import PREFIXES, format_quantity

selenium = pytest.importorskip("selenium")

from selenium import webdriver  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support.ui import Select  # noqa: E402

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SMALL_CHIPS = """
extends: loihi2
name: small
topology:
  chips: 2
  columns: {value: 3, unit: tiles, kind: assumed, source: a test}
  rows: {value: 2, unit: tiles, kind: assumed, source: a test}
  usable_cores: {value: 12, unit: cores, kind: assumed, source: a test}
limits:
  neurons: {value: 128, unit: neurons, kind: assumed, source: a test}
"""


@pytest.fixture(scope="module")
def folder(run_apart: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits network on two chips of a dozen small cores each."""
    place = tmp_path_factory.mktemp("browser")
    (place / "small.yaml").write_text(SMALL_CHIPS)
    done = run_apart(
        "deploy", "digits", "--target", place / "small.yaml", "--samples", 20, "--lava-samples", 0, "--effort", "fast",
        "--out", place / "out",
    )  # fmt: skip
    assert done.code == 0, done.err
    return place / "out"


@pytest.fixture(scope="module")
def report(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return document


@pytest.fixture(scope="module")
def opened() -> Iterator[webdriver.Chrome]:
    browser, driver = next(filter(None, map(shutil.which, BROWSERS)), None), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("there is no Chromium with its chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1300,1000"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options=options, service=Service(driver)) as chrome:
        yield chrome


@pytest.fixture
def page(opened: webdriver.Chrome, folder: Path) -> Iterator[webdriver.Chrome]:
    """The page, opened anew; that it complains about nothing is part of every test."""
    opened.get((folder / "report.html").as_uri())
    yield opened
    assert opened.get_log("browser") == []
    assert opened.execute_script("return performance.getEntriesByType('resource').length") == 0


def numbers(text: str) -> list[float]:
    """All figures of a text, with their prefixes, in J, s or as they are."""
    factors = {prefix: 10.0**exponent for exponent, prefix in PREFIXES.items()}
    found = re.findall(r"(-?\d[\d,]*\.?\d*)(?: ([fpnµmkMGT]?)[Js]\b)?", text)
    return [float(digits.replace(",", "")) * factors[prefix] for digits, prefix in found]


def told_of(page: webdriver.Chrome) -> dict[str, str]:
    """What the page says of the core or link that was clicked, by what it is."""
    rows = page.find_elements(By.CSS_SELECTOR, "#chip-told li")
    return dict(row.text.rsplit(": ", 1) for row in rows)


def classes(page: webdriver.Chrome) -> list[set[str]]:
    """Of the squares of all cores, in their order."""
    script = "return Array.from(document.querySelectorAll('[data-core]'), (core) => core.getAttribute('class'))"
    return [set(names.split()) for names in page.execute_script(script)]


def test_cores_take_the_colours_of_what_is_picked(page: webdriver.Chrome, report: dict[str, Any]) -> None:
    picture = chip_picture(report)
    assert picture is not None and len(picture.quantities) > 6
    picker = Select(page.find_element(By.ID, "chip-quantity"))
    assert [option.text for option in picker.options] == [quantity.name for quantity in picture.quantities]
    for quantity in picture.data["quantities"]:
        picker.select_by_visible_text(quantity["name"])
        assert all(f"l{level}" in found for level, found in zip(quantity["levels"], classes(page), strict=True))
        most = page.find_element(By.ID, "chip-most").text
        if quantity["scale"] == "limit":
            assert most == "100 % of the limit"
        else:
            assert numbers(most)[0] == pytest.approx(max(quantity["values"]), rel=6e-3)


def test_a_click_on_a_core_tells_what_the_report_says_of_it(page: webdriver.Chrome, report: dict[str, Any]) -> None:
    for core in (0, report["cores"] - 1):
        page.find_element(By.CSS_SELECTOR, f"[data-core='{core}']").click()
        told = told_of(page)
        for use in report["utilisation"]:
            if use["core"] == core and use["used"]:
                expected = [use["used"]] + ([use["limit"]] if use["limit"] else [])
                assert numbers(told[use["resource"].replace("_", " ")])[: len(expected)] == expected
        for layer, neurons in report["mapping"]["occupancy"][core].items():
            assert numbers(told[layer]) == [neurons]
        work = report["activity"]["cores"]
        assert numbers(told["busy time a step"])[0] == pytest.approx(work["busy_time"][core], rel=6e-3)
        assert numbers(told["dynamic energy a sample"])[0] == pytest.approx(report["core_energy"][core], rel=6e-3)
        assert numbers(told["spikes a sample"])[0] == pytest.approx(work["spikes"][core], rel=6e-3, abs=0.06)
        place = report["mapping"]["places"][core]
        heading = page.find_element(By.ID, "chip-told").text.splitlines()[0]
        assert numbers(heading) == [core, place["chip"], place["column"], place["row"], place["core"]]
    page.find_element(By.CSS_SELECTOR, f"[data-core='{core}']").click()
    assert page.find_element(By.ID, "chip-told").text.startswith("Point at")


def test_pointing_at_a_core_shows_the_picked_figure(page: webdriver.Chrome, report: dict[str, Any]) -> None:
    Select(page.find_element(By.ID, "chip-quantity")).select_by_visible_text("dynamic energy a sample")
    ActionChains(page).move_to_element(page.find_element(By.CSS_SELECTOR, "[data-core='1']")).perform()
    bubble = page.find_element(By.ID, "chip-bubble")
    assert bubble.is_displayed()
    assert bubble.text.splitlines()[1] == f"dynamic energy a sample: {format_quantity(report['core_energy'][1], 'J')}"
    ActionChains(page).move_to_element(page.find_element(By.TAG_NAME, "h1")).perform()
    assert not bubble.is_displayed()


def test_a_link_tells_its_traffic(page: webdriver.Chrome, report: dict[str, Any]) -> None:
    links = report["activity"]["links"]
    assert any(link["from"][0] != link["to"][0] for link in links), "the network shall use both chips"
    busiest = max(range(len(links)), key=lambda number: links[number]["packets"])
    page.execute_script(
        "document.querySelector(arguments[0]).dispatchEvent(new MouseEvent('click', {bubbles: true}))",
        f"[data-link='{busiest}']",
    )
    assert numbers(told_of(page)["packets a sample"])[0] == pytest.approx(links[busiest]["packets"], rel=6e-3)
    heading = page.find_element(By.ID, "chip-told").text.splitlines()[0]
    assert numbers(heading) == [*links[busiest]["from"], *links[busiest]["to"]]


def test_a_layer_shows_where_it_sits(page: webdriver.Chrome, report: dict[str, Any]) -> None:
    buttons = page.find_elements(By.CSS_SELECTOR, "[data-layer]")
    layers = report["mapping"]["layers"]
    assert [button.text.split("\n")[0].split()[0] for button in buttons] == list(layers)
    for button, cores in zip(buttons, layers.values(), strict=True):
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        assert [core for core, found in enumerate(classes(page)) if "aside" not in found] == cores
    buttons[-1].click()
    assert not any("aside" in found for found in classes(page))


def test_every_branch_of_the_energy_is_the_sum_of_its_parts(page: webdriver.Chrome, report: dict[str, Any]) -> None:
    page.execute_script("document.querySelectorAll('.tree details').forEach((part) => { part.open = true; })")
    accounts = page.find_elements(By.CSS_SELECTOR, ".tree > details")
    names = ("dynamic_neurocore", "chip_total")
    assert len(accounts) == len(names)
    for account, name in zip(accounts, names, strict=True):
        told = account.find_element(By.CSS_SELECTOR, "summary .n").text
        assert told == format_quantity(report["energy_accounts"][name]["nominal"], "J")
    for branch in page.find_elements(By.CSS_SELECTOR, ".tree details"):
        whole = numbers(branch.find_element(By.CSS_SELECTOR, "summary .n").text)[0]
        parts = branch.find_elements(By.CSS_SELECTOR, ":scope > .parts > details > summary, :scope > .parts > .leaf")
        figures = [numbers(part.find_element(By.CSS_SELECTOR, ".n").text)[0] for part in parts]
        assert parts and sum(figures) == pytest.approx(whole, rel=0.02)


@pytest.mark.parametrize("width", [360, 768, 1300])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_every_screen(page: webdriver.Chrome, width: int, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    paper, ink = (
        page.execute_script(f"return getComputedStyle(document.body).{what}") for what in ("backgroundColor", "color")
    )
    assert (sum(numbers(paper)[:3]) > sum(numbers(ink)[:3])) == (scheme == "light")
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_what_is_folded_is_printed(page: webdriver.Chrome) -> None:
    closed = "return document.querySelectorAll('details:not([open])').length"
    assert page.execute_script(closed) > 0
    page.execute_cdp_cmd("Page.printToPDF", {})
    assert page.execute_script(closed) == 0


def test_the_contents_lead_to_their_sections(page: webdriver.Chrome) -> None:
    links = page.find_elements(By.CSS_SELECTOR, ".contents a")
    assert len(links) > 6
    for link in links:
        assert page.find_elements(By.ID, str(link.get_attribute("href")).rsplit("#", 1)[1])

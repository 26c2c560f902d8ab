"""The pages a person looks at: the data model with its lineage, and Dagster's asset graph with the recorded run."""

import itertools
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from house import FirstRun, free_port
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE_SECONDS = 60
DRAWN_EDGES = """
    const graph = angular.element(document.body).injector().get('graph').graph;
    return graph.elements.filter(e => e.data.source).map(e => [e.data.source, e.data.target]);
"""


@pytest.fixture(scope="module")
def docs_page(first_run: FirstRun) -> str:
    printed = first_run.checkout.touchstone("docs").stdout
    match = re.search(r"^wrote (\S+\.html)$", printed, re.MULTILINE)
    assert match, printed
    return f"file://{match.group(1)}"


@pytest.fixture(scope="module")
def dagster_page(first_run: FirstRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    said = tmp_path_factory.mktemp("dagster") / "said.log"
    first_run.checkout.variables["TOUCHSTONE_DROP_DIR"] = str(tmp_path_factory.mktemp("drop"))  # nothing is to be run
    with said.open("w", encoding="utf-8") as output:
        process = first_run.checkout.start("ui", "--port", str(port), output=output, in_background=True)
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not answers(f"{address}/server_info"):
        assert process.poll() is None, said.read_text(encoding="utf-8")
        assert time.monotonic() < deadline, "Dagster's page did not come up"
        time.sleep(0.2)
    yield address
    process.terminate()
    assert process.wait(PATIENCE_SECONDS) == 0, said.read_text(encoding="utf-8")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while is_any_left(process.pid):
        assert time.monotonic() < deadline, "something that it started is left"
        time.sleep(0.2)


def is_any_left(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def wait_for_text(browser: webdriver.Chrome, *texts: str, seconds: float = PATIENCE_SECONDS) -> str:
    """The page's text, once it has all of these."""
    wait = WebDriverWait(browser, seconds)
    wait.until(lambda page: all(text in page.find_element(By.TAG_NAME, "body").text for text in texts), str(texts))
    return str(browser.find_element(By.TAG_NAME, "body").text)


def test_the_docs_draw_the_lineage_from_the_lookup_csv_to_the_mart(browser: webdriver.Chrome, docs_page: str) -> None:
    browser.get(f"{docs_page}#!/model/model.touchstone.mart_field_coverage?g_v=1&g_i=%2Bmart_field_coverage")
    wait = WebDriverWait(browser, PATIENCE_SECONDS)
    wait.until(lambda page: page.find_elements(By.CSS_SELECTOR, "canvas") and page.execute_script(DRAWN_EDGES))
    edges = {(source.split(".")[-1], target.split(".")[-1]) for source, target in browser.execute_script(DRAWN_EDGES)}
    path = [
        "lookups",
        "stg_lookups",
        "dim_field",
        "dim_field_latest",
        "dict_field",
        "fct_observations",
        "mart_field_coverage",
    ]
    assert set(itertools.pairwise(path)) <= edges
    assert ("stg_lookup_codes", "dim_field") in edges
    assert ("landing_observations", "fct_observations") in edges


def test_the_docs_describe_a_model_with_its_grain_and_columns(browser: webdriver.Chrome, docs_page: str) -> None:
    browser.get(f"{docs_page}#!/model/model.touchstone.fct_observations")
    wait_for_text(browser, "One row per accepted observation", "instrument_id", "DateTime64(6, 'UTC')")


def test_dagster_shows_every_room_as_a_group_of_the_asset_graph(
    browser: webdriver.Chrome, dagster_page: str, picture: Callable[[str], None]
) -> None:
    browser.get(f"{dagster_page}/asset-groups")
    rooms = ("migrations", "seeds", "landing", "staging", "dimensions", "dictionaries", "facts", "quarantine", "marts")
    wait_for_text(browser, *rooms, "canonical", "Materialize all")
    picture("dagster_graph")


def test_dagster_shows_the_recorded_run_as_a_success(browser: webdriver.Chrome, dagster_page: str) -> None:
    browser.get(f"{dagster_page}/runs")
    wait_for_text(browser, "everything", "Success")


def test_dagster_shows_every_check_of_the_fact_as_succeeded(
    browser: webdriver.Chrome, dagster_page: str, picture: Callable[[str], None]
) -> None:
    browser.get(f"{dagster_page}/assets/fct_observations?view=checks")
    text = wait_for_text(browser, "Execute all", "Succeeded")
    found = re.search(r"Checks \((\d+)\)", text)
    assert found, text
    assert text.count("Succeeded") == int(found.group(1))
    assert int(found.group(1)) >= 8
    assert "Not Evaluated" not in text
    picture("dagster_checks")


def test_a_backfill_is_launched_and_followed_on_the_page(
    browser: webdriver.Chrome, dagster_page: str, picture: Callable[[str], None]
) -> None:
    browser.get(f"{dagster_page}/assets/mart_daily_observations_by_day?view=partitions")
    wait_for_text(browser, "Materialized (354)")
    press(browser, "Materialize…")
    press(browser, "Show all partitions")
    [_, days] = browser.find_elements(By.CSS_SELECTOR, "input[placeholder^='ex:']")
    days.send_keys(Keys.CONTROL, "a")
    days.send_keys("[2019-10-01...2019-12-29]", Keys.TAB)
    wait_for_text(browser, "90 partitions", "maximum of 92 partitions per run")
    picture("dagster_backfill")
    press(browser, "Launch backfill")
    browser.get(f"{dagster_page}/overview/backfills")
    wait_for_text(browser, "90 partitions", "Manually launched")
    [backfill, *_] = [link.get_attribute("href") for link in browser.find_elements(By.CSS_SELECTOR, "a[href*='/b/']")]
    browser.get(str(backfill))
    wait_for_text(browser, "100% completed", "2019-10-01...2019-12-29", seconds=240)
    assert "Succeeded" in browser.find_element(By.TAG_NAME, "body").text


def press(browser: webdriver.Chrome, label: str) -> None:
    """Click the button with this label, once it is there."""
    wait = WebDriverWait(browser, PATIENCE_SECONDS)
    xpath = f"//button[normalize-space(.) = '{label}']"
    wait.until(lambda page: [button for button in page.find_elements(By.XPATH, xpath) if button.is_enabled()])[
        0
    ].click()

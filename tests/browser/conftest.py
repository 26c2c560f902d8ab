"""A headless Chromium. CI has one; where a machine has none the browser tests are left out, and the summary says so."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1600,1000",
)
SECONDS_OF_ANIMATIONS = 2
LEFT_OUT = pytest.StashKey[int]()


def browser_path() -> str | None:
    """The installed browser, if there is one with its driver."""
    found = (shutil.which(name) for name in BROWSERS)
    return next((path for path in found if path), None) if shutil.which("chromedriver") else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if browser_path() is not None:
        return
    if os.environ.get("CI"):
        raise pytest.UsageError("CI needs chromium and chromedriver for the browser tests; .ci/run installs them.")
    here = [item for item in items if Path(__file__).parent in item.path.parents]
    config.stash[LEFT_OUT] = len(here)
    config.hook.pytest_deselected(items=here)
    items[:] = [item for item in items if item not in here]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if left_out := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(
            f"{left_out} browser tests were left out: no Chromium here (Debian: apt-get install chromium chromium-driver)",
            yellow=True,
        )


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A fresh browser, with a profile of its own."""
    folder = tmp_path_factory.mktemp("browser")
    options = Options()
    options.binary_location = browser_path() or ""
    for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(flag)
    at_home = {name: str(folder) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")}
    service = Service(shutil.which("chromedriver"), env={**os.environ, **at_home})
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium: webdriver.Chrome) -> Iterator[webdriver.Chrome]:
    """The browser, which leaves the page at the end: an open page keeps asking its server."""
    yield chromium
    chromium.get("about:blank")


@pytest.fixture
def picture(browser: webdriver.Chrome, request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Takes a picture of the page for the docs, if the command asks for pictures."""
    folder: Path | None = request.config.getoption("--screenshots")

    def take(name: str) -> None:
        if folder is None:
            return
        time.sleep(SECONDS_OF_ANIMATIONS)
        folder.mkdir(parents=True, exist_ok=True)
        assert browser.save_screenshot(str(folder / f"{name}.png"))

    return take

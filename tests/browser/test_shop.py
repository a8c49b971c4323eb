"""What a visitor clicks in the demo shop changes what the page shows, in a real browser."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
CHROMEDRIVER = shutil.which("chromedriver")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (CHROMIUM and CHROMEDRIVER),
        reason="no Chromium with chromedriver on PATH: apt-get install chromium chromium-driver",
    ),
]

# A test waits for the page, the page for Kafka, a consumer and Redis: in CI all share two cores.
PATIENCE_SECONDS = 20
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
)


class Shop:
    """The open page, as a visitor knows it."""

    def __init__(self, browser: Chrome, url: str) -> None:
        self.browser = browser
        browser.get(url)
        self.wait(lambda: self.block("hero") and self.depth() > 0)

    def wait(self, condition: Callable[[], object]) -> None:
        WebDriverWait(self.browser, PATIENCE_SECONDS).until(lambda _: condition())

    def click(self, selector: str) -> None:
        # Through the page, so that a card half below the fold is no reason to fail.
        self.browser.execute_script("document.querySelector(arguments[0]).click()", selector)

    def text(self, selector: str) -> str:
        script = "return document.querySelector(arguments[0])?.textContent ?? ''"
        return str(self.browser.execute_script(script, selector))

    def block(self, slot: str) -> str | None:
        script = "return document.querySelector(arguments[0])?.dataset.block"
        block: str | None = self.browser.execute_script(script, f'[data-slot="{slot}"]')
        return block

    def depth(self) -> int:
        return int(self.text('[data-field="sessionDepth"]') or 0)

    def light(self) -> str:
        """The colour of the panel's dot."""
        script = "return getComputedStyle(document.querySelector('h2 .pulse')).backgroundColor"
        return str(self.browser.execute_script(script))

    def open(self, product: str) -> None:
        self.click(f'#grid [data-product="{product}"] .card-open')

    def view(self, product: str) -> None:
        self.open(product)
        self.click("#product [data-close]")

    def add(self, product: str) -> None:
        self.click(f'#grid [data-product="{product}"] .card-add')

    def buy(self) -> None:
        self.click("#cart-open")
        self.click("#cart-body .primary")
        self.click("#cart [data-close]")

    def sign_in(self, user_id: str) -> None:
        self.click("#account-open")
        self.browser.find_element(By.ID, "user-id").send_keys(user_id)
        self.click("#sign-in .primary")

    def shown(self) -> list[str]:
        """Blocks reported as seen, latest first."""
        script = """return [...document.querySelectorAll(
            '[data-event="Content Shown"].ok .sent-detail')].map(cell => cell.textContent)"""
        return [str(block) for block in self.browser.execute_script(script)]


def errors(browser: Chrome) -> list[str]:
    """Return what the browser's console holds against the page."""
    entries = browser.get_log("browser")  # type: ignore[no-untyped-call]  # selenium leaves it so
    return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]


@pytest.fixture
def browser(tmp_path: Path, shop_url: str) -> Iterator[Chrome]:
    """Give a Chromium that has never been anywhere; its console must stay without errors.

    It asks for the shop only to be closed before it: a page whose server is gone has errors.
    """
    del shop_url
    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options=options, service=Service(CHROMEDRIVER))
    try:
        yield driver
        assert errors(driver) == []
    finally:
        driver.quit()


@pytest.fixture
def shop(browser: Chrome, shop_url: str) -> Shop:
    return Shop(browser, shop_url)


def test_a_newcomer_sees_the_standard_page(shop: Shop) -> None:
    assert shop.block("hero") == "standard-content"
    assert shop.block("carousel") == "bestsellers"
    assert shop.text(".segment") == "new visitor"


def test_the_carousel_follows_what_is_viewed(shop: Shop) -> None:
    before = shop.depth()

    for product in ("fell-tent", "glow-lantern", "flint-stove"):
        shop.view(product)
    shop.wait(lambda: shop.depth() == before + 3)
    shop.wait(lambda: shop.block("carousel") == "more-camping")

    shop.view("crane-kettle")
    shop.wait(lambda: shop.block("carousel") == "more-kitchen")


def test_a_cart_is_remembered_and_a_big_order_makes_a_best_customer(shop: Shop) -> None:
    shop.add("commuter-bike")
    shop.wait(lambda: shop.block("carousel") == "cart-reminder")

    shop.buy()
    shop.wait(lambda: shop.block("hero") == "premium-offer-banner")
    assert shop.text(".segment") == "high value"


def test_an_open_product_says_what_its_demand_and_the_visit_decide(shop: Shop) -> None:
    for product in ("halo-ring", "stack-bowls", "reader-light"):
        shop.view(product)
    shop.wait(lambda: shop.depth() == 4)

    shop.open("mill-grinder")
    shop.wait(lambda: shop.block("product") == "take-your-time")
    assert "session.views" in shop.text("#product .operands")

    shop.click("#product [data-close]")
    for _ in range(2):
        shop.view("drift-pendant")
    shop.wait(lambda: shop.depth() == 7)
    shop.open("drift-pendant")
    shop.wait(lambda: shop.block("product") == "sought-after")
    assert "item.trend" in shop.text("#product .operands")
    shop.wait(lambda: "sought-after" in shop.shown())


def test_signing_in_takes_the_visit_along(shop: Shop) -> None:
    shop.view("hush-headphones")
    shop.wait(lambda: shop.block("carousel") == "more-audio")
    before = shop.depth()
    user_id = f"ada-{uuid.uuid4()}"

    shop.sign_in(user_id)

    shop.wait(lambda: shop.text('[data-field="profile.user id"]') == user_id)
    shop.wait(lambda: shop.depth() >= before)
    assert shop.block("carousel") == "more-audio"


def test_the_next_visitor_starts_from_nothing(shop: Shop) -> None:
    shop.view("arc-lamp")
    shop.wait(lambda: shop.block("carousel") == "more-lighting")

    shop.click("#new-visitor")

    shop.wait(lambda: shop.block("carousel") == "bestsellers")
    shop.wait(lambda: shop.depth() == 1)


def test_a_block_is_reported_once_when_it_comes_into_view(shop: Shop) -> None:
    shop.view("rondo-helmet")
    shop.wait(lambda: "more-cycling" in shop.shown())
    shop.view("beam-lights")
    shop.wait(lambda: shop.depth() == 3)

    shown = shop.shown()
    assert {"standard-content", "bestsellers", "more-cycling"} <= set(shown)
    assert shown.count("more-cycling") == 1


def test_the_panel_is_green_once_it_has_an_answer(browser: Chrome, shop: Shop) -> None:
    answered = shop.light()

    silent = "window.WebSocket = class { close() {} }"
    browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": silent})
    browser.refresh()

    shop.wait(lambda: shop.text("#latency") == "asking")
    assert shop.light() != answered


def test_graphiql_answers_its_first_query(browser: Chrome, shop_url: str) -> None:
    browser.get(f"{shop_url.rstrip('/')}/graphql")
    wait = WebDriverWait(browser, PATIENCE_SECONDS)
    editors = (By.CLASS_NAME, "graphiql-editors")
    answer = (By.CLASS_NAME, "result-window")
    wait.until(lambda page: '"ada"' in page.find_element(*editors).text)

    browser.find_element(By.CLASS_NAME, "graphiql-execute-button").click()

    wait.until(lambda page: '"id": "ada"' in page.find_element(*answer).text)


def test_graphiql_follows_a_visitor_until_it_is_stopped(browser: Chrome, shop_url: str) -> None:
    browser.get(f"{shop_url.rstrip('/')}/graphql")
    wait = WebDriverWait(browser, PATIENCE_SECONDS)
    editors = (By.CLASS_NAME, "graphiql-editors")
    answer = (By.CLASS_NAME, "result-window")
    run = (By.CLASS_NAME, "graphiql-execute-button")
    wait.until(lambda page: '"ada"' in page.find_element(*editors).text)

    browser.find_element(By.XPATH, "//*[@role='tab' and contains(., 'Live')]").click()
    wait.until(lambda page: "subscription Live" in page.find_element(*editors).text)
    browser.find_element(*run).click()
    wait.until(lambda page: '"cause": "SUBSCRIBED"' in page.find_element(*answer).text)

    ada_views(shop_url)
    wait.until(lambda page: '"cause": "FEATURES"' in page.find_element(*answer).text)

    assert "Stop" in str(browser.find_element(*run).get_attribute("aria-label"))
    browser.find_element(*run).click()
    wait.until(lambda page: "Execute" in str(page.find_element(*run).get_attribute("aria-label")))

    assert errors(browser) == []
    nobody = "document.querySelector('.graphiql-editor-tool .CodeMirror').CodeMirror.setValue('{}')"
    browser.execute_script(nobody)
    browser.find_element(*run).click()
    wait.until(lambda page: "personalization needs an id" in page.find_element(*answer).text)
    errors(browser)  # emptied: GraphiQL leaves the refusal in the console as well


def ada_views(shop_url: str) -> None:
    product = {"product_id": "crane-kettle", "category": "kitchen", "price": 49}
    call = {"userId": "ada", "event": "Product Viewed", "properties": product}
    httpx.post(f"{shop_url}/v1/track", json=call, auth=("wk_demo", "")).raise_for_status()

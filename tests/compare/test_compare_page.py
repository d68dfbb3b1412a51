"""The page in a browser: nothing leaves it, and what it shows can be seen, moved and printed."""

import os
import shutil

import pytest

sync_api = pytest.importorskip("playwright.sync_api")
NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser():
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        if os.environ.get("NST_REQUIRE_CHROMIUM"):
            pytest.fail("there is no Chromium, and NST_REQUIRE_CHROMIUM is set")
        pytest.skip("there is no Chromium: install it, with apt-get install chromium for example")
    with sync_api.sync_playwright() as p:
        opened = p.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def address(written):
    """Of a page with everything that can be found."""
    return (written / "report.html").as_uri()


@pytest.fixture
def visit(browser, address):
    """Opens the page at a width; `said` are its errors and warnings, `asked` its requests."""
    pages = []

    def opened(width=1200):
        page = browser.new_page(viewport={"width": width, "height": 900})
        pages.append(page)
        page.said, page.asked = [], []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(address)
        return page

    yield opened
    for page in pages:
        page.close()


def test_nothing_is_asked_of_another_place_and_nothing_goes_wrong(visit, address):
    page = visit()
    assert page.said == []
    assert [url for url in page.asked if not url.startswith("data:")] == [address]


def test_every_picture_has_loaded(visit):
    page = visit()
    found = page.evaluate(
        "[...document.images].map(i => [i.complete && i.naturalWidth, i.alt.trim().length])"
    )
    assert len(found) > 8
    assert all(width and words for width, words in found)


def test_every_link_leads_somewhere(visit):
    missing = visit().evaluate(
        "[...document.links].map(a => a.getAttribute('href'))"
        ".filter(h => !h.startsWith('#') || !document.getElementById(h.slice(1)))"
    )
    assert missing == []


def test_the_slider_wipes_by_hand_and_by_keyboard(visit):
    page = visit()
    wipe = page.locator(".wipe input")
    clipped = ".wipe .stage img:last-child"

    def edge():
        return page.eval_on_selector(clipped, "e => getComputedStyle(e).clipPath")

    assert edge() == "inset(0px 0px 0px 50%)"
    wipe.fill("20")
    assert edge() == "inset(0px 0px 0px 20%)"
    wipe.focus()
    page.keyboard.press("ArrowRight")
    assert edge() == "inset(0px 0px 0px 21%)"
    page.keyboard.press("Home")
    assert edge() == "inset(0px 0px 0px 0%)"
    assert wipe.get_attribute("aria-valuetext").startswith("0 %")


def test_two_paintings_are_chosen(visit):
    page = visit()
    left, right = page.locator(".wipe select").all()
    assert left.locator("option").all_inner_texts()[0] == "reference"
    stage = page.locator(".wipe .stage img")
    assert stage.nth(0).get_attribute("alt") == "painting of reference"
    right.select_option(label="flipped float32")
    left.select_option(label="numpy float32")
    assert stage.nth(0).get_attribute("alt") == "painting of numpy float32"
    assert stage.nth(1).get_attribute("alt") == "painting of flipped float32"
    assert stage.nth(0).get_attribute("src") != stage.nth(1).get_attribute("src")
    boxes = [stage.nth(n).bounding_box() for n in (0, 1)]
    assert boxes[0] == boxes[1]


@pytest.mark.parametrize("width", [320, 400, 800])
def test_a_narrow_page_does_not_scroll_sideways(visit, width, mixed):
    page = visit(width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.get_by_text(mixed.report.sentence, exact=True).first.bounding_box()
    assert box["y"] < 900
    assert 0 <= box["x"] < box["x"] + box["width"] <= width


def test_on_paper_there_is_no_slider_and_every_table(visit):
    page = visit()
    assert page.locator(".wipe").is_visible()
    page.emulate_media(media="print")
    assert not page.locator(".wipe").is_visible()
    tables = page.locator("table").all()
    assert len(tables) > 10
    assert all(table.is_visible() for table in tables)


def test_without_scripts_the_slider_is_not_there_and_everything_else_is(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert not page.locator(".wipe").is_visible()
    assert page.locator("#painting-0").is_visible()
    context.close()

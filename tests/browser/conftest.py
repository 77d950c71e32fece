"""A browser for pages: the system's Chromium, never a downloaded one."""

import os
import shutil
from contextlib import contextmanager

import pytest
from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium():
    """The path of the browser; without one the test is skipped, or fails where `.ci/run` has seen to it."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        said = f"none of {', '.join(NAMES)} is on PATH: apt-get install chromium"
        if "ARGO_NEEDS_CHROMIUM" in os.environ:
            pytest.fail(said)
        pytest.skip(said)
    return found


class Visit:
    """A page that was opened and has drawn its charts, with all that went wrong and all that it asked for."""

    def __init__(self, page, url):
        self.page, self.errors, self.requests = page, [], []
        page.on("console", lambda message: self.errors.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: (self.errors.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(url)
        page.wait_for_function("() => !document.querySelector('.chart:not(:has(.trace path))')")

    def run(self, script, *arguments):
        return self.page.evaluate(script, *arguments)


@pytest.fixture
def visit(chromium):
    """Open a file as a reader of a given taste and screen would; one browser each, gone with the block."""

    @contextmanager
    def opened(path, *, scheme="light", width=1280, phone=False):
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            screen = {"width": width, "height": 844}
            context = browser.new_context(viewport=screen, color_scheme=scheme, is_mobile=phone, has_touch=phone)
            yield Visit(context.new_page(), path.resolve().as_uri())
            browser.close()

    return opened

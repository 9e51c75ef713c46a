"""Act as a visitor: open pages, make choices, withdraw them, and let them expire."""

from __future__ import annotations

import time
from dataclasses import dataclass

from playwright.sync_api import Locator, Page

from siteaudit import CouldNotAudit
from siteaudit.recording import Recorder
from siteaudit.states import State

BANNER = "[data-consent-banner]"
WITHDRAWAL = "[data-consent-withdrawal] button"
PREFERENCES = "/cookies/"
#: How long to wait for a page's requests to end.
MAX_SECONDS = 6
TIMEOUT_MS = 20_000


@dataclass
class Visitor:
    """A visitor at the browser. ``recorder`` also gets the number of presses that each choice takes."""

    page: Page
    site: str
    recorder: Recorder
    quiet_seconds: float

    def open(self, path: str) -> None:
        self.recorder.begin_page(path)
        self.page.goto(self.site + path, wait_until="load")
        # For what a page loads only when it is scrolled into view.
        self.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        self.wait()

    def wait(self) -> None:
        """Wait for ``quiet_seconds`` without a request, at most ``MAX_SECONDS`` in all."""
        began = self.recorder.last_activity = time.monotonic()
        while self.recorder.is_busy(self.quiet_seconds):
            if time.monotonic() - began > MAX_SECONDS:
                return
            self.page.wait_for_timeout(50)

    def perform(self, step: str, path: str, state: State) -> None:
        if step == "use":
            self.open("/")
            self.open(path)
        elif step == "expire":
            self._expire()
        elif step == "open":
            self.open(PREFERENCES)
            self._choose_service(state.service)
        else:
            self.open(path)
            self._choose(step, state)

    def _choose(self, step: str, state: State) -> None:
        presses = 0
        if step == "withdraw":
            control = self.page.locator(WITHDRAWAL).first
            if not (control.count() and control.is_visible()):
                self._open_preferences()
                presses = 1
                control = self.page.locator("[data-consent-withdraw], main [data-consent-reject]").first
        else:
            banner = self.page.locator(BANNER)
            if not (banner.count() and banner.is_visible()):
                raise CouldNotAudit(
                    f"The banner did not appear on {self.recorder.page}, so the audit could not make a choice."
                )
            control = banner.locator(f"[data-consent-{step}]")
            if not (control.count() and control.is_visible()):
                presses = self._reveal_control(step)
                control = self.page.locator(f"{BANNER} [data-consent-{step}]:visible, main [data-consent-{step}]").first
            if step == "save":
                for box in self.page.locator("[data-consent-category] input:not(:disabled):visible").all():
                    box.set_checked((box.get_attribute("value") or "") in state.accepts)
        self._press(control, step)
        self.recorder.seen.clicks[step] = presses + 1

    def _choose_service(self, service: str) -> None:
        """Open one service, ``category.slug``, and leave its category closed. See Note [A service alone]."""
        control = self.page.locator(f'main [data-consent-choice="{service}"]')
        if not control.count():
            raise CouldNotAudit(f"{PREFERENCES} has no control for the service {service}, which the notice names.")
        control.select_option(f"{service}=yes")
        self._press(self.page.locator("main [data-consent-save]"), "open")

    def _press(self, control: Locator, step: str) -> None:
        """Press the button that sends a choice, and wait until the site has answered."""
        sent = len(self.recorder.choices())
        control.click()
        deadline = time.monotonic() + TIMEOUT_MS / 1000
        while not (choices := self.recorder.choices()[sent:]) or not (choices[0].status or choices[0].failure):
            if time.monotonic() > deadline:
                raise CouldNotAudit(
                    f"The site did not answer the choice “{step}” within {TIMEOUT_MS / 1000:.0f} seconds."
                )
            self.page.wait_for_timeout(20)
        if not 200 <= choices[0].status < 400:
            raise CouldNotAudit(
                f"The site did not save the choice “{step}”: it answered {choices[0].status or choices[0].failure}. "
                "Many audits within an hour reach the limit of records for one network. Wait an hour, or raise "
                "CONSENT_CHOICES_PER_HOUR."
            )
        self.recorder.stop_waiting_for(choices[0])
        self.wait()  # the page reloads if a service is concerned

    def _reveal_control(self, step: str) -> int:
        """Open the part of the banner that hides a control, or else the preferences. Return the number of presses."""
        details = self.page.locator(f"{BANNER} details:not([open]):has([data-consent-{step}]) > summary")
        if details.count() and details.first.is_visible():
            details.first.click()
            return 1
        self._open_preferences()
        return 1

    def _open_preferences(self) -> None:
        self.page.locator(f"a[href$='{PREFERENCES}']:visible").first.click()
        self.page.wait_for_load_state("load")
        self.wait()

    def _expire(self) -> None:
        """Have the browser delete the cookies of the choice, as it does when they expire."""
        context = self.page.context
        soon = time.time() + 1.5
        name = self.page.locator("[data-consent-cookie]").get_attribute("data-consent-cookie")
        choice = [cookie for cookie in context.cookies() if cookie["name"] in (name, "consent_receipt")]
        context.add_cookies(
            [
                {
                    "name": cookie["name"],
                    "value": cookie["value"],
                    "domain": cookie["domain"],
                    "path": cookie["path"],
                    "expires": soon,
                    "httpOnly": cookie["httpOnly"],
                    "secure": cookie["secure"],
                    "sameSite": cookie["sameSite"],
                }
                for cookie in choice
            ]
        )
        self.page.goto("about:blank")
        while {cookie["name"] for cookie in context.cookies()} & {cookie["name"] for cookie in choice}:
            if time.time() > soon + MAX_SECONDS:
                raise CouldNotAudit("The browser did not delete the expired choice.")
            self.page.wait_for_timeout(100)

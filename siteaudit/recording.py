"""Record what one visitor's browser does: requests, cookies, stored keys and what the policy refused."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page, Request, WebSocket

from siteaudit.declared import origin_of
from siteaudit.observed import SeenCookie, SeenRequest, StateSeen, parse_set_cookie

#: The path to which a visitor's choice is sent.
CHOICE = "/consent/"


@dataclass
class Recorder:
    """Records what one visitor's browser does. ``page`` is the open path; ``watched`` is true in the state itself."""

    seen: StateSeen
    site: str
    page: str = ""
    watched: bool = False
    set_by: dict[tuple[str, str], tuple[str, float | None]] = field(default_factory=dict)
    keys_by: dict[str, str] = field(default_factory=dict)
    _requests: dict[str, SeenRequest] = field(default_factory=dict)
    _started: dict[str, float] = field(default_factory=dict)
    _bodies: dict[tuple[str, str], bytes] = field(default_factory=dict)
    _context_requests: list[SeenRequest] = field(default_factory=list)
    _early_headers: dict[str, dict[str, str]] = field(default_factory=dict)
    _early_responses: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _without_response: dict[str, list[SeenRequest]] = field(default_factory=dict)
    last_activity: float = 0
    _pending: dict[str, str] = field(default_factory=dict)  # number of a request → the document that it is for

    def attach(self, context: BrowserContext, page: Page) -> None:
        network = context.new_cdp_session(page)
        network.on("Network.requestWillBeSent", self._will_be_sent)
        network.on("Network.requestWillBeSentExtraInfo", self._sent_headers)
        network.on("Network.responseReceived", self._received)
        network.on("Network.responseReceivedExtraInfo", self._received_headers)
        network.on("Network.loadingFinished", self._finished)
        network.on("Network.loadingFailed", self._failed)
        network.on("Page.frameNavigated", self._navigated)
        network.send("Page.enable")
        network.send("Network.enable", {"maxPostDataSize": 1_000_000})
        context.on("request", self._requested)
        page.on("websocket", self._socket)

    def complete(self) -> None:
        """Give every request its body, and add requests of workers and other windows, which the protocol omits here."""
        recorded = {(request.method, request.url.partition("#")[0]) for request in self.seen.requests}
        for request in self._context_requests:
            if (request.method, request.url.partition("#")[0]) not in recorded:
                self.seen.requests.append(request)
        self._context_requests.clear()
        for request in self.seen.requests:
            request.body = request.body or self._bodies.get((request.method, request.url), b"")
        self.seen.records = sum(200 <= choice.status < 400 for choice in self.choices())

    def choices(self) -> list[SeenRequest]:
        """Return every choice that was sent to the site."""
        return [
            request
            for request in self.seen.requests
            if request.method == "POST" and urlsplit(request.url).path == CHOICE and origin_of(request.url) == self.site
        ]

    def begin_page(self, path: str) -> None:
        """Record what follows for another page, and do not wait for requests of the page before it."""
        self.page = path
        self._pending.clear()

    def stop_waiting_for(self, request: SeenRequest) -> None:
        """Do not wait for the end of this request: a response that the page's script does not read never ends."""
        self._pending = {
            number: loader for number, loader in self._pending.items() if self._requests[number] is not request
        }

    def is_busy(self, seconds: float) -> bool:
        """Whether a request is pending, or one began or ended less than ``seconds`` ago."""
        return bool(self._pending) or time.monotonic() - self.last_activity < seconds

    # Events of the DevTools protocol. A redirect has the same number, and is a request of its own here. The page's
    # process sends responseReceived and loadingFinished, which are lost when the response makes the page reload in
    # another process. The browser sends the …ExtraInfo events, which are never lost but may come early or late.

    def _will_be_sent(self, event: dict[str, Any]) -> None:
        number, sent = event["requestId"], event["request"]
        redirected = self._requests.get(number)
        if redirected is not None and "redirectResponse" in event:
            self._set_response(redirected, event["redirectResponse"])
            if not event.get("redirectHasExtraInfo"):
                self._without_response[number] = [
                    each for each in self._without_response[number] if each is not redirected
                ]
            redirected.milliseconds = (event["timestamp"] - self._started[number]) * 1000
        entries = sent.get("postDataEntries") or []
        request = SeenRequest(
            url=sent["url"] + sent.get("urlFragment", ""),
            page=self.page,
            method=sent["method"],
            kind=event.get("type", "Other").lower(),
            initiator=_initiator(event.get("initiator", {})) or event.get("documentURL", ""),
            watched=self.watched,
            started_at=datetime.fromtimestamp(event["wallTime"], UTC),
            headers={name.lower(): value for name, value in sent.get("headers", {}).items()},
            body=b"".join(base64.b64decode(entry.get("bytes", "")) for entry in entries),
        )
        self._requests[number], self._started[number] = request, event["timestamp"]
        self._pending[number] = event["loaderId"]
        request.headers |= self._early_headers.pop(number, {})
        self.seen.requests.append(request)
        self._without_response.setdefault(number, []).append(request)
        for answer in self._early_responses.pop(number, []):
            self._received_headers(answer)
        self.last_activity = time.monotonic()

    def _sent_headers(self, event: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in event["headers"].items()}
        if request := self._requests.get(event["requestId"]):
            request.headers |= headers
        else:
            self._early_headers[event["requestId"]] = headers

    def _received(self, event: dict[str, Any]) -> None:
        if request := self._requests.get(event["requestId"]):
            self._set_response(request, event["response"])

    def _set_response(self, request: SeenRequest, response: dict[str, Any]) -> None:
        request.status, request.status_text = response["status"], response["statusText"]
        request.protocol, request.mime_type = response.get("protocol", ""), response.get("mimeType", "")
        request.response_headers = request.response_headers or dict(response.get("headers", {}))

    def _received_headers(self, event: dict[str, Any]) -> None:
        number = event["requestId"]
        if not self._without_response.get(number):
            self._early_responses.setdefault(number, []).append(event)
            return
        request = self._without_response[number].pop(0)
        request.status = request.status or event["statusCode"]
        request.response_headers = dict(event["headers"])
        for name, lines in event["headers"].items():
            if name.lower() == "set-cookie":
                for line in lines.split("\n"):
                    self.record_cookie(line, by=request.url.partition("?")[0], at=request.url, http=True)

    def _navigated(self, event: dict[str, Any]) -> None:
        """Do not wait for requests of the document before a reload: the browser does not report how they end."""
        frame = event["frame"]
        if "parentId" not in frame:
            self._pending = {number: loader for number, loader in self._pending.items() if loader == frame["loaderId"]}

    def _finished(self, event: dict[str, Any]) -> None:
        self._pending.pop(event["requestId"], None)
        if request := self._requests.get(event["requestId"]):
            request.size = int(event.get("encodedDataLength", 0))
            request.milliseconds = (event["timestamp"] - self._started[event["requestId"]]) * 1000
            self.last_activity = time.monotonic()

    def _failed(self, event: dict[str, Any]) -> None:
        self._pending.pop(event["requestId"], None)
        self.last_activity = time.monotonic()
        if request := self._requests.get(event["requestId"]):
            request.failure = event.get("blockedReason") or event.get("errorText") or "failed"

    def _requested(self, request: Request) -> None:
        """Record requests of other targets (workers, new windows), and bodies that the protocol leaves out."""
        if body := request.post_data_buffer:
            self._bodies[request.method, request.url] = body
        self._context_requests.append(
            SeenRequest(
                url=request.url,
                page=self.page,
                method=request.method,
                kind=request.resource_type,
                watched=self.watched,
                started_at=datetime.now(UTC),
                headers=request.headers,
            )
        )

    def _socket(self, socket: WebSocket) -> None:
        request = SeenRequest(url=socket.url, page=self.page, kind="websocket", watched=self.watched)
        request.started_at = datetime.now(UTC)
        self.seen.requests.append(request)

        def sent(payload: str | bytes) -> None:
            request.body += payload.encode() if isinstance(payload, str) else payload

        socket.on("framesent", sent)

    # Messages of spy.js in the page.

    def receive_message(self, source: dict[str, Any], message: str) -> None:
        report = json.loads(message)
        text, by = report["text"], report["by"].partition("?")[0]
        if report["kind"] == "cookie":
            self.record_cookie(text, by=by, at=report["at"], http=False)
        elif report["kind"] == "key":
            self.keys_by[text] = by
        elif report["kind"] == "violation":
            blocked, directive = json.loads(text)
            if blocked in ("inline", "eval"):
                if directive.startswith("script-src") and self.watched:
                    self.seen.inline.append((self.page, f"{blocked} code"))
            elif not any(request.url.startswith(blocked) for request in self.seen.requests if request.failure):
                self.seen.requests.append(
                    SeenRequest(
                        url=blocked,
                        page=self.page,
                        kind=directive.removesuffix("-elem").removesuffix("-src"),
                        initiator=report["by"],
                        watched=self.watched,
                        started_at=datetime.now(UTC),
                        failure="csp",
                    )
                )

    def record_cookie(self, line: str, *, by: str, at: str, http: bool) -> None:
        """Record that a header or script set a cookie, whether or not the browser stored it."""
        asked = parse_set_cookie(line, host=urlsplit(at).hostname or "", at=datetime.now(UTC))
        if asked.is_removal:
            return
        self.set_by[asked.name, asked.domain] = by, asked.seconds
        if self.watched:
            self.seen.cookies.append(
                SeenCookie(
                    asked.name,
                    asked.domain,
                    self.page,
                    asked.seconds,
                    by,
                    http_only=http and "httponly" in line.lower().replace(" ", ""),
                )
            )


def _initiator(initiator: dict[str, Any]) -> str:
    """Return the address of the script or document that started a request, from the protocol's event."""
    stack = initiator.get("stack")
    while stack:
        for frame in stack.get("callFrames", []):
            if frame.get("url"):
                return str(frame["url"])
        stack = stack.get("parent")
    return str(initiator.get("url", ""))

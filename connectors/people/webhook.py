"""Messages -> HTTP: each is posted to one address as a CloudEvent in structured mode.

Signed, where there is a secret, as Standard Webhooks say: the receiver can tell who sent it, and
drop what comes twice by its id. Sources: CloudEvents HTTP binding 1.0.2, section 3.2; Standard
Webhooks specification, "Signature scheme".
"""

from __future__ import annotations

import hmac
import json
import ssl
import time
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.notifying import NotifierError, Undeliverable

_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_NEVER: Final = frozenset({400, 410, 413, 415, 422})
"""Answers after which the same message will never be taken."""


class WebhookNotifier:
    """Posts messages to an `https` address; `http` only to this machine. Follows no redirect.

    `secret` is `whsec_` and base64, as Standard Webhooks have it. `timeout_s` limits each wait for
    the network. `context` replaces the usual check of certificates, for an authority of one's own.
    Raises ValueError for an address or a secret that cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str = "webhook",
        secret: str | None = None,
        timeout_s: float = 10.0,
        context: ssl.SSLContext | None = None,
    ) -> None:
        if not _are_texts(url, name, "" if secret is None else secret):
            raise ValueError("the address, the name and the secret of a webhook are texts")
        if not _is_wait(timeout_s):
            raise ValueError("`timeout_s` of a webhook is a number of seconds, an hour at most")
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOCAL):
            raise ValueError("a webhook needs an `https` address, or an `http` one of this machine")
        if not host or parts.username is not None or parts.password is not None:
            raise ValueError("the address of a webhook has a host, and no user or password")
        if not url.isascii() or not url.isprintable() or " " in url:
            raise ValueError("the address of a webhook has characters that must be escaped")
        self.name = name
        self._is_safe = parts.scheme == "https"
        self._host, self._port = host, parts.port
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._secret = None if secret is None else _bytes(secret)
        self._timeout_s = timeout_s
        self._context = context

    def __repr__(self) -> str:
        return f"WebhookNotifier({self.name!r})"  # an address may hold a credential

    def notify(self, event: Mapping[str, Json]) -> None:
        """Post a message; raises NotifierError unless the answer is 2xx."""
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        connection = self._connection()
        try:
            connection.request("POST", self._path, body, self._headers(str(event["id"]), body))
            status = connection.getresponse().status
        except (OSError, HTTPException) as error:
            raise NotifierError(f"the webhook cannot be reached ({type(error).__name__})") from None
        finally:
            connection.close()
        if status in _NEVER:
            raise Undeliverable(f"the webhook refused the message: HTTP {status}")
        if not 200 <= status < 300:
            raise NotifierError(f"the webhook answered HTTP {status}")

    def _connection(self) -> HTTPConnection:
        if not self._is_safe:
            return HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        context = self._context or ssl.create_default_context()
        return HTTPSConnection(self._host, self._port, timeout=self._timeout_s, context=context)

    def _headers(self, id_: str, body: bytes) -> dict[str, str]:
        headers = {"Content-Type": "application/cloudevents+json; charset=utf-8",
                   "User-Agent": "gatewright", "webhook-id": id_}  # fmt: skip
        if self._secret is not None:
            at = str(int(time.time()))
            digest = hmac.digest(self._secret, f"{id_}.{at}.".encode() + body, "sha256")
            headers["webhook-timestamp"] = at
            headers["webhook-signature"] = f"v1,{b64encode(digest).decode()}"
        return headers


def _are_texts(*given: object) -> bool:
    return all(isinstance(one, str) for one in given)


def _is_wait(seconds: object) -> bool:
    return isinstance(seconds, int | float) and 0 < seconds <= 3600


def _bytes(secret: str) -> bytes:
    try:
        key = b64decode(secret.removeprefix("whsec_"), validate=True)
    except (NotBase64, ValueError):
        key = b""
    if len(key) < 24:
        raise ValueError("the secret of a webhook is `whsec_` and at least 24 bytes in base64")
    return key

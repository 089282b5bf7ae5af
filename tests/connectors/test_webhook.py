"""Messages posted to a real server: what it gets, and what becomes of its answers."""

from __future__ import annotations

import datetime
import hmac
import json
import ssl
import threading
from base64 import b64decode, b64encode
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gatewright.connectors.people.webhook import WebhookNotifier
from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.notifying import NotifierError, Undeliverable

EVENT: dict[str, Json] = {
    "specversion": "1.0",
    "id": "e1",
    "type": "gatewright.run.done",
    "data": {"note": "für"},
}
KEY = "whsec_" + b64encode(bytes(range(32))).decode()


class Receiver(ThreadingHTTPServer):
    """Keeps what is posted to it, and answers with `status`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 204
        self.requests: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def url(self, path: str = "/hook?key=k") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        receiver = self.server
        assert isinstance(receiver, Receiver)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        receiver.requests.append((self.path, headers, body))
        self.send_response(receiver.status)
        if receiver.status == 302:
            self.send_header("Location", receiver.url("/elsewhere"))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(receiver: Receiver) -> Generator[Receiver]:
    thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.shutdown()
        thread.join()
        receiver.server_close()


@pytest.fixture
def receiver() -> Generator[Receiver]:
    with serving(Receiver()) as found:
        yield found


def test_a_message_is_posted_as_a_cloudevent(receiver: Receiver) -> None:
    WebhookNotifier(receiver.url()).notify(EVENT)
    ((path, headers, body),) = receiver.requests
    assert path == "/hook?key=k"
    assert headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert json.loads(body) == EVENT
    assert "webhook-signature" not in headers


def test_it_is_signed_where_there_is_a_secret(receiver: Receiver) -> None:
    WebhookNotifier(receiver.url(), secret=KEY).notify(EVENT)
    ((_, headers, body),) = receiver.requests
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = hmac.digest(bytes(range(32)), signed, "sha256")
    version, _, signature = headers["webhook-signature"].partition(",")
    assert (headers["webhook-id"], version) == ("e1", "v1")
    assert b64decode(signature) == expected


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, Undeliverable), (410, Undeliverable), (302, NotifierError), (404, NotifierError),
     (429, NotifierError), (503, NotifierError)],
)  # fmt: skip
def test_an_answer_decides_whether_it_is_tried_again(
    receiver: Receiver, status: int, error: type[Exception]
) -> None:
    receiver.status = status
    with pytest.raises(NotifierError, match=str(status)) as caught:
        WebhookNotifier(receiver.url()).notify(EVENT)
    assert type(caught.value) is error
    assert len(receiver.requests) == 1  # a redirect is not followed


def test_nobody_there_is_an_error_without_the_address() -> None:
    gone = Receiver()
    gone.server_close()
    notifier = WebhookNotifier(gone.url())
    with pytest.raises(NotifierError) as caught:
        notifier.notify(EVENT)
    assert str(caught.value) == "the webhook cannot be reached (ConnectionRefusedError)"
    assert "key=k" not in repr(notifier)


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 that nobody but itself vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    plain, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, plain, none))
    return folder / "cert.pem", folder / "key.pem"


def test_https_asks_for_a_certificate_that_is_trusted(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    safe = Receiver()
    safe.socket = context.wrap_socket(safe.socket, server_side=True)
    with serving(safe):
        url = f"https://localhost:{safe.port}/hook"
        with pytest.raises(NotifierError, match="SSLCertVerificationError"):
            WebhookNotifier(url).notify(EVENT)
        trusting = ssl.create_default_context(cafile=str(cert))
        WebhookNotifier(url, context=trusting).notify(EVENT)
    assert len(safe.requests) == 1


@pytest.mark.parametrize(
    "url",
    ["http://example.com/hook", "ftp://127.0.0.1/", "https:///hook", "example.com/hook",
     "https://user:password@example.com/", "https://example.com/a b", "https://example.com/\n",
     "http://127.0.0.1.example.com/"],
)  # fmt: skip
def test_addresses_that_are_not_safe_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="webhook"):
        WebhookNotifier(url)


@pytest.mark.parametrize("key", ["whsec_", "whsec_c2hvcnQ=", "not base64 at all, is it?"])
def test_a_secret_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="24 bytes"):
        WebhookNotifier("https://example.com/", secret=key)

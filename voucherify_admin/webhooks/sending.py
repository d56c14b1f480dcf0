"""Posts one body to one address and tells what came back; follows no redirect and knows no delivery."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from voucherify_admin.webhooks.addresses import Place, RefusedError, resolve

# Of an answer no more is kept.
MOST_ANSWERED = 4096
SECONDS = 10.0


@dataclass(frozen=True)
class Outcome:
    """What came of one attempt: a status with the beginning of the answer, or an error in a sentence."""

    status: int | None
    body: str
    error: str
    milliseconds: int

    @property
    def is_success(self) -> bool:
        """Whether the receiver took it: any status from 200 to 299."""
        return self.status is not None and 200 <= self.status < 300


class _Connection(http.client.HTTPConnection):
    """Connects to the address that was checked, whatever the name resolves to by now."""

    def __init__(self, place: Place, seconds: float) -> None:
        super().__init__(place.host, place.port, timeout=seconds)
        self.place = place
        # Kept beside `sock`, which is taken away once an answer is read to its end of connection.
        self.opened: socket.socket | None = None

    def connect(self) -> None:
        self.sock = self.opened = socket.create_connection((self.place.address, self.place.port), self.timeout)
        if self.place.scheme == "https":
            # The certificate is checked for the name.
            secured = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.place.host)
            self.sock = self.opened = secured


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, allow_private: bool, seconds: float = SECONDS
) -> Outcome:
    """Post `body` and wait `seconds` at the most for the whole answer; errors are part of the outcome."""
    started = time.monotonic()
    status, text, error = None, "", ""
    try:
        status, text = _post(resolve(url, allow_private=allow_private), body, headers, seconds)
        if 300 <= status < 400:
            error = "The receiver answered with a redirect, which is not followed."
        elif not 200 <= status < 300:
            error = f"The receiver answered with the status {status}."
    except RefusedError as refusal:
        error = f"{refusal}."
    except TimeoutError:
        error = f"No whole answer came within {seconds:g} seconds."
    except ssl.SSLError as problem:
        error = f"The secure connection failed: {problem.reason or problem}."
    except socket.gaierror:
        error = "The host's name could not be resolved."
    except (OSError, http.client.HTTPException, ValueError) as problem:
        error = f"The connection failed: {getattr(problem, 'strerror', None) or problem or type(problem).__name__}."
    return Outcome(status, text, error, int((time.monotonic() - started) * 1000))


def _post(place: Place, body: bytes, headers: Mapping[str, str], seconds: float) -> tuple[int, str]:
    connection = _Connection(place, seconds)
    over = threading.Event()

    def break_off() -> None:
        # A receiver that sends a byte now and then would otherwise hold a worker for ever.
        over.set()
        if connection.opened is not None:
            try:
                connection.opened.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    timer = threading.Timer(seconds, break_off)
    timer.daemon = True
    timer.start()
    try:
        connection.putrequest("POST", quote(place.path, safe="/?&=%:@!$'()*+,;~[]"), skip_host=True)
        for name, value in {"Host": place.host_header, **headers, "Content-Length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        raw = answer.read(MOST_ANSWERED)
        if over.is_set():
            raise TimeoutError
        return answer.status, raw.decode("utf-8", "replace").replace("\x00", "\ufffd")
    except (OSError, http.client.HTTPException) as error:
        if over.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
        connection.close()

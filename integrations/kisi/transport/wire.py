"""One HTTP exchange with Kisi within its time and size; gives out bytes without our key. Judges no answer."""

from __future__ import annotations

import http.client
import io
import math
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as TookTooLong

from integrations.vault import Secret

BODY_AT_MOST = 5 * 1024 * 1024
PART = 64 * 1024
MASK = "****"


class Unusable(Exception):
    """No usable answer; `status` when there was one. `again`: whether asking once more makes sense."""

    def __init__(self, why: str, status: int | None = None, *, again: bool = True) -> None:
        self.status = status
        self.again = again
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `total` is for a whole call: a read timeout alone is per read, and a slow drip defeats it."""

    connect: float = 3.0
    read: float = 10.0
    total: float = 20.0


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    raw: bytes


class Wire:
    """A session that follows no redirect, keeps no cookie and asks the environment nothing; TLS is verified."""

    def __init__(
        self,
        key: Secret,
        headers: Mapping[str, str],
        *,
        timeouts: Timeouts,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.key = key
        self.timeouts = timeouts
        self._monotonic = monotonic
        self._ends_at = math.inf
        self._session = _Session()
        self._session.headers.update(headers)
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, _timed_adapter(timeouts.read, self._left))

    def exchange(self, method: str, url: str, *, params: Any = None, body: Any = None) -> Reply:
        """Raises Unusable, outside of any `except`: what requests raises holds the request, and it the key."""
        self._ends_at = self._monotonic() + self.timeouts.total
        try:
            return self._exchange(method, url, params, body)
        except (requests.Timeout, TookTooLong):
            why = "the answer came too slowly" if self._left() <= 0 else "no answer in time"
        except (requests.RequestException, HTTPError, OSError) as problem:
            why = f"no connection ({type(problem).__name__})"
        raise Unusable(why)

    def hide(self, text: str) -> str:
        """`text` without our key, should the other side repeat it."""
        return text.replace(self.key.reveal(), MASK)

    def _exchange(self, method: str, url: str, params: Any, body: Any) -> Reply:
        response = self._session.request(
            method,
            url,
            params=params,
            json=body,
            auth=_Login(self.key),
            timeout=(self.timeouts.connect, self.timeouts.read),
            allow_redirects=False,
            stream=True,
            verify=True,
        )
        with response:
            raw = b"".join(_parts(response)).replace(self.key.reveal().encode(), MASK.encode())
            headers = {name: self.hide(value) for name, value in response.headers.items()}
            return Reply(response.status_code, CaseInsensitiveDict(headers), raw)

    def _left(self) -> float:
        return self._ends_at - self._monotonic()


class _Login(AuthBase):
    """Puts the key into a request at the last moment, so that it stands in no frame of ours."""

    def __init__(self, key: Secret) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"KISI-LOGIN {self._key.reveal()}"
        return request


class _Session(requests.Session):
    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: with a target requests reads the whole body first, whatever its size."""


def _parts(response: requests.Response) -> Iterator[bytes]:
    """Whatever has come, as it comes, up to the cap."""
    size = 0
    while part := response.raw.read1(PART, decode_content=True):
        size += len(part)
        if size > BODY_AT_MOST:
            raise Unusable("the answer is too large", response.status_code)
        yield part


class _Timed(io.RawIOBase):
    """A socket's stream that ends with the call's time: no byte, header or chunk can stretch it."""

    def __init__(
        self, raw: io.RawIOBase, sock: socket.socket, read: float, left: Callable[[], float]
    ) -> None:
        self._raw = raw
        self._sock = sock
        self._read = read
        self._time_left = left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._time_left()
        if left <= 0:
            raise TimeoutError("the time of the call is used up")
        self._sock.settimeout(min(self._read, left))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _timed_adapter(read: float, left: Callable[[], float]) -> HTTPAdapter:
    """Connections that read status, headers and body through `_Timed`; nothing is tried again by itself."""

    class Response(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
            super().__init__(sock, *args, **kwargs)
            self.fp = io.BufferedReader(_Timed(self.fp.detach(), sock, read, left))

    class Plain(urllib3.connection.HTTPConnection):
        response_class = Response

    class Tls(urllib3.connection.HTTPSConnection):
        response_class = Response

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Tls

    adapter = HTTPAdapter(max_retries=0)
    adapter.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}
    return adapter

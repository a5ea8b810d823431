"""What the simulator answers: one value per HTTP answer, and Kisi's errors. Sends nothing itself."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

JSON_TYPE = ("Content-Type", "application/json; charset=utf-8")
HTML_TYPE = ("Content-Type", "text/html; charset=utf-8")
RANGE = "X-Collection-Range"
DATES = (("Deprecation", "Thu, 01 Jan 2026 00:00:00 GMT"), ("Sunset", "Fri, 01 Jan 2027 00:00:00 GMT"))
HTML_ERROR = "<html><head><title>{0}</title></head><body><h1>{0}</h1><hr>nginx</body></html>"
WORDS = {
    400: "The request is not valid.",
    401: "Authentication is required to access this resource.",
    402: "The subscription is past due.",
    403: "Access denied.",
    404: "The record could not be found.",
    409: "The record already exists",
    422: "The request could not be processed.",
    429: "Too many requests.",
    500: "An unexpected issue occurred.",
    503: "The service is not available.",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """`lost`: the connection closes without a byte. `drip`: seconds between bytes. `size`: the body is repeated
    up to so many bytes. `promised`: a Content-Length that is not the true one."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    lost: bool = False
    drip: float = 0.0
    size: int | None = None
    promised: int | None = None

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)


@dataclass(frozen=True, slots=True)
class Spelling:
    """How an error's body is written; which of these Kisi does is not known (section 6)."""

    code: str = "status"
    key: str = "error"

    def of(self, answer: Answer) -> Answer:
        """The same answer with its `{"code", "error"}` body written this way."""
        said = _said(answer)
        if said is None:
            return answer
        codes = {"status": said["code"], "other": "ffffff"}
        code = {"code": codes[self.code]} if self.code in codes else {}
        return replace(answer, body=json.dumps(code | {self.key: said["error"]}).encode())


def _said(answer: Answer) -> dict[str, str] | None:
    """The `{"code", "error"}` of an error; None for every other answer."""
    if answer.status < 400 or JSON_TYPE not in answer.headers:
        return None
    try:
        said = json.loads(answer.body)
    except ValueError:
        return None
    return said if isinstance(said, dict) and set(said) == {"code", "error"} else None


class Refused(Exception):
    """A handler ends with this answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(f"{answer.status} {answer.body.decode()}")


def as_json(payload: Any, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    return Answer(status, json.dumps(payload).encode(), (JSON_TYPE, *headers))


def as_html(text: str, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    return Answer(status, text.encode(), (HTML_TYPE, *headers))


def no_content() -> Answer:
    return Answer(204)


def error(status: int, text: str = "", *, code: str = "") -> Answer:
    """Kisi's `{"code", "error"}` body; the code is the generic `000` + status unless named."""
    said = {"code": code or f"{status:06d}", "error": text or WORDS.get(status, "Error")}
    return as_json(said, status=status)


def refused(status: int, text: str = "") -> Refused:
    return Refused(error(status, text))


def invalid(**fields: str) -> Refused:
    """422 with Kisi's `{"errors": {field: [words]}}` body."""
    return Refused(as_json({"errors": {name: [words] for name, words in fields.items()}}, status=422))

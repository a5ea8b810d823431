"""Lists to take away as CSV. The one place that writes it, so that no cell is ever a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse

BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
MARK = "\ufeff"  # without it Excel reads names in another encoding
TYPE = "text/csv; charset=utf-8"


def csv_of(name: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """A download called `name`.csv; numbers stay numbers, text that a spreadsheet would run is quoted."""
    return HttpResponse(csv_lines(headings, rows), content_type=TYPE, headers=_called(name))


def csv_streamed(name: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """The same, each row made only when it is sent: for lists that have no end."""
    return StreamingHttpResponse(csv_lines(headings, rows), content_type=TYPE, headers=_called(name))


def csv_lines(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield MARK + writer.writerow(headings)
    for row in rows:
        yield writer.writerow([_plain(cell) for cell in row])


class _Echo:
    """What is written comes back at once, so that no file is ever whole in memory."""

    def write(self, text: str) -> str:
        return text


def _called(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}.csv"'}


def _plain(cell: Any) -> Any:
    """Never a formula, whatever somebody is called (OWASP, CSV injection)."""
    if not isinstance(cell, str):
        return cell
    return f"'{cell}" if cell.startswith(BEGINS_A_FORMULA) else cell

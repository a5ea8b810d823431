"""Lists as CSV: opened in a spreadsheet, no cell does anything."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from members.sheets import BEGINS_A_FORMULA, MARK, csv_lines, csv_of, csv_streamed

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=40)
ROWS = st.lists(st.lists(TEXT, min_size=1, max_size=4), max_size=5)


def cells(response):
    return table(response.content.decode())


def table(text):
    return list(csv.reader(io.StringIO(text.removeprefix(MARK), newline="")))


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_text_that_begins_a_formula_is_quoted(first):
    response = csv_of("list", ["Name"], [[f'{first}HYPERLINK("http://evil")']])
    assert response.content.decode().splitlines()[1].strip('"').startswith("'")
    assert cells(csv_of("list", ["Name"], [[f"{first}1+1"]]))[1] == [f"'{first}1+1"]


def test_names_commas_and_quotes_come_back_as_they_were():
    rows = [["O'Hara, Zoë", 'the "boss"', "ana@example.com"], ["مريم", "", "-"]]
    assert cells(csv_of("list", ["Name", "Note", "Email"], rows))[1:] == [rows[0], ["مريم", "", "'-"]]


def test_a_number_stays_a_number():
    assert cells(csv_of("list", ["Balance"], [[-5]]))[1] == ["-5"]


def test_it_is_a_download_with_a_name():
    response = csv_of("door-access", ["Name"], [])
    assert response["Content-Disposition"] == 'attachment; filename="door-access.csv"'
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert cells(response) == [["Name"]]


@given(ROWS)
@example([['=HYPERLINK("http://evil.example","Ana")']])
@example([["\r=1+1"], ["\t@SUM(A1)"], ["＝1"]])
def test_no_cell_of_any_table_begins_a_formula(rows):
    found = [cell for row in table("".join(csv_lines(["Name"], rows))) for cell in row]
    assert [cell for cell in found if cell.startswith(BEGINS_A_FORMULA)] == []


@given(ROWS)
def test_every_cell_comes_back(rows):
    found = [
        [cell.removeprefix("'") for cell in row] for row in table("".join(csv_lines(["Name"], rows)))[1:]
    ]
    told = [[cell.removeprefix("'") for cell in row] for row in rows]
    assert [row or [""] for row in found] == told


def test_a_streamed_row_is_made_only_as_it_is_sent():
    def endless():
        while True:
            yield ["Ana"]

    sent = iter(csv_streamed("list", ["Name"], endless()).streaming_content)
    assert [next(sent).decode(), next(sent).decode()] == [f"{MARK}Name\r\n", "Ana\r\n"]


def test_a_spreadsheet_reads_names_in_the_right_encoding():
    assert csv_of("list", ["Name"], [["Zoë"]]).content.startswith("\ufeff".encode())

"""Lists as CSV: opened in a spreadsheet, no cell does anything."""

from __future__ import annotations

import csv
import io

import pytest

from members.sheets import csv_of


def cells(response):
    return list(csv.reader(io.StringIO(response.content.decode())))


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

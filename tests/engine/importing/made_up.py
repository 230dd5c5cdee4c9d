"""Complaint files made up to look like real ones."""

import csv
import hmac
import io
from collections.abc import Sequence

PUBLIC = [
    "Date received", "Product", "Sub-product", "Issue", "Sub-issue", "Consumer complaint narrative",
    "Company public response", "Company", "State", "ZIP code", "Tags", "Consumer consent provided?", "Submitted via",
    "Date sent to company", "Company response to consumer", "Timely response?", "Consumer disputed?", "Complaint ID",
]  # fmt: skip

USUAL = {
    "Date received": "2023-08-25",
    "Product": "Checking or savings account",
    "Sub-product": "Checking account",
    "Issue": "Managing an account",
    "Sub-issue": "Fee problem",
    "Company": "FIRST MADE-UP BANK",
    "State": "FL",
    "ZIP code": "330XX",
    "Consumer consent provided?": "Consent provided",
    "Submitted via": "Web",
    "Date sent to company": "2023-08-26",
    "Company response to consumer": "Closed with explanation",
    "Timely response?": "Yes",
    "Consumer disputed?": "N/A",
    "Complaint ID": "9000001",
}


def made_up_hmac(purpose: str, *parts: bytes) -> bytes:
    return hmac.digest(b"made up", b"\0".join((purpose.encode(), *parts)), "sha256")


def complaint(**values: str) -> dict[str, str]:
    """A usual row; keyword names are column titles in lower case with underscores."""
    titles = {title.lower().replace(" ", "_").replace("-", "_").removesuffix("?"): title for title in PUBLIC}
    return USUAL | {titles.get(name, name): value for name, value in values.items()}


def csv_of(rows: Sequence[dict[str, str]], columns: Sequence[str] = PUBLIC) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


CONTACT = {
    "age": "47", "job": "technician", "marital": "divorced", "education": "basic.6y", "default": "no", "housing": "no",
    "loan": "yes", "contact": "cellular", "month": "mar", "day_of_week": "tue", "duration": "215", "campaign": "4",
    "pdays": "999", "previous": "0", "poutcome": "nonexistent", "emp.var.rate": "0.5", "cons.price.idx": "90.125",
    "cons.conf.idx": "-20.5", "euribor3m": "3.21", "nr.employed": "5000", "y": "no",
}  # fmt: skip


def contacts_of(rows: Sequence[dict[str, str]]) -> str:
    """A file of contacts as the data set's makers write it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(CONTACT)
    writer.writerows((CONTACT | row).values() for row in rows)
    return out.getvalue()

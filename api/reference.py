"""`docs/reference/http-api.md`, from the OpenAPI document; `python -m api.reference` writes it, and `functions.md`.

Tests fail when a page is not what this program would write.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from api import functions
from api.app import create_app
from api.docs import by_tag
from api.openapi import document

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "reference" / "http-api.md"
_WRITTEN_BY: Final = "<!-- Written by `python -m api.reference`; change the code, not this page. -->"
_COMMON: Final = frozenset(
    {
        "Idempotency-Key", "Daybook-Purpose", "Daybook-Reason", "Daybook-Correlation-Id", "Daybook-Causation-Id",
        "If-Match", "Daybook-Token", "token",
    }
)  # fmt: skip


def page() -> str:
    """The whole page."""
    made = document(create_app())
    parts = [_WRITTEN_BY, "# HTTP API", made["info"]["description"].strip(), _headers(made), _answers()]
    for tag, found in by_tag(made).items():
        parts.append(f"## {tag}")
        parts += [_operation(made, *one) for one in found]
    parts.append(_problems(made))
    return "\n\n".join(parts) + "\n"


def _headers(made: Mapping[str, Any]) -> str:
    rows = {
        one[
            "name"
        ]: f"| `{one['name']}` | {'commands, required' if one['required'] else _used(one)} | {one['description']} |"
        for methods in made["paths"].values()
        for operation in methods.values()
        for one in operation.get("parameters", ())
        if one["in"] == "header" and operation["tags"][0] != "bulk"
    }
    return "\n".join(["| header | with | is |", "|---|---|---|", *rows.values()])


def _used(one: Mapping[str, Any]) -> str:
    return {"Daybook-Purpose": "queries", "Daybook-Token": "queries", "Last-Event-ID": "the feed"}.get(
        one["name"], "commands"
    )


def _answers() -> str:
    return (
        "What comes back is described in full, with schemas and every example, at `/openapi.json`; `/docs` shows it to "
        "people. How to use it: [Call the API](../how-to/call-the-api.md)."
    )


def _operation(made: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]) -> str:
    parts = [f"### {method} {path}", operation["summary"] + "."]
    if query := [one for one in operation.get("parameters", ()) if one["in"] == "query" and one["name"] not in _COMMON]:
        told = ", ".join(f"`{one['name']}`{_says(one)}" for one in query)
        parts.append(f"Query: {told}.")
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        if fields := _fields(made, content["schema"]):
            parts.append(fields)
        parts.append(f"```json\n{_example(content['example'])}\n```" if len(kind) else "")
    return "\n\n".join(parts)


def _says(one: Mapping[str, Any]) -> str:
    text = one.get("description") or one["schema"].get("description", "")
    return f" ({text[:1].lower() + text[1:].rstrip('.')})" if text else ""


def _fields(made: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """A body's fields; those in bold are required, those in italics are personal data."""
    found = made["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
    names = [_field(name, one, required=name in found["required"]) for name, one in found.get("properties", {}).items()]
    return f"Fields: {', '.join(names)}." if names else ""


def _field(name: str, schema: Mapping[str, Any], *, required: bool) -> str:
    told = f"**`{name}`**" if required else f"`{name}`"
    return f"*{told}*" if "x-personal" in schema else told


def _example(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _problems(made: Mapping[str, Any]) -> str:
    rows: dict[str, str] = {}
    for response in made["components"]["responses"].values():
        for code, example in response["content"]["application/problem+json"]["examples"].items():
            told = example["value"]
            rows[code] = f"| `{code}` | {told['status']} | {told.get('detail', told['title'])} |"
    heads = [
        "## Problems",
        "",
        "Each has the type `urn:daybook:problem:` and its code.",
        "",
        "| code | status | says |",
        "|---|---|---|",
    ]
    return "\n".join([*heads, *(rows[code] for code in sorted(rows))])


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    functions.PAGE.write_text(functions.page(), encoding="utf-8")

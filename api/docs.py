"""The document for programs, and a page for people that needs no script and nothing from elsewhere."""

from html import escape
from typing import Any, Final

import orjson
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from api.bodies import JSON
from api.language import said, spoken_headers
from api.openapi import document
from api.problems import PROBLEMS, REFUSALS, TYPE_PREFIX, Problem

_STYLE: Final = (
    "body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "summary{cursor:pointer;padding:.2rem 0}code,pre{font:14px ui-monospace,monospace}"
    "pre{background:#f4f4f4;padding:.6rem;overflow:auto}b{display:inline-block;min-width:3.5rem}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}pre{background:#222}}"
)
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(tags=["operation"], default_response_class=Response)
    made.add_api_route("/openapi.json", _openapi, methods=["GET"], operation_id="openapi")
    made.add_api_route("/docs", _docs, methods=["GET"], operation_id="docs")
    made.add_api_route("/problems", _problems, methods=["GET"], operation_id="problems")
    return made


async def _openapi(request: Request) -> Response:
    """This document, OpenAPI 3.1."""
    return Response(orjson.dumps(_document(request)), 200, media_type=JSON)


async def _problems() -> Response:
    """Every kind of problem with its status."""
    kinds = {code: Problem(code).kind for code in sorted({*PROBLEMS, *REFUSALS})}
    told = [
        {"type": TYPE_PREFIX + code, "code": code, "status": kind.status, "title": said(kind.title)}
        for code, kind in kinds.items()
    ]
    return Response(orjson.dumps({"problems": told}), 200, spoken_headers(), JSON)


async def _docs(request: Request) -> Response:
    """Every operation for people to read."""
    made = _document(request)
    parts = [f"<h1>{escape(made['info']['title'])}</h1><p>{escape(made['info']['description'])}</p>"]
    for tag, found in by_tag(made).items():
        parts.append(f"<h2>{escape(tag)}</h2>")
        parts += [_operation(*one) for one in found]
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>Daybook API</title><style>{_STYLE}</style>"
    return Response(head + "".join(parts), 200, {"Content-Security-Policy": _POLICY}, "text/html")


def by_tag(made: dict[str, Any]) -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
    """Method, path and operation, by tag."""
    tags: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            tags.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    return tags


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    shown = [f"<summary><b>{method}</b> <code>{escape(path)}</code> {escape(operation['summary'])}</summary>"]
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        shown.append(f"<p>{escape(kind)}</p><pre>{_pretty(content['example'])}</pre>")
    for parameter in operation.get("parameters", ()):
        required = "required" if parameter["required"] else "optional"
        text = parameter.get("description") or parameter["schema"].get("description", "")
        shown.append(
            f"<div><code>{escape(parameter['name'])}</code> ({parameter['in']}, {required}) {escape(text)}</div>"
        )
    return f"<details>{''.join(shown)}</details>"


def _pretty(value: object) -> str:
    return escape(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def _document(request: Request) -> dict[str, Any]:
    app: FastAPI = request.app
    return document(app)

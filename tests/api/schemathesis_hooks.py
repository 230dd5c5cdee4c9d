"""What schemathesis is told of this API beside its document; loaded by the program itself."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def ndjson(_context, value):
    """One line of bulk intake."""
    return json.dumps(value).encode()


@schemathesis.hook
def before_call(_context, case, _kwargs):
    """No control characters in headers, which the server refuses before it is HTTP; the feed as a page that ends."""
    for name, value in dict(case.headers or {}).items():
        case.headers[name] = "".join(one for one in str(value) if one.isascii() and one.isprintable())
    if case.path == "/feed":
        case.query = {**(case.query or {}), "mode": "page"}

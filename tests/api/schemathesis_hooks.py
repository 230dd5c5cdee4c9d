"""What schemathesis is told of this API beside its document; loaded by the program itself.

Requests come from people with every role and with one, with purposes that are theirs and that are not, and without a
token. Some name what is there: ids that earlier answers told. Each request is noted, so that the test can count.
"""

import json
import os
from collections import defaultdict, deque
from copy import deepcopy
from functools import cache
from pathlib import Path
from random import Random
from urllib.parse import quote

import hypothesis
import schemathesis
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS
from joserfc.jwk import ECKey

from api.operations import operations
from domain.access_rules import PURPOSES, ROLES
from engine.issuer import USERS, DevelopmentIssuer

FOLDER = Path(os.environ["DAYBOOK_FUZZ_FOLDER"])
"""The server's data; here the ids are, and notes are written."""
KNOWN_MAX = 100
URL_MAX = 50_000
"""Characters of an address, as it is escaped: the server ends what is over 64 KiB before it is HTTP."""
OF_HTTP = {"cache-control", "content-length", "content-type", "date", "server", "transfer-encoding"}
"""Headers that every answer may have, whatever the document says."""
CONDITIONS = ("If-Match", "Daybook-Break-Glass", "Daybook-Token", "Daybook-Reason")
PLACES = ("after", "cursor", "token")
"""Parameters that go on from an earlier answer."""
KEYS = {f"POST {one.path}": one.command.key_fields for one in operations().values() if one.command.key_fields}
"""By operation: what there is one stream for."""
PURPOSE_OF = {"GET /customers/{customer_id}/export": "privacy-request"}
"""By operation that nobody is answered for another purpose."""
CREATED = {one.path: one.stream_field for one in operations().values() if one.creates}

CHAINS = os.environ["DAYBOOK_FUZZ_PHASES"] == "stateful"
"""Whether requests follow links, which then say what they name."""

if CHAINS:
    # How a chain goes on depends on what is answered, which is never twice the same. Hypothesis begins many chains as
    # earlier ones began; where one then goes another way, the phase ends, and nothing is said. Under another name its
    # backend is not expected to repeat itself.
    AVAILABLE_PROVIDERS["never-twice"] = AVAILABLE_PROVIDERS["hypothesis"]
    hypothesis.settings.register_profile("never-twice", backend="never-twice")
    hypothesis.settings.load_profile("never-twice")

_random = Random(0)
_issuer = DevelopmentIssuer(ECKey.import_key(json.loads((FOLDER / "issuer" / "key.json").read_bytes())), "daybook")
_notes = (FOLDER / "notes").open("w", encoding="utf-8", buffering=1)
_callers: dict[str, str] = {}
_there: dict[str, str] = json.loads((FOLDER / "ids.json").read_bytes())
"""An id of what the bank began with, by the name of the field or part of a path that takes it."""
_known: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=KNOWN_MAX))
"""Ids that answers told, likewise; one name may stand for several kinds of streams."""
_waiting: dict[str, tuple[dict[str, str], dict[str, object]]] = {}
"""By operation: the part of its path that names a stream that waits for it, and the body for which it waits."""
for _type, (_path, _body, _) in json.loads((FOLDER / "waiting.json").read_bytes()).items():
    _command = operations()[_type]
    _waiting[f"POST {_command.path}"] = {_command.stream_field: _path.split("/")[2]}, _body


@schemathesis.serializer("application/x-ndjson")
def ndjson(_context, value):
    """One line of bulk intake."""
    return json.dumps(value).encode()


@schemathesis.hook
def before_call(_context, case, _kwargs):
    """Somebody asks, often for what is there, and mostly without conditions that would end it at once.

    Half of the commands go to a stream that waits for them, from somebody who may give them. No control characters in
    headers and no URL over 64 KiB, which the server refuses before it is HTTP; the feed as a page that ends.
    """
    for name, value in dict(case.headers or {}).items():
        case.headers[name] = "".join(one for one in str(value) if one.isascii() and one.isprintable())
    for parts in (case.query, case.path_parameters):
        _shorten(parts or {})
    if case.path == "/feed":
        case.query = {**(case.query or {}), "mode": "page"}
    for given, names in ((case.headers, CONDITIONS), (case.query or {}, PLACES)):
        for name in names:
            if _random.random() < 0.7:
                given.pop(name, None)
    if _random.random() < 0.8 and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = f'"{_random.getrandbits(64)}"'
    if _goes_where_it_is_waited_for(case):
        _callers[case.id], headers = _staff(case.operation.label)
    else:
        _name_what_is_there(case.path_parameters)
        _name_what_is_there(case.body)
        _name_what_is_new(case)
        _callers[case.id], headers = _caller(case.operation.label)
    case.headers.pop("Authorization", None)
    if "Daybook-Purpose" in case.headers and _random.random() < 0.5:
        headers.pop("Daybook-Purpose", None)
    case.headers.update(headers)


def _goes_where_it_is_waited_for(case) -> bool:
    """Whether it is a command that was sent to a stream that waits for it, with the ids that it is to name there.

    One in four says there what it is to say, and no more: what follows is seen, and the next commands find it done.
    """
    if CHAINS or case.method != "POST" or case.operation.label not in _waiting or _random.random() < 0.5:
        return False
    path, body = _waiting[case.operation.label]
    case.path_parameters = dict(path)
    case.headers.pop("If-Match", None)
    if _random.random() < 0.25:
        case.body = deepcopy(body)
        case.query = {}
        for name in {*case.headers} - {"Content-Type"}:
            case.headers.pop(name)
        case.headers["Idempotency-Key"] = f'"{_random.getrandbits(64)}"'
    elif isinstance(case.body, dict):
        ids = {name for name in body.keys() & case.body.keys() if name.endswith("_id")}
        case.body.update({name: body[name] for name in ids})
    return True


def _shorten(parts) -> None:
    """Halve the longest value until all of them fit half of an address."""
    lengths = {name: len(quote(str(value))) for name, value in parts.items()}
    while sum(lengths.values()) > URL_MAX / 2:
        longest = max(lengths, key=lengths.__getitem__)
        parts[longest] = str(parts[longest])[: len(str(parts[longest])) // 2]
        lengths[longest] = len(quote(parts[longest]))


def _caller(operation) -> tuple[str, dict[str, str]]:
    """Who it is, and the headers that say so."""
    drawn = _random.random()
    if drawn < 0.02:
        return "nobody", _random.choice([{}, {"Authorization": "Bearer none"}, {"Authorization": "Basic eDp5"}])
    if drawn < 0.7:
        return _staff(operation)
    user = _random.choice(list(USERS.values()))
    purpose = _random.choice([user.purpose, user.purpose, user.purpose, None, _random.choice(PURPOSES)])
    return user.role, _headers(user.actor, (user.role,), purpose)


def _staff(operation) -> tuple[str, dict[str, str]]:
    """One of several people who may do everything, so that others can approve what one of them has proposed."""
    return "every role", _headers(f"staff-{_random.randrange(1, 5)}", ROLES, PURPOSE_OF.get(operation, "investigation"))


def _headers(actor, roles, purpose) -> dict[str, str]:
    said = {} if purpose is None else {"Daybook-Purpose": purpose}
    return {"Authorization": f"Bearer {_token(actor, roles)}", **said}


@cache
def _token(actor, roles) -> str:
    return _issuer.sign(actor, roles)


def _name_what_is_there(fields) -> None:
    if isinstance(fields, dict):
        for name, value in fields.items():
            if isinstance(value, str) and value not in (told := _ids_of(name)) and told and _random.random() < 0.7:
                fields[name] = _random.choice([told[0], told[-1], _random.choice(told)])
            else:
                _name_what_is_there(value)


def _ids_of(name) -> list[str]:
    """Those that a name takes, what was there first before what was told."""
    return [*([_there[name]] if name in _there else []), *_known[name]]


def _name_what_is_new(case) -> None:
    """Open most of what there is one stream for under a number, or a name, that nothing has yet."""
    keys = KEYS.get(case.operation.label, ())
    if isinstance(case.body, dict) and _random.random() < 0.7:
        numbers = [name for name in keys if type(case.body.get(name)) is int]
        for name in numbers or case.body.keys() & {*keys}:
            number = _random.getrandbits(16)
            case.body[name] = number if numbers else f"{case.body[name]}-{number}"


@schemathesis.hook
def after_call(_context, case, response):
    """Note it, and learn the ids that it tells."""
    print(case.operation.label, case.method, response.status_code, _callers.pop(case.id), sep="\t", file=_notes)
    if response.status_code in {200, 201} and "json" in response.headers.get("content-type", [""])[0]:
        told = response.json()
        _learn(told)
        if response.status_code == 201 and case.path in CREATED:
            _known[CREATED[case.path]].append(told["stream_id"])


def _learn(told) -> None:
    if isinstance(told, list):
        for one in told:
            _learn(one)
    elif isinstance(told, dict):
        for name, value in told.items():
            if name.endswith("_id") and isinstance(value, str) and value not in _known[name]:
                _known[name].append(value)
            else:
                _learn(value)


@schemathesis.deserializer("application/x-ndjson")
def verdicts(_context, response):
    """The verdicts of bulk intake; the schema is that of one, and schemathesis knows no such thing as lines."""
    lines = [json.loads(line) for line in response.content.splitlines()]
    return lines[0] if lines else {"verdict": "accepted"}


@schemathesis.hook
def before_load_schema(_context, schema):
    """An answer has no field that the document does not tell of."""
    _close(schema["components"]["schemas"])
    _close(schema["paths"])


def _close(value) -> None:
    if isinstance(value, list):
        for one in value:
            _close(one)
    elif isinstance(value, dict):
        if "properties" in value and value.get("type") == "object" and "specversion" not in value["properties"]:
            value.setdefault("additionalProperties", False)
        for name, one in value.items():
            if name not in {"example", "examples"}:
                _close(one)


@schemathesis.check
def documented_headers(_context, response, case):
    """No header but those that the document tells of, and those of HTTP."""
    definition = case.operation.responses.find_by_status_code(response.status_code)
    if definition is not None and case.method.upper() == case.operation.method.upper():
        told = {name.lower() for name, _ in definition.headers.items()} | OF_HTTP
        undocumented = sorted({name.lower() for name in response.headers} - told)
        assert not undocumented, f"undocumented headers: {', '.join(undocumented)}"

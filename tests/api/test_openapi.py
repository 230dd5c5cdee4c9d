"""The document tells every operation, with examples that are what the server takes and answers."""

from uuid import UUID

import pytest

from api.app import create_app
from api.cloudevents import BATCH
from api.examples import answers as examples
from api.examples import bodies
from api.openapi import document
from api.operations import operations
from api.problems import PROBLEMS, REFUSALS
from api.reading import CURSOR_CHARACTERS_MAX
from api.reference import PAGE, page
from domain import AGGREGATES
from store.cursor import Cursor
from tests.api.json_schema import fault, resolved
from tests.api.stories import told_all
from tests.api.test_cloudevents import event, send

FILES = {"interaction_attachment", "complaint_attachment"}
NOBODY = UUID(int=1)
OF_HTTP = {"cache-control", "content-length", "content-type"}
NO_JSON = {"metrics", "openapi", "docs", "problems", "privacy_export"} | FILES


@pytest.fixture(scope="module")
def made() -> dict:
    return document(create_app())


def each(made):
    """Every operation with its method and path."""
    return [(method, path, one) for path, methods in made["paths"].items() for method, one in methods.items()]


def test_it_is_openapi_3_1_and_every_reference_leads_somewhere(made):
    assert made["openapi"].startswith("3.1")

    def follow(value):
        if isinstance(value, dict):
            if "$ref" in value:
                resolved(made, value)
            for one in value.values():
                follow(one)
        elif isinstance(value, list):
            for one in value:
                follow(one)

    follow(made)
    names = [one["operationId"] for _, _, one in each(made)]
    assert len(names) == len(set(names))


def test_every_command_is_an_operation(made):
    for operation in operations().values():
        assert "post" in made["paths"][operation.path], operation.type
    assert len({one.path for one in operations().values()}) == len(operations())


def test_every_operation_has_a_summary_examples_and_its_problems(made):
    for method, path, one in each(made):
        where = f"{method} {path}"
        assert len(one["summary"]) > 5, where
        for content in one.get("requestBody", {}).get("content", {}).values():
            assert "example" in content, where
        for parameter in one.get("parameters", ()):
            assert "example" in parameter or parameter["in"] == "query", (where, parameter["name"])
        good = [response for status, response in one["responses"].items() if status.startswith("2")]
        assert good, where
        for content in (content for response in good for content in response["content"].values()):
            assert "example" in content or "examples" in content, where
        problems = [resolved(made, response) for status, response in one["responses"].items() if status >= "4"]
        assert problems, where
        told_codes = {
            code
            for response in problems
            for content in response["content"].values()
            for code in content.get("examples", ())
        }
        assert {"loopback-only", "host-unknown", "internal"} <= told_codes, where
        assert one.get("security") == [] or {"token-missing", "token-invalid", "not-allowed"} <= told_codes, where
        if "{" in path:
            assert "not-found" in told_codes, where


def test_every_problem_is_told_somewhere(made):
    told_codes = {
        code
        for response in made["components"]["responses"].values()
        for code in response["content"]["application/problem+json"]["examples"]
    }
    unusual = {"line-too-long", "method-not-allowed"}  # of a verdict; of no operation
    for aggregate in AGGREGATES:
        if all(command.internal for command in aggregate.commands):  # only the program is refused these
            unusual |= set(aggregate.refusals)
    assert told_codes | unusual == set(PROBLEMS) | set(REFUSALS)


def test_examples_are_as_their_schemas_say(made):
    for method, path, one in each(made):
        for response in (one.get("requestBody", {}), *one["responses"].values()):
            for content in resolved(made, response).get("content", {}).values():
                for value in [one["value"] for one in content.get("examples", {}).values()] + (
                    [content["example"]] if "example" in content else []
                ):
                    assert fault(made, content.get("schema", {}), value) is None, (method, path, value)


async def test_answers_are_as_their_schemas_and_examples_say(client, made):
    ids = await told_all(client)
    for method, path, one in each(made):
        name = one["operationId"]
        if method != "get" or name in NO_JSON - FILES:
            continue
        where = path
        for field, kind in (("customer_id", "customer"), ("complaint_id", "complaint"), ("campaign_id", "campaign"),
                            ("interaction_id", "interaction"), ("touch_id", "touch"), ("invitation_id", "survey"),
                            ("engagement_id", "engagement"), ("task_id", "task"), ("survey_plan_id", "survey_plan"),
                            ("event_id", "event"), ("table_id", "table"), ("request_id", "request"),
                            ("hold_id", "hold"), ("schedule_id", "schedule"), ("disposal_id", "disposal"),
                            ("disclosure_id", "disclosure"), ("erasure_id", "erasure"), ("grant_id", "grant"),
                            ("entry_id", "entry"), ("attachment_id", "attachment"), ("calendar_id", "calendar"),
                            ("policy_id", "policy"), ("contact_policy_id", "contact"), ("kpi", "kpi"),
                            ("map_id", "map"), ("plan_id", "plan"),
                            ("reservation_id", "reservation"), ("return", "return"),
                            ("linking_rules_id", "linking"),
                            ("segment", "segment"), ("rules_id", "rules"),
                            ("unit_id", "unit"), ("lead_id", "lead"), ("holding_id", "holding"),
                            ("need_id", "need"), ("handover_id", "handover")):  # fmt: skip
            where = where.replace(f"{{{field}}}", ids[kind])
        without = {
            "feed": {"mode": "page"}, "health": {}, "labels": {}, "ready": {}, "dev_users": {},
            "complaint_board": {},  # no keeper runs here that it could wait for
        }  # fmt: skip
        query = without.get(name, {"token": ids["token"]})
        more = {"period": "2026-12"} if name == "screening_sample" else {}
        answer = await client.get(where, params={**query, **more})
        assert answer.status_code == 200, (where, answer.text)
        told_types = one["responses"]["200"]["content"]
        if name in FILES:
            assert answer.headers["content-type"] in told_types
            assert untold(made, one, answer) == set(), where
            continue
        content = told_types["application/json"]
        assert fault(made, content["schema"], answer.json()) is None, (
            where,
            fault(made, content["schema"], answer.json()),
        )
        assert untold(made, one, answer) == set(), where
        if "Daybook-As-Of" in one["responses"]["200"].get("headers", {}):
            assert "daybook-as-of" in answer.headers, where
        else:
            assert "daybook-as-of" not in answer.headers, where
    answer = await client.post("/customers/search", json={"name": "Wang Fang", "token": ids["token"]})
    content = made["paths"]["/customers/search"]["post"]["responses"]["200"]["content"]["application/json"]
    assert answer.json()["customers"]
    assert fault(made, content["schema"], answer.json()) is None


def untold(made, operation, answer) -> set[str]:
    """Headers of an answer that the document does not tell of, those of HTTP itself apart."""
    told_headers = resolved(made, operation["responses"][str(answer.status_code)]).get("headers", {})
    return set(answer.headers) - {name.lower() for name in told_headers} - OF_HTTP


async def test_problems_and_pages_have_the_headers_that_are_told(client, made):
    command, query = made["paths"]["/complaints"]["post"], made["paths"]["/complaints"]["get"]
    headers = {"Idempotency-Key": '"1"', "Content-Type": "text/plain"}
    answers = [
        (415, "accept-post", command, await client.post("/complaints", content=b"x", headers=headers)),
        (401, "www-authenticate", query, await client.get("/complaints", headers={"Authorization": ""})),
        (401, "www-authenticate", query, await client.get("/complaints", headers={"Authorization": "Bearer x"})),
        (403, "www-authenticate", query, await client.get("/complaints", headers={"Daybook-Break-Glass": str(NOBODY)})),
        (503, "retry-after", query, await client.get("/complaints", params={"token": far_ahead(client)})),
        (400, "content-language", query, await client.get("/complaints", params={"limit": "x"})),
    ]  # fmt: skip
    pages = ("/docs", "/problems", "/labels", "/openapi.json")
    answers += [(200, "content-length", made["paths"][page]["get"], await client.get(page)) for page in pages]
    for status, header, operation, answer in answers:
        assert (answer.status_code, header in answer.headers) == (status, True), (status, header, answer.text)
        assert untold(made, operation, answer) == set(), (status, header)


async def test_answers_to_cloudevents_have_the_headers_that_are_told(client, made):
    operation = made["paths"]["/events"]["post"]
    touch = event("touch.decide")
    answers = [await send(client, touch), await send(client, touch)]
    data = {"touch_id": answers[0].json()["stream_id"], **bodies()["touch.release"]}
    answers += [await send(client, event("touch.release", "2", data=data)), await send(client, [touch], BATCH)]
    assert [one.status_code for one in answers] == [201, 201, 200, 200]
    for answer in answers:
        assert untold(made, operation, answer) == set(), answer.headers


def far_ahead(client) -> str:
    """A token for what was never commanded."""
    start = client._transport.app.state.edge.daybook.record.incarnation.start()
    return str(Cursor(start.incarnation, tuple(position + 1 for position in start.next_positions)))


def test_a_cursor_of_the_largest_record_is_taken_in_a_url():
    longest = Cursor(UUID(int=2**128 - 1), (2**63 - 1,) * 1024)
    assert len(str(longest)) < CURSOR_CHARACTERS_MAX
    assert 3 * CURSOR_CHARACTERS_MAX // 2 < 0xFFFF, "what httptools takes as a URL"


def test_every_query_has_an_example(made):
    names = {one["operationId"] for method, _, one in each(made) if method == "get"} | {"customer_search"}
    told_names = {"events" if name.endswith("_events") else name for name in names}
    assert set(examples()) == told_names - NO_JSON


async def test_the_documents_are_served(client):
    answer = await client.get("/openapi.json")
    assert answer.json()["openapi"].startswith("3.1")
    docs = await client.get("/docs")
    assert docs.headers["content-type"].startswith("text/html")
    assert "/complaints/{complaint_id}/acknowledge" in docs.text
    assert "<script" not in docs.text
    assert "http" not in docs.headers["content-security-policy"]
    problems = (await client.get("/problems")).json()["problems"]
    assert len(problems) == len(PROBLEMS) + len(REFUSALS)


def test_the_reference_is_what_the_program_would_write():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m api.reference"

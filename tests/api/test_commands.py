"""Commands over HTTP: answers, keys, versions, refusals."""

import asyncio
import contextlib
import uuid

import pytest

from api.examples import bodies, events_of
from api.operations import operations
from tests.api.command_stories import STORIES, Course, steps
from tests.api.stories import INTERNAL

CUSTOMER = {"kind": "person", "name": "Ada Example", "segment": "retail"}
NOWHERE = "0197f3a0-0000-7abc-8def-0123456789ab"


async def test_a_created_stream_is_answered_with_its_place_and_version(client):
    answer = await client.command("/customers", CUSTOMER)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert answer.headers["location"] == f"/customers/{body['stream_id']}"
    assert answer.headers["etag"] == '"0"'
    assert answer.headers["cache-control"] == "no-store"
    assert [event["type"] for event in body["events"]] == ["customer.registered"]
    assert body["version"] == 0
    assert "Ada" not in answer.text


async def test_a_command_to_a_stream(client):
    where = (await client.command("/customers", CUSTOMER)).headers["location"]
    answer = await client.command(f"{where}/enter-segment", {"segment": "affluent"})
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"1"'
    assert [event["version"] for event in answer.json()["events"]] == [1]


async def test_what_holds_already_changes_nothing(client):
    where = (await client.command("/customers", CUSTOMER)).headers["location"]
    answer = await client.command(f"{where}/enter-segment", {"segment": "retail"})
    assert (answer.status_code, answer.json()["events"], answer.json()["version"]) == (200, [], 0)


async def test_ids_inside_a_stream_are_made_where_none_is_given(client):
    where = (await client.command("/customers", CUSTOMER)).headers["location"]
    body = {"kind": "email", "value": "ada@example.org"}
    first = await client.command(f"{where}/add-contact-point", body, key="k")
    again = await client.command(f"{where}/add-contact-point", body, key="k")
    assert uuid.UUID(first.json()["contact_point_id"])
    assert first.content == again.content
    own = str(uuid.uuid4())
    given = await client.command(f"{where}/add-contact-point", {**body, "contact_point_id": own})
    assert given.json()["contact_point_id"] == own


async def test_streams_of_a_customer_live_in_the_customers_partition(client, daybook):
    place = daybook.record.partition_of
    for _ in range(5):
        customer = (await client.command("/customers", CUSTOMER)).json()["stream_id"]
        body = {**bodies()["interaction.record"], "customer_id": customer}
        made = await client.command("/interactions", body)
        assert place(uuid.UUID(made.json()["stream_id"])) == place(uuid.UUID(customer))


async def test_the_acting_person_is_taken_from_the_header(client, daybook):
    where = (await client.command("/campaigns", bodies()["campaign.plan"], actor="staff-1")).headers["location"]
    refused = await client.command(f"{where}/approve", actor="staff-1")
    assert refused.json()["code"] == "campaign.second-person-required"
    assert (await client.command(f"{where}/approve", {"approved_by": "staff-2"}, actor="staff-1")).status_code == 422
    assert (await client.command(f"{where}/approve", actor="staff-2")).status_code == 200


async def test_who_why_and_in_what_connection_are_recorded(client, daybook):
    correlation_id, causation_id = str(uuid.uuid4()), str(uuid.uuid4())
    headers = {
        "Daybook_Reason": "customer-request",
        "Daybook_Correlation_Id": correlation_id,
        "Daybook_Causation_Id": causation_id,
    }
    answer = await client.command("/customers", CUSTOMER, actor="staff-7", **headers)
    (event,) = await daybook.record.read_stream(uuid.UUID(answer.json()["stream_id"]))
    assert event.actor == "staff-7"
    assert (str(event.correlation_id), str(event.causation_id)) == (correlation_id, causation_id)
    assert b'"reason":"customer-request"' in event.meta


# Every example of every command, in stories that lead to the states they need


def test_the_stories_tell_every_command():
    told_commands = {one.name for story in STORIES for one in steps(story)} - set(INTERNAL)
    assert told_commands == set(operations()) == set(bodies()) == set(events_of())


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story[-1])
async def test_every_example_is_accepted(client, daybook, story):
    course = Course(client, daybook, story)
    for step in steps(story):
        answer = await course.tell(step)
        if answer is None:
            continue
        operation = operations()[step.name]
        assert answer.status_code == (201 if operation.creates else 200), (step.name, answer.text)
        first, *more = [event["type"] for event in answer.json()["events"]]
        assert first == events_of()[step.name]
        assert set(more) <= {"complaint.backdating-recorded"}


# Idempotency keys


async def test_a_repeat_gets_the_stored_answer(client, daybook):
    first = await client.command("/customers", CUSTOMER, key="once")
    again = await client.command("/customers", CUSTOMER, key="once")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert sum((await daybook.record.end()).next_positions) == 1


async def test_a_repeat_written_otherwise_is_the_same_request(client):
    headers = {"Idempotency-Key": '"k"', "Test-Actor": "a", "Content-Type": "application/json; charset=UTF-8"}
    first = await client.post("/customers", content=b'{"kind":"person","segment":"retail"}', headers=headers)
    again = await client.post("/customers", content=b' {"segment" : "retail", "kind":"person"} ', headers=headers)
    assert again.status_code == 201
    assert again.content == first.content


async def test_a_refusal_is_repeated_too(client):
    where = (await client.command("/complaints", bodies()["complaint.receive"])).headers["location"]
    first = await client.command(f"{where}/close", key="early")
    await client.command(f"{where}/issue-final-response", bodies()["complaint.issue-final-response"])
    again = await client.command(f"{where}/close", key="early")
    assert first.status_code == again.status_code == 409
    assert first.json() == again.json()
    assert (await client.command(f"{where}/close", key="later")).status_code == 200


@pytest.mark.parametrize("other", [{"kind": "organisation"}, {**CUSTOMER, "name": "Eve Example"}])
async def test_a_key_is_not_used_for_another_request(client, app, other):
    await client.command("/customers", CUSTOMER, key="once")
    refused = await client.command("/customers", other, key="once")
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency-key-reused")
    app.state.edge.keys._recent.clear()  # as in another process, where only the record knows
    refused = await client.command("/customers", other, key="once")
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency-key-reused")


async def test_a_key_used_for_another_customer_is_noticed(client):
    one, two = [(await client.command("/customers", CUSTOMER)).headers["location"] for _ in range(2)]
    await client.command(f"{one}/enter-segment", {"segment": "a"}, key="k")
    refused = await client.command(f"{two}/enter-segment", {"segment": "a"}, key="k")
    assert refused.json()["code"] == "idempotency-key-reused"


async def test_two_actors_may_use_one_key(client):
    one = await client.command("/customers", CUSTOMER, key="k", actor="staff-1")
    two = await client.command("/customers", CUSTOMER, key="k", actor="staff-2")
    assert one.json()["stream_id"] != two.json()["stream_id"]


async def test_of_duplicates_at_once_one_is_done_and_none_twice(client, daybook):
    answers = await asyncio.gather(*(client.command("/customers", CUSTOMER, key="k") for _ in range(20)))
    done = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in done}) == 1
    running = [answer for answer in answers if answer.status_code == 409]
    assert {answer.json()["code"] for answer in running} <= {"idempotency-key-in-use"}
    assert all(answer.headers["retry-after"] == "1" for answer in running)
    assert len(done) + len(running) == len(answers)
    assert sum((await daybook.record.end()).next_positions) == 1


async def test_two_processes_with_one_key_do_it_once(client, app, daybook):
    """Without the keys of this process the record alone decides."""

    class NoKeys:
        def running(self, *_):
            return contextlib.nullcontext()

        def remember(self, *_):
            pass

    app.state.edge.keys = NoKeys()
    answers = await asyncio.gather(*(client.command("/customers", CUSTOMER, key="k") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum((await daybook.record.end()).next_positions) == 1


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency-key-missing"),
        ("bare", "idempotency-key-invalid"),
        ('""', "idempotency-key-invalid"),
        ('"open', "idempotency-key-invalid"),
        ('"a"; p=1', "idempotency-key-invalid"),
        ('"caf\xe9"', "idempotency-key-invalid"),
        ('"' + "k" * 256 + '"', "idempotency-key-invalid"),
    ],
)
async def test_a_bad_key(client, daybook, key, code):
    headers = {"Test-Actor": "staff-1"} | ({} if key is None else {"Idempotency-Key": key.encode("latin-1")})
    answer = await client.post("/customers", json=CUSTOMER, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"
    assert sum((await daybook.record.end()).next_positions) == 0


@pytest.mark.parametrize("key", ["k" * 255, 'say \\"so\\"', "back\\\\slash"])
async def test_a_good_key(client, key):
    assert (await client.command("/customers", CUSTOMER, key=key)).status_code == 201


# Versions


async def test_if_match_is_the_expected_version(client):
    where = (await client.command("/customers", CUSTOMER)).headers["location"]
    path = f"{where}/enter-segment"
    assert (await client.command(path, {"segment": "a"}, if_match='"0"')).status_code == 200
    late = await client.command(path, {"segment": "b"}, if_match='"0"')
    assert (late.status_code, late.json()["code"], late.json()["version"]) == (412, "precondition-failed", 1)
    assert (await client.command(path, {"segment": "b"}, if_match="*")).status_code == 200
    for wrong in ("0", 'W/"0"', '"x"', '"1", "2"', '"-1"'):
        assert (await client.command(path, {"segment": "c"}, if_match=wrong)).json()["code"] == "header-invalid"


async def test_of_many_at_one_version_one_wins(client):
    where = (await client.command("/customers", CUSTOMER)).headers["location"]
    answers = await asyncio.gather(
        *(client.command(f"{where}/enter-segment", {"segment": f"s{n}"}, if_match='"0"') for n in range(10))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 9


async def test_a_repeat_is_answered_although_the_version_has_moved_on(client):
    where = (await client.command("/customers", CUSTOMER)).headers["location"]
    sent = {"path": f"{where}/enter-segment", "body": {"segment": "a"}, "key": "k", "if_match": '"0"'}
    first = await client.command(**sent)
    again = await client.command(**sent)
    assert (again.status_code, again.content) == (200, first.content)


# What is not there


async def test_a_stream_that_does_not_exist(client):
    answer = await client.command(f"/complaints/{NOWHERE}/acknowledge")
    assert (answer.status_code, answer.json()["code"]) == (404, "complaint.not-received")


async def test_a_stream_of_another_kind(client):
    customer = (await client.command("/customers", CUSTOMER)).json()["stream_id"]
    answer = await client.command(f"/complaints/{customer}/acknowledge")
    assert (answer.status_code, answer.json()["code"]) == (404, "stream.of-another-kind")


async def test_an_id_that_is_none(client):
    answer = await client.command("/complaints/17/acknowledge")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert answer.json()["errors"] == [{"in": "path", "field": "complaint_id", "reason": "is not a UUID"}]

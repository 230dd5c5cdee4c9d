"""Identity over HTTP: documents with their faults by name, one holder a number, one answer for a merged person."""

import uuid

import pytest

from api.examples import bodies

NUMBER = "11010519491231002X"
NAME = "\u738b\u3000\u82b3"
COMPANY = "91350100M000100Y43"


async def customer(client, **more) -> str:
    body = {"kind": "person", "name": NAME, **more}
    return (await client.command("/customers", body)).json()["stream_id"]


async def show(client, who: str, number: str = NUMBER, kind: str = "resident_id", **more):
    body = {"kind": kind, "number": number, **more}
    return await client.command(f"/customers/{who}/record-identity-document", body)


async def now(client) -> str:
    return str(await client._transport.app.state.edge.daybook.record.end())


async def merged(client, one: str, other: str) -> tuple[str, str]:
    """Where the merge is, and its id."""
    smaller, larger = sorted((one, other))
    link = await client.command(
        f"/customers/{smaller}/link-identity", {"other_id": larger, "evidence": ["name"], "reason": "registered-twice"}
    )
    assert link.status_code == 200, link.text
    link_id = link.json()["link_id"]
    body = {"link_id": link_id, "reason": "registered-twice"}
    own = await client.command(f"/customers/{smaller}/merge", body)
    assert own.json()["code"] == "customer.merge-second-person-required"
    done = await client.command(f"/customers/{smaller}/merge", body, actor="staff-2")
    assert done.status_code == 200, done.text
    return f"/customers/{smaller}", link_id


@pytest.mark.parametrize(
    ("kind", "number", "reason"),
    [
        ("resident_id", "11010519491231002", "is too short or too long for such a number"),
        ("resident_id", "110105194912310021", "has a check character that does not fit"),
        ("resident_id", "11010519490231002X", "has a date of birth that is none"),
        ("resident_id", "01010519491231002X", "begins with no region"),
        ("unified_social_credit_code", "91350100M000100Y44", "has a check character that does not fit"),
        ("passport", "\u738b\u82b3\u738b\u82b3", "has characters that such a number does not have"),
    ],
)
async def test_a_wrong_number_is_told_by_field_and_reason_and_never_repeated(client, kind, number, reason):
    who = await customer(client)
    answer = await show(client, who, number, kind)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")
    (error,) = answer.json()["errors"]
    assert (error["field"], error["reason"]) == ("/number", reason)
    assert number not in answer.text
    chinese = await client.command(
        f"/customers/{who}/record-identity-document", {"kind": kind, "number": number}, accept_language="zh"
    )
    assert chinese.json()["errors"][0]["reason"] != reason


async def test_a_document_is_found_by_its_number_however_that_is_written(client):
    who = await customer(client)
    done = await show(client, who, "\uff11\uff110105 19491231 002x")
    token = done.json()["token"]
    shown = (await client.get(f"/customers/{who}", params={"token": token})).json()
    (document,) = shown["documents"]
    assert (document["kind"], document["number"], document["contested"]) == ("resident_id", NUMBER, False)
    for asked in ({"document": "110105-19491231-002X"}, {"name": "\u738b\u82b3"}, {"name": NAME}):
        found = await client.post("/customers/search", json={**asked, "token": token})
        assert [one["customer_id"] for one in found.json()["customers"]] == [who], asked
    assert (await client.post("/customers/search", json={"document": COMPANY})).json()["customers"] == []


async def test_a_company_has_other_documents_than_a_person(client):
    company = await customer(client, kind="organisation", name="\u798f\u5efa\u8d38\u6613\u6709\u9650\u516c\u53f8")
    assert (await show(client, company, COMPANY, "unified_social_credit_code")).status_code == 200
    refused = await show(client, company)
    assert (refused.status_code, refused.json()["code"]) == (422, "customer.document-kind-unfit")


async def test_a_number_is_one_customers_until_they_give_it_back(client):
    one, other = await customer(client), await customer(client)
    first = (await show(client, one)).json()
    refused = await show(client, other)
    assert (refused.status_code, refused.json()["code"]) == (409, "customer.document-taken")
    contested = await show(client, other, if_taken="contest")
    assert contested.status_code == 200
    back = await client.command(
        f"/customers/{one}/withdraw-identity-document", {"document_id": first["document_id"], "reason": "mistake"}
    )
    assert back.status_code == 200
    third = await customer(client)
    assert (await show(client, third)).status_code == 200
    shown = (await client.get(f"/customers/{other}", params={"token": await now(client)})).json()
    assert [one["contested"] for one in shown["documents"]] == [True]


async def test_what_the_engine_looks_up_nobody_may_claim(client):
    who = await customer(client)
    claim = {"held": True, "reservation_id": str(uuid.uuid4())}
    answer = await show(client, who, claim=claim)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "/claim")


async def test_a_link_claims_no_more_than_the_record_confirms(client):
    one, other = sorted([await customer(client), await customer(client)])
    link = {"other_id": other, "rule": "name-and-phone", "evidence": ["name", "phone"], "reason": "registered-twice"}
    where = f"/customers/{one}/link-identity"
    refused = await client.command(where, link)
    assert (refused.status_code, refused.json()["code"]) == (409, "customer.link-rule-unmet")
    assert [error["field"] for error in refused.json()["errors"]] == ["/rule"]
    own = {"other_id": other, "evidence": ["phone"], "reason": "registered-twice"}
    chinese = (await client.command(where, own, accept_language="zh")).json()
    assert (chinese["code"], chinese["errors"][0]["field"]) == ("customer.link-evidence-differs", "/evidence")
    claim = {"agrees": ["phone"], "rules": ["name-and-phone"], "rules_version": 0, "shared": []}
    claimed = await client.command(where, {**own, "comparison": claim})
    assert (claimed.status_code, claimed.json()["errors"][0]["field"]) == (422, "/comparison")
    for who in (one, other):
        number = {"kind": "mobile", "value": "+86 138 0000 0000"}
        assert (await client.command(f"/customers/{who}/add-contact-point", number)).status_code == 200
    assert (await client.command(where, link)).status_code == 200


async def test_a_merged_person_has_one_answer_and_reversed_their_own_again(client):
    one, other = sorted([await customer(client), await customer(client, segment="affluent")])
    for who in (one, other):
        await client.command(f"/customers/{who}/add-contact-point", {"kind": "mobile", "value": f"+86 {who[:8]}"})
        interaction = {**bodies()["interaction.record"], "customer_id": who}
        assert (await client.command("/interactions", interaction)).status_code == 201
    token = await now(client)
    before = {who: (await client.get(f"/customers/{who}", params={"token": token})).json() for who in (one, other)}
    home, merge_id = await merged(client, one, other)
    token = await now(client)
    answers = [(await client.get(f"/customers/{who}", params={"token": token})).json() for who in (one, other)]
    assert answers[0] == answers[1]
    assert (answers[0]["canonical_id"], answers[0]["merged_ids"]) == (one, [other])
    assert {point["customer_id"] for point in answers[0]["contact_points"]} == {one, other}
    assert answers[0]["interactions"] == {"phone": 2}
    assert [of["customer_id"] for of in answers[0]["customers"]] == [one, other]
    for path in ("timeline", "satisfaction"):
        told = [(await client.get(f"/customers/{who}/{path}", params={"token": token})).json() for who in (one, other)]
        assert told[0] == told[1]
        assert (told[0]["canonical_id"], told[0]["merged_ids"]) == (one, [other])
    found = (await client.post("/customers/search", json={"name": NAME, "token": token})).json()["customers"]
    assert [(of["customer_id"], of["canonical_id"], of["merged_ids"]) for of in found] == [(one, one, [other])]
    undone = await client.command(f"{home}/reverse-merge", {"merge_id": merge_id, "reason": "mistake"})
    assert undone.status_code == 200
    token = await now(client)
    for who in (one, other):
        after = (await client.get(f"/customers/{who}", params={"token": token})).json()
        for changed in ("version", "last_event", "customers"):
            assert after.pop(changed) != before[who].pop(changed)
        assert after == before[who]
    found = (await client.post("/customers/search", json={"name": NAME, "token": token})).json()["customers"]
    assert [of["customer_id"] for of in found] == [one, other]


async def test_pages_of_a_search_tell_a_person_once(client):
    people = sorted([await customer(client) for _ in range(5)])
    await merged(client, people[0], people[3])
    token, told, after = await now(client), [], None
    while True:
        body = {"name": NAME, "limit": 1, "token": token} | ({"after": after} if after else {})
        page = (await client.post("/customers/search", json=body)).json()
        told += [one["customer_id"] for one in page["customers"]]
        after = page["next"]
        if after is None:
            break
    assert told == [people[0], people[1], people[2], people[4]]

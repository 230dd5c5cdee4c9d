"""Segments over HTTP: their size, their members, and what a customer belonged to when."""

from tests.api.stories import seen, told


async def test_a_customer_is_in_a_segment_as_of_a_moment(client):
    ids = await told(client)
    where = f"/customers/{ids['customer']}"
    body = {"segment": "affluent", "rule": "assets", "rule_version": 3, "occurred_at": "2025-05-01T09:00:00+08:00"}
    token = (await client.command(f"{where}/enter-segment", body)).json()["token"]
    now = (await seen(client, f"{where}/segments", token)).json()["segments"]
    assert [(one["segment"], one["rule"]) for one in now] == [("affluent", "assets"), ("retail", None)]
    before = {"as_occurred_at": "2025-05-01T00:59:59Z"}
    assert (await seen(client, f"{where}/segments", token, **before)).json()["segments"] == []
    after = await seen(client, "/segments", token, as_occurred_at="2025-05-01T01:00:00Z")
    assert after.json() == {"segments": [{"segment": "affluent", "customers": 1}], "parked": 0, "withheld": None}
    (member,) = (await seen(client, "/segments/affluent/customers", token)).json()["customers"]
    assert (member["customer_id"], member["since"]) == (ids["customer"], "2025-05-01T01:00:00Z")
    unknown = (await seen(client, "/segments/affluent/customers", token, as_recorded_at="2025-05-01T01:00:00Z")).json()
    assert unknown["customers"] == [], "it was recorded later"


async def test_what_is_no_segment_or_no_moment_is_refused(client):
    for path in ("/segments/%00/customers", "/segments/Affluent/customers", "/customers/x/segments"):
        assert (await client.get(path)).status_code == 404, path
    answer = await client.get("/segments", params={"as_occurred_at": "2025-05-01T01:00:00"})
    assert (answer.status_code, answer.json()["code"]) == (400, "query-invalid")

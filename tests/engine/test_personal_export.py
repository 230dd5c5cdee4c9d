"""What a person is handed: everything that was ever sealed for them, and nothing that is somebody else's."""

import io
import zipfile
from dataclasses import replace

import orjson
import pytest

from domain.break_glass import OpenBreakGlass
from domain.complaint_confidentiality import MarkComplaintConfidential
from domain.complaint_intake import SupplementComplaint
from engine.access import Viewer, first_table
from engine.looking import Looker
from engine.personal_export import REDACTED, export_of, write_export
from projections import looks
from store.identity import new_id
from tests.engine.privacy import DISP, made, privacy_bank

OFFICER = Looker(
    Viewer("staff:7", frozenset({"privacy-officer"}), "privacy-request"), first_table(), "export", new_id()
)


@pytest.fixture
async def bank(daybook, database):
    async with privacy_bank(daybook, database) as made:
        yield made


async def test_it_is_complete_and_nobody_elses(bank, tmp_path):
    await bank.schedule(DISP)
    who, other = await bank.person(), await bank.person()
    agent = next(made for made in iter(new_id, None) if bank.elsewhere(made, who))
    complaint = await bank.complains_for(who, agent)
    about_other = await bank.complains_for(other, who)  # sealed for `who` in the partition of somebody else's events
    disclosure = await bank.disclose(who, "contact")
    made = await export_of(bank.daybook, OFFICER, who)
    content = orjson.loads(made.json)
    sealed = await bank.daybook.record.pool.fetchval("select count(*) from record.sealed where subject_id = $1", who)
    assert sealed > 8
    for name in ("json", "html"):
        text = getattr(made, name).decode()
        assert [one for one in bank.canaries[who] if one not in text] == []
        assert [one for person in (other, agent) for one in bank.canaries[person] if one in text] == []
        assert str(other) not in text
    assert (content["complete"], content["masked"]) == (True, [])
    by_stream = {one["stream_id"]: one for one in content["events"]}
    assert by_stream[str(complaint)]["personal"] == {"description": REDACTED}
    assert by_stream[str(about_other)]["may_name_others"] == ["description"]
    assert [one["disclosure_id"] for one in content["disclosures"]] == [str(disclosure)]
    assert {one["record_class"] for one in content["retention"]} >= {"complaint", "contact", "identity"}
    archive = zipfile.ZipFile(io.BytesIO(made.zip()))
    assert archive.read("personal-data.json") == made.json
    write_export(made, tmp_path / "out")
    with pytest.raises(FileExistsError):
        write_export(made, tmp_path / "out")


async def test_what_is_opened_is_a_look_and_the_next_export_tells_who_looked(bank):
    who = await bank.person()
    await export_of(bank.daybook, OFFICER, who)
    found = (await looks.looks(bank.daybook.looks.record, bank.daybook.record, OFFICER.sight, customer_id=who)).looks
    assert {one.actor for one in found} == {"staff:7"}
    assert {one.purpose for one in found} == {"privacy-request"}
    again = orjson.loads((await export_of(bank.daybook, OFFICER, who)).json)
    assert [one["actor"] for one in again["looks"]][:1] == ["staff:7"]


async def test_who_is_not_shown_everything_gets_no_complete_export(bank):
    who = await bank.person()
    clerk = replace(OFFICER, viewer=Viewer("staff:9", frozenset({"front-office"}), "service"))
    made = await export_of(bank.daybook, clerk, who)
    assert not made.complete
    assert "complaint.final-response-issued.letter" in orjson.loads(made.json)["masked"]


async def test_what_is_erased_says_since_when(bank):
    await bank.schedule()
    who = await bank.person()
    await bank.request(who, "erasure", "contact")
    assert (await bank.run()).troubles == {}
    made = await export_of(bank.daybook, OFFICER, who)
    assert made.complete
    assert b"erased_on" in made.json
    assert b"-value-" not in made.json


async def test_after_an_erasure_all_is_told_that_concerned_them_as_before(bank):
    await bank.schedule()
    who = await bank.person()
    for_somebody = await bank.complains_for(new_id(), who)
    await bank.give(
        made(SupplementComplaint, complaint_id=for_somebody, occurred_at=bank.at, supplement_id=new_id(), basis="x")
    )
    before = orjson.loads((await export_of(bank.daybook, OFFICER, who)).json)["events"]
    await bank.request(who)
    assert (await bank.run()).troubles == {}
    after = {one["event_id"]: one for one in orjson.loads((await export_of(bank.daybook, OFFICER, who)).json)["events"]}
    assert {"break-glass.opened", "complaint.supplemented"} <= {one["type"] for one in before}
    for one in before:
        told = after[one["event_id"]]
        assert (told["facts"], told["personal"].keys()) == (one["facts"], one["personal"].keys())
        assert all("erased_on" in value for value in told["personal"].values())


async def test_no_event_names_a_matter_that_is_out_of_sight(bank):
    who = await bank.person()
    matter = await bank.complains_for(who, who)
    emergency = {"matter_id": matter, "reason": "fraud", "minutes": 5, "opened_by": "staff:1", "explanation": "Quick."}
    await bank.give(made(OpenBreakGlass, grant_id=new_id(), customer_id=who, occurred_at=bank.at, **emergency))
    assert str(matter).encode() in (await export_of(bank.daybook, OFFICER, who)).json
    secret = {"complaint_id": matter, "occurred_at": bank.at, "group": "whistleblower"}
    await bank.give(made(MarkComplaintConfidential, **secret))
    export = await export_of(bank.daybook, OFFICER, who)
    assert str(matter).encode() not in export.json + export.html
    grants = [one for one in orjson.loads(export.json)["events"] if one["type"] == "break-glass.opened"]
    assert [one["facts"].get("matter_id") for one in grants] == [None, None]

"""English and Chinese: who is answered in which, and that nothing is left untold in Chinese."""

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import engine.access_tokens
import projections
from api import language, validation
from api.labels import english_of, vocabularies
from api.language import label, preferred, said
from api.problems import PROBLEMS, REFUSED
from domain import AGGREGATES
from engine.return_templates import templates
from projections.kpis import KPIS

API = Path(language.__file__).parent
TOLD = {
    "said": (0,), "Problem": (1,), "FieldError": (2, 3), "_refused": (1, 2), "TokenRefused": (0,),
    "MeasureRefused": (0,),
}  # fmt: skip
"""Which arguments of which calls people are shown."""


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        (b"", "en"),
        (b"*", "en"),
        (b"zh", "zh"),
        (b"zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (b"zh-Hant-TW", "zh"),
        (b"en-GB, zh;q=0.9", "en"),
        (b"en;q=0.5, ZH;q=0.6", "zh"),
        (b"de, zh;q=0.1", "zh"),
        (b"zh;q=0, en", "en"),
        (b"zh;q=0", "en"),
        (b"zh;q=many", "en"),
        (b"fr-FR", "en"),
        (b"," * 9000, "en"),
        (b"\xff\xfe;;;q==", "en"),
    ],
)
def test_the_preferred_language(accepted, expected):
    assert preferred(accepted) == expected


async def test_a_problem_is_told_in_chinese(client):
    answer = await client.get("/nowhere", headers={"Accept-Language": "zh-CN"})
    assert (answer.status_code, answer.json()["title"]) == (404, "此处没有内容")
    assert (answer.headers["content-language"], answer.headers["vary"]) == ("zh-CN", "Accept-Language")
    answer = await client.command("/customers", {"kind": "man", "name": ""}, accept_language="zh")
    told = answer.json()
    assert told["title"] == "某个字段不符合要求"
    assert {error["field"]: error["reason"] for error in told["errors"]} == {
        "/kind": "不是允许的值",
        "/name": "至少 1 个字符",
    }
    assert told["code"] == "validation-failed"


async def test_a_refusal_is_told_in_the_language_of_whoever_asks_now(client):
    """Also one that was stored when somebody else asked in another language."""
    path = "/complaints/018f3c5e-7a10-8b42-9c3d-2f6a1b0c4d5e/acknowledge"
    first = await client.command(path, {}, key="again", accept_language="zh")
    again = await client.command(path, {}, key="again")
    assert (first.json()["detail"], again.json()["detail"]) == (
        "没有此投诉；请先接收。",  # noqa: RUF001
        "There is no such complaint; receive it first.",
    )


async def test_kpis_are_told_in_chinese(client):
    chinese = {"Accept-Language": "zh-CN"}
    answer = await client.get("/kpis", headers=chinese)
    told = {one["name"]: one for one in answer.json()["kpis"]}
    assert (told["complaint.open"]["title"], told["complaint.open"]["unit"]) == ("未办结投诉", "件")
    assert answer.headers["content-language"] == "zh-CN"
    answer = await client.get("/kpis/complaint.count", params={"by": "colour"}, headers=chinese)
    assert answer.json()["detail"].startswith("没有 colour 这一维度")
    answer = await client.get("/returns/fca-2027", headers=chinese)
    assert answer.json()["detail"].startswith("fca-2027 只适用于半年")
    listed = (await client.get("/returns", headers=chinese)).json()["returns"]
    made = (await client.get("/returns/jrt-0169", headers=chinese)).json()
    (of,) = (one for one in listed if one["name"] == "jrt-0169")
    for figures, tables, title in ((made["figures"], made["tables"], made["return"]["title"]),
                                   (of["figures"], of["tables"], of["title"])):  # fmt: skip
        assert (title, figures[0]["says"]) == ("金融消费者投诉统计（JR/T 0169-2018）", "投诉总量")  # noqa: RUF001
        assert (tables[0]["says"], tables[0]["columns"][0]["says"]) == ("投诉业务办理渠道", "投诉量")
    assert (await client.get("/returns/jrt-0169")).json()["figures"][0]["says"] == "Complaints in all"
    answer = await client.get("/kpis/complaint.sung")
    assert answer.json()["detail"].startswith("there is no KPI complaint.sung; there are complaint.count")


async def test_labels(client):
    english = (await client.get("/labels")).json()
    answer = await client.get("/labels", headers={"Accept-Language": "zh"})
    chinese = answer.json()
    assert (english["language"], chinese["language"]) == ("en", "zh-CN")
    assert english["labels"]["channel"]["mobile_app"] == "Mobile app"
    assert chinese["labels"]["channel"]["mobile_app"] == "手机银行"
    assert chinese["labels"]["event"]["complaint.final-response-issued"] == "投诉处理决定已作出"
    assert answer.headers["content-language"] == "zh-CN"


def test_every_text_has_its_chinese_and_none_is_left_over():
    there, needed = set(language.texts()), set(texts())
    assert sorted(needed - there) == [], "add them to api/languages/zh.po"
    assert sorted(there - needed) == [], "nothing says these: take them out of api/languages/zh.po"


def test_every_label_has_its_chinese_and_none_is_left_over():
    needed = {(name, english_of(code)) for name, codes in vocabularies().items() for code in codes}
    there = set(language.labels())
    missing = {one for one in needed if one not in there and ("label", one[1]) not in there}
    assert sorted(missing) == [], 'add them to api/languages/zh.po, msgctxt "label"'
    spare = {one for one in there if one not in needed and (one[0] != "label" or one[1] not in {b for _, b in needed})}
    assert sorted(spare) == [], "nothing is called these: take them out of api/languages/zh.po"


def test_a_vocabulary_may_have_a_word_of_its_own():
    assert label("channel", "Nobody knows", "zh") == "Nobody knows"
    assert label("status", "Open", "en") == "Open"


def test_the_places_in_a_text_are_the_same_in_chinese():
    for english, chinese in language._chinese().items():
        assert places(english) == places(chinese), english


def test_a_value_is_never_read_as_a_place():
    assert said("match {pattern}", pattern="{x}") == "match {x}"


def places(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None} if "{" in text else set()


def texts() -> Iterator[str]:
    """Every English text that people may be shown."""
    yield REFUSED
    yield from (kind.title for kind in PROBLEMS.values())
    yield from (text for aggregate in AGGREGATES for text in aggregate.refusals.values())
    yield from (text for told in validation._TOLD.values() for text in told if text is not None)
    yield from validation._BOUNDED.values()
    yield from of_kpis()
    yield from of_returns()
    for path in (*sorted(API.glob("*.py")), Path(engine.access_tokens.__file__), *measuring()):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call):
                for told in shown(call):
                    yield from literals(told, f"{path.name}:{call.lineno}")


def of_kpis() -> Iterator[str]:
    for kpi in KPIS:
        yield from (text for text in (kpi.title, kpi.unit, kpi.note) if text)
        for basis in kpi.bases:
            yield from (one.says for one in (basis.numerator, basis.denominator) if one is not None)


def of_returns() -> Iterator[str]:
    for template in templates(None).values():
        yield from (template.title, template.note)
        headings = (*template.figures, *template.tables, *(one for table in template.tables for one in table.columns))
        yield from (one.says for one in headings)


def measuring() -> list[Path]:
    """The files in which KPIs and returns are refused."""
    folders = (Path(projections.__file__).parent, Path(engine.__file__).parent)
    return [
        path for one in folders for path in sorted(one.glob("*.py")) if "MeasureRefused(" in path.read_text("utf-8")
    ]


def shown(call: ast.Call) -> Iterator[ast.expr]:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    yield from (call.args[at] for at in TOLD.get(name, ()) if at < len(call.args))
    if name == "Problem":
        yield from (one.value for one in call.keywords if one.arg == "detail")


def literals(told: ast.expr, where: str) -> Iterator[str]:
    match told:
        case ast.Constant(value=str() as text):
            yield text
        case ast.IfExp():
            yield from literals(told.body, where)
            yield from literals(told.orelse, where)
        case ast.JoinedStr():
            words = "".join(str(one.value) for one in told.values if isinstance(one, ast.Constant))
            assert not any(character.isalpha() for character in words), f"{where}: use said() with named places"
        case _:
            pass

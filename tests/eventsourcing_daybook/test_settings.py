"""What the environment may say, and what is said back when it makes no sense."""

from pathlib import Path

import pytest
from eventsourcing.utils import Environment

from eventsourcing_daybook import DaybookFactory, Settings
from eventsourcing_daybook.settings import VARIABLES

URL = "postgresql://user@host/database"


def read(**variables: str) -> Settings:
    return Settings.from_environment(Environment("bank", {"DAYBOOK_DATABASE_URL": URL, **variables}))


def test_only_the_database_must_be_said():
    assert read() == Settings(URL)


def test_an_application_may_have_its_own():
    settings = read(BANK_DAYBOOK_SCHEMA="bank_events", DAYBOOK_SCHEMA="others", BANK_DAYBOOK_POOL_SIZE="2")
    assert settings == Settings(URL, schema="bank_events", pool_size=2)


def test_without_a_database_it_says_what_to_set():
    with pytest.raises(OSError, match="BANK_DAYBOOK_DATABASE_URL or DAYBOOK_DATABASE_URL"):
        DaybookFactory(Environment("bank", {}))


@pytest.mark.parametrize(
    ("variable", "text", "words"),
    [
        ("DAYBOOK_SCHEMA", "record", "other than `record`"),
        ("DAYBOOK_SCHEMA", "Events", "lower-case"),
        ("DAYBOOK_SCHEMA", 'a"; drop schema record', "identifier"),
        ("DAYBOOK_POOL_SIZE", "0", "whole number above 0"),
        ("DAYBOOK_POOL_SIZE", "many", "whole number above 0"),
        ("DAYBOOK_LOCK_TIMEOUT", "nan", "seconds above 0"),
        ("DAYBOOK_POLL_INTERVAL", "-1", "seconds above 0"),
    ],
)
def test_nonsense_is_named(variable, text, words):
    with pytest.raises(OSError, match=words) as caught:
        read(**{variable: text})
    assert variable in str(caught.value)
    assert repr(text) in str(caught.value)


def test_a_recorder_class_must_be_one(make_factory):
    factory = make_factory(APPLICATION_RECORDER_TOPIC="eventsourcing.popo:POPOApplicationRecorder")
    with pytest.raises(OSError, match="APPLICATION_RECORDER_TOPIC"):
        factory.application_recorder()


def test_the_guide_tells_of_every_variable():
    guide = Path(__file__).parents[2] / "docs" / "how-to" / "use-with-eventsourcing.md"
    text = guide.read_text(encoding="utf-8")
    assert {key for key in ("DAYBOOK_DATABASE_URL", *VARIABLES) if f"`{key}`" not in text} == set()

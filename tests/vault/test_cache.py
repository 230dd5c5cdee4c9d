"""The bounded memory of unwrapped keys."""

import pytest

from vault.cache import AgingCache


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def cache(now) -> AgingCache[str, int]:
    return AgingCache(2, 10.0, lambda: now[0])


def test_the_one_used_longest_ago_leaves_first(cache):
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert (cache.get("a"), cache.get("b"), cache.get("c"), len(cache)) == (1, None, 3, 2)


def test_nothing_is_served_past_its_age_however_often_it_is_used(cache, now):
    cache.put("a", 1)
    now[0] = 9.9
    assert cache.get("a") == 1
    now[0] = 10.0
    assert cache.get("a") is None
    assert len(cache) == 0


def test_what_is_put_anew_starts_a_new_age(cache, now):
    cache.put("a", 1)
    now[0] = 9.0
    cache.put("a", 2)
    now[0] = 18.0
    assert cache.get("a") == 2


def test_clear_forgets_everything(cache):
    cache.put("a", 1)
    cache.clear()
    assert cache.get("a") is None

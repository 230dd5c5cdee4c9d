"""Trust policies: what they say, what is refused, and when witnesses are enough."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.notes import ED25519, KeySigner, NoteRefused, cosign
from audit.policy import Policy, PolicyRefused
from tests.audit.histories import LOG_KEY, ORIGIN, History, witness_key

W1, W2, W3 = (witness_key(number).verifier for number in (1, 2, 3))
POLICY = f"""
# whom we trust
log {LOG_KEY.verifier.vkey}
log\t{KeySigner(ORIGIN, bytes(32)).verifier.vkey} https://bank.example/log

witness W1 {W1.vkey} https://witness.example/a/
witness W2 {W2.vkey} http://127.0.0.1:8010
witness W3 {W3.vkey}
group others any W2 W3
group both all W1 others
quorum both
"""


def test_a_policy_says_whom_to_believe() -> None:
    policy = Policy.parse(POLICY)
    assert [key.name for key in policy.logs[ORIGIN]] == [ORIGIN, ORIGIN]
    assert [(one.name, one.key, one.url) for one in policy.witnesses] == [
        ("W1", W1, "https://witness.example/a"),
        ("W2", W2, "http://127.0.0.1:8010"),
        ("W3", W3, None),
    ]


def test_a_note_is_cosigned_by_the_witnesses_whose_signatures_hold() -> None:
    policy, note = Policy.parse(POLICY), History().note(3)
    lines = [cosign(note.text, witness_key(number), 1) for number in (3, 4)]
    assert policy.witnesses_of(note._replace(signatures=(*note.signatures, *lines))) == {"W3"}
    lines[0] = lines[0]._replace(signature=cosign("other\n", witness_key(3), 1).signature)
    with pytest.raises(NoteRefused, match="does not fit"):
        policy.witnesses_of(note._replace(signatures=(*note.signatures, *lines)))


@pytest.mark.parametrize(
    ("names", "enough"),
    [((), False), (("W1",), False), (("W2", "W3"), False), (("W1", "W2"), True), (("W1", "W3"), True)],
)
def test_a_quorum_of_groups(names: tuple[str, ...], *, enough: bool) -> None:
    assert Policy.parse(POLICY).reached(names) is enough


@pytest.mark.parametrize("needed", [1, 2, 3])
def test_so_many_of_a_group(needed: int) -> None:
    lines = "".join(f"witness W{at} {witness_key(at).verifier.vkey}\n" for at in (1, 2, 3))
    policy = Policy.parse(f"{lines}group g {needed} W1 W2 W3\nquorum g\n")
    for count in range(4):
        assert {policy.reached(some) for some in combinations(("W1", "W2", "W3"), count)} == {count >= needed}


def test_no_quorum_is_always_reached() -> None:
    assert Policy.parse("quorum none").reached([])
    assert not Policy.parse(f"witness W {W1.vkey}\nquorum W").reached([])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no quorum line"),
        (f"witness W {W1.vkey}", "no quorum line"),
        ("quorum none\nquorum none", "line 2.*one quorum line"),
        ("quorum W", "not defined above"),
        (f"log {W1.vkey}\nquorum none", "type 04"),
        (f"witness W {LOG_KEY.verifier.vkey}\nquorum W", "type 01"),
        (f"witness W {W1.vkey}\nwitness W {W2.vkey}\nquorum W", "line 2.*taken"),
        (f"witness W {W1.vkey}\nwitness V {W1.vkey}\nquorum W", "nobody counts twice"),
        (f"witness none {W1.vkey}\nquorum none", "taken"),
        (f"witness W {W1.vkey} ftp://x\nquorum W", "no address"),
        (f"witness W {W1.vkey} http://\nquorum W", "no address"),
        (f"witness W {W1.vkey}\ngroup g 2 W\nquorum g", "2 of 1"),
        (f"witness W {W1.vkey}\ngroup g 0 W\nquorum g", "0 of 1"),
        (f"witness W {W1.vkey}\ngroup g -1 W\nquorum g", "-1 of 1"),
        (f"witness W {W1.vkey}\ngroup g many W\nquorum g", "many of 1"),
        (f"witness W {W1.vkey}\ngroup g any\nquorum g", "no line of a policy"),
        (f"witness W {W1.vkey}\ngroup g any W W\nquorum g", "member already"),
        ("group g any h\ngroup h any g\nquorum g", "not defined above"),
        ("witness W x\nquorum W", "no verifier key"),
        ("whatever\nquorum none", "no line of a policy"),
        ("#\n" * 10_001, "at most 10,000 lines"),
    ],
)
def test_what_is_no_policy_is_refused_with_its_line(text: str, why: str) -> None:
    with pytest.raises(PolicyRefused, match=why):
        Policy.parse(text)


def test_a_key_of_both_kinds_is_one_key() -> None:
    log = KeySigner("x", bytes([101]) * 32, ED25519).verifier
    with pytest.raises(PolicyRefused, match="nobody counts twice"):
        Policy.parse(f"log {log.vkey}\nwitness W {W1.vkey}\nquorum W")


WORDS = st.sampled_from(
    ["log", "witness", "group", "quorum", "none", "W", "g", "2", "any", "all", W1.vkey, W2.vkey, "#"]
)


@given(st.lists(st.lists(WORDS, max_size=5).map(" ".join), max_size=8).map("\n".join) | st.text(max_size=200))
def test_any_text_is_a_policy_or_refused(text: str) -> None:
    try:
        policy = Policy.parse(text)
    except PolicyRefused:
        return
    names = [one.name for one in policy.witnesses]
    assert policy.reached(names)
    assert policy.reached([]) == (policy.quorum == "none")

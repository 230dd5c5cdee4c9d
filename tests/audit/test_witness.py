"""A witness never cosigns two histories: against an honest log, a forking one, crashes, threads and nonsense."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from audit import witness as module
from audit.checkpoint import Checkpoint
from audit.errors import SealingStopped
from audit.merkle import EMPTY_ROOT
from audit.notes import KeySigner, Note, NoteRefused, Signature, parse, signed, verified
from audit.witness import Submission, Witness, WitnessState, parse_submission
from tests.audit.histories import LOG_KEY, LOGS, ORIGIN, History, witness_key
from tests.examples import examples

KEY = witness_key(1)
ONE, TWO = History("one", shared=15), History("two", shared=15)
NOW = 1_795_000_000
GOOD = ONE.body(10, 12)


class _Memory(WitnessState):
    """A state that is not on disk, for requests that are refused anyway."""

    def __init__(self) -> None:
        self.directory = Path("/")
        self.put(ORIGIN, ONE.note(10))

    def latest(self, origin: str) -> Note | None:  # noqa: ARG002
        return self.note

    def put(self, origin: str, note: Note) -> None:  # noqa: ARG002
        self.note = note

    def keep_conflict(self, head: Checkpoint, note: Note) -> None:
        pass


NONSENSE = Witness(KEY, LOGS, _Memory())


def flipped(at: tuple[int, int]) -> bytes:
    """A good request with one bit flipped."""
    content = bytearray(GOOD)
    content[at[0] % len(content)] ^= 1 << at[1]
    return bytes(content)


@pytest.fixture
def make(tmp_path: Path) -> Callable[[], Witness]:
    """A witness on the same state each time, as after a restart."""
    return lambda: Witness(KEY, LOGS, WitnessState(tmp_path / "state", KEY.verifier), lambda: NOW)


def size_of(witness: Witness) -> int:
    note = witness._state.latest(ORIGIN)
    return 0 if note is None else Checkpoint.parse(note.text).size


def test_a_checkpoint_that_extends_the_last_is_cosigned(make) -> None:
    for old, size in [(0, 5), (5, 5), (5, 300), (300, 301), (301, 70_000)]:
        answer = make().add_checkpoint(ONE.body(old, size))
        assert answer.status == 200, answer
        note = parse(f"{ONE.note(size).format()}{answer.text}")
        assert [(one.verifier, one.time) for one in verified(note, [KEY.verifier])] == [(KEY.verifier, NOW)]
        assert size_of(make()) == size


def test_the_empty_log_is_cosigned(make) -> None:
    assert make().add_checkpoint(ONE.body(0, 0)).status == 200
    assert make().add_checkpoint(ONE.body(0, 3)).status == 200


def forged(submission: Submission, **changes: object) -> bytes:
    return submission._replace(**changes).format().encode()


def other_key(old: int, size: int) -> bytes:
    return History("one", signer=KeySigner(ORIGIN, bytes(32))).body(old, size)


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (forged(ONE.submission(10, 12), old=13), 400, "old is 13, the checkpoint has 12"),
        (forged(ONE.submission(0, 9), old=0), 409, "10\n"),
        (ONE.body(9, 12), 409, "10\n"),
        (ONE.body(11, 12), 409, "10\n"),
        (ONE.body(5, 5), 409, "10\n"),
        (History(signer=KeySigner("another/log", bytes(32))).body(0, 5), 404, "another/log is not known"),
        (other_key(10, 12), 403, "no key of log"),
        (forged(ONE.submission(10, 12), proof=()), 422, "empty"),
        (forged(ONE.submission(10, 12), proof=ONE.submission(10, 13).proof), 422, "proof|root"),
        (forged(ONE.submission(10, 12), proof=(*ONE.submission(10, 12).proof, bytes(32))), 422, "too long"),
        (forged(ONE.submission(10, 12), proof=ONE.submission(10, 12).proof[:-1]), 422, "short|root|prefix"),
        (forged(ONE.submission(10, 10), proof=(bytes(32),)), 422, "different roots"),
        (History("three").body(10, 10), 422, "different roots"),
        (History("three").body(10, 12), 422, "not a prefix"),
        (History("three", shared=9).body(10, 12), 422, "not a prefix"),
    ],
)
def test_whatever_else_is_refused_by_its_status_and_nothing_moves(make, body: bytes, status: int, says: str) -> None:
    assert make().add_checkpoint(ONE.body(0, 10)).status == 200
    answer = make().add_checkpoint(body)
    assert answer.status == status
    assert re.search(says, answer.text)
    assert (answer.media_type == "text/x.tlog.size") is (status == 409)
    assert size_of(make()) == 10


def test_a_proof_from_nothing_is_empty_and_the_empty_log_has_one_root(make) -> None:
    assert make().add_checkpoint(forged(ONE.submission(0, 5), proof=(bytes(32),))).status == 422
    head = Checkpoint(ORIGIN, 0, bytes(32))
    wrong = Submission(0, (), signed(head.text(), [LOG_KEY]), head)
    assert make().add_checkpoint(wrong.format().encode()).status == 422


def test_a_good_signature_beside_a_bad_one_of_a_known_key_is_refused(make) -> None:
    note = ONE.note(5)
    bad = Signature(ORIGIN, LOG_KEY.verifier.key_id, bytes(64))
    body = forged(ONE.submission(0, 5), note=note._replace(signatures=(*note.signatures, bad)))
    assert make().add_checkpoint(body).status == 403


def test_lines_of_unknown_keys_are_passed_over_and_not_kept(make) -> None:
    note = ONE.note(5)
    strangers = tuple(Signature(f"stranger{at}", b"abcd", bytes(64)) for at in range(98))
    own = Signature(KEY.verifier.name, KEY.verifier.key_id, bytes(72))  # a forged cosignature of the witness itself
    body = forged(ONE.submission(0, 5), note=note._replace(signatures=(*strangers, own, *note.signatures)))
    assert make().add_checkpoint(body).status == 200
    kept = make()._state.latest(ORIGIN)
    assert kept is not None
    assert [one.name for one in kept.signatures] == [ORIGIN, KEY.verifier.name]


def test_more_lines_in_the_checkpoint_are_cosigned_with_it(make) -> None:
    text = ONE.head(5).text() + "more\n"
    submission = Submission(0, (), signed(text, [LOG_KEY]), ONE.head(5))
    answer = make().add_checkpoint(submission.format().encode())
    assert verified(parse(f"{text}\n{answer.text}"), [KEY.verifier])


@pytest.mark.parametrize("key", [0, 1])
def test_a_log_whose_key_was_changed_may_use_any_that_is_known(tmp_path: Path, key: int) -> None:
    keys = [LOG_KEY, KeySigner(ORIGIN, bytes(32))]
    logs = {ORIGIN: [one.verifier for one in keys]}
    witness = Witness(KEY, logs, WitnessState(tmp_path, KEY.verifier))
    assert witness.add_checkpoint(History(signer=keys[key]).body(0, 5)).status == 200


# Two histories


def test_a_forked_log_is_refused_and_the_evidence_kept(make) -> None:
    assert make().add_checkpoint(ONE.body(0, 20)).status == 200
    fork = History("fork", shared=15)
    for body in (fork.body(20, 20), fork.body(20, 25), fork.body(15, 20)):
        assert make().add_checkpoint(body).status in {409, 422}
    kept = make()._state.conflicts(ORIGIN)
    assert {Checkpoint.parse(one.text) for one in kept} == {fork.head(20), fork.head(25)}
    assert all(verified(one, LOGS[ORIGIN]) for one in kept)  # nobody but the log could have signed them
    assert make()._state.origins() == [ORIGIN]
    assert make().add_checkpoint(ONE.body(20, 21)).status == 200


def test_the_evidence_does_not_grow_for_ever(make, monkeypatch) -> None:
    monkeypatch.setattr(module, "CONFLICTS_MAX", 3)
    make().add_checkpoint(ONE.body(0, 20))
    for at in range(10):
        assert make().add_checkpoint(History(f"fork{at}").body(20, 20)).status == 422
    assert len(make()._state.conflicts(ORIGIN)) == 3


def test_a_state_that_was_set_back_cannot_be_noticed_by_the_witness_alone(make, tmp_path: Path) -> None:
    """The limit that its documentation states: the older state is all that it knows."""
    make().add_checkpoint(ONE.body(0, 10))
    (path,) = (tmp_path / "state" / "logs").iterdir()
    older = path.read_bytes()
    assert make().add_checkpoint(ONE.body(10, 20)).status == 200
    path.write_bytes(older)
    assert make().add_checkpoint(TWO.body(10, 20)).status == 200


# Crashes and concurrency


@pytest.mark.parametrize("content", [b"", b"nonsense", b"x\n\n\xe2\x80\x94 a AAAAAAAA\n", None])
def test_a_damaged_state_cosigns_nothing(make, tmp_path: Path, content: bytes | None) -> None:
    witness = make()
    witness.add_checkpoint(ONE.body(0, 10))
    (path,) = (tmp_path / "state" / "logs").iterdir()
    path.write_bytes(content if content is not None else ONE.note(20).format().encode())
    with pytest.raises(SealingStopped, match="damaged"):
        witness.add_checkpoint(ONE.body(10, 20))
    with pytest.raises(SealingStopped, match="damaged"):
        make()


def test_what_cannot_be_kept_is_not_cosigned(make, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(module, "replace", full)
        with pytest.raises(OSError, match="No space"):
            make().add_checkpoint(ONE.body(0, 10))
    assert size_of(make()) == 0


def test_of_many_histories_shown_at_once_one_is_cosigned(tmp_path: Path) -> None:
    for attempt in range(10):
        state = tmp_path / str(attempt)
        witnesses = [Witness(KEY, LOGS, WitnessState(state, KEY.verifier)) for _ in range(2)]  # as two processes
        assert witnesses[0].add_checkpoint(ONE.body(0, 10)).status == 200
        bodies = [History(f"fork{at}", shared=15).body(10, 20 + at) for at in range(6)]
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda at: witnesses[at % 2].add_checkpoint(bodies[at]), range(6)))  # noqa: B023
        assert sorted(one.status for one in answers) == [200, 409, 409, 409, 409, 409]


class ManyRequests(RuleBasedStateMachine):
    """Requests of two histories in any order, with restarts: what was cosigned is always one growing history."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.state = Path(self.folder.name)
        self.cosigned: list[Checkpoint] = [Checkpoint(ORIGIN, 0, EMPTY_ROOT)]
        self.restart()

    @rule()
    def restart(self) -> None:
        self.witness = Witness(KEY, LOGS, WitnessState(self.state, KEY.verifier))

    @rule(
        history=st.sampled_from([ONE, TWO]),
        old=st.integers(0, 40) | st.none(),
        size=st.integers(0, 40),
        spoilt=st.sampled_from([None, "proof", "signature"]),
    )
    def ask(self, history: History, old: int | None, size: int, spoilt: str | None) -> None:
        old = self.cosigned[-1].size if old is None else old
        submission = history.submission(old, size)
        if spoilt == "proof":
            submission = submission._replace(proof=(*submission.proof, bytes(32)))
        if spoilt == "signature":
            line = submission.note.signatures[0]
            submission = submission._replace(
                note=submission.note._replace(signatures=(line._replace(signature=bytes(64)),))
            )
        answer = self.witness.add_checkpoint(submission.format().encode())
        assert answer.status in {200, 400, 403, 409, 422}
        if answer.status == 200:
            assert spoilt is None
            self.cosigned.append(submission.head)
        if answer.status == 409:
            assert answer.text == f"{self.cosigned[-1].size}\n"

    @invariant()
    def one_growing_history(self) -> None:
        sizes = [head.size for head in self.cosigned]
        assert sizes == sorted(sizes)
        assert size_of(self.witness) == sizes[-1]
        assert any(all(head == one.head(head.size) for head in self.cosigned) for one in (ONE, TWO))

    def teardown(self) -> None:
        self.folder.cleanup()


ManyRequests.TestCase.settings = settings(max_examples=30, stateful_step_count=30)
TestManyRequests = ManyRequests.TestCase


# Nonsense

LINES = st.sampled_from(["old 0", "old 10", "old 99999999999999999999", "old -1", "old", "", "AAAA", ORIGIN, "0", "—"])


@given(
    st.binary(max_size=300)
    | st.lists(LINES | st.text(max_size=50), max_size=80).map("\n".join).map(str.encode)
    | st.tuples(st.integers(0, 2000), st.integers(0, 7)).map(flipped)
)
@settings(max_examples=examples(100))
def test_nonsense_is_refused_and_nothing_moves(body: bytes) -> None:
    answer = NONSENSE.add_checkpoint(body)
    assert answer.status in {400, 403, 404, 409, 422}
    assert "\n" not in answer.text[:-1]
    assert size_of(NONSENSE) == 10


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "a request is"),
        (b"old 1\n", "a request is"),
        (b"old 01\n\n", "a request is"),
        (b"old 1\n" + b"A" * 43 + b"=\n" * 64 + b"\n", "at most 63 lines|base64"),
        (b"old 1\n" + (b"A" * 43 + b"=\n") * 64 + b"\n", "at most 63 lines"),
        (b"old 1\nAAAA\n\n", "32 bytes"),
        (b"old 1\n\xff\n\n", "ASCII"),
        (b"old 1\r\n\r\n", "a request is"),
        (b"x" * 70_000, "at most 65,536 bytes"),
        (b"old 1\n\n" + ORIGIN.encode() + b"\n1\n", "a note is"),
    ],
)
def test_a_malformed_request_is_told_what_is_wrong(body: bytes, why: str) -> None:
    with pytest.raises(NoteRefused, match=why):
        parse_submission(body)


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_submission_is_read_as_it_was_written(old: int, size: int) -> None:
    submission = ONE.submission(old, size)
    assert parse_submission(submission.format().encode()) == submission

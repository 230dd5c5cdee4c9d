"""The file with the keys: private, whole or absent, the same for everybody."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest

from vault import FileKeyProvider, KeyStoreRefused
from vault.key_file import FILE_NAME


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "a" / "keys"


@pytest.fixture
def made(directory: Path) -> Path:
    FileKeyProvider.load_or_create(directory)
    return directory


def test_it_is_made_once_and_found_again(directory):
    first = FileKeyProvider.load_or_create(directory)
    wrapped = first.wrap(b"k" * 32)
    for again in (FileKeyProvider.load_or_create(directory), FileKeyProvider.load(directory)):
        assert again.unwrap(wrapped) == b"k" * 32
        assert again.secret("command-id") == first.secret("command-id")
        assert again.check_values() == first.check_values()


def test_only_its_owner_may_look(made):
    assert made.stat().st_mode & 0o777 == 0o700
    assert (made / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in made.iterdir()] == [FILE_NAME]


def test_it_is_private_whatever_the_umask(directory):
    before = os.umask(0)
    try:
        FileKeyProvider.load_or_create(directory)
    finally:
        os.umask(before)
    test_only_its_owner_may_look(directory)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o777])
def test_a_file_that_others_can_reach_is_refused(made, mode):
    (made / FILE_NAME).chmod(mode)
    for read in (FileKeyProvider.load, FileKeyProvider.load_or_create):
        with pytest.raises(KeyStoreRefused, match=f"mode {mode:04o} lets other users .* chmod 600"):
            read(made)


@pytest.mark.parametrize("mode", [0o750, 0o711, 0o777])
def test_a_directory_that_others_can_enter_is_refused(made, mode):
    made.chmod(mode)
    for read in (FileKeyProvider.load, FileKeyProvider.load_or_create):
        with pytest.raises(KeyStoreRefused, match=f"mode {mode:04o} lets other users .* chmod 700"):
            read(made)


def test_a_file_of_another_user_is_refused(made, monkeypatch):
    monkeypatch.setattr("vault.key_file._trusted_owners", lambda: {os.geteuid() + 1})
    with pytest.raises(KeyStoreRefused, match=r"owned by user \d+"):
        FileKeyProvider.load(made)


def test_a_missing_file_is_not_made_by_loading(directory):
    with pytest.raises(KeyStoreRefused, match="no key file"):
        FileKeyProvider.load(directory)
    assert not directory.exists()


def test_a_file_in_the_directory_s_place_is_refused(tmp_path):
    (tmp_path / "keys").write_bytes(b"")
    for read in (FileKeyProvider.load, FileKeyProvider.load_or_create):
        with pytest.raises(KeyStoreRefused):
            read(tmp_path / "keys")


def change(**fields):
    return lambda content: orjson.dumps(orjson.loads(content) | fields)


def change_epoch(**fields):
    return lambda content: orjson.dumps((whole := orjson.loads(content)) | {"epochs": [whole["epochs"][0] | fields]})


@pytest.mark.parametrize(
    "changed",
    [
        lambda content: content[:-1],
        lambda _: b"",
        lambda _: b"[]",
        lambda _: b'"sesame"',
        change(format="daybook-keys-2"),
        change(root="c2VzYW1l"),
        change(root=7),
        change(root="*" * 44),
        change(epochs=[]),
        change(epochs=7),
        change(epochs=["sesame"]),
        change_epoch(id=0),
        change_epoch(id="1"),
        change_epoch(id=True),
        change_epoch(key=None),
        change_epoch(created="sesame"),
        lambda content: orjson.dumps((whole := orjson.loads(content)) | {"epochs": whole["epochs"] * 2}),
    ],
)
def test_a_malformed_file_is_refused_and_not_quoted(made, changed):
    path = made / FILE_NAME
    content = path.read_bytes()
    path.write_bytes(changed(content))
    with pytest.raises(KeyStoreRefused) as caught:
        FileKeyProvider.load_or_create(made)
    assert caught.value.__cause__ is None
    assert "sesame" not in str(caught.value)
    assert orjson.loads(content)["root"] not in str(caught.value)
    assert path.read_bytes() == changed(content)


def test_a_crash_while_it_is_written_leaves_none(directory, monkeypatch):
    monkeypatch.setattr("vault.key_file.os.fsync", lambda _: (_ for _ in ()).throw(OSError("power cut")))
    directory.mkdir(parents=True, mode=0o700)
    with pytest.raises(OSError, match="power cut"):
        FileKeyProvider.load_or_create(directory)
    assert not (directory / FILE_NAME).exists()
    monkeypatch.undo()
    test_it_is_made_once_and_found_again(directory)


def test_threads_that_make_it_at_once_agree(directory):
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: FileKeyProvider.load_or_create(directory), range(8)))
    assert len({provider.secret("command-id") for provider in made}) == 1


def test_processes_that_make_it_at_once_agree(directory):
    program = (
        "import sys; from pathlib import Path; from vault import FileKeyProvider; sys.stdin.read(1);"
        "print(FileKeyProvider.load_or_create(Path(sys.argv[1])).secret('command-id').hex())"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    answers = [process.communicate("!")[0] for process in processes]
    assert answers[0].strip()
    assert len(set(answers)) == 1

"""A PKCS#11 token in software (Debian's softhsm2), made for one run of the tests; a hardware module looks the same."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

PIN = "2468"
LABEL = "daybook test"
MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)


def module() -> Path:
    """The library; a test that cannot have it is skipped."""
    found = next((Path(one) for one in MODULES if Path(one).exists()), None)
    if found is None or shutil.which("softhsm2-util") is None:
        pytest.skip("softhsm2 is not installed here (Debian: apt-get install softhsm2)")
    return found


def make_token(folder: Path, label: str = LABEL) -> None:
    """Make an empty token. The library reads its settings once in a process, so all tokens share one folder."""
    program = shutil.which("softhsm2-util") or ""
    if "SOFTHSM2_CONF" not in os.environ:
        (folder / "tokens").mkdir()
        (folder / "softhsm2.conf").write_text(
            f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
        )
        os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    command = [program, "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "1357"]
    subprocess.run(command, check=True, capture_output=True)


def empty(session: Any) -> None:
    """Destroy every object of a token."""
    for one in list(session.get_objects()):
        one.destroy()

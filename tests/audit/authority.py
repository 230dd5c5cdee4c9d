"""A timestamp authority made of the machine's `openssl ts`, behind a tiny HTTP server."""

import shutil
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from audit.timestamps import TrustedCertificates
from tests.audit.serving_witness import answering, http

CONFIG = """
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[authority]
basicConstraints = critical, CA:false
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = answers
[answers]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


class Authority:
    """Certificates and keys in a folder, and `openssl ts` with them."""

    def __init__(self, folder: Path) -> None:
        self._program = shutil.which("openssl") or ""
        if not self._program:
            pytest.skip("openssl is not installed here (Debian: apt-get install openssl)")
        self.folder = folder
        folder.mkdir(parents=True)
        (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
        (folder / "serial").write_text("01\n")
        for name, section in (("root", "root"), ("tsa", "authority")):
            self._openssl(
                "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                "-subj", f"/CN={folder.name} {name}", "-config", "tsa.cnf",
            )  # fmt: skip
            signer = ["-signkey", "root.key"] if name == "root" else ["-CA", "root.pem", "-CAkey", "root.key"]
            self._openssl(
                "x509", "-req", "-in", f"{name}.csr", *signer, "-days", "30", "-out", f"{name}.pem",
                "-extfile", "tsa.cnf", "-extensions", section, "-set_serial", "1" if name == "root" else "2",
            )  # fmt: skip

    @property
    def roots(self) -> Path:
        return self.folder / "root.pem"

    @property
    def trusted(self) -> TrustedCertificates:
        return TrustedCertificates.load(self.roots)

    def answer(self, query: bytes) -> bytes:
        """The response to a request, in DER."""
        (self.folder / "query.tsq").write_bytes(query)
        self._openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-out", "answer.tsr")
        return (self.folder / "answer.tsr").read_bytes()

    def stamp(self, text: bytes) -> bytes:
        """A timestamp over a text, asked by openssl itself."""
        (self.folder / "text").write_bytes(text)
        self._openssl("ts", "-query", "-data", "text", "-sha256", "-cert", "-out", "own.tsq")
        return self.answer((self.folder / "own.tsq").read_bytes())

    def accepts(self, text: bytes, token: bytes) -> bool:
        """Whether `openssl ts -verify` believes it."""
        (self.folder / "text").write_bytes(text)
        (self.folder / "token.tsr").write_bytes(token)
        command = [self._program, "ts", "-verify", "-data", "text", "-in", "token.tsr", "-CAfile", "root.pem"]
        return subprocess.run(command, cwd=self.folder, capture_output=True, check=False).returncode == 0

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[str]:
        async with answering(lambda body: http(200, self.answer(body), "application/timestamp-reply")) as url:
            yield url

    def _openssl(self, *arguments: str) -> None:
        subprocess.run([self._program, *arguments], cwd=self.folder, capture_output=True, check=True)

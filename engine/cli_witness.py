"""The command line's part for witnesses. It needs no database, no settings and nothing else of an installation."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote

import typer
import uvicorn

from audit.checkpoint import Checkpoint
from audit.errors import SealingStopped
from audit.files import private_directory
from audit.notes import COSIGNATURE, ED25519, NoteRefused, Signer, Verifier
from audit.policy import Policy
from audit.signing import FileKeys
from audit.witness import Witness, WitnessState
from audit.witness_http import WitnessApp
from engine.reporting import people, result

PORT = 8010
CONNECTIONS_MAX = 64

witness = typer.Typer(
    no_args_is_help=True,
    help="Witness the logs of others: run by an auditor, on a machine that the bank's operators cannot change.",
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
State = Annotated[Path, typer.Option("--state", file_okay=False, help="Folder of the witness's key and memory.")]
Name = Annotated[
    str | None, typer.Option("--name", help="The witness's name, such as auditor.example/witness; fixed with its key.")
]


@witness.command("init", epilog="Example: daybook witness init --state ./witness --name auditor.example/witness")
def init_witness(state: State, name: Name = None, as_json: Json = False) -> None:  # noqa: FBT002
    """Make the witness's key, unless there is one, and print the line for the bank's trust policy."""
    signer = _signer(state, name, create=True)
    told = {"name": signer.verifier.name, "vkey": signer.verifier.vkey}
    result(told, as_json=as_json, text=_policy_line(signer))


@witness.command("serve", epilog="Example: daybook witness serve --state ./witness --log VKEY --port 8010")
def serve_witness(  # noqa: PLR0913, PLR0917
    state: State,
    name: Name = None,
    log: Annotated[
        list[str] | None, typer.Option("--log", help="Verifier key of a record log to witness; may be repeated.")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Trust policy whose logs to witness instead.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = PORT,
    prefix: Annotated[str, typer.Option(help="Path before /add-checkpoint.")] = "",
) -> None:
    """Cosign checkpoints that extend what was cosigned before, until interrupted."""
    logs = _logs(log or [], policy)
    signer = _signer(state, name, create=name is not None)
    app = WitnessApp(Witness(signer, logs, WitnessState(state, signer.verifier)), prefix)
    people.print(_policy_line(signer, f"http://{host}:{port}{prefix.rstrip('/')}"), markup=False, soft_wrap=True)
    people.print(f"Witnessing {', '.join(sorted(logs))} on port {port}.", markup=False)
    uvicorn.run(
        app, host=host, port=port, http="httptools", loop="uvloop", lifespan="off", log_level="warning",
        access_log=False, limit_concurrency=CONNECTIONS_MAX, timeout_keep_alive=15,
    )  # fmt: skip


@witness.command("list", epilog="Example: daybook witness list --state ./witness --json")
def list_witnessed(state: State, name: Name = None, as_json: Json = False) -> None:  # noqa: FBT002
    """Show what was cosigned last of each log, and every checkpoint that was refused though its log had signed it."""
    signer = _signer(state, name, create=False)
    memory = WitnessState(state, signer.verifier)
    found: list[dict[str, Any]] = []
    for origin in memory.origins():
        note = memory.latest(origin)
        head = Checkpoint(origin, 0, b"") if note is None else Checkpoint.parse(note.text)
        refused = [one.format() for one in memory.conflicts(origin)]
        found.append({"origin": origin, "size": head.size, "root": head.root.hex(), "refused": refused})
    lines = [
        f"{one['origin']}: {one['size']:,} entries, root {one['root'][:16]}; {len(one['refused'])} refused checkpoints"
        for one in found
    ]
    text = "\n".join(lines) or "Nothing was cosigned yet."
    result({"name": signer.verifier.name, "logs": found}, as_json=as_json, text=text)


def _signer(state: Path, name: str | None, *, create: bool) -> Signer:
    """The key of this witness: the only one in its folder.

    Raises:
        SealingStopped: there is none and none may be made, or it has another name.
        NoteRefused: no key can have this name.
    """
    if not create and not (state / "key").is_dir():
        raise SealingStopped(f"there is no witness in {state}: run `daybook witness init --state {state} --name NAME`")
    keys = FileKeys(private_directory(private_directory(state) / "key"), COSIGNATURE)
    there = [unquote(path.name) for path in (state / "key").iterdir() if path.suffix != ".new"]
    if not there and name is None:
        raise SealingStopped("a new witness needs a name: give --name, such as auditor.example/witness")
    wanted = name or there[0]
    if there and there != [wanted]:
        raise SealingStopped(f"the witness in {state} is called {', '.join(there)}, not {wanted}")
    Verifier(wanted, COSIGNATURE, bytes(32))  # a name that no note can carry is refused before a key is made
    return keys.create(wanted) if create else keys.signer(wanted)


def _logs(vkeys: list[str], policy: Path | None) -> dict[str, list[Verifier]]:
    """The keys of the logs to witness, by origin."""
    if policy is not None:
        logs = {origin: list(keys) for origin, keys in Policy.parse(policy.read_text(encoding="utf-8")).logs.items()}
    else:
        logs: dict[str, list[Verifier]] = {}
    for vkey in vkeys:
        key = Verifier.parse(vkey)
        if key.kind != ED25519:
            raise NoteRefused(f"{vkey} is not the key of a log")
        logs.setdefault(key.name, []).append(key)
    if not logs:
        raise SealingStopped("which logs? give --log with the verifier key of a record log, or --policy with a file")
    return logs


def _policy_line(signer: Signer, url: str = "http://HOST:PORT") -> str:
    name = signer.verifier.name.replace("/", "-")
    return f"witness {name} {signer.verifier.vkey} {url}"

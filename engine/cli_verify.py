"""The command line's part for verifying: the database against its logs, and whatever else can be shown to be whole."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from audit.certificate import Certificate
from audit.certificate_keys import keys_of
from audit.certificates import certificate_keys
from audit.logs import current, read_logs
from audit.told import Finding, Told
from audit.verifying import Verified, verify, verify_record_log
from engine.certifying import check_certificate
from engine.cli_certify import Model, models_named
from engine.cli_logs import opened
from engine.cli_proofs import add_to
from engine.logs import (
    certificate_keys_in,
    guard_if_there,
    read_policy,
    trusted_certificate_keys,
    trusted_certificates,
    trusted_keys,
)
from engine.reporting import result, steps
from engine.side_rows import compare_side_rows
from engine.vouching import VouchingVerified, verify_vouching
from engine.wiring import Daybook, read_model_setup
from replay.compared import Compared, compare
from replay.side_rows import Difference
from store.catalog import SchemaDifference, compare_schema

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]

verifying = typer.Typer(invoke_without_command=True, help="Verify what is kept; alone: the database against its logs.")
add_to(verifying)


@verifying.callback(epilog="Example: daybook verify --policy trusted-logs.txt")
def verify_record(
    context: typer.Context,
    policy: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Trust policy: a line `log <verifier key>` for each log, witnesses, quorum.",
        ),
    ] = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Compare the database with its logs and the fork guard; what was changed is named, and the exit code is 1."""
    if context.invoked_subcommand is not None:
        return

    async def work(daybook: Daybook) -> tuple[Verified, VouchingVerified, dict[str, int]]:
        pool, trust = daybook.record.pool, None if policy is None else read_policy(policy)
        keys = None if trust is None else trusted_keys(trust)
        signing = None if trust is None else certificate_keys_in(trust) or None
        found = await verify(pool, guard_if_there(daybook.settings), keys, signing)
        vouched = await verify_vouching(pool, trust, trusted_certificates(daybook.settings))
        ends = (await daybook.record.end()).next_positions
        newest = {log.name.partition: log for log in current(await read_logs(pool)) if log.name.kind == "event"}
        return found, vouched, {log.origin: ends[partition] - log.signed_size for partition, log in newest.items()}

    found, vouched, unsealed = opened(work)
    findings = [*found.findings, *vouched.findings]
    lines = [str(finding) for finding in findings]
    lines.append(
        f"{sum(found.sizes.values()):,} entries in {len(found.sizes)} logs and {vouched.anchors:,} anchors compared, "
        f"{len(findings)} findings; {sum(unsealed.values()):,} events are not sealed yet."
    )
    if vouched.anchors_unchecked:
        lines.append(f"{vouched.anchors_unchecked:,} anchors were not checked: set DAYBOOK_TSA_CERTIFICATES.")
    told = {
        "sizes": dict(found.sizes),
        "findings": [finding._asdict() for finding in findings],
        "unsealed": unsealed,
        "anchors": vouched.anchors,
        "anchors_unchecked": vouched.anchors_unchecked,
    }
    result(told, as_json=as_json, text="\n".join(lines))
    if findings or not found.sizes:
        sys.exit(1)


@verifying.command("side-rows", epilog="Example: daybook verify side-rows")
def verify_side_rows(as_json: Json = False) -> None:  # noqa: FBT002
    """Compare the rows beside events (participants, answers of commands) with the events; differences exit with 1."""

    async def work(daybook: Daybook) -> list[Difference]:
        with steps("Comparing the rows beside events") as step:
            return await compare_side_rows(daybook, step)

    found: list[Difference] = opened(work)
    lines = [f"{one.what} {one.where}: {one.why}" for one in found]
    lines.append(f"{len(found)} rows beside events are not what their events say.")
    result({"findings": [one._asdict() for one in found]}, as_json=as_json, text="\n".join(lines))
    if found:
        sys.exit(1)


@verifying.command("schema", epilog="Example: daybook verify schema")
def verify_schema(as_json: Json = False) -> None:  # noqa: FBT002
    """Compare triggers, functions, grants and tables with what the migrations make; differences exit with 1.

    A grant or trigger that your own administrators have added is named too: you must say whether it may be there.
    """

    async def work(daybook: Daybook) -> list[SchemaDifference]:
        return await compare_schema(daybook.record.pool)

    found: list[SchemaDifference] = opened(work)
    lines = [f"{one.name} {one.why}" for one in found]
    lines.append(f"{len(found)} objects of the schema are not as the migrations make them.")
    result({"findings": [one._asdict() for one in found]}, as_json=as_json, text="\n".join(lines))
    if found:
        sys.exit(1)


@verifying.command("certificate", epilog="Example: daybook verify certificate no-miss.note --policy trusted-logs.txt")
def verify_certificate(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The certificate, as it was signed.")],
    policy: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Trust policy that names the key; else the database is asked."),
    ] = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Check a certificate's signature, and whether the database still is as it says; if not, exit with 1."""

    async def work(daybook: Daybook) -> tuple[Certificate, list[Finding]]:
        pool, trust = daybook.record.pool, None if policy is None else read_policy(policy)
        named = await certificate_keys(pool)
        keys, findings = named[:1] if trust is None else trusted_certificate_keys(trust), list[Finding]()
        told = Told()
        if {*named} != {*keys} or len(named) > 1:  # the key was changed: the record log says when, if it holds
            told, findings = await verify_record_log(pool, None if trust is None else trusted_keys(trust))
        certificate = keys_of(keys, told.certificate_keys).read(file.read_bytes())
        return certificate, [*findings, *await check_certificate(daybook.models, certificate)]

    certificate, findings = opened(work)
    lines = [str(finding) for finding in findings]
    lines.append(f"Signed: {certificate.kind}. {len(findings)} findings.")
    found = {"kind": certificate.kind, "content": certificate.content, "findings": [one._asdict() for one in findings]}
    result(found, as_json=as_json, text="\n".join(lines))
    if findings:
        sys.exit(1)


@verifying.command("read-models", epilog="Example: daybook verify read-models --model complaint_register")
def verify_read_models(
    model: Model = None,
    processes: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 2,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Compare the read models' rows with a fresh replay, while everything runs; differing rows exit with 1."""
    names = models_named(model)

    async def work(daybook: Daybook) -> Compared:
        with steps("Replaying and comparing") as step:
            return await compare(daybook.models, read_model_setup, names, processes=processes, progress=step)

    found = opened(work)
    lines = [str(one) for one in found.differences]
    lines += [
        f"{name} was not compared: its live version is of other code; run `daybook rebuild`" for name in found.skipped
    ]
    lines.append(
        f"{len(found.versions)} read models compared with a replay of {sum(found.positions):,} events: "
        f"{'more than ' * bool(found.unnamed)}{len(found.differences)} rows differ."
    )
    told = {
        "versions": dict(found.versions),
        "positions": list(found.positions),
        "findings": [one._asdict() for one in found.differences],
        "more": found.unnamed,
        "skipped": list(found.skipped),
    }
    result(told, as_json=as_json, text="\n".join(lines))
    if found.differences or found.skipped:
        sys.exit(1)

"""Settings, from the environment: each is `DAYBOOK_` and the field's name in capitals."""

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from store.embedded import default_data_dir


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is no time zone; write it as Europe/Lisbon or UTC")
    return name


class Settings(BaseSettings):
    """What an installation decides for itself."""

    model_config = SettingsConfigDict(env_prefix="DAYBOOK_", extra="ignore", frozen=True)

    database_url: str | None = Field(
        default=None, description="PostgreSQL to use, as the application's role; unset: the embedded server."
    )
    migrate_url: str | None = Field(
        default=None,
        description="The same database as a role that may create schemas and roles; for `migrate` and `init`.",
    )
    data_dir: Path = Field(
        default_factory=default_data_dir, description="Folder of the embedded server and of the key file."
    )
    key_dir: Path | None = Field(default=None, description="Folder of the key file; unset: `keys` in the data folder.")
    backup_window_days: Annotated[int, Field(ge=0, le=3650)] = Field(
        default=35,
        description="How many days back a backup of the database may have to be restored; the key-encryption key of an "
        "epoch is not destroyed before.",
    )
    database: str = Field(default="daybook", description="Database name on the embedded server.", pattern=r"^[a-z_]+$")
    partitions: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        default=None,
        description="Partitions of the record; fixed when it is made (then 4 if unset), and checked at start when set.",
    )
    host: str = Field(
        default="127.0.0.1", description="Address to listen on; loopback only with the development issuer."
    )
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        default=8000, description="Port to listen on; 0 picks a free one."
    )
    waiting_max: Annotated[int, Field(ge=1)] = Field(
        default=8192, description="Appends that may wait per partition; the next one gets 503 and Retry-After."
    )
    body_bytes_max: Annotated[int, Field(ge=1024)] = Field(
        default=3 << 20,
        description="Largest body of a command in bytes. The largest attachment needs some 2 MiB of it.",
    )
    bulk_bytes_max: Annotated[int, Field(ge=1024)] = Field(
        default=64 << 20, description="Largest body of a bulk request in bytes."
    )
    seal: bool = Field(
        default=True,
        description="Whether `serve` also seals the record, in a process of its own; if not, run `daybook logs seal` "
        "beside it.",
    )
    sealer_url: str | None = Field(
        default=None,
        description="The same database as role `daybook_sealer`; unset where `DAYBOOK_DATABASE_URL` is set: this "
        "process seals nothing.",
    )
    eraser_url: str | None = Field(
        default=None,
        description="The same database as role `daybook_eraser`; unset where `DAYBOOK_DATABASE_URL` is set: this "
        "process erases nothing.",
    )
    log_id: str | None = Field(
        default=None,
        description="What the origins of all logs begin with, such as `bank.example/daybook`; fixed with the first "
        "log (a random name if unset).",
    )
    returns_file: Path | None = Field(
        default=None, description="TOML file with the bank's own templates of returns, before those of the program."
    )
    guard_dir: Path | None = Field(
        default=None,
        description="Folder of the fork guard, on another disk than the database; unset: `guard` in the data folder.",
    )
    signing_dir: Path | None = Field(
        default=None, description="Folder of the keys that sign checkpoints; unset: `signing` in the data folder."
    )
    pkcs11_module: Path | None = Field(
        default=None,
        description="Library of a PKCS#11 token (a hardware security module) that holds the keys; unset: they are in "
        "files. Needs the extra `daybook[pkcs11]`.",
    )
    pkcs11_token: str | None = Field(default=None, description="Label of the token.")
    pkcs11_pin_file: Path | None = Field(default=None, description="Private file with the PIN of the token's user.")
    pkcs11_keys: Literal["all", "signing", "personal-data"] = Field(
        default="all",
        description="Which keys are in the token: those that sign checkpoints and certificates, the key-encryption "
        "keys of personal data, or both.",
    )
    witness_policy: Path | None = Field(
        default=None,
        description="Trust policy (lines `witness <name> <vkey> <url>`, `group`, `quorum`): its witnesses are asked to "
        "cosign the record log; unset: nobody is.",
    )
    witness_required: bool = Field(
        default=True,
        description="Whether a checkpoint of the record log waits until the policy's quorum has cosigned it; if not, "
        "it is published without, and the lack is shown.",
    )
    tsa_url: str | None = Field(
        default=None,
        description="Timestamp authority (RFC 3161) that anchors the record log; unset: it is not anchored.",
    )
    tsa_certificates: Path | None = Field(
        default=None,
        description="PEM file of the certificates that the authority's timestamps must lead to: its roots, and "
        "whatever is wanted of intermediates and of the authority itself.",
    )
    anchor_interval_s: Annotated[float, Field(ge=1, le=7 * 86400)] = Field(
        default=3600.0, description="Seconds between two anchors of the record log."
    )
    follow: bool = Field(
        default=True,
        description="Whether `serve` also keeps the read models up to date; if not, run `daybook follow` beside it.",
    )
    follower_process: bool = Field(
        default=True,
        description="Whether `serve` keeps them up to date in a process of their own, which uses a second core; if "
        "not, in the one that answers.",
    )
    erase: bool = Field(
        default=True,
        description="Whether `serve` and `follow` also carry out approved erasures and disposals, if they may erase; "
        "if not, run `daybook privacy run` now and then.",
    )
    surveys: bool = Field(
        default=True,
        description="Whether `serve` and `follow` also invite customers to surveys as the survey plan says, and let "
        "invitations expire. Any number of processes may, like `clocks`.",
    )
    time_zone: Annotated[str, AfterValidator(_known_zone)] = Field(
        default="UTC",
        description="Time zone of the bank's days (IANA, such as `Asia/Shanghai`), by which looks are counted for "
        "unusual access. After a change they are counted anew.",
    )
    clocks: bool = Field(
        default=True,
        description="Whether `serve` and `follow` also keep the clocks of complaints: count them, and record "
        "escalations and breaches. Any number of processes may: each partition's are kept by one at a time.",
    )
    sampling: bool = Field(
        default=True,
        description="Whether `serve` and `follow` also draw the interactions that a sampling plan wants screened. Any "
        "number of processes may: from each partition one draws at a time.",
    )
    handovers: bool = Field(
        default=True,
        description="Whether `serve` and `follow` also carry out handovers of portfolios. Any number of processes may: "
        "each customer goes over once.",
    )
    contacts: bool = Field(
        default=True,
        description="Whether `serve` and `follow` also propose the touches of launched campaigns, keep held ones "
        "(send, suppress or expire what is due), and record when a consent runs out. Any number of processes may.",
    )
    group_min: Annotated[int, Field(ge=3, le=1000)] = Field(
        default=5,
        description="Least size of a group that aggregated answers tell of, to roles that may not see the cases behind "
        "them.",
    )
    wait_s_max: Annotated[float, Field(gt=0, le=60)] = Field(
        default=5.0, description="How long a query with a token waits for its read model, in seconds."
    )

    issuer: str | None = Field(
        default=None, description="Whose tokens are taken: their `iss`; unset: the development issuer's."
    )
    audience: str = Field(default="daybook", description="What a token must be meant for: its `aud`.")
    jwks: str | None = Field(
        default=None,
        description="File or https URL of the issuer's public keys, a JWK set; read anew at times.",
    )
    dev_issuer: bool | None = Field(
        default=None,
        description="The development issuer, which gives anybody on this host a token of any role; unset: only where "
        "no `DAYBOOK_ISSUER` is set. Refused beside one, and on any address but loopback.",
    )
    requests_per_s: Annotated[float, Field(gt=0)] = Field(
        default=1000.0, description="Requests a second that one actor may send to one process in the long run."
    )
    requests_burst: Annotated[int, Field(ge=1)] = Field(
        default=5000, description="Requests that one actor may send at once; the next one gets 429 and Retry-After."
    )

    @property
    def keys(self) -> Path:
        """Folder of the key file."""
        return self.key_dir or self.data_dir / "keys"

    @property
    def guard(self) -> Path:
        """Folder of the fork guard."""
        return self.guard_dir or self.data_dir / "guard"

    @property
    def signing(self) -> Path:
        """Folder of the keys that sign checkpoints."""
        return self.signing_dir or self.data_dir / "signing"

"""`[firewall]`: how a firewall runs; `settings` reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from pathlib import Path

from modelwarden.core.values import dataclass
from modelwarden.firewall.rules import Class, Mode, Scoring

REDIS_PASSWORD = "MODELWARDEN_REDIS_PASSWORD"  # noqa: S105 - the name of a variable


class Who(StrEnum):
    """What tells one client from another."""

    ADDRESS = "address"
    HEADER = "header"
    TOKEN = "token"  # noqa: S105 - a word, not one
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Redis:
    """Where several firewalls keep what they share.

    Attributes:
        database: number.
    """

    host: str
    port: int
    tls: bool = False
    database: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How often one client may ask.

    Attributes:
        rate: requests a second, in the long run.
        burst: requests at once.
        redis: where several firewalls count together; None counts in each by itself.
    """

    rate: float
    burst: int
    redis: Redis | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """Where spans go, and of how many requests.

    Attributes:
        url: of the collector.
        sample: share of requests without a parent that is sampled.
        most: requests a second, whatever parents say.
    """

    url: str
    sample: float = 1.0
    most: float = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersConfig:
    """What becomes of answers.

    Attributes:
        check: how far the rules of answers go.
        decimals: that numbers are rounded to; None leaves them.
        top: shares of a row that are shown, the highest ones; None shows all.
    """

    check: Mode = Mode.OBSERVE
    decimals: int | None = None
    top: int | None = None

    @property
    def changes(self) -> bool:
        """Whether answers are written anew."""
        return self.decimals is not None or self.top is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsConfig:
    """How many alerts of one rule are written; of the others a count is.

    Attributes:
        rate: a second, in the long run.
        burst: at once.
    """

    rate: float = 10.0
    burst: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerConfig:
    """How long the ledger's segments grow and are kept; None leaves it to the ledger.

    Attributes:
        segment_bytes: a segment that has as many is closed.
        segment_seconds: the same for its age.
        head_seconds: between two signed heads.
        retention_days: closed segments that are older are removed; None removes none for it.
        retention_bytes: the oldest are removed while closed ones have more; None for any.
        answers: folder of a second ledger, of what the model answered; None records none.
        threshold: at which a lone score of an answer means the class 1; None leaves numbers.
    """

    segment_bytes: int | None = None
    segment_seconds: float | None = None
    head_seconds: float | None = None
    retention_days: float | None = None
    retention_bytes: int | None = None
    answers: Path | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """One side that is encrypted.

    Attributes:
        certificate: of ours, with the chain.
        key: of it.
        authorities: that sign the other side's certificate.
    """

    certificate: Path | None = None
    key: Path | None = None
    authorities: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FirewallConfig:
    """How a firewall runs.

    Attributes:
        client: what tells one client from another.
        client_header: header that names the client, where that does.
        client_hops: trusted proxies that add to it: the client is that many from its end.
        repeating: clients whose rows are alike by nature, and are no search for that.
        block_seconds: how long a client is refused whose requests showed a pattern of attack.
        watch_seconds: between two looks at the watched files, and at what was configured.
        request_seconds: that a client has for a whole request.
        upstream_seconds: that the server has for an answer.
        upstream_connections: at once.
        queue: requests that wait for one; more are answered 503.
        heads: file to which signed heads of the ledger go.
        head_key: private key of these.
        hash_key: key of the hashes in the ledger.
        ledger: how it is kept.
        refuse_unrecorded: whether a request is answered 503 that cannot be recorded, for the
            ledger's disk is full or hangs.
        ledger_seconds: that a record may wait for the ledger, or for its disk, before it hangs.
        status: where metrics and health are told; None tells them nowhere.
        probe_seconds: in which every golden probe is asked about once; 0 asks none.
        drift: whether traffic is held against the profiles.
        profile_key: public key that profiles must be signed by.
        rules: how far each rule goes, where that differs from the command line.
        scoring: what rules weigh together that do not refuse alone.
        closed: classes of rules that refuse when they fail; others let through.
        limit: None does not limit.
        alerts: how many are written.
        answers: None passes them on unread.
        traces: where spans of requests go; None nowhere.
        tls: towards clients.
        upstream_tls: towards the server.
    """

    client: Who = Who.ADDRESS
    client_header: str | None = None
    client_hops: int = 1
    repeating: frozenset[str] = frozenset()
    block_seconds: float = 300.0
    watch_seconds: float = 10.0
    request_seconds: float = 10.0
    upstream_seconds: float = 30.0
    upstream_connections: int = 64
    queue: int = 256
    heads: Path | None = None
    head_key: Path | None = None
    hash_key: Path | None = None
    ledger: LedgerConfig = LedgerConfig()
    refuse_unrecorded: bool = False
    ledger_seconds: float = 1.0
    status: tuple[str, int] | None = None
    probe_seconds: float = 15.0
    drift: bool = True
    profile_key: Path | None = None
    rules: Mapping[str, Mode] = field(default_factory=dict)
    scoring: Scoring = Scoring()
    closed: frozenset[Class] = frozenset({Class.FORM})
    limit: Limit | None = None
    alerts: AlertsConfig = AlertsConfig()
    answers: AnswersConfig | None = None
    traces: Traces | None = None
    tls: Tls | None = None
    upstream_tls: Tls | None = None

    def named(self, headers: Mapping[str, str], address: str) -> str:
        """Return the client that a header names, else its address.

        Proxies add to what they are sent: what is before the last of them, anybody can have
        written, and would be another client each time.
        """
        parts = headers.get(self.client_header or "", "").split(",")
        named = parts[-self.client_hops].strip() if len(parts) >= self.client_hops else ""
        return named[:256] or address


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where the server is."""

    host: str
    port: int
    tls: bool

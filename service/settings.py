"""Settings: a flag of `postgrad serve` wins over a `POSTGRAD_…` variable, that over `.env`, that over the default here."""

import os
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.logs import Format, Level
from service.memory import available_bytes

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB
MEMORY = available_bytes()
"""Some defaults are smaller where there is less than 8 GiB."""


def _reachable(host: str) -> bool:
    """Whether an address to listen on is one that other machines reach. A name is not known to be."""
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return False


def _listed(text: str | None) -> tuple[str, ...]:
    """Return the parts of a text with commas between."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


class Settings(BaseSettings):
    """Everything about a server that can be set. Each field `name` is read from `POSTGRAD_NAME`."""

    model_config = SettingsConfigDict(env_prefix="POSTGRAD_", env_file=".env", extra="ignore", frozen=True)

    data_dir: Annotated[Path, Field(description="directory of the database and its lock")] = Path("data")
    database_url: Annotated[
        str | None, Field(description="SQLAlchemy URL; default: sqlite in the data directory", repr=False)
    ] = None
    host: Annotated[str, Field(description="address to listen on")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="port to listen on; 0 takes a free one")] = 8000
    executor: Annotated[Literal["local"], Field(description="where runs execute")] = "local"
    workers: Annotated[int, Field(ge=0, le=256, description="worker processes; 0 only queues")] = min(
        2, os.cpu_count() or 1, max(1, MEMORY // GIB)
    )
    processes: Annotated[int, Field(ge=1, le=64, description="processes that answer requests")] = 1

    commit_interval_seconds: Annotated[
        float, Field(gt=0, le=60, description="a running run's metrics and checkpoint are committed this often")
    ] = 0.5
    max_stalled_attempts: Annotated[
        int, Field(ge=1, description="workers a run may lose in a row without a step of progress, before it fails")
    ] = 10
    shutdown_seconds: Annotated[
        float, Field(gt=0, description="time for requests and workers to end in good order at shutdown")
    ] = 8.0
    worker_memory_bytes: Annotated[
        int, Field(ge=64 * MIB, description="largest estimated memory of a run that is accepted")
    ] = min(2 * GIB, max(64 * MIB, MEMORY // 4))
    max_body_bytes: Annotated[int, Field(ge=1024, description="largest JSON request body")] = 8 * MIB
    max_small_body_bytes: Annotated[int, Field(ge=1024, description="largest JSON request body where no data belong")] = MIB
    max_upload_bytes: Annotated[int, Field(ge=1024, description="largest uploaded file, form overhead included")] = 64 * MIB
    max_queued_runs: Annotated[int, Field(ge=1, description="runs that may wait at the same time")] = 10_000
    max_queued_runs_per_key: Annotated[int, Field(ge=1, description="runs of one API key that may wait at the same time")] = (
        1000
    )
    max_running_runs_per_key: Annotated[
        int | None, Field(ge=1, description="runs of one API key that are trained at the same time; default: no limit")
    ] = None
    max_run_seconds: Annotated[float, Field(gt=0, description="longest estimated training of a run that is accepted")] = (
        2_592_000.0
    )
    max_names_bytes: Annotated[int, Field(ge=1024, description="names of the features and classes of one dataset together")] = (
        256 * KIB
    )
    max_page_bytes: Annotated[int, Field(ge=1024, description="a page of a list ends early before it is larger than this")] = (
        8 * MIB
    )
    max_datasets_bytes: Annotated[int, Field(ge=1024, description="all kept datasets together")] = 16 * GIB
    max_datasets_bytes_per_key: Annotated[int, Field(ge=1024, description="the same of one API key's owner")] = 4 * GIB
    max_datasets_per_key: Annotated[int, Field(ge=1, description="datasets of one API key's owner")] = 10_000
    max_runs_per_key: Annotated[int, Field(ge=1, description="runs of one API key's owner, those that have ended too")] = (
        100_000
    )
    max_runs_bytes_per_key: Annotated[int, Field(ge=1024, description="specs and tags of the runs of one owner")] = GIB
    max_points_per_key: Annotated[
        int, Field(ge=1, description="metric points of one owner's runs; with more no run is made")
    ] = 200_000_000
    max_checkpoints_bytes_per_key: Annotated[
        int, Field(ge=1024, description="checkpoints of one owner's runs; with more no run is made")
    ] = 64 * GIB
    max_answers_bytes: Annotated[int, Field(ge=1024, description="all answers kept for idempotency keys together")] = GIB
    max_answers_bytes_per_key: Annotated[int, Field(ge=1024, description="the same of one API key's owner")] = 256 * MIB
    max_answers_per_key: Annotated[int, Field(ge=1, description="answers kept for idempotency keys of one owner")] = 100_000
    max_run_bytes: Annotated[
        int,
        Field(ge=MIB, description="metric points and checkpoints of one run, estimated before and counted on the way"),
    ] = 16 * GIB
    max_checkpoints: Annotated[
        int, Field(ge=3, description="checkpoints of one run, estimated before and counted on the way")
    ] = 100_000
    max_backlog_bytes: Annotated[
        int, Field(ge=64 * KIB, description="what a worker holds in memory until it is committed; then training waits")
    ] = 64 * MIB
    min_free_bytes: Annotated[
        int | None,
        Field(ge=0, description="free space that is kept on the disk; default: 256 MiB, but at most a twentieth of the disk"),
    ] = None
    worker_silence_seconds: Annotated[
        float, Field(gt=0, le=86_400, description="a worker that gives no sign of life for so long is killed and replaced")
    ] = 30.0
    curve_cache_bytes: Annotated[int, Field(ge=0, description="memory for curves that were asked for")] = min(
        64 * MIB, MEMORY // 32
    )
    log_level: Annotated[Level, Field(description="how much to log: debug, info, warning or error")] = "info"
    log_format: Annotated[
        Format, Field(description="json, console (text for people), or auto: text on a terminal, else JSON")
    ] = "auto"
    allowed_hosts: Annotated[
        str | None, Field(description="names that clients may know this server by, with commas between; * is any name")
    ] = None
    trusted_proxies: Annotated[
        str | None,
        Field(description="addresses or networks, with commas between, whose X-Forwarded-For and -Proto are believed"),
    ] = None
    header_seconds: Annotated[
        float, Field(gt=0, le=300, description="time for the head of a request to come, before its connection is closed")
    ] = 10.0
    body_seconds: Annotated[
        float, Field(gt=0, le=3600, description="a body has to come at the least rate over this time, else it is refused")
    ] = 30.0
    min_body_bytes_per_second: Annotated[int, Field(ge=0, description="least rate of a body")] = 4096
    max_bodies_bytes: Annotated[
        int, Field(ge=1024, description="bodies of the requests that are under way in a process, together")
    ] = min(256 * MIB, MEMORY // 16)
    max_connections: Annotated[
        int | None, Field(ge=1, le=1_000_000, description="open connections of a process; default: by the limit of open files")
    ] = None
    max_connections_per_address: Annotated[
        int | None,
        Field(ge=1, description="the same of one address that is no trusted proxy; default: half, of loopback all"),
    ] = None
    answer_seconds: Annotated[
        float, Field(gt=0, le=3600, description="time in which a client has to read some of an answer that waits for it")
    ] = 60.0
    max_streams: Annotated[
        int, Field(ge=0, le=100_000, description="streams of events and waiting requests that may be open at the same time")
    ] = 500
    max_streams_per_key: Annotated[int, Field(ge=0, le=100_000, description="the same of one API key")] = 100
    max_costly_requests: Annotated[
        int, Field(ge=1, le=64, description="requests that take much memory or long, at the same time in each process")
    ] = min(4, max(1, MEMORY // GIB))
    max_costly_waiting_per_key: Annotated[
        int, Field(ge=1, le=10_000, description="such requests of one API key that wait for their turn in a process")
    ] = 100
    max_request_seconds: Annotated[
        float, Field(gt=0, description="longest estimated computation of one evaluation, prediction, picture or text")
    ] = 300.0
    max_requests_per_minute: Annotated[
        int | None, Field(ge=1, description="requests of one API key, or of one address without a key; default: no limit")
    ] = None
    require_key: Annotated[
        bool | None,
        Field(
            description="whether to answer only requests with an API key; default: if there is one, or other machines reach us"
        ),
    ] = None
    stream_keep_alive_seconds: Annotated[
        float, Field(gt=0, le=3600, description="a silent stream of events gets a comment this often")
    ] = 15.0
    max_wait_seconds: Annotated[int, Field(ge=0, le=3600, description="longest that `Prefer: wait=N` waits")] = 60
    idempotency_key_seconds: Annotated[
        float, Field(gt=0, description="an answer is kept this long under its Idempotency-Key")
    ] = 86_400.0
    model_cache_bytes: Annotated[int, Field(ge=0, description="memory for checkpoints kept ready for predict")] = min(
        256 * MIB, MEMORY // 32
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, given: str | None) -> str | None:
        for network in _listed(given):
            ip_network(network)
        return given

    @property
    def proxies(self) -> tuple[str, ...]:
        """The addresses and networks of the setting."""
        return _listed(self.trusted_proxies)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names and addresses, as in a Host header, that requests may be for; `*` stands for any."""
        if self.allowed_hosts is None and _reachable(self.host):
            return ("*",)
        bound = f"[{self.host}]" if ":" in self.host else self.host.lower()
        return ("localhost", "127.0.0.1", "[::1]", bound, *self.named_hosts)

    @property
    def named_hosts(self) -> tuple[str, ...]:
        """The hosts of the setting alone."""
        return _listed((self.allowed_hosts or "").lower())

    @property
    def url(self) -> str:
        """The database URL, filled in."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'postgrad.sqlite3'}"

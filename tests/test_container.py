"""The files for containers describe the server that there is; no engine runs here, so they are read and not built."""

import re
from typing import Any

import yaml

from service.settings import Settings
from tests.live import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVICE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["postgrad"]


def test_the_container_is_not_root_and_cannot_become_it() -> None:
    """The server runs as a user of its own, without capabilities, on a read-only file system."""
    assert re.findall(r"^USER (\w+)$", DOCKERFILE, re.MULTILINE)[-1] == "postgrad"
    assert SERVICE["read_only"] is True
    assert SERVICE["cap_drop"] == ["ALL"]
    assert SERVICE["security_opt"] == ["no-new-privileges:true"]


def test_it_cannot_fill_the_machine() -> None:
    """Memory, processes and /tmp have limits that the defaults fit into."""
    (tmp,) = SERVICE["tmpfs"]
    path, _, options = tmp.partition(":")
    size = _bytes(dict(part.split("=") for part in options.split(","))["size"])
    fields = Settings.model_fields
    assert path == "/tmp"  # noqa: S108 (of the container)
    assert size >= 2 * fields["max_bodies_bytes"].default
    workers = int(SERVICE["environment"]["POSTGRAD_WORKERS"])
    assert _bytes(SERVICE["mem_limit"]) >= workers * fields["worker_memory_bytes"].default + size + 1024**3
    assert SERVICE["pids_limit"] >= 256


def _bytes(size: str) -> int:
    shift = 10 * " kmg".index(size[-1])
    return int(size[:-1]) << shift


def test_the_data_outlives_the_container() -> None:
    """The data directory of the image is the mounted volume."""
    (data_dir,) = re.findall(r"POSTGRAD_DATA_DIR=(\S+)", DOCKERFILE)
    assert SERVICE["volumes"] == [f"data:{data_dir}"]


def test_it_is_reachable_from_this_machine_only() -> None:
    """Without keys, the port is published on loopback."""
    assert all(port.startswith("127.0.0.1:") for port in SERVICE["ports"])


def test_its_health_is_that_of_the_server() -> None:
    """Both health checks ask the route that tells readiness, on the port that is served."""
    check = " ".join(SERVICE["healthcheck"]["test"])
    assert f"http://127.0.0.1:{Settings.model_fields['port'].default}/readyz" in check
    assert check.partition("CMD ")[2].split(" -c ")[1][:40] in DOCKERFILE


def test_it_is_given_the_time_to_stop_in_good_order() -> None:
    """The engine waits longer than the server may take."""
    grace = int(SERVICE["stop_grace_period"].removesuffix("s"))
    assert grace > Settings.model_fields["shutdown_seconds"].default


def test_its_variables_are_settings() -> None:
    """Each POSTGRAD_ variable of both files is one that the server reads."""
    named = set(re.findall(r"POSTGRAD_(\w+)=", DOCKERFILE)) | {
        name.removeprefix("POSTGRAD_") for name in SERVICE["environment"]
    }
    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_all_that_is_copied_is_there() -> None:
    """Each file that the image is built from exists, and is what the wheel holds."""
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    assert not [name for names in copied for name in names.split() if not (ROOT / name).exists()]

"""The private names of uvicorn that the protocol here builds on."""

import dis
from importlib.metadata import version

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

TESTED = ">=0.54,<0.55"
"""As in pyproject.toml."""
NEEDED: dict[type, str] = {
    HttpToolsProtocol: "_start_asgi_task _unset_keepalive_if_required connection_lost connection_made cycle data_received "
    "expect_100_continue flow headers logger loop on_body on_header on_headers_complete on_message_begin on_message_complete "
    "on_response_complete parser pipeline transport url",
    RequestResponseCycle: "disconnected message_event response_complete response_started",
    FlowControl: "_transport pause_reading read_paused resume_reading",
}


def check() -> None:
    """Raise ImportError if a name is missing among the methods of a class and the attributes that these set."""
    for kind, names in NEEDED.items():
        codes = [method.__code__ for method in vars(kind).values() if hasattr(method, "__code__")]
        there = {step.argval for code in codes for step in dis.get_instructions(code) if step.opname == "STORE_ATTR"}
        if missing := [name for name in names.split() if name not in there and not hasattr(kind, name)]:
            told = f"uvicorn {version('uvicorn')} has no {kind.__name__}.{', '.join(missing)}"
            raise ImportError(f"{told}, which postgrad reads requests with: install uvicorn{TESTED}")

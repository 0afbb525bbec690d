"""The command `postgrad demo`."""

import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from service.cli import demo_plan, demo_report, talk
from service.cli.codes import ExitCode
from service.cli.demo_checks import Check, all_checks, writes
from service.cli.demo_plan import Result
from service.cli.demo_server import Server, temporary_server
from service.cli.progress import ENDED, watching

if TYPE_CHECKING:
    from service.client import Client

POLL_SECONDS = 0.05
COURSE = "https://cs231n.github.io/neural-networks-case-study/"


def demo(*, keep: Annotated[bool, typer.Option("--keep", help="Leave the server up until Ctrl-C.")] = False) -> None:
    """Train the course's models on a temporary server, through its HTTP API, and compare with the published figures."""
    signal.signal(signal.SIGTERM, _interrupt)  # so that the server is ended and its data removed
    started = time.monotonic()
    with temporary_server() as server, talk.server(server.url) as client:
        terminal = talk.console()
        terminal.print(Text.assemble(("Postgrad", "bold"), f" trains on {server.url}, a server that the demo has started"))
        terminal.print()
        results = _train(client)
        if terminal.is_terminal:
            terminal.print()
        terminal.print(demo_report.results_table(terminal, results.values()))
        checks = list(all_checks(client, results))
        sample = writes(client, results["rnn"], 240)
        demo_report.heading(terminal, "What the character RNN writes, after “The ”")
        terminal.print(Text(f"  {sample}", style="italic"))
        _tell(terminal, checks, results, server.url if keep else None)
        terminal.print(_verdict(checks, time.monotonic() - started))
        if keep:
            _keep(terminal, server)
    if not all(check.holds for check in checks):
        raise typer.Exit(ExitCode.ERROR)


def _train(client: "Client") -> dict[str, Result]:
    """Submit all runs, then show them until the last has ended."""
    plans = {**demo_plan.reader(client), **demo_plan.course(), **demo_plan.table(client)}
    ids = {key: client.runs.create(plan.body)["id"] for key, plan in plans.items()}
    runs: dict[str, Any] = {}
    with watching({ids[key]: f"  {plan.title}" for key, plan in plans.items()}) as update:
        while not all(key in runs and runs[key]["status"] in ENDED for key in ids):
            for key, run_id in ids.items():
                if key not in runs or runs[key]["status"] not in ENDED:
                    runs[key] = client.runs.get(run_id)
                    update(runs[key])
            time.sleep(POLL_SECONDS)
    return {key: Result(plan, runs[key], client.runs.loss_history(ids[key])) for key, plan in plans.items()}


def _tell(terminal: Any, checks: list[Check], results: dict[str, Result], url: str | None) -> None:
    demo_report.heading(terminal, f"Compared with the course, {COURSE}")
    terminal.print(demo_report.checks_table(terminal, checks))
    demo_report.heading(terminal, "The same with curl" + ("" if url else ", once `postgrad serve` runs"))
    for line in demo_report.curl_lines(results, url):
        terminal.print(Text(f"  {line}", style="cyan"), soft_wrap=True)
    terminal.print()


def _verdict(checks: list[Check], seconds: float) -> Text:
    wrong = sum(not check.holds for check in checks)
    if wrong:
        return Text(f"{wrong} of {len(checks)} checks do not hold.", style="bold red")
    return Text.assemble((f"All {len(checks)} checks hold", "bold green"), f", {seconds:.1f} s in all.")


def _keep(terminal: Any, server: Server) -> None:
    with suppress(KeyboardInterrupt):
        terminal.print(f"The server stays up at {server.url}, its documentation at {server.url}/docs. Ctrl-C ends it.")
        server.process.wait()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt

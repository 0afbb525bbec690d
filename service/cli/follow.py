"""Follow a run to its end: drawn on a terminal, a line now and then in a pipe, JSON Lines for programs."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import typer

from service.cli import show
from service.cli.codes import OF_STATUS, ExitCode
from service.cli.json_lines import JsonLines, write_end
from service.cli.live import live
from service.cli.progress import Lines, Run, Update, animated
from service.cli.talk import console, fail, note

if TYPE_CHECKING:
    from service.client import Client


def follow(client: "Client", run_id: str, *, as_json: bool, quiet: bool = False, timeout: float | None = None) -> Run:
    """Return a run when it has ended or is paused. Ctrl-C ends the command, not the run, as does the timeout in seconds."""
    go_on = f"watch it: postgrad runs watch {run_id}, stop it: postgrad runs cancel {run_id}"
    try:
        with _shown(client, run_id, as_json=as_json, quiet=quiet) as update:
            return client.runs.wait(run_id, timeout=timeout, on_progress=update)
    except TimeoutError as error:
        fail(str(error), ExitCode.TIMED_OUT, hint=f"the run goes on; {go_on}")
    except KeyboardInterrupt:
        note(f"detached, the run goes on; {go_on}")
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _shown(client: "Client", run_id: str, *, as_json: bool, quiet: bool) -> AbstractContextManager[Update]:
    if quiet:
        return nullcontext(lambda _: None)
    if as_json:
        return nullcontext(JsonLines(client, run_id))
    terminal = console(stderr=True)
    return live(client, terminal) if animated(terminal) else nullcontext(Lines({}))


def finish(run: Run, *, as_json: bool, quiet: bool = False) -> None:
    """Tell how a run that was followed has ended, and end with the exit code that says the same."""
    code = OF_STATUS.get(run["status"], ExitCode.OK)
    if as_json:
        write_end(run, code)
    elif not quiet:
        typer.echo(show.line(run))
    if run["status"] == "failed":
        error = run["error"] or {}
        detail, hint = str(error.get("detail", run["stop_reason"])), str(error.get("suggestion", ""))
        fail(f"the run failed: {detail}", code, hint=None if hint in detail else hint)
    if run["status"] == "paused":
        note(f"the run is paused at step {run['progress']['step']}; go on with it: postgrad runs resume {run['id']}")
    raise typer.Exit(code)

"""The commands `postgrad runs …`: ls, show, watch, cancel, rm, diagnose, and those of `life`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli import follow, life, show, talk
from service.cli.diagnose import diagnose
from service.cli.options import Curl, Json, Limit, RunId, RunIds, Timeout, Url

if TYPE_CHECKING:
    from service.client.calls import Call

app = typer.Typer(no_args_is_help=True, help="Look at runs, watch them, stop them, delete them.")

Status = Annotated[str | None, typer.Option(help="queued, running, paused, succeeded, failed or cancelled.")]
Model = Annotated[str | None, typer.Option(help="softmax, svm, mlp or char_rnn.")]
Filter = Annotated[str | None, typer.Option("--filter", help="metrics.loss < 0.1 and model.kind = 'mlp'")]
OrderBy = Annotated[list[str] | None, typer.Option("--order-by", help="metrics.loss ASC; may be repeated.")]


@app.command()
def ls(
    *,
    status: Status = None,
    model: Model = None,
    where: Filter = None,
    order_by: OrderBy = None,
    limit: Limit = 20,
    as_json: Json = False,
    curl: Curl = False,
    url: Url = None,
) -> None:
    """List the runs, the newest first, or in an order of yours."""
    with talk.server(url, curl=curl) as client:
        page = client.runs.page(status=status, model=model, filter=where, order_by=order_by, limit=limit)
    if as_json:
        talk.out_json(page)
    elif not page["data"]:
        talk.note("there are no runs; train one: postgrad train --dataset spiral --model softmax")
    else:
        terminal = talk.console()
        terminal.print(show.runs_table(page["data"], terminal.width))
        if page["has_more"]:
            talk.note("there are more, see --limit")


@app.command("show")
def show_run(run_id: RunId, *, as_json: Json = False, curl: Curl = False, url: Url = None) -> None:
    """Show everything about a run."""
    with talk.server(url, curl=curl) as client:
        run = client.runs.get(run_id)
    if as_json:
        talk.out_json(run)
    else:
        talk.console().print(show.run_details(run))


@app.command()
def watch(run_id: RunId, *, timeout: Timeout = None, as_json: Json = False, curl: Curl = False, url: Url = None) -> None:
    """Show the progress of a run, and end with it. Ctrl-C ends the watching, not the run.

    With --json it writes a line for each thing that happens: `postgrad help json-lines`.
    """
    with talk.server(url, curl=curl) as client:
        if curl:
            client.call(_events(run_id))
        run = follow.follow(client, run_id, as_json=as_json, timeout=timeout)
        follow.finish(run, as_json=as_json)


def _events(run_id: str) -> "Call[Any]":
    """Return the request for the stream of what happens to a run."""
    from service.client.calls import on_run  # noqa: PLC0415 (httpx, which --help does not need)

    return on_run("GET", run_id, "events", accept="text/event-stream")


@app.command()
def cancel(run_id: RunId, *, as_json: Json = False, curl: Curl = False, url: Url = None) -> None:
    """Stop a run; its checkpoints are kept."""
    with talk.server(url, curl=curl) as client:
        run = client.runs.cancel(run_id)
    if as_json:
        talk.out_json(run)
    else:
        typer.echo(f"{run_id} {'cancelled' if run['status'] == 'cancelled' else 'is being cancelled'}")


@app.command()
def rm(run_ids: RunIds, *, curl: Curl = False, url: Url = None) -> None:
    """Delete runs with their metrics and checkpoints; a running one must be cancelled first."""
    with talk.server(url, curl=curl) as client:
        for run_id in run_ids:
            client.runs.delete(run_id)
            if not curl:
                typer.echo(f"{run_id} deleted")


app.command()(diagnose)
life.add_to(app)

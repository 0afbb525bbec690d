"""The commands `postgrad models …`: ls, show, promote."""

from typing import Annotated

import typer
from rich.text import Text

from service.cli import show, talk
from service.cli.options import Curl, Json, Limit, RunId, Url
from service.cli.show import Object

app = typer.Typer(no_args_is_help=True, help="Give names to what runs have learned.")

Name = Annotated[str, typer.Argument(help="Name of the model.", show_default=False)]
Alias = Annotated[str, typer.Option(help="Name of the version; `production` answers when nothing else is asked for.")]
Checkpoint = Annotated[str, typer.Option(help="latest, best, a step, or the id of a checkpoint.")]


@app.command()
def ls(*, limit: Limit = 20, as_json: Json = False, curl: Curl = False, url: Url = None) -> None:
    """List the models by name."""
    with talk.server(url, curl=curl) as client:
        page = client.models.page(limit=limit)
    if as_json:
        talk.out_json(page)
    elif not page["data"]:
        talk.note("there are no models; make one: postgrad models promote NAME RUN_ID")
    else:
        table = show.table("Name", "Served", "Versions", "Aliases", right=("Served", "Versions"))
        for model in page["data"]:
            aliases = ", ".join(f"{alias} {version}" for alias, version in model["aliases"].items())
            table.add_row(Text(model["id"]), str(model["served"]), str(len(model["versions"])), Text(aliases))
        talk.console().print(table)
        if page["has_more"]:
            talk.note("there are more, see --limit")


@app.command(name="show")
def show_model(name: Name, *, as_json: Json = False, curl: Curl = False, url: Url = None) -> None:
    """Show the versions of a model and their aliases."""
    with talk.server(url, curl=curl) as client:
        model = client.models.get(name)
    if as_json:
        talk.out_json(model)
        return
    table = show.table("Version", "Kind", "Run", "Step", "Aliases", right=("Version", "Step"))
    for version in model["versions"]:
        table.add_row(str(version["version"]), version["kind"], version["run"], f"{version['step']:,}", _aliases(version))
    talk.console().print(table)
    talk.note(f"version {model['served']} answers; ask it: POST {model['links']['predict']}, or by /v2")


def _aliases(version: Object) -> Text:
    return Text(", ".join(version["aliases"]))


@app.command()
def promote(
    name: Name, run_id: RunId, *, alias: Alias = "production", checkpoint: Checkpoint = "latest", as_json: Json = False,
    curl: Curl = False, url: Url = None,
) -> None:  # fmt: skip
    """Let a name stand for a checkpoint of a run, also of one that still trains; write the version that it is."""
    with talk.server(url, curl=curl) as client:
        promoted = client.models.set_alias(name, alias, run_id, checkpoint)
    if as_json:
        talk.out_json(promoted)
        return
    typer.echo(promoted["version"])
    talk.note(f"{alias} of {name} is version {promoted['version']}: {run_id} at step {promoted['step']:,}")

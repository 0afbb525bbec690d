"""The commands `postgrad data …`: put, ls."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli import show, talk
from service.cli.options import Curl, Json, Limit, Url

app = typer.Typer(no_args_is_help=True, help="Upload datasets and list them.")

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, NPZ, Parquet, or a text: .txt, .text, .md.")]
Label = Annotated[str | None, typer.Option(help="Name of the column with the classes.")]
Name = Annotated[str | None, typer.Option(help="Name of the dataset.")]


@app.command()
def put(
    file: File, *, label: Label = None, name: Name = None, as_json: Json = False, curl: Curl = False, url: Url = None
) -> None:
    """Upload a file and keep it as a dataset; write its id."""
    with talk.server(url, curl=curl) as client:
        data = client.datasets.upload(file, label, name)
    if as_json:
        talk.out_json(data)
        return
    typer.echo(data["id"])
    if not data["statistics"]:
        talk.note(f"{data['examples']:,} characters, {len(data['classes']):,} different ones")
        talk.note(f"train on it: postgrad train --dataset {data['id']} --model char_rnn")
        return
    classes = ", ".join(map(str, data["classes"][:10])) + (", …" if len(data["classes"]) > 10 else "")
    talk.note(f"{data['examples']:,} examples, {len(data['features'])} features, {len(data['classes'])} classes: {classes}")
    talk.note(f"train on it: postgrad train --dataset {data['id']} --model softmax --standardize")


@app.command()
def ls(*, limit: Limit = 20, as_json: Json = False, curl: Curl = False, url: Url = None) -> None:
    """List the kept datasets, the newest first."""
    with talk.server(url, curl=curl) as client:
        page = client.datasets.page(limit=limit)
    if as_json:
        talk.out_json(page)
    elif not page["data"]:
        talk.note("there are no datasets; keep one: postgrad data put FILE --label COLUMN")
    else:
        terminal = talk.console()
        terminal.print(show.datasets_table(page["data"], terminal.width))
        if page["has_more"]:
            talk.note("there are more, see --limit")

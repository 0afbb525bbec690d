"""The command `postgrad predict`."""

from typing import Annotated

import typer

from service.cli import rows, show, talk
from service.cli.options import Curl, Json, RunId, Url

Input = Annotated[
    list[str] | None, typer.Option("--input", "-i", metavar="X1,X2,…", help="Features of one example; can be repeated.")
]
File = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="CSV with one example on each line, - for stdin; a header must name the features."),
]
Checkpoint = Annotated[str, typer.Option(help="latest, best, a step, or the id of a checkpoint.")]


def predict(
    run_id: RunId, *, inputs: Input = None, file: File = None, checkpoint: Checkpoint = "latest",
    as_json: Json = False, curl: Curl = False, url: Url = None,
) -> None:  # fmt: skip
    """Classify examples with what a run has learned, also while it still trains."""
    if (file is None) == (not inputs):
        raise typer.BadParameter("give either --input or --file", param_hint="--input")
    header, examples = rows.from_file(file) if file else (None, rows.from_flags(inputs or []))
    if header:
        with talk.server(url) as client:
            examples = rows.in_order(header, client.runs.get(run_id)["data"]["features"], examples)
    with talk.server(url, curl=curl) as client:
        answer = client.runs.predict(run_id, examples, checkpoint)
    if as_json:
        talk.out_json(answer)
    else:
        talk.console().print(show.predictions_table(answer))

"""The command `postgrad predict`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli import rows, show, talk
from service.cli.options import Curl, Json, RunId, Url

if TYPE_CHECKING:
    from service.client import Client

Input = Annotated[
    list[str] | None, typer.Option("--input", "-i", metavar="X1,X2,…", help="Features of one example; can be repeated.")
]
File = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="CSV with one example on each line, - for stdin; a header must name the features."),
]
Checkpoint = Annotated[str, typer.Option(help="latest, best, a step, or the id of a checkpoint.")]

NUMBERS = 100_000
"""So many, of up to 24 bytes, go with one request: a server takes 8 MiB."""
PER_ROW = ("labels", "scores", "probabilities")


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
    at_once = len(examples) if curl else max(1, NUMBERS // max(1, len(examples[0])))
    with talk.server(url, curl=curl) as client:
        answer = _predicted(client, run_id, examples, checkpoint, at_once)
    if as_json:
        talk.out_json(answer)
    else:
        talk.console().print(show.predictions_table(answer))


def _predicted(client: "Client", run_id: str, examples: list[list[float]], checkpoint: str, at_once: int) -> dict[str, Any]:
    """Predict so many rows at once, all with the checkpoint that answers for the first."""
    from service.client import APIError  # noqa: PLC0415 (a quarter of a second that --help does not need)

    answer: dict[str, Any] = dict(client.runs.predict(run_id, examples[:at_once], checkpoint))
    for start in range(at_once, len(examples), at_once):
        part = examples[start : start + at_once]
        try:
            more: dict[str, Any] = dict(client.runs.predict(run_id, part, answer["checkpoint"]))
        except APIError:
            talk.note(f"in the rows {start + 1:,} to {start + len(part):,}, of which inputs[0] is the first:")
            raise
        for name in PER_ROW:
            if answer[name] is not None:
                answer[name] += more[name]
    return answer

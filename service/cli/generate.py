"""The command `postgrad generate`."""

import sys
from typing import TYPE_CHECKING, Annotated
from unicodedata import category

import typer

from service.cli import talk
from service.cli.options import Curl, Json, RunId, Url

if TYPE_CHECKING:
    from service.client.calls import Wish

Prompt = Annotated[str, typer.Argument(help="Characters to read first; all must be in the text of the model.")]
Length = Annotated[int | None, typer.Option(help="Characters to write [default: 200].")]
Temperature = Annotated[
    float | None, typer.Option(help="Lower is tamer, higher is wilder; 0: always the likeliest character [default: 1].")
]
TopK = Annotated[int | None, typer.Option(help="Choose among so many likeliest characters.")]
Seed = Annotated[int | None, typer.Option(help="The same seed writes the same text [default: 0].")]
Checkpoint = Annotated[str, typer.Option(help="latest, best, a step, or the id of a checkpoint.")]


def generate(
    run_id: RunId, prompt: Prompt = "", *,
    length: Length = None, temperature: Temperature = None, top_k: TopK = None, seed: Seed = None,
    checkpoint: Checkpoint = "latest", as_json: Json = False, curl: Curl = False, url: Url = None,
) -> None:  # fmt: skip
    """Write text with a char_rnn, also while it still trains; each character is shown as it comes.

    `postgrad generate RUN "The " --length 500 --temperature 0.7`
    """
    wish: Wish = {"checkpoint": checkpoint}
    if length is not None:
        wish["length"] = length
    if temperature is not None:
        wish["temperature"] = temperature
    if top_k is not None:
        wish["top_k"] = top_k
    if seed is not None:
        wish["seed"] = seed
    with talk.server(url, curl=curl) as client:
        if as_json or curl:
            talk.out_json(client.runs.generate(run_id, prompt, **wish))
            return
        terminal = sys.stdout.isatty()
        for character in client.runs.stream(run_id, prompt, **wish):
            # A terminal would obey the control characters of whatever text the model has read.
            obeyed = terminal and character not in "\n\t" and category(character) == "Cc"
            sys.stdout.write("\N{REPLACEMENT CHARACTER}" if obeyed else character)
            sys.stdout.flush()
    sys.stdout.write("\n")

"""The command `postgrad export`."""

import sys
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from service.cli import talk
from service.cli.codes import ExitCode
from service.cli.options import Curl, RunId, Url

Format = Annotated[str, typer.Option("--format", help="npz, safetensors or onnx.")]
Checkpoint = Annotated[str, typer.Option(help="latest, best, a step, or the id of a checkpoint.")]
Output = Annotated[
    str | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Where to write, - for stdout [default: ID.FORMAT].", show_default=False
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite a file that is there already.")]


def export(
    run_id: RunId, *, fmt: Format = "npz", checkpoint: Checkpoint = "latest", output: Output = None, force: Force = False,
    curl: Curl = False, url: Url = None,
) -> None:  # fmt: skip
    """Write the model of a run to a file, also while it still trains; write where it is."""
    path = Path(output or f"{run_id}.{fmt}")
    options = ("-f",) if output == "-" else ("-f", f"-o {quote(str(path))}")
    with talk.server(url, curl=curl, options=options) as client:
        content = client.runs.export(run_id, fmt, checkpoint)
    if output == "-":
        sys.stdout.buffer.write(content)
        return
    try:
        with path.open("wb" if force else "xb") as file:
            file.write(content)
    except FileExistsError:
        talk.fail(f"{path} is there already", ExitCode.USAGE, hint="overwrite it with --force, or name another file with -o")
    except OSError as error:
        talk.fail(f"cannot write {path}: {error.strerror}", ExitCode.USAGE)
    typer.echo(path)
    talk.note(f"{len(content):,} bytes")

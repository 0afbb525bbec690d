"""The command `postgrad`.

This module imports nothing at the top: worker processes are spawned with it as their main module, and need none of the
command line.
"""


def main() -> None:
    """Run the command line."""
    from service.cli.commands import app  # noqa: PLC0415 (see above)

    app(prog_name="postgrad")


if __name__ == "__main__":
    main()

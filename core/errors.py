"""What can go wrong in the core.

CoreError
├── SpecError      a run was described in a way that cannot be trained; carries the path of the field
├── DataError      the examples cannot be used
│   └── UnknownSymbols   a text has characters that another one, which was learned from, has not
├── ShapeError     an array has another shape than the model expects
├── FormatError    stored bytes are damaged or of another kind
├── Interrupted    work was asked to end before it was done
└── Diverged       the loss or a gradient became infinite or not a number
"""

LONGEST_NAME = 200


class CoreError(Exception):
    """Base of all errors of the core."""


class SpecError(CoreError):
    """A field of a spec has a value that cannot be used: `model.hidden_sizes[0] is 0, must be at least 1`.

    `allowed` are the fields that there are, if this one is not known.
    """

    def __init__(self, path: tuple[str | int, ...], problem: str, allowed: tuple[str, ...] | None = None) -> None:
        self.path = path
        self.problem = problem
        self.allowed = allowed
        super().__init__(f"{dotted(path)} {problem}" if path else problem)


class DataError(CoreError):
    """The examples cannot be used: too few, not finite, or of one class only."""


class UnknownSymbols(DataError):
    """A text has characters that the text which was learned from has not; `unknown` are they, in order."""

    def __init__(self, unknown: list[str], known: int) -> None:
        self.unknown = unknown
        shown = ", ".join(map(repr, unknown[:10])) + (", …" if len(unknown) > 10 else "")
        super().__init__(f"the model has never seen {shown}; it knows {known} characters")


class ShapeError(CoreError):
    """An array has another shape than the model expects; the message names both."""


class FormatError(CoreError):
    """Stored bytes are damaged, or hold something else than what was asked for."""


class Interrupted(CoreError):
    """Work was asked to end before it was done: nobody waits for it."""


class Diverged(CoreError):
    """Training left the finite numbers.

    `step` is the number of updates before the first bad value was seen, `tensor` its name, and `suggestion` what to change.
    """

    def __init__(self, step: int, tensor: str, suggestion: str) -> None:
        self.step = step
        self.tensor = tensor
        self.suggestion = suggestion
        super().__init__(f"{tensor} is not finite after {step} steps: {suggestion}")


def dotted(path: tuple[str | int, ...]) -> str:
    """Write a path as people do: `("model", "hidden_sizes", 0)` is `model.hidden_sizes[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{short(part)}" if text else short(part)
    return text


def short(name: str) -> str:
    """Shorten a name for a message; names of at most 200 characters, as those of features and tags, stay whole."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"

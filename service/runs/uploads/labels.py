"""From the labels of a file to a dataset."""

import re
from collections.abc import Mapping, Sequence

from core.data.dataset import Dataset, Label
from core.errors import CoreError
from core.types import Floats
from service.errors import UploadError
from service.runs.uploads.rules import UploadLimits, short

LABEL_NAMES = frozenset({"label", "class", "target", "species", "y"})
NOT_CLASSES = "labels must be classes: strings or integers, not measured values"
INTEGER = re.compile(r"(0|-?[1-9][0-9]{0,17})(\.0*)?")
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?|[+-]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE)


def label_position(columns: Sequence[str], label: str | None) -> int:
    """Find the label column: the one called `label`; else the only one called as in LABEL_NAMES, in any case; else the last."""
    if label is None:
        usual = [i for i, name in enumerate(columns) if name.casefold() in LABEL_NAMES]
        return usual[0] if len(usual) == 1 else len(columns) - 1
    if label not in columns:
        names = ", ".join(map(short, columns[:20])) + (f" and {len(columns) - 20} more" if len(columns) > 20 else "")
        raise UploadError(f"there is no column {short(label)}, the columns are {names}", field="label")
    return columns.index(label)


def text_labels(first: Mapping[str, int], column: str) -> dict[str, Label]:
    """Decide what the label texts of a file mean; `first` has the row in which each of them comes first.

    If all are integers ("3", "-1", also "2.0", but neither "007" nor "+1") they become ints, else all stay strings.
    Raise UploadError if all are numbers, but not all of them whole.
    """
    if all(INTEGER.fullmatch(text) for text in first):
        return {text: int(text.partition(".")[0]) for text in first}
    if all(NUMBER.fullmatch(text) for text in first):
        for text, row in first.items():
            if not float(text).is_integer():
                raise UploadError(f"{NOT_CLASSES}; got {short(text)}", row=row, column=column)
    return {text: text for text in first}


def labelled(X: Floats, labels: list[Label], features: tuple[str, ...] | None, limits: UploadLimits) -> Dataset:
    """Make the dataset; raise TooLarge for too many classes, UploadError for what cannot be trained on."""
    limits.check_classes(len(set(labels)))
    if not labels:
        raise UploadError("the file has no examples: not one row of values")
    try:
        return Dataset.of(X, labels, features)
    except CoreError as error:
        raise UploadError(str(error)) from error

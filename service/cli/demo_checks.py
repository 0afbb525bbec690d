"""What must come of the demo: the figures that the course publishes, and what follows from the definitions.

Published in CS231n, "Minimal Neural Network Case Study": the softmax classifier has a loss of 0.786302 at iteration 190 and a
training accuracy of 0.49; the two-layer net a loss of 0.245292 at iteration 9000 and 0.98.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from service.cli.demo_chance import Chance, Points, cross_entropy, hinge, linear, rectified, recurrent
from service.cli.demo_plan import SPIRAL, Result, python_help
from service.cli.show import NOTHING, last

if TYPE_CHECKING:
    from service.client import Client

LOSS_TOLERANCE = 0.01
COURSE_VARIANCE = 0.01**2  # of the initial weights
HELD_OUT = 0.9
REAL_WORDS, SAMPLE_LENGTH = 0.5, 1000  # an untrained model writes no word that the text knows
PUBLISHED = {"softmax": (0.49, 0.49, 0.49, 0.786), "net": (0.98, 0.97, 0.99, 0.245)}
"""Accuracy, the range in which it counts as that, loss. The net's float32 sums differ a little between processors."""


@dataclass(frozen=True)
class Check:
    """One thing that was compared."""

    title: str
    what: str
    got: str
    expected: str
    source: str
    holds: bool


def all_checks(client: "Client", results: Mapping[str, Result]) -> Iterator[Check]:
    """Yield every check that the results allow."""
    for key in PUBLISHED:
        yield from published(key, results[key])
    points = client.datasets.create(SPIRAL, name="demo: spiral")
    preview = client.datasets.preview(points["id"], limit=300)
    for key, (chance, name) in chances(results, preview["rows"], preview["labels"]).items():
        yield first_loss(results[key], chance, name)
    for key in ("softmax", "net"):
        yield prediction(client, results[key], preview["rows"], preview["labels"])
    rnn = results["rnn"]
    symbols = len(rnn.run["data"]["classes"])
    yield first_loss(rnn, text_chance(rnn, python_help()), f"ln {symbols}")
    yield written(client, rnn)
    if "iris" in results:
        held_out = last(results["iris"].run, "val_accuracy")
        figures = (_places(held_out, 2), f"{HELD_OUT:.2f}", "or more")
        yield _check(results["iris"], "held-out accuracy", figures, held_out is not None and held_out >= HELD_OUT)


def published(key: str, result: Result) -> Iterator[Check]:
    """Compare with the course."""
    accuracy, low, high, loss = PUBLISHED[key]
    got, got_loss = last(result.run, "train_accuracy"), last(result.run, "loss")
    near = got is not None and low <= round(got, 2) <= high
    yield _check(result, "training accuracy", (_places(got, 2), f"{accuracy:.2f}", "published"), near)
    yield _check(result, "loss", (_places(got_loss, 4), f"{loss:.3f}", "published"), _near(got_loss, loss))


def chances(results: Mapping[str, Result], rows: Points, labels: Sequence[object]) -> dict[str, tuple[Chance, str]]:
    """Return the chance of each first loss on the spiral's points, and the name of its level."""
    k = len(set(labels))
    scores = list(linear(rows, labels, COURSE_VARIANCE))
    hidden = rectified(rows, labels, results["net"].run["model"]["hidden_sizes"][0], COURSE_VARIANCE)
    return {
        "softmax": (cross_entropy(k, scores), f"ln {k}"),
        "net": (cross_entropy(k, hidden), f"ln {k}"),
        "svm": (hinge(k, scores, 1.0), "two margins of 1"),
    }


def text_chance(result: Result, text: str) -> Chance:
    """Return the chance of the first loss on a text: that of the first window of each stream.

    The streams share the training part evenly, and every character but its last is read.
    """
    model, training = result.run["model"], result.run["training"]
    read, streams = len(text) - round(len(text) * training["validation_fraction"]) - 1, training["batch_size"]
    starts = [stream * (read // streams) for stream in range(streams)]
    windows = [text[start : start + model["sequence_length"] + 1] for start in starts]
    k = len(set(text))
    return cross_entropy(k, recurrent(windows, k, model["hidden_size"]))


def first_loss(result: Result, chance: Chance, name: str) -> Check:
    """Compare the data loss of the untrained model with its mean and deviation over all initial weights."""
    first = next(iter(result.history["series"].get("data_loss", [])), None)
    more = f" + {chance.excess:.4f}" if chance.excess > chance.margin / 100 else ""
    figures = (_places(first, 4), f"{chance.mean:.4f}", f"{name}{more} ± {chance.margin:.4f}")
    return _check(result, "loss before training", figures, chance.allows(first))


def prediction(client: "Client", result: Result, rows: Points, truths: Sequence[object]) -> Check:
    """Predict the training points over HTTP, and compare the share that is right with the accuracy that the run reports."""
    labels = client.runs.predict(result.run["id"], rows)["labels"]
    right = sum(label == truth for label, truth in zip(labels, truths, strict=True))
    reported = last(result.run, "train_accuracy")
    same = reported is not None and abs(right / len(labels) - reported) < 0.5 / len(labels)
    figures = (_places(right / len(labels), 4), _places(reported, 4), f"reported; {right} of {len(labels)}")
    return _check(result, "predicted right", figures, same)


def written(client: "Client", result: Result) -> Check:
    """Let the character RNN write, and count how many of its words the text knows that it has read."""
    known = set(words(python_help()))
    found = words(writes(client, result, SAMPLE_LENGTH))
    right = sum(word in known for word in found)
    share = right / len(found) if found else 0.0
    figures = (_places(share, 2), f"{REAL_WORDS:.2f}", f"or more; {right} of {len(found)}")
    return _check(result, "real words in what it writes", figures, share >= REAL_WORDS)


def writes(client: "Client", result: Result, length: int) -> str:
    """Return text that the character RNN of a run has written, sober rather than bold."""
    text: str = client.runs.generate(result.run["id"], "The ", length=length, temperature=0.5)["text"]
    return text


def words(text: str) -> list[str]:
    """Return the words of three letters or more."""
    return re.findall("[A-Za-z]{3,}", text)


def _check(result: Result, what: str, figures: tuple[str, str, str], holds: bool) -> Check:  # noqa: FBT001 (the last of a row)
    return Check(result.plan.title, what, *figures, holds)


def _near(got: float | None, expected: float) -> bool:
    return got is not None and abs(got - expected) <= LOSS_TOLERANCE * expected


def _places(value: float | None, places: int) -> str:
    return NOTHING if value is None else f"{value:.{places}f}"

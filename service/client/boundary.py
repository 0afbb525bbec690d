"""The decision boundary, as types."""

from typing import Literal, TypedDict

from service.client.objects import Label


class BoundaryExamples(TypedDict):
    """The examples of a run over its two features; `label` is a position in the classes."""

    x: list[float]
    y: list[float]
    label: list[int]
    held_out: list[bool]
    total: int


class Boundary(TypedDict):
    """The answers of a model on a grid: `predicted[i][j]` at `y[i]`, `x[j]`."""

    object: Literal["decision_boundary"]
    run: str
    checkpoint: str
    step: int
    features: list[str]
    classes: list[Label]
    x: list[float]
    y: list[float]
    predicted: list[list[int]]
    probability: list[list[float]] | None
    examples: "BoundaryExamples | None"

"""Response bodies of what a run has learned: predictions, measures, text."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field


class PredictOut(BaseModel):
    """Predictions, with the checkpoint that made them."""

    object: Literal["prediction"] = "prediction"
    run: str
    checkpoint: str
    step: int
    labels: Annotated[list[str | int], Field(description="one for each row, as the dataset wrote them")]
    classes: Annotated[list[str | int], Field(description="the order of the columns of scores and probabilities")]
    scores: list[list[float]]
    probabilities: Annotated[list[list[float]] | None, Field(description="null for svm, whose scores are not probabilities")]


class EvaluateOut(BaseModel):
    """How a checkpoint does on a dataset."""

    object: Literal["evaluation"] = "evaluation"
    run: str
    checkpoint: str
    step: int
    examples: int
    accuracy: float
    loss: Annotated[float, Field(description="of a text: in nats for each character")]
    data_loss: float
    reg_loss: float
    classes: list[str | int]
    confusion_matrix: Annotated[
        list[list[int]] | None, Field(description="row: true class, column: predicted class; null for a text")
    ]


class GenerateOut(BaseModel):
    """Text that a checkpoint wrote."""

    object: Literal["generation"] = "generation"
    run: str
    checkpoint: str
    step: int
    prompt: str
    text: Annotated[str, Field(description="what follows the prompt, without it")]
    length: int
    temperature: float
    top_k: int | None
    seed: int

"""What the API answers, as types: what runs have learned, named models, keys, the server itself."""

from typing import Any, Literal, TypedDict

from service.client.objects import Label


class Prediction(TypedDict):
    """Predictions, with the checkpoint that made them."""

    object: Literal["prediction"]
    run: str
    checkpoint: str
    step: int
    labels: list[Label]
    classes: list[Label]
    scores: list[list[float]]
    probabilities: list[list[float]] | None


class ModelPrediction(Prediction):
    """Predictions, with the version of the model that made them."""

    model: str
    version: int


class Evaluation(TypedDict):
    """How a checkpoint does on a dataset."""

    object: Literal["evaluation"]
    run: str
    checkpoint: str
    step: int
    examples: int
    accuracy: float
    loss: float
    data_loss: float
    reg_loss: float
    classes: list[Label]
    confusion_matrix: list[list[int]] | None


class Generation(TypedDict):
    """Text that a checkpoint wrote."""

    object: Literal["generation"]
    run: str
    checkpoint: str
    step: int
    prompt: str
    text: str
    length: int
    temperature: float
    top_k: int | None
    seed: int


class GradientCheck(TypedDict):
    """The gradient against a numeric one."""

    relative_error: float | None
    ok: bool | None
    examples: int
    near_kinks: int
    note: str | None


class DeadUnits(TypedDict):
    """A hidden ReLU layer."""

    layer: int
    units: int
    dead: int


class FirstLoss(TypedDict):
    """The data loss before the first update."""

    loss: float
    expected: float
    ok: bool


class ClassReport(TypedDict):
    """How well a class is found."""

    label: Label
    examples: int
    precision: float | None
    recall: float | None


class Hint(TypedDict):
    """Something to know, and what to do about it."""

    code: str
    severity: Literal["info", "warning", "error"]
    message: str
    suggestion: str
    overrides: dict[str, dict[str, Any]] | None


class Diagnostics(TypedDict):
    """What was found at a checkpoint on the run's own data."""

    object: Literal["diagnostics"]
    run: str
    checkpoint: str
    step: int
    examples: int
    gradient_check: GradientCheck
    dead_units: list[DeadUnits]
    update_ratio: float | None
    first_loss: FirstLoss | None
    accuracy: float | None
    classes: list[Label] | None
    confusion_matrix: list[list[int]] | None
    per_class: list[ClassReport] | None
    hints: list[Hint]


class Version(TypedDict):
    """A checkpoint of a run under a number; it never changes."""

    object: Literal["model_version"]
    version: int
    run: str
    checkpoint: str
    kind: str
    step: int
    weights_digest: str
    aliases: list[str]
    created_at: str


class Model(TypedDict):
    """A named model; its id is its name."""

    object: Literal["model"]
    id: str
    aliases: dict[str, int]
    served: int
    versions: list[Version]
    created_at: str
    links: dict[str, str]


class Alias(TypedDict):
    """An alias, and the version that it stands for."""

    object: Literal["model_alias"]
    id: str
    model: str
    version: int
    run: str
    checkpoint: str
    step: int
    weights_digest: str
    created_at: str
    links: dict[str, str]


class ApiKey(TypedDict):
    """A key, without its secret."""

    object: Literal["api_key"]
    id: str
    name: str
    owner: str
    scopes: list[Literal["read", "train", "admin"]]
    prefix: str
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    links: dict[str, str]


class NewApiKey(ApiKey):
    """A key that was made, with its secret, which is shown this once."""

    secret: str


class Info(TypedDict):
    """What a server is."""

    object: Literal["info"]
    name: str
    version: str
    sqlite_version: str
    environment: dict[str, Any]
    executor: str
    workers: int
    queued: int
    running: int
    limits: dict[str, float | None]
    links: dict[str, str]

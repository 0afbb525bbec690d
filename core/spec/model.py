"""Models, by their constants; features and classes come with the data."""

from dataclasses import dataclass
from typing import Annotated, Literal

from core.fields import Limits

Reg = Annotated[float, Limits(ge=0, le=1e6, doc="strength of L2 regularisation: ½·reg·ΣW², weights only")]
Init = Literal["normal", "xavier", "he"]


@dataclass(frozen=True, kw_only=True)
class Softmax:
    """Linear classifier with the cross-entropy loss."""

    kind: Literal["softmax"] = "softmax"
    reg: Reg = 1e-3


@dataclass(frozen=True, kw_only=True)
class Svm:
    """Linear classifier with the multiclass hinge loss (Weston and Watkins)."""

    kind: Literal["svm"] = "svm"
    reg: Reg = 1e-3
    margin: Annotated[float, Limits(gt=0, le=1e6, doc="how far ahead the right class must be")] = 1.0


@dataclass(frozen=True, kw_only=True)
class Mlp:
    """Fully connected network with the cross-entropy loss; one hidden layer is the course's two-layer net."""

    kind: Literal["mlp"] = "mlp"
    hidden_sizes: Annotated[
        tuple[int, ...], Limits(ge=1, le=10_000, max_length=20, doc="units of each hidden layer; [] is the linear softmax")
    ] = (100,)
    activation: Annotated[Literal["relu", "tanh"], Limits(doc="nonlinearity of the hidden layers")] = "relu"
    reg: Reg = 1e-3
    init: Annotated[Init, Limits(doc="initial weights: normal is the course's 0.01·randn; he or xavier for deep nets")] = (
        "normal"
    )


ModelSpec = Softmax | Svm | Mlp

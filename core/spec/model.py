"""Models, by their constants; features and classes come with the data."""

from dataclasses import dataclass
from typing import Annotated, Literal

from core.fields import Limits

Reg = Annotated[float, Limits(ge=0, le=1e6, doc="strength of L2 regularisation: ½·reg·ΣW², weights only")]
L1 = Annotated[float, Limits(ge=0, le=1e6, doc="strength of L1 regularisation: l1·Σ|W|, weights only")]
Init = Literal["normal", "xavier", "he"]


@dataclass(frozen=True, kw_only=True)
class Softmax:
    """Linear classifier with the cross-entropy loss."""

    kind: Literal["softmax"] = "softmax"
    reg: Reg = 1e-3
    l1: L1 = 0.0


@dataclass(frozen=True, kw_only=True)
class Svm:
    """Linear classifier with the multiclass hinge loss (Weston and Watkins)."""

    kind: Literal["svm"] = "svm"
    reg: Reg = 1e-3
    l1: L1 = 0.0
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
    l1: L1 = 0.0
    dropout: Annotated[
        float, Limits(ge=0, le=0.99, doc="share of the hidden units that are off in a training step, at random")
    ] = 0.0
    init: Annotated[Init, Limits(doc="initial weights: normal is the course's 0.01·randn; he or xavier for deep nets")] = (
        "normal"
    )


@dataclass(frozen=True, kw_only=True)
class CharRnn:
    """Recurrent network that reads text and learns which character comes next (vanilla RNN, tanh)."""

    kind: Literal["char_rnn"] = "char_rnn"
    hidden_size: Annotated[int, Limits(ge=1, le=4096, doc="units H of the hidden state")] = 100
    sequence_length: Annotated[int, Limits(ge=1, le=1000, doc="characters T that the gradient goes back through")] = 25
    reg: Reg = 0.0
    l1: L1 = 0.0
    init: Annotated[Init, Limits(doc="initial weights: normal is the course's 0.01·randn")] = "normal"


ModelSpec = Softmax | Svm | Mlp | CharRnn

"""The fully connected network: any number of hidden layers, softmax cross-entropy on top."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

import numpy as np

from core.initializers import INITIALIZERS
from core.layers import ACTIVATIONS, Dropout
from core.losses import ClassWeights, SoftmaxCrossEntropy
from core.models.base import Layout, LossParts, affine, with_ones
from core.models.regularisation import Regularisation
from core.noise import Noise
from core.products import product, product_with_transposed
from core.types import Array, DType, Floats, Ints


@dataclass(frozen=True)
class Mlp:
    """h₁ = f(X W1 + b1), …, scores = h_L W + b.

    W1 (D, H₁), b1 (H₁,), …; with one hidden layer, relu and 0.01·randn it is the two-layer net of CS231n's case study.
    """

    n_features: int
    hidden_sizes: tuple[int, ...]
    n_classes: int
    activation: Literal["relu", "tanh"]
    reg: float
    initializer: Literal["normal", "xavier", "he"] = "normal"
    l1: float = 0.0
    dropout: float = 0.0
    class_weights: ClassWeights = None

    @property
    def probabilistic(self) -> bool:
        """Softmax(scores) are probabilities."""
        return True

    @property
    def noisy(self) -> bool:
        """With dropout, a step draws which units are off."""
        return self.dropout > 0 and len(self.hidden_sizes) > 0

    @cached_property
    def layout(self) -> Layout:
        """One matrix [W | b] (out, in + 1) for each layer."""
        sizes = pairwise((self.n_features, *self.hidden_sizes, self.n_classes))
        return Layout(*(affine(i, inner, out) for i, (inner, out) in enumerate(sizes, start=1)))

    def init(self, rng: np.random.Generator, dtype: DType) -> Floats:
        """Draw theta (P,), layer by layer from the input on."""
        theta = np.zeros(self.layout.size, dtype)
        for W in self.layout.weights(theta):
            W[...] = INITIALIZERS[self.initializer](rng, *W.shape)
        return theta

    def prepare(self, X: Floats) -> Floats:
        """Return [X | 1] (N, D + 1)."""
        return with_ones(X)

    def bind(self, theta: Floats, n: int, noise: Noise | None = None) -> "MlpProgram":
        """Bind to a parameter vector and a batch size; without noise, no unit is dropped."""
        return MlpProgram(self, theta, n, noise if self.noisy else None)


class MlpProgram:
    """The step of the network. Arrays are features-major: activations are (H + 1, n), the last row being ones."""

    def __init__(self, model: Mlp, theta: Floats, n: int, noise: Noise | None) -> None:
        layout, dtype = model.layout, theta.dtype
        self.gradient = np.empty_like(theta)
        self._W = layout.views(theta)
        *hidden_dW, last_dW = layout.views(self.gradient)
        self._to_dW = [*map(product, hidden_dW), product_with_transposed(last_dW, n)]
        self._Wt = layout.weights(theta)  # (in, out): the way back through a layer needs its weights without the bias
        self._regularisation = Regularisation(layout, theta, model.reg, model.l1)
        hidden = model.hidden_sizes
        self._A = [np.ones((h + 1, n), dtype) for h in hidden]
        self._below = [A[:-1] for A in self._A]  # what the next layer reads: H, with dropout a part of it
        self._noise, self._dropout = noise, [Dropout((h, n), dtype, model.dropout) for h in hidden] if noise else []
        self._H = [np.empty((h, n), dtype) for h in hidden] if noise else self._below
        self._dH = [np.empty((h, n), dtype) for h in hidden]
        self._f = [ACTIVATIONS[model.activation]((h, n), dtype) for h in hidden]
        self._S = np.empty((model.n_classes, n), dtype)
        self.scores = self._S.T
        self._to_O, self._to_S = [product(H) for H in self._H], product(self._S)
        self._loss = SoftmaxCrossEntropy(n, model.n_classes, dtype, model.class_weights)

    def load(self, rows: Array, y: Ints) -> None:
        """Take a batch: rows (n, D + 1), labels (n,)."""
        self._inputs = [rows.T, *self._A]  # what each layer reads, (in + 1, n)
        self._inputs_t = [A.T for A in self._inputs]
        self._loss.load(y)

    def forward(self, carry: Array | None) -> Array | None:
        """O = [W | b] A, H = f(O), of which dropout leaves a part, up to the scores."""
        for i, f in enumerate(self._f):
            H = self._H[i]
            self._to_O[i](self._W[i], self._inputs[i])
            f.forward(H, out=H)  # O is where H will be: with an array of its own, the spiral's step takes 0.8 µs more
            if self._noise:
                self._dropout[i].forward(H, self._noise, out=self._below[i])
        self._to_S(self._W[-1], self._inputs[-1])
        return carry

    def loss(self) -> LossParts:
        """Return the data loss and what regularisation adds over all layers."""
        return LossParts(self._loss.value(self.scores), self._regularisation.value())

    def backward(self) -> None:
        """d[W | b] = dO Aᵀ, dH = Wᵀ dO, dO = dH · f'(O), from the scores down; then the regularisation is added."""
        self._loss.gradient_(self.scores)
        dO = self._S
        for i in reversed(range(len(self._W))):
            self._to_dW[i](dO, self._inputs_t[i])
            if i:
                dH = self._dH[i - 1]
                np.matmul(self._Wt[i], dO, dH)
                if self._noise:
                    self._dropout[i - 1].backward_(dH)
                self._f[i - 1].backward_(dH, self._H[i - 1])
                dO = dH
        self._regularisation.add_to_(self.gradient)

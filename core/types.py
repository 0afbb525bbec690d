"""The vocabulary of the core.

Letters, the same everywhere: N examples of a batch, D features, K classes, H hidden units, P parameters, and for text
T characters of a window, V different symbols, B streams read in parallel.
`X` is (N, D), `y` is (N,) with values 0 … K-1, `scores` is (N, K), `theta` is (P,): all parameters in one flat vector.
`dW` is the gradient of the loss with respect to `W`.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.floating[Any]]
DType = np.dtype[np.floating[Any]]
Ints = NDArray[np.signedinteger[Any]]


class Point(NamedTuple):
    """The metrics of one step: they describe the parameters after `step` updates.

    `finite` says whether the parameters and the loss are finite numbers: something to go on from and to predict with.
    """

    step: int
    metrics: dict[str, float]
    finite: bool = True


def never() -> bool:
    """Let work go on to its end: the answer to whether it should stop."""
    return False

"""The whole training state as one value, to and from bytes."""

import hashlib
from dataclasses import dataclass

import numpy as np

from core.arrays import pack, unpack
from core.data.dataset import Normaliser
from core.errors import FormatError
from core.types import Array, Floats

STATE_VERSION = 1
OPTIONAL = ("smooth_loss", "best_value", "waited", "stopped", "restored")
"""Values that an older state may lack."""


@dataclass
class TrainState:
    """Everything that, with the spec and the data, decides the rest of a run.

    `step` updates have been made; `logged` is the step of the last metric point (-1: none yet); `theta` (P,) are the
    parameters, `slots` (s, P) the optimizer's memory, `carry` what the last batch handed on,
    `smooth_loss` the running average of the loss in nats per character (None for models of examples).
    Of early stopping: the best value so far of what it watches (negative for an accuracy), the weights of that point, the
    number of points since then, whether the run is ended, and whether that gave it back earlier weights. The order of batches
    follows from seed and step (`core/data/batches.py`), so no generator is kept. The normaliser belongs to the model.
    """

    step: int
    logged: int
    theta: Floats
    slots: Floats
    normaliser: Normaliser
    carry: Array | None = None
    smooth_loss: float | None = None
    best_value: float | None = None
    best_theta: Floats | None = None
    waited: int = 0
    stopped: bool = False
    restored: bool = False

    @property
    def finite(self) -> bool:
        """Whether all parameters are finite numbers."""
        return bool(np.isfinite(self.theta).all())

    @property
    def weights_digest(self) -> str:
        """Sha-256 of the parameters as little-endian bytes."""
        theta = np.ascontiguousarray(self.theta, self.theta.dtype.newbyteorder("<"))
        return "sha256:" + hashlib.sha256(theta.tobytes()).hexdigest()

    def copy(self) -> "TrainState":
        """Return a state that later steps leave alone."""
        copied = object.__new__(TrainState)  # 1 µs; dataclasses.replace takes 3, at every point that is the best so far
        copied.__dict__.update(self.__dict__)
        copied.theta, copied.slots = self.theta.copy(), self.slots.copy()
        copied.carry = None if self.carry is None else self.carry.copy()
        copied.best_theta = None if self.best_theta is None else self.best_theta.copy()
        return copied

    def forget_best(self) -> None:
        """Let early stopping begin anew, for a run that goes on under another spec."""
        self.best_value, self.best_theta, self.waited, self.stopped, self.restored = None, None, 0, False, False

    def to_bytes(self) -> bytes:
        """Write the state; equal states give equal bytes."""
        arrays = {"theta": self.theta, "slots": self.slots, "mean": self.normaliser.mean, "scale": self.normaliser.scale}
        arrays |= {name: value for name in ("carry", "best_theta") if (value := getattr(self, name)) is not None}
        meta = {name: value for name in OPTIONAL if (value := getattr(self, name)) is not None}
        return pack({"version": STATE_VERSION, "step": self.step, "logged": self.logged, **meta}, arrays)

    @staticmethod
    def from_bytes(blob: bytes) -> "TrainState":
        """Read a state; raise FormatError if the bytes are damaged or of another version."""
        meta, arrays = unpack(blob)
        if meta.get("version") != STATE_VERSION:
            raise FormatError(f"the state has version {meta.get('version')!r}, this program reads {STATE_VERSION}")
        optional = {name: meta[name] for name in OPTIONAL if name in meta}
        optional |= {name: arrays[name] for name in ("carry", "best_theta") if name in arrays}
        try:
            normaliser = Normaliser(arrays["mean"], arrays["scale"])
            return TrainState(meta["step"], meta["logged"], arrays["theta"], arrays["slots"], normaliser, **optional)
        except KeyError as error:
            raise FormatError(f"the state lacks {error}") from error

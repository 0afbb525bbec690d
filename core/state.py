"""The whole training state as one value, to and from bytes."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from core.arrays import pack, unpack
from core.data.dataset import Normaliser
from core.errors import FormatError
from core.types import Array, Floats

STATE_VERSION = 1


@dataclass
class TrainState:
    """Everything that, with the spec and the data, decides the rest of a run.

    `step` updates have been made; `logged` is the step of the last metric point (-1: none yet); `theta` (P,) are the
    parameters, `slots` (s, P) the optimizer's memory, `carry` what the last batch handed on. The order of batches
    follows from seed and step (`core/data/batches.py`), so no generator is kept. The normaliser belongs to the model.
    """

    step: int
    logged: int
    theta: Floats
    slots: Floats
    normaliser: Normaliser
    carry: Array | None = None

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
        carry = None if self.carry is None else self.carry.copy()
        return replace(self, theta=self.theta.copy(), slots=self.slots.copy(), carry=carry)

    def to_bytes(self) -> bytes:
        """Write the state; equal states give equal bytes."""
        arrays = {"theta": self.theta, "slots": self.slots, "mean": self.normaliser.mean, "scale": self.normaliser.scale}
        if self.carry is not None:
            arrays["carry"] = self.carry
        return pack({"version": STATE_VERSION, "step": self.step, "logged": self.logged}, arrays)

    @staticmethod
    def from_bytes(blob: bytes) -> "TrainState":
        """Read a state; raise FormatError if the bytes are damaged or of another version."""
        meta, arrays = unpack(blob)
        if meta.get("version") != STATE_VERSION:
            raise FormatError(f"the state has version {meta.get('version')!r}, this program reads {STATE_VERSION}")
        try:
            normaliser = Normaliser(arrays["mean"], arrays["scale"])
            return TrainState(meta["step"], meta["logged"], arrays["theta"], arrays["slots"], normaliser, arrays.get("carry"))
        except KeyError as error:
            raise FormatError(f"the state lacks {error}") from error

"""The models, by the `kind` of their spec."""

from core.models.base import Model
from core.models.char_rnn import CharRnn
from core.models.linear import Linear
from core.models.mlp import Mlp
from core.spec import CharRnn as CharRnnSpec
from core.spec import Mlp as MlpSpec
from core.spec import ModelSpec, Softmax, Svm

__all__ = ["CharRnn", "Linear", "Mlp", "Model", "build"]


def build(spec: ModelSpec, n_features: int, n_classes: int) -> Model:
    """Make the model that a spec describes, for D features and K classes; of text, the K classes are its V symbols."""
    match spec:
        case Softmax():
            return Linear(n_features, n_classes, "softmax", spec.reg)
        case Svm():
            return Linear(n_features, n_classes, "hinge", spec.reg, spec.margin)
        case MlpSpec():
            return Mlp(n_features, spec.hidden_sizes, n_classes, spec.activation, spec.reg, spec.init)
        case CharRnnSpec():
            return CharRnn(n_classes, spec.hidden_size, spec.sequence_length, spec.reg, spec.init)

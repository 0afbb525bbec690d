"""The models, by the `kind` of their spec."""

from core.losses import ClassWeights
from core.models.base import Model
from core.models.char_rnn import CharRnn
from core.models.linear import Linear
from core.models.mlp import Mlp
from core.spec import CharRnn as CharRnnSpec
from core.spec import Mlp as MlpSpec
from core.spec import ModelSpec, Softmax, Svm

__all__ = ["CharRnn", "Linear", "Mlp", "Model", "build"]


def build(spec: ModelSpec, n_features: int, n_classes: int, class_weights: ClassWeights = None) -> Model:
    """Make the model that a spec describes, for D features and K classes; of text, the K classes are its V symbols.

    `class_weights` (K,) weigh the examples in its loss; a model of text takes none.
    """
    match spec:
        case Softmax():
            return Linear(n_features, n_classes, "softmax", spec.reg, l1=spec.l1, class_weights=class_weights)
        case Svm():
            return Linear(n_features, n_classes, "hinge", spec.reg, spec.margin, spec.l1, class_weights)
        case MlpSpec():
            sizes = n_features, spec.hidden_sizes, n_classes
            return Mlp(*sizes, spec.activation, spec.reg, spec.init, spec.l1, spec.dropout, class_weights)
        case CharRnnSpec():
            return CharRnn(n_classes, spec.hidden_size, spec.sequence_length, spec.reg, spec.init, spec.l1)

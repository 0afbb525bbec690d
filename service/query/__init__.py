"""Which runs, in which order: `metrics.val_accuracy > 0.9 and model.kind = 'mlp'`, the grammar of MLflow's search."""

from service.query.parse import MAX_KEYS, parse_filter, parse_order
from service.query.terms import Attribute, Comparison, Field, Metric, Operator, Ordering, Param, Span, Tag, Value

__all__ = [
    "MAX_KEYS",
    "Attribute",
    "Comparison",
    "Field",
    "Metric",
    "Operator",
    "Ordering",
    "Param",
    "Span",
    "Tag",
    "Value",
    "parse_filter",
    "parse_order",
]

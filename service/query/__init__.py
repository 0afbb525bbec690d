"""Which runs, in which order: `metrics.val_accuracy > 0.9 and model.kind = 'mlp'`, the grammar of MLflow's search."""

from service.query.parse import parse_filter, parse_order
from service.query.terms import Attribute, Comparison, Field, Metric, Operator, Ordering, Param, Span, Tag, Value

__all__ = [
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

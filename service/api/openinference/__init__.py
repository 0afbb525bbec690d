"""/v2: the Open Inference Protocol with its binary tensors, so that stock clients such as tritonclient work unmodified.

It stands in front of the other routes: it has errors, bodies and a pace of its own. A request goes `protocol.py` (route) →
`body.py` (read) → `tensors.py` (parsed) → `service/runs/predict.py` → `outputs.py` (encoded).
"""

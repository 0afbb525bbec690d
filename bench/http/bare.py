"""What someone would write who has one net to serve and nothing else: Starlette, NumPy, no check of anything.

`python bare.py model.npz port h11|httptools`. With h11 it is what `pip install starlette uvicorn` gives; with httptools, and
uvloop, it has parser and event loop of Postgrad, so the ratio tells what Postgrad adds.
"""

import sys

import numpy as np
import uvicorn
from pydantic_core import from_json, to_json
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

model = np.load(sys.argv[1])
W1, b1, W2, b2 = (model[name] for name in ("W1", "b1", "W2", "b2"))


async def infer(request: Request) -> Response:
    """Answer with probabilities (N, K)."""
    tensor = from_json(await request.body())["inputs"][0]
    X = np.array(tensor["data"], W1.dtype).reshape(tensor["shape"])
    hidden = X @ W1 + b1
    np.maximum(hidden, 0, out=hidden)
    scores = hidden @ W2 + b2
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    output = {"name": "probabilities", "datatype": "FP32", "shape": scores.shape, "data": scores.ravel().tolist()}
    return Response(to_json({"model_name": "net", "model_version": "1", "outputs": [output]}), media_type="application/json")


async def ready(_: Request) -> Response:
    """Say that it is there."""
    return Response()


app = Starlette(routes=[Route("/v2/models/net/infer", infer, methods=["POST"]), Route("/ready", ready)])
http = sys.argv[3]
loop = "asyncio" if http == "h11" else "uvloop"
uvicorn.run(app, port=int(sys.argv[2]), http=http, loop=loop, ws="none", access_log=False, log_level="warning")

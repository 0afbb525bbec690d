"""MLflow's REST API, its reading half: `MlflowClient` and `mlflow.search_runs` work unmodified with this server.

It keeps to MLflow's protocol where that differs from ours: 200 and nothing else for success, `{"error_code", "message"}`
for errors, fields that are not known are ignored, and NaN is the text "NaN". It is not in the OpenAPI document.
"""

from fastapi import APIRouter

from service.api.mlflow import artifacts, experiments, other, runs
from service.api.mlflow.protocol import PREFIX, failure

__all__ = ["PARTS", "PREFIX", "failure", "router"]

PARTS = (runs.router, experiments.router, artifacts.router, other.router)  # the last takes what the others do not
router = APIRouter()
for part in PARTS:
    router.include_router(part)

"""Make the records that tests of the store and of the use cases start from."""

from core.spec import Spiral, TrainSpec
from service.domain import Run
from service.runs.submit import RunRequest, submit
from service.settings import Settings
from service.store.unit import Database


def queue_run(database: Database, **training: object) -> Run:
    """Submit a small softmax run on the spiral."""
    spec = TrainSpec.from_dict({"model": {"kind": "softmax"}, "training": {"steps": 50, **training}})
    return submit(database, Settings(), RunRequest(dataset=Spiral(points_per_class=10), spec=spec))

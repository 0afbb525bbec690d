"""The writing of a worker: metric points of a run, from the recorder into the database."""

import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from core.data.synthetic import make
from core.problem import Problem
from core.spec import Mlp, Spiral, Training, TrainSpec
from core.train import quiet, train
from service.runs.record import Recorder
from service.runs.submit import RunRequest, submit
from service.runs.text_samples import TextSamples
from service.settings import Settings
from service.store import lifecycle, runs
from service.store.migrate import upgrade
from service.store.unit import Database

STEPS, COMMIT = 50_000, 10_000


def write_points() -> float:
    """Return the seconds a value when the points of a net that logs every step are committed 10,000 steps at a time."""
    spec = TrainSpec(model=Mlp(), training=Training(steps=STEPS, log_every=1))
    with TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), _env_file=None)
        upgrade(settings.url)
        with closing(Database(settings.url)) as database:
            made = submit(database, settings, RunRequest(dataset=Spiral(), spec=spec))
            database.write(lambda db: lifecycle.claim(db, 1))
            run = database.read(lambda db: runs.get(db, made.id))
            problem = Problem(spec, make(Spiral()))
            state = problem.begin()
            with quiet():
                points = [point for point in train(problem, state) if point]
            recorder = Recorder(database, run, run.attempt, state, 0.5, saved_step=-1, samples=TextSamples(problem.sample))
            start = time.perf_counter()
            for i, point in enumerate(points):
                recorder.see(point, state)
                if i % COMMIT == COMMIT - 1:
                    recorder.commit(state)
            recorder.commit(state)
            taken = time.perf_counter() - start
    return taken / sum(len(point.metrics) for point in points)

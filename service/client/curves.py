"""What can be drawn of a run: its curves, and where its model draws the line; for both clients."""

from service.client.calls import Call, Object, on_run
from service.client.life import AsyncCaller, Caller


def curve(run_id: str, verb: str, from_step: int | None, to_step: int | None, max_points: int | None) -> Call:
    """GET /v1/runs/{id}/loss-history or /metrics."""
    return on_run("GET", run_id, verb, params={"from_step": from_step, "to_step": to_step, "max_points": max_points})


def boundary(run_id: str, checkpoint: str | int, resolution: int | None, margin: float | None) -> Call:
    """GET /v1/runs/{id}/decision-boundary."""
    params = {"checkpoint": checkpoint, "resolution": resolution, "margin": margin}
    return on_run("GET", run_id, "decision-boundary", params=params)


class Curves:
    """The curves of a run, whole or with fewer points, and its decision boundary."""

    _client: Caller

    def loss_history(
        self, run_id: str, from_step: int | None = None, to_step: int | None = None, max_points: int | None = None
    ) -> Object:
        """Return the loss curve: `steps`, and `series` of the loss and its parts; about `max_points`, if there are more."""
        return self._client.call(curve(run_id, "loss-history", from_step, to_step, max_points))

    def metrics(
        self, run_id: str, from_step: int | None = None, to_step: int | None = None, max_points: int | None = None
    ) -> Object:
        """Return the curve of every series; about `max_points`, if there are more."""
        return self._client.call(curve(run_id, "metrics", from_step, to_step, max_points))

    def decision_boundary(
        self, run_id: str, checkpoint: str | int = "latest", resolution: int | None = None, margin: float | None = None
    ) -> Object:
        """Return what a model of two features predicts on a grid `x`, `y`: `predicted[i][j]` at `y[i]`, `x[j]`."""
        return self._client.call(boundary(run_id, checkpoint, resolution, margin))


class AsyncCurves:
    """The curves of a run, whole or with fewer points, and its decision boundary."""

    _client: AsyncCaller

    async def loss_history(
        self, run_id: str, from_step: int | None = None, to_step: int | None = None, max_points: int | None = None
    ) -> Object:
        """Return the loss curve: `steps`, and `series` of the loss and its parts; about `max_points`, if there are more."""
        return await self._client.call(curve(run_id, "loss-history", from_step, to_step, max_points))

    async def metrics(
        self, run_id: str, from_step: int | None = None, to_step: int | None = None, max_points: int | None = None
    ) -> Object:
        """Return the curve of every series; about `max_points`, if there are more."""
        return await self._client.call(curve(run_id, "metrics", from_step, to_step, max_points))

    async def decision_boundary(
        self, run_id: str, checkpoint: str | int = "latest", resolution: int | None = None, margin: float | None = None
    ) -> Object:
        """Return what a model of two features predicts on a grid `x`, `y`: `predicted[i][j]` at `y[i]`, `x[j]`."""
        return await self._client.call(boundary(run_id, checkpoint, resolution, margin))

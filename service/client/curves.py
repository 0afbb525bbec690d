"""What can be drawn of a run: its curves, and where its model draws the line; for both clients."""

from typing import Literal

from service.client.boundary import Boundary
from service.client.calls import Call, Params, R, on_run
from service.client.life import AsyncCaller, Caller
from service.client.objects import History

Format = Literal["csv", "ndjson", "svg"]
MEDIA: dict[Format, str] = {"csv": "text/csv", "ndjson": "application/x-ndjson", "svg": "image/svg+xml"}


def curve(run_id: str, verb: str, from_step: int | None, to_step: int | None, max_points: int | None) -> Call[History]:
    """GET /v1/runs/{id}/loss-history or /metrics."""
    return on_run("GET", run_id, verb, params=_params(from_step, to_step, max_points))


def file(run_id: str, name: str, fmt: Format, params: Params) -> Call[str]:
    """GET /v1/runs/{id}/{name}.{format}."""
    return on_run("GET", run_id, f"{name}.{fmt}", params=params, accept=MEDIA[fmt])


def boundary(
    run_id: str,
    verb: str,
    checkpoint: str | int,
    resolution: int | None,
    margin: float | None,
    accept: str = "application/json",
) -> Call[R]:
    """GET /v1/runs/{id}/decision-boundary or /boundary.svg."""
    params = {"checkpoint": checkpoint, "resolution": resolution, "margin": margin}
    return on_run("GET", run_id, verb, params=params, accept=accept)


def _params(from_step: int | None, to_step: int | None, max_points: int | None, *, log: bool = False) -> Params:
    return {"from_step": from_step, "to_step": to_step, "max_points": max_points, "log": "true" if log else None}


class Curves:
    """The curves of a run, whole or with fewer points, and its decision boundary."""

    _client: Caller

    def loss_history(
        self, run_id: str, from_step: int | None = None, to_step: int | None = None, max_points: int | None = None
    ) -> History:
        """Return the loss curve: `steps`, and `series` of the loss and its parts; about `max_points`, if there are more."""
        return self._client.call(curve(run_id, "loss-history", from_step, to_step, max_points))

    def metrics(
        self, run_id: str, from_step: int | None = None, to_step: int | None = None, max_points: int | None = None
    ) -> History:
        """Return the curve of every series; about `max_points`, if there are more."""
        return self._client.call(curve(run_id, "metrics", from_step, to_step, max_points))

    def loss_history_file(
        self,
        run_id: str,
        format: Format = "csv",  # noqa: A002 (the API's word)
        from_step: int | None = None,
        to_step: int | None = None,
        max_points: int | None = None,
    ) -> str:
        """Return the loss curve as the text of a file: `csv`, `ndjson`, or the picture `svg`."""
        return self._client.text(file(run_id, "loss-history", format, _params(from_step, to_step, max_points)))

    def metrics_file(
        self,
        run_id: str,
        format: Format = "csv",  # noqa: A002 (the API's word)
        from_step: int | None = None,
        to_step: int | None = None,
        max_points: int | None = None,
    ) -> str:
        """Return the curve of every series as the text of a file: `csv`, `ndjson`, or the picture `svg`."""
        return self._client.text(file(run_id, "metrics", format, _params(from_step, to_step, max_points)))

    def plot(
        self,
        run_id: str,
        from_step: int | None = None,
        to_step: int | None = None,
        max_points: int | None = None,
        *,
        log: bool = False,
    ) -> str:
        """Return a picture of the loss curve, as SVG; with `log` on logarithmic axes."""
        return self._client.text(file(run_id, "plot", "svg", _params(from_step, to_step, max_points, log=log)))

    def decision_boundary(
        self, run_id: str, checkpoint: str | int = "latest", resolution: int | None = None, margin: float | None = None
    ) -> Boundary:
        """Return what a model of two features predicts on a grid `x`, `y`: `predicted[i][j]` at `y[i]`, `x[j]`."""
        return self._client.call(boundary(run_id, "decision-boundary", checkpoint, resolution, margin))

    def boundary_plot(
        self, run_id: str, checkpoint: str | int = "latest", resolution: int | None = None, margin: float | None = None
    ) -> str:
        """Return a picture, as SVG, of the classes' regions under the examples."""
        return self._client.text(boundary(run_id, "boundary.svg", checkpoint, resolution, margin, MEDIA["svg"]))


class AsyncCurves:
    """The curves of a run, whole or with fewer points, and its decision boundary."""

    _client: AsyncCaller

    async def loss_history(
        self, run_id: str, from_step: int | None = None, to_step: int | None = None, max_points: int | None = None
    ) -> History:
        """Return the loss curve: `steps`, and `series` of the loss and its parts; about `max_points`, if there are more."""
        return await self._client.call(curve(run_id, "loss-history", from_step, to_step, max_points))

    async def metrics(
        self, run_id: str, from_step: int | None = None, to_step: int | None = None, max_points: int | None = None
    ) -> History:
        """Return the curve of every series; about `max_points`, if there are more."""
        return await self._client.call(curve(run_id, "metrics", from_step, to_step, max_points))

    async def loss_history_file(
        self,
        run_id: str,
        format: Format = "csv",  # noqa: A002 (the API's word)
        from_step: int | None = None,
        to_step: int | None = None,
        max_points: int | None = None,
    ) -> str:
        """Return the loss curve as the text of a file: `csv`, `ndjson`, or the picture `svg`."""
        return await self._client.text(file(run_id, "loss-history", format, _params(from_step, to_step, max_points)))

    async def metrics_file(
        self,
        run_id: str,
        format: Format = "csv",  # noqa: A002 (the API's word)
        from_step: int | None = None,
        to_step: int | None = None,
        max_points: int | None = None,
    ) -> str:
        """Return the curve of every series as the text of a file: `csv`, `ndjson`, or the picture `svg`."""
        return await self._client.text(file(run_id, "metrics", format, _params(from_step, to_step, max_points)))

    async def plot(
        self,
        run_id: str,
        from_step: int | None = None,
        to_step: int | None = None,
        max_points: int | None = None,
        *,
        log: bool = False,
    ) -> str:
        """Return a picture of the loss curve, as SVG; with `log` on logarithmic axes."""
        return await self._client.text(file(run_id, "plot", "svg", _params(from_step, to_step, max_points, log=log)))

    async def decision_boundary(
        self, run_id: str, checkpoint: str | int = "latest", resolution: int | None = None, margin: float | None = None
    ) -> Boundary:
        """Return what a model of two features predicts on a grid `x`, `y`: `predicted[i][j]` at `y[i]`, `x[j]`."""
        return await self._client.call(boundary(run_id, "decision-boundary", checkpoint, resolution, margin))

    async def boundary_plot(
        self, run_id: str, checkpoint: str | int = "latest", resolution: int | None = None, margin: float | None = None
    ) -> str:
        """Return a picture, as SVG, of the classes' regions under the examples."""
        return await self._client.text(boundary(run_id, "boundary.svg", checkpoint, resolution, margin, MEDIA["svg"]))

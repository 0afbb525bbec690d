"""What a run has learned, put to use; for both clients."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Unpack

from service.client import calls, flows
from service.client.answers import Diagnostics, Evaluation, Generation, Prediction
from service.client.calls import Rows, Wish
from service.client.objects import Checkpoint

if TYPE_CHECKING:
    from service.client.asynchronous import AsyncClient
    from service.client.sync import Client


class Trained:
    """Checkpoints of runs, and what they answer."""

    _client: "Client"

    def checkpoints(self, run_id: str) -> Iterator[Checkpoint]:
        """Yield the checkpoints of a run, in the order of their steps."""
        return self._client.pages(calls.checkpoints(run_id))

    def predict(self, run_id: str, inputs: Rows, checkpoint: str = "latest") -> Prediction:
        """Classify examples: one row of features each, as a list of lists or a NumPy array."""
        return self._client.call(calls.predict(run_id, inputs, checkpoint))

    def evaluate(self, run_id: str, dataset: str | Mapping[str, Any] | None = None, checkpoint: str = "latest") -> Evaluation:
        """Measure a checkpoint on a dataset; by default on all examples of the run's own."""
        return self._client.call(calls.evaluate(run_id, dataset, checkpoint))

    def diagnostics(self, run_id: str, checkpoint: str = "latest") -> Diagnostics:
        """Check gradient, units and mistakes of a checkpoint; `hints` say in plain language what to try."""
        return self._client.call(calls.on_run("GET", run_id, "diagnostics", params={"checkpoint": checkpoint}))

    def export(self, run_id: str, format: str = "npz", checkpoint: str = "latest") -> bytes:  # noqa: A002 (the API's word)
        """Return a file with the model: `npz`, `safetensors` or `onnx`."""
        return self._client.drive(flows.download(calls.export(run_id, format, checkpoint), self._client.max_retries))

    def generate(self, run_id: str, prompt: str = "", **wish: Unpack[Wish]) -> Generation:
        """Write text that follows the prompt with a char_rnn: `length`, `temperature`, `top_k`, `seed`, `checkpoint`."""
        return self._client.call(calls.generate(run_id, prompt, wish))

    def stream(self, run_id: str, prompt: str = "", **wish: Unpack[Wish]) -> Iterator[str]:
        """Yield the characters that `generate` would return at the end, each as soon as it is written."""
        return self._client.characters(calls.generate(run_id, prompt, wish, stream=True))


class AsyncTrained:
    """Checkpoints of runs, and what they answer."""

    _client: "AsyncClient"

    def checkpoints(self, run_id: str) -> AsyncIterator[Checkpoint]:
        """Yield the checkpoints of a run, in the order of their steps."""
        return self._client.pages(calls.checkpoints(run_id))

    async def predict(self, run_id: str, inputs: Rows, checkpoint: str = "latest") -> Prediction:
        """Classify examples: one row of features each, as a list of lists or a NumPy array."""
        return await self._client.call(calls.predict(run_id, inputs, checkpoint))

    async def evaluate(
        self, run_id: str, dataset: str | Mapping[str, Any] | None = None, checkpoint: str = "latest"
    ) -> Evaluation:
        """Measure a checkpoint on a dataset; by default on all examples of the run's own."""
        return await self._client.call(calls.evaluate(run_id, dataset, checkpoint))

    async def diagnostics(self, run_id: str, checkpoint: str = "latest") -> Diagnostics:
        """Check gradient, units and mistakes of a checkpoint; `hints` say in plain language what to try."""
        return await self._client.call(calls.on_run("GET", run_id, "diagnostics", params={"checkpoint": checkpoint}))

    async def export(self, run_id: str, format: str = "npz", checkpoint: str = "latest") -> bytes:  # noqa: A002 (the API's word)
        """Return a file with the model: `npz`, `safetensors` or `onnx`."""
        return await self._client.drive(flows.download(calls.export(run_id, format, checkpoint), self._client.max_retries))

    async def generate(self, run_id: str, prompt: str = "", **wish: Unpack[Wish]) -> Generation:
        """Write text that follows the prompt with a char_rnn: `length`, `temperature`, `top_k`, `seed`, `checkpoint`."""
        return await self._client.call(calls.generate(run_id, prompt, wish))

    def stream(self, run_id: str, prompt: str = "", **wish: Unpack[Wish]) -> AsyncIterator[str]:
        """Yield the characters that `generate` would return at the end, each as soon as it is written."""
        return self._client.characters(calls.generate(run_id, prompt, wish, stream=True))

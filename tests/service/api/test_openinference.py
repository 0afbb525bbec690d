"""/v2 as bytes on the wire: what other clients than tritonclient send, by mistake or on purpose."""

import gzip
import json
import re
import socket
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from service.api.openinference.statistics import MAX_SIZES, MAX_VERSIONS, Statistics
from service.app import create_app
from service.settings import Settings
from tests.faults.processes import until
from tests.service.api.conftest import Api, Json, serving
from tests.service.api.test_registry import promote, trained

LIMIT = 100_000
ROW = struct.pack("<2d", 0.5, 0.2)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Run a server with a small limit of bodies and one model, `net`."""
    with serving(tmp_path_factory.mktemp("v2"), workers=1, commit_interval_seconds=0.05, max_body_bytes=LIMIT) as api:
        promote(api, "net", trained(api, 0, "mlp"))
        yield api


def tensor(**changed: Any) -> Json:
    """Make a request of one row in JSON."""
    made = {"name": "input", "shape": [1, 2], "datatype": "FP64", "data": [0.5, 0.2], **changed}
    return {"inputs": [{name: value for name, value in made.items() if value is not ...}]}


def binary(size: Any = 16, **changed: Any) -> Json:
    """Make a request of one row in bytes."""
    return tensor(data=..., parameters={"binary_data_size": size}, **changed)


def post(
    api: Api, body: Any, tail: bytes = b"", length: Any = None, model: str = "net", headers: dict[str, str] | None = None
) -> Any:
    """Ask; `length` is the header that says where bytes begin, by default right if there are any."""
    head = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = dict(headers or {})
    if length is not None or tail:
        headers["Inference-Header-Content-Length"] = str(len(head) if length is None else length)
    return api.post(f"/v2/models/{model}/infer", content=head + tail, headers=headers)


def refused(answer: Any, status: int = 400) -> str:
    """Return what an error says; the shape of it is checked for every answer."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    return str(answer.json()["error"])


class TestJson:
    """Requests in JSON alone."""

    def test_needs_no_content_type(self, server: Api) -> None:
        """A body without a Content-Type, or with another, is read as the protocol has it."""
        kinds: list[dict[str, str]] = [
            {},
            {"Content-Type": "application/x-www-form-urlencoded"},
            {"Content-Type": "application/json"},
        ]
        for headers in kinds:
            answer = post(server, tensor(), headers=headers)
            assert answer.status_code == 200
            assert [output["name"] for output in answer.json()["outputs"]] == ["labels", "scores", "probabilities"]

    def test_nested_and_flat_data_are_the_same(self, server: Api) -> None:
        """Data come row by row, or one after the other."""
        flat = post(server, tensor(shape=[2, 2], data=[0.5, 0.2, -1, 3])).json()
        assert post(server, tensor(shape=[2, 2], data=[[0.5, 0.2], [-1, 3]])).json() == flat

    def test_members_that_are_not_ours_are_ignored(self, server: Api) -> None:
        """Other servers' clients send members beside those of the protocol."""
        assert post(server, {**tensor(), "model_name": "net", "parameters": {"headers": {"a": 1}}}).status_code == 200

    def test_numbers_are_rounded_as_their_type_says(self, server: Api) -> None:
        """0.1 as FP16 in JSON is the number that it is in binary, and another than 0.1 as FP64."""
        in_json = post(server, tensor(datatype="FP16", data=[0.1, 0.7])).json()
        body = binary(4, datatype="FP16")
        assert post(server, body, np.array([0.1, 0.7], "<f2").tobytes()).json() == in_json
        assert post(server, tensor(data=[0.1, 0.7])).json() != in_json

    @pytest.mark.parametrize("slash", ["", "/"])
    def test_server_metadata_with_and_without_slash(self, server: Api, slash: str) -> None:
        """Both ways to write the root are answered, without a redirect."""
        assert server.get(f"/v2{slash}").json()["name"] == "postgrad"

    def test_the_id_is_echoed(self, server: Api) -> None:
        """The id of a request comes back, whatever letters it has."""
        assert post(server, {**tensor(), "id": "ä\n\0"}).json()["id"] == "ä\n\0"
        assert "id" not in post(server, tensor()).json()

    def test_classification_in_order(self, server: Api) -> None:
        """More classes than there are is all of them, the largest first."""
        asked = [{"name": "scores", "parameters": {"classification": 99}}]
        (output,) = post(server, {**tensor(), "outputs": asked}).json()["outputs"]
        values = [float(text.split(":")[0]) for text in output["data"]]
        assert (output["shape"], output["datatype"], values) == ([1, 3], "BYTES", sorted(values, reverse=True))


BAD: dict[str, tuple[Any, str]] = {
    "nothing": (b"", "not JSON"),
    "no JSON": (b"{", "not JSON"),
    "not UTF-8": (b'{"id":"\xff"}', "not JSON"),
    "half a surrogate pair": (b'{"id":"\\ud800"}', "not JSON"),
    "NaN as a word": (b'{"inputs":[{"name":"input","shape":[1,2],"datatype":"FP64","data":[NaN,1]}]}', "not JSON"),
    "too deep": (b"[" * 50_000, "not JSON"),
    "many digits": (b'{"id":' + b"9" * 50_000 + b"}", "JSON|text"),
    "a list": ([], "must be an object"),
    "no inputs": ({}, "inputs"),
    "inputs null": ({"inputs": None}, "inputs"),
    "no input": ({"inputs": []}, "one tensor"),
    "twice the same input": ({"inputs": tensor()["inputs"] * 2}, "one tensor"),
    "a number for an input": ({"inputs": [1]}, "one tensor"),
    "another name": (tensor(name="x"), "'input'"),
    "no name": (tensor(name=...), "'input'"),
    "half a pair as name": (json.dumps(tensor(name="\ud800")).encode(), "not JSON"),
    "unknown datatype": (tensor(datatype="FP128"), "must be one of FP64"),
    "no datatype": (tensor(datatype=...), "datatype"),
    "a list for a datatype": (tensor(datatype=[]), "datatype"),
    "text": (tensor(datatype="BYTES", data=["a", "b"]), "must be one of"),
    "no shape": (tensor(shape=...), "shape"),
    "a negative size": (tensor(shape=[-1, 2]), "must be 1 to"),
    "two negative sizes": (tensor(shape=[-1, -2]), "trained on 2"),
    "a size of 0": (tensor(shape=[0, 2], data=[]), "must be 1 to"),
    "one dimension": (tensor(shape=[2]), "must be"),
    "three dimensions": (tensor(shape=[1, 1, 2]), "must be"),
    "2^63 rows": (tensor(shape=[2**63, 2]), "must be 1 to"),
    "2^63 columns": (tensor(shape=[1, 2**63]), "trained on 2"),
    "a product over 2^64": (tensor(shape=[2**63, 2**63]), "trained on 2"),
    "a size with 4000 digits": (tensor(shape=[10**4000, 2]), "must be 1 to"),
    "a fraction of a row": (tensor(shape=[1.0, 2]), "must be"),
    "true rows": (tensor(shape=[True, 2]), "must be"),
    "a text for a shape": (tensor(shape="12"), "must be"),
    "more rows than data": (tensor(shape=[2, 2]), "4 numbers"),
    "more data than rows": (tensor(data=[1, 2, 3]), "2 numbers"),
    "100,001 rows": (tensor(shape=[100_001, 2], data=[]), "100,000 rows"),
    "no data": (tensor(data=...), "data is null"),
    "data null": (tensor(data=None), "data is null"),
    "a text for data": (tensor(data="12"), "data"),
    "a text in data": (tensor(data=[1, "2"]), r"data\[1\]"),
    "null in data": (tensor(data=[None, 2]), r"data\[0\]"),
    "true in data": (tensor(data=[1, True]), r"data\[1\]"),
    "a list in data": (tensor(data=[1, [2]]), r"data\[1\]"),
    "rows of other lengths": (tensor(shape=[2, 2], data=[[1, 2, 3], [4]]), "nested"),
    "data nested too deep": (tensor(data=[[[1], [2]]]), r"data\[0\]"),
    "an infinite number": (tensor(data=[1, 10**400]), "too large|not finite|not JSON"),
    "too large for FP32": (tensor(datatype="FP32", data=[1, 1e300]), "row 0.*not finite"),
    "a fraction as INT32": (tensor(datatype="INT32", data=[1, 0.5]), "INT32"),
    "2^63 as INT64": (tensor(datatype="INT64", data=[1, 2**63]), "no INT64"),
    "-1 as UINT8": (tensor(datatype="UINT8", data=[1, -1]), "no UINT8"),
    "1 as BOOL": (tensor(datatype="BOOL", data=[True, 1]), r"data\[1\]"),
    "an id that is a number": ({**tensor(), "id": 1}, "id is 1"),
    "parameters that are a list": ({**tensor(), "parameters": []}, "parameters"),
    "binary_data_output 1": ({**tensor(), "parameters": {"binary_data_output": 1}}, "true or false"),
    "outputs that are an object": ({**tensor(), "outputs": {}}, "outputs"),
    "an output that is a text": ({**tensor(), "outputs": ["labels"]}, "must be one of labels"),
    "an unknown output": ({**tensor(), "outputs": [{"name": "classes"}]}, "must be one of labels"),
    "an output twice": ({**tensor(), "outputs": [{"name": "labels"}] * 2}, "twice"),
    "classification 0": ({**tensor(), "outputs": [{"name": "scores", "parameters": {"classification": 0}}]}, "classification"),
    "classes of labels": ({**tensor(), "outputs": [{"name": "labels", "parameters": {"classification": 1}}]}, "classification"),
    "shared memory": (
        {**tensor(), "outputs": [{"name": "labels", "parameters": {"shared_memory_region": "x"}}]},
        "shared memory",
    ),
    "shared memory in": (tensor(data=..., parameters={"shared_memory_region": "x"}), "shared memory"),
    "bytes that do not follow": (binary(), "0 bytes follow"),
    "data and bytes": (tensor(parameters={"binary_data_size": 16}), "both"),
}


class TestHostile:
    """What cannot be used is refused with a sentence; nothing of it is an error of the server."""

    @pytest.mark.parametrize("name", BAD)
    def test_bad_requests(self, server: Api, name: str) -> None:
        """Each is 400 and says what is wrong."""
        body, says = BAD[name]
        assert re.search(says, refused(post(server, body)))

    @pytest.mark.parametrize("size", [0, 8, 15, 17, 32, -16, 2**63, 2**64 + 16, 16.0, "16", True, [16]])
    def test_wrong_sizes_of_binary_data(self, server: Api, size: Any) -> None:
        """The size of the bytes must be that of the shape."""
        assert "binary_data_size" in refused(post(server, binary(size), ROW))

    @pytest.mark.parametrize("tail", [b"", ROW[:-1], ROW + b"\0", ROW * 2])
    def test_more_or_fewer_bytes_than_said(self, server: Api, tail: bytes) -> None:
        """The bytes that follow must be those that the tensors take."""
        assert "follow the JSON" in refused(post(server, binary(), tail))

    @pytest.mark.parametrize("length", [10**6, 2**63, -1, "+5", "1e3", "", "x", "٣", "9" * 5000])
    def test_wrong_lengths_of_the_header(self, server: Api, length: Any) -> None:
        """The length of the JSON is a number of bytes that the body has."""
        raw = str(length).encode()
        headers = {b"Inference-Header-Content-Length": raw}
        answer = server.post("/v2/models/net/infer", content=json.dumps(binary()).encode() + ROW, headers=headers)
        refused(answer)

    def test_a_header_that_cuts_the_json(self, server: Api) -> None:
        """A length inside the JSON leaves no JSON."""
        assert "not JSON" in refused(post(server, tensor(), length=20))
        assert "not JSON" in refused(post(server, tensor(), length=0))

    def test_bytes_that_nobody_asked_for(self, server: Api) -> None:
        """Bytes behind a request that takes none are not ignored."""
        assert "16 bytes follow" in refused(post(server, tensor(), ROW))

    @pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
    def test_numbers_that_are_not_finite(self, server: Api, bad: float) -> None:
        """NaN and infinity in binary are refused as /v1 refuses them, and the row is named."""
        tail = ROW + struct.pack("<2d", 1.0, bad)
        assert "row 1 of inputs[0]" in refused(post(server, binary(32, shape=[2, 2]), tail))

    def test_bytes_that_are_no_bool(self, server: Api) -> None:
        """A BOOL is 0 or 1."""
        assert "BOOL" in refused(post(server, binary(2, datatype="BOOL"), b"\x01\x02"))

    @pytest.mark.parametrize(
        "path",
        [
            "nothing",
            "models",
            "models/net/nothing",
            "models/net/infer/more",
            "models/a/b/c/d/e",
            "%00",
            "models/net/versions",
            "é",
        ],
    )
    def test_unknown_routes(self, server: Api, path: str) -> None:
        """What is below /v2 answers in its own shape, also if there is no such route."""
        assert "there is no route" in refused(server.get(f"/v2/{path}"), 404)

    def test_methods(self, server: Api) -> None:
        """A method that a route does not take is 405, and Allow says which it does."""
        answer = server.get("/v2/models/net/infer")
        assert (refused(answer, 405), answer.headers["Allow"]) == ("GET is not allowed on /v2/models/net/infer", "POST")
        assert "DELETE" in refused(server.delete("/v2/models/net"), 405)

    @pytest.mark.parametrize("name", ["nobody", "%00", "%ff", "run_06abc", "run_%00", "a" * 5000, "-", "..%2f", "%F0%9F%98%80"])
    def test_unknown_models(self, server: Api, name: str) -> None:
        """A model that is not there is 404, whatever its name looks like."""
        for path in ("", "/ready", "/config", "/stats", "/versions/1"):
            refused(server.get(f"/v2/models/{name}{path}"), 404)
        refused(post(server, tensor(), model=name), 404)

    @pytest.mark.parametrize("version", ["0", "2", "-1", "1.0", "99999999999999999999", "latest", "%31%00", "٣"])
    def test_unknown_versions(self, server: Api, version: str) -> None:
        """So is a version."""
        assert "version" in refused(server.get(f"/v2/models/net/versions/{version}"), 404)

    def test_a_run_without_a_checkpoint(self, idle: Api) -> None:
        """A run that has not begun is there, but cannot answer yet: 409."""
        assert "no checkpoint yet" in refused(idle.get(f"/v2/models/{idle.create()}/ready"), 409)

    def test_a_model_of_text(self, server: Api) -> None:
        """A char_rnn is in the index with the reason why it cannot be asked, and says so itself."""
        text = {"kind": "text", "text": "to be or not to be " * 20}
        plan = {"model": {"kind": "char_rnn", "hidden_size": 4, "sequence_length": 5}, "training": {"steps": 5}}
        run_id = server.post("/v1/runs", json={"dataset": text, **plan}).json()["id"]
        server.wait(run_id, "succeeded")
        promote(server, "poet", run_id)
        lines = {line["name"]: line for line in server.post("/v2/repository/index").json()}
        assert (lines["poet"]["state"], lines["net"]["state"]) == ("UNAVAILABLE", "READY")
        assert run_id in lines["poet"]["reason"]
        ready = server.post("/v2/repository/index", json={"ready": True}).json()
        assert [line["name"] for line in ready] == ["net"]
        for path in ("", "/ready", "/config"):
            assert "generate" in refused(server.get(f"/v2/models/poet{path}"), 409)


class TestSize:
    """Bodies over the limit, plain and packed."""

    def test_over_the_limit(self, server: Api) -> None:
        """A body over the limit is 413, whether its length is told or not; at the limit it is read."""
        body = json.dumps(tensor()).encode()
        assert post(server, body + b" " * (LIMIT - len(body))).status_code == 200
        assert "POSTGRAD_MAX_BODY_BYTES" in refused(post(server, body + b" " * (LIMIT - len(body) + 1)), 413)
        pieces = iter([body, b" " * LIMIT])
        assert "POSTGRAD_MAX_BODY_BYTES" in refused(server.post("/v2/models/net/infer", content=pieces), 413)
        assert "POSTGRAD_MAX_BODY_BYTES" in refused(server.post("/v2/repository/index", content=b" " * (LIMIT + 1)), 413)

    def test_a_body_in_many_pieces(self, server: Api) -> None:
        """A body may come in pieces of any size."""
        head, tail = json.dumps(binary()).encode(), ROW
        whole = head + tail
        headers = {"Inference-Header-Content-Length": str(len(head))}
        pieces = iter([whole[i : i + 1] for i in range(len(whole))])
        answer = server.post("/v2/models/net/infer", content=pieces, headers=headers)
        assert answer.json() == post(server, binary(), ROW).json()

    @pytest.mark.parametrize("sent", [b"", b'{"inputs"'])
    def test_a_client_that_goes_away(self, server: Api, sent: bytes) -> None:
        """A client that goes before its body is whole leaves nothing behind but a failure that is counted."""

        def failures() -> int:
            (found,) = server.get("/v2/models/net/stats").json()["model_stats"]
            return int(found["inference_stats"]["fail"]["count"])

        before, address = failures(), (server.base_url.host, server.base_url.port)
        with socket.create_connection(address) as connection:
            connection.sendall(b"POST /v2/models/net/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n" + sent)
        until(lambda: failures() > before)
        assert post(server, tensor()).status_code == 200

    @pytest.mark.parametrize("encoding", ["gzip", "deflate"])
    def test_a_bomb(self, server: Api, encoding: str) -> None:
        """A body that would unpack to a gigabyte is refused when it has got to the limit."""
        packer = zlib.compressobj(9, zlib.DEFLATED, 31 if encoding == "gzip" else 15)
        bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(64)) + packer.flush()
        assert len(bomb) < LIMIT
        assert "POSTGRAD_MAX_BODY_BYTES" in refused(post(server, bomb, headers={"Content-Encoding": encoding}), 413)

    def test_packed_requests(self, server: Api) -> None:
        """A packed body is unpacked; the length of the JSON is that before packing."""
        head = json.dumps(binary()).encode()
        expected = post(server, binary(), ROW).json()
        for encoding, packed in (("gzip", gzip.compress(head + ROW)), ("DEFLATE", zlib.compress(head + ROW))):
            answer = post(server, packed, length=len(head), headers={"Content-Encoding": encoding})
            assert answer.json() == expected

    @pytest.mark.parametrize("spoil", ["cut", "garbage", "more", "empty"])
    @pytest.mark.parametrize("encoding", ["gzip", "deflate"])
    def test_spoilt_packing(self, server: Api, encoding: str, spoil: str) -> None:
        """What cannot be unpacked is 400."""
        body = json.dumps(tensor()).encode()
        packed = gzip.compress(body) if encoding == "gzip" else zlib.compress(body)
        spoilt = {"cut": packed[:-5], "garbage": b"garbage", "more": packed + packed, "empty": b""}[spoil]
        assert "unpacked" in refused(post(server, spoilt, headers={"Content-Encoding": encoding}))

    @pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "", "x" * 1000])
    def test_other_encodings(self, server: Api, encoding: str) -> None:
        """Other encodings are 415."""
        assert "gzip" in refused(post(server, tensor(), headers={"Content-Encoding": encoding}), 415)


class TestStatistics:
    """What is kept of many versions and many sizes."""

    def test_sizes_beyond_the_first_are_counted_together(self) -> None:
        """The totals are whole; of the sizes of batches, those that came first are told one by one."""
        statistics = Statistics()
        for rows in range(1, 2 * MAX_SIZES + 1):
            statistics.succeeded("net", 1, rows, (0, 10, 30, 60))
        told = statistics.of("net", 1)
        assert [size["batch_size"] for size in told["batch_stats"]] == list(range(1, MAX_SIZES + 1))
        assert told["inference_stats"]["success"] == {"count": 2 * MAX_SIZES, "ns": 2 * MAX_SIZES * 60}
        assert told["inference_stats"]["compute_infer"] == {"count": 2 * MAX_SIZES, "ns": 2 * MAX_SIZES * 20}
        assert told["inference_count"] == sum(range(1, 2 * MAX_SIZES + 1))

    def test_versions_beyond_a_number_are_forgotten(self) -> None:
        """A run that trains has another step each time it is asked: the oldest counts make way."""
        statistics = Statistics()
        for step in range(MAX_VERSIONS + 5):
            statistics.failed("run_1", step, 7)
        assert statistics.asked() == [("run_1", step) for step in range(5, MAX_VERSIONS + 5)]
        assert statistics.of("run_1", 0)["inference_stats"]["fail"] == {"count": 0, "ns": 0}
        assert statistics.of("run_1", 5)["inference_stats"]["fail"] == {"count": 1, "ns": 7}


class TestHealth:
    """What the health routes say when something is wrong."""

    def test_not_ready(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        """A server that places no runs lives but is not ready."""
        with serving(tmp_path_factory.mktemp("broken"), workers=0) as api:
            assert api.get("/v2/health/ready").json() == {"ready": True, "live": True}
            api.app.state.parts.dispatcher.stop()
            answer = api.get("/v2/health/ready")
            assert (refused(answer, 503), answer.headers["Retry-After"]) == ("not ready: executor", "1")
            assert api.get("/v2/health/live").json() == {"live": True}

    def test_a_mistake_of_the_server(self, server: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        """An error that nobody foresaw is 500 in the protocol's shape, without a word of what it was."""

        def broken(*_: Any) -> None:
            raise RuntimeError("secret")

        server.event_hooks = {}
        monkeypatch.setattr("service.api.openinference.tensors.split", broken)
        try:
            answer = post(server, tensor())
        finally:
            server.event_hooks = {"response": [server._check]}
        assert "secret" not in refused(answer, 500)
        assert answer.headers["X-Request-ID"]

    def test_is_in_the_document(self) -> None:
        """Each route of the protocol is in the OpenAPI document."""
        paths = create_app(Settings()).openapi()["paths"]
        assert paths["/v2/models/{name}/infer"]["post"]["requestBody"]["content"].keys() == {
            "application/json",
            "application/octet-stream",
        }

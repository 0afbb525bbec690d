"""Text: kept, trained on with a char_rnn, measured and written. /v1/runs/{id}/generate."""

import json
import math
import time
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, ClassVar

import httpx
import numpy as np
import pytest

from service.runs import generate as use_case
from tests.faults.processes import until
from tests.service.api.conftest import SPIRAL, Api, Json

POEM = "나의 살던 고향은 꽃피는 산골 🌸\n복숭아꽃 살구꽃 아기 진달래 🌷\n" * 5
VERSE = "the cat sat on the mat.\nthe dog sat on the log.\n" * 20
RNN: dict[str, Any] = {"kind": "char_rnn", "hidden_size": 32, "sequence_length": 16}
PLAN = {"steps": 600, "log_every": 100}
EVENTS = {"Accept": "text/event-stream"}


def upload(api: Api, content: bytes, filename: str = "poem.txt", **form: str) -> Any:
    """Upload a file."""
    return api.post("/v1/datasets/upload", files={"file": (filename, content)}, data=form)


def text(content: str) -> dict[str, str]:
    """Describe a text."""
    return {"kind": "text", "text": content}


@pytest.fixture(scope="module")
def poet(api: Api) -> Json:
    """Train a char_rnn on some verse until it knows it."""
    body = {"dataset": text(VERSE), "model": RNN, "training": PLAN, "optimizer": {"kind": "adam", "learning_rate": 0.02}}
    return api.wait(api.post("/v1/runs", json=body).json()["id"], "succeeded")


def generated(api: Api, run: Json, **wish: Any) -> Json:
    """Generate; the answer is 200."""
    answer = api.post(f"/v1/runs/{run['id']}/generate", json=wish)
    assert answer.status_code == 200, answer.text
    return answer.json()


def events(stream: str) -> list[tuple[str, Json]]:
    """Read server-sent events."""
    blocks = [dict(line.split(": ", 1) for line in block.split("\n")) for block in stream.split("\n\n") if block]
    return [(block["event"], json.loads(block["data"])) for block in blocks]


class TestKeep:
    """Texts as datasets."""

    def test_inline(self, idle: Api) -> None:
        """A text is kept with its characters as classes in the order of their code points; its digest is that of its UTF-8."""
        answer = idle.post("/v1/datasets", json={"name": "song", "parameters": text(POEM)})
        dataset = answer.json()
        assert answer.status_code == 201
        assert (dataset["kind"], dataset["name"], dataset["parameters"]) == ("text", "song", None)
        assert (dataset["examples"], dataset["features"], dataset["statistics"]) == (len(POEM), ["character"], [])
        assert dataset["classes"] == sorted(set(POEM))
        assert dataset["class_counts"] == [POEM.count(symbol) for symbol in sorted(set(POEM))]
        assert dataset["digest"] == "sha256:" + sha256(POEM.encode()).hexdigest()
        assert idle.get(answer.headers["Location"]).json() == dataset

    def test_upload(self, idle: Api) -> None:
        """A file of the same text is the same dataset: without its byte order mark, and with LF for CRLF."""
        kept = idle.post("/v1/datasets", json={"parameters": text(POEM + "!")}).json()
        content = b"\xef\xbb\xbf" + (POEM + "!").replace("\n", "\r\n").encode()
        for filename in ("poem.txt", "POEM.TXT", "poem.text", "README.md"):
            answer = upload(idle, content, filename)
            assert (answer.status_code, answer.json()["id"]) == (200, kept["id"])
        fresh = upload(idle, (POEM + "?").encode()).json()
        assert (fresh["kind"], fresh["name"], fresh["examples"]) == ("upload", "poem.txt", len(POEM) + 1)

    def test_a_table_stays_a_table(self, idle: Api) -> None:
        """What is not called a text, or names its label column, is read as a table."""
        table = b"x,label\n1,a\n2,b\n"
        assert upload(idle, table, "table.csv").json()["features"] == ["x"]
        assert upload(idle, table, "table.txt", label="label").json()["features"] == ["x"]
        assert upload(idle, table, "table.txt").json()["features"] == ["character"]

    def test_preview(self, idle: Api) -> None:
        """A preview shows the beginning of a text, as many characters as asked for."""
        dataset = idle.post("/v1/datasets", json={"parameters": text(POEM * 9)}).json()
        preview = idle.get(dataset["links"]["preview"]).json()
        assert (preview["rows"], preview["labels"], preview["features"]) == ([], [], ["character"])
        assert (preview["text"], preview["total_examples"]) == ((POEM * 9)[:500], len(POEM) * 9)
        assert idle.get(dataset["links"]["preview"], params={"limit": 18}).json()["text"] == POEM[:18]

    @pytest.mark.parametrize(
        ("content", "row", "detail"),
        [
            (b"one\ntwo \xff\n", 2, "row 2: byte 0xff is not UTF-8; save the file as UTF-8"),
            (b"one\r\n\xed\xa0\x80two", 2, "row 2: byte 0xed is not UTF-8; save the file as UTF-8"),
            ("안녕".encode()[:-1], 1, "row 1: byte 0xeb is not UTF-8; save the file as UTF-8"),
            (b"a\nb\nc\0", 3, "row 3: the text holds the character NUL: this is no plain text"),
            ("ab".encode("utf-16"), None, "'poem.txt' is text in UTF-16: save it as UTF-8"),
            (b"", None, "the text is empty"),
            (b"\xef\xbb\xbf", None, "the text is empty"),
            (b"aaaa", None, "the text has 1 different characters, at least 2 are needed"),
        ],
    )
    def test_unusable_file(self, idle: Api, content: bytes, row: int | None, detail: str) -> None:
        """What is wrong with a text is named by its line, and nothing is kept."""
        before = idle.get("/v1/datasets").json()
        problem = upload(idle, content).json()
        assert (problem["status"], problem["code"], problem.get("row"), problem["detail"]) == (
            422,
            "invalid_upload",
            row,
            detail,
        )
        assert idle.get("/v1/datasets").json() == before

    @pytest.mark.parametrize("path", ["/v1/datasets", "/v1/runs", "/v1/runs/validate"])
    @pytest.mark.parametrize(
        ("content", "detail"),
        [
            ("", "the text is empty"),
            ("aa", "the text has 1 different characters, at least 2 are needed"),
            ("a\nb\0", "line 2 of the text holds the character NUL: this is no plain text"),
        ],
    )
    def test_unusable_inline(self, idle: Api, path: str, content: str, detail: str) -> None:
        """The same inline, pointed at."""
        field = "parameters" if path.endswith("datasets") else "dataset"
        body = {field: text(content)} if field == "parameters" else {field: text(content), "model": RNN}
        answer = idle.post(path, json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"] == [{"pointer": f"#/{field}/text", "detail": detail}]

    def test_half_a_character(self, idle: Api) -> None:
        """Half of a surrogate pair is no text."""
        body = '{"parameters": {"kind": "text", "text": "a\\ud83c"}}'
        answer = idle.post("/v1/datasets", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "#/parameters/text"

    def test_too_many_symbols(self, api: Api) -> None:
        """More than 5 000 different characters are not one alphabet: 413."""
        fine, more = ("".join(map(chr, range(0x4E00, 0x4E00 + n))) for n in (5000, 5001))
        assert len(api.post("/v1/datasets", json={"parameters": text(fine)}).json()["classes"]) == 5000
        assert api.post("/v1/datasets", json={"parameters": text(more)}).status_code == 413
        assert upload(api, more.encode()).status_code == 413


class TestRun:
    """Text and the models that read it."""

    def test_the_text_of_a_run_is_kept_apart(self, idle: Api) -> None:
        """A run on an inline text refers to a kept dataset, the same for the same text; validating keeps nothing."""
        body = {"dataset": text(VERSE + "x"), "model": RNN}
        before = idle.get("/v1/datasets").json()
        estimate = idle.post("/v1/runs/validate", json=body).json()
        assert estimate["data"] == {"examples": len(VERSE) + 1, "features": ["character"], "classes": sorted(set(VERSE + "x"))}
        assert idle.get("/v1/datasets").json() == before
        first, second = (idle.post("/v1/runs", json=body).json() for _ in range(2))
        assert first["dataset"]["kind"] == "stored"
        assert first["data"] == estimate["data"]
        assert (first["dataset"], first["spec_digest"]) == (second["dataset"], second["spec_digest"])
        stored = idle.post("/v1/runs", json={**body, "dataset": first["dataset"]}).json()
        assert stored["spec_digest"] == first["spec_digest"]
        assert idle.delete(f"/v1/datasets/{first['dataset']['id']}").status_code == 409
        listed = idle.get("/v1/runs", params={"model": "char_rnn"}).json()["data"]
        assert {first["id"], second["id"], stored["id"]} <= {run["id"] for run in listed}

    def test_default_optimizer(self, idle: Api) -> None:
        """Without an optimizer a char_rnn takes clipped Adagrad, others gradient descent; one that is given stays."""
        body = {"dataset": text(VERSE), "model": RNN}
        made = idle.post("/v1/runs/validate", json=body).json()["optimizer"]
        assert (made["kind"], made["clip"]) == ("adagrad", 0.2)
        given = idle.post("/v1/runs/validate", json={**body, "optimizer": {"kind": "sgd"}}).json()["optimizer"]
        assert (given["kind"], given["clip"]) == ("sgd", None)

    @pytest.mark.parametrize("path", ["/v1/runs", "/v1/runs/validate"])
    def test_model_and_data_must_fit(self, idle: Api, path: str) -> None:
        """A char_rnn needs a text, the others examples; nothing is kept of what does not fit."""
        before = idle.get("/v1/datasets").json()
        for dataset, model in ((text("no such text"), {"kind": "mlp"}), (SPIRAL, RNN)):
            answer = idle.post(path, json={"dataset": dataset, "model": model})
            assert answer.status_code == 422
            assert [error["pointer"] for error in answer.json()["errors"]] == ["#/model/kind"]
            assert model["kind"] in answer.json()["detail"]
            assert "text" in answer.json()["detail"]
        assert idle.get("/v1/datasets").json() == before

    def test_training_learns(self, api: Api, poet: Json) -> None:
        """The loss begins at ln V nats a character and comes down."""
        history = api.get(poet["links"]["loss_history"]).json()
        assert history["series"]["loss"][0] == pytest.approx(math.log(len(set(VERSE))), rel=0.02)
        assert history["series"]["loss"][-1] < 0.5

    def test_evaluate(self, api: Api, poet: Json) -> None:
        """A char_rnn is measured in nats a character on its own text or another; there is no confusion matrix."""
        own = api.post(f"/v1/runs/{poet['id']}/evaluate", json={}).json()
        assert (own["examples"], own["confusion_matrix"]) == (len(VERSE), None)
        assert own["loss"] < 0.5
        assert own["accuracy"] > 0.8
        other = api.post(f"/v1/runs/{poet['id']}/evaluate", json={"dataset": text("tac eht tas no " * 9)}).json()
        assert other["loss"] > own["loss"]

    @pytest.mark.parametrize(
        ("dataset", "detail"),
        [
            (SPIRAL, "dataset holds labelled examples, the model was trained on a text"),
            (text("the cat"), "dataset has 7 characters, more than model.sequence_length are needed, which is 16"),
            (text("the quick dog sat on the cat"), "dataset has the character 'i', the model knows '\\n', ' ', '.', 'a'"),
        ],
    )
    def test_evaluate_on_what_does_not_fit(self, api: Api, poet: Json, dataset: Json, detail: str) -> None:
        """What a char_rnn cannot be measured on is refused and named."""
        answer = api.post(f"/v1/runs/{poet['id']}/evaluate", json={"dataset": dataset})
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith(detail)

    def test_others_are_not_measured_on_text(self, api: Api) -> None:
        """A classifier cannot be measured on a text."""
        answer = api.post(f"/v1/runs/{api.ended()['id']}/evaluate", json={"dataset": text("abab")})
        assert answer.json()["errors"][0]["detail"] == "dataset is a text, the model was trained on labelled examples"

    def test_each_route_names_the_other(self, api: Api, poet: Json) -> None:
        """A char_rnn does not predict, the others do not generate: 409, with what to use; the links lead to the right one."""
        softmax = api.ended()
        predict = api.post(f"/v1/runs/{poet['id']}/predict", json={"inputs": [[0, 0]]})
        generate = api.post(f"/v1/runs/{softmax['id']}/generate", json={})
        assert (predict.status_code, generate.status_code) == (409, 409)
        assert predict.json()["detail"].endswith("use generate")
        assert generate.json()["detail"].endswith("use predict")
        assert ("generate" in poet["links"], "predict" in poet["links"]) == (True, False)
        assert ("generate" in softmax["links"], "predict" in softmax["links"]) == (False, True)


class TestGenerate:
    """POST /v1/runs/{id}/generate."""

    def test_text_follows_the_prompt(self, api: Api, poet: Json) -> None:
        """The text continues what was learned, without the prompt; the answer says what made it."""
        answer = generated(api, poet, prompt="the c", length=18, temperature=0)
        assert answer["text"] == "at sat on the mat."
        assert {name: answer[name] for name in ("object", "run", "step", "prompt", "length", "temperature", "seed")} == {
            "object": "generation",
            "run": poet["id"],
            "step": 600,
            "prompt": "the c",
            "length": 18,
            "temperature": 0,
            "seed": 0,
        }
        assert set(generated(api, poet)["text"]) <= set(VERSE)
        assert len(generated(api, poet)["text"]) == 200

    def test_seed_decides(self, api: Api, poet: Json) -> None:
        """The same seed writes the same text, another seed another; temperature 0 and top_k 1 need no chance."""
        wild: dict[str, Any] = {"length": 100, "temperature": 2.0}
        assert generated(api, poet, seed=1, **wild)["text"] == generated(api, poet, seed=1, **wild)["text"]
        assert generated(api, poet, seed=1, **wild)["text"] != generated(api, poet, seed=2, **wild)["text"]
        sure = {generated(api, poet, seed=seed, temperature=t)["text"] for seed, t in ((0, 0), (1, 0), (2, 1e-300))}
        best = {generated(api, poet, seed=seed, temperature=10, top_k=1)["text"] for seed in range(3)}
        assert len(sure) == 1
        assert sure == best

    def test_temperature_and_top_k_tame(self, api: Api, poet: Json) -> None:
        """Heat makes more different words; few choices make fewer; more choices than characters are all of them."""
        hot, tame, all_ = (generated(api, poet, length=2000, temperature=10, top_k=k)["text"] for k in (None, 2, 1000))
        assert hot == all_
        pairs = [len({text[i : i + 2] for i in range(len(text) - 1)}) for text in (hot, tame)]
        assert pairs[0] > pairs[1]

    def test_untrained_checkpoint(self, api: Api, poet: Json) -> None:
        """An earlier checkpoint writes otherwise."""
        early = generated(api, poet, prompt="the c", length=18, temperature=0, checkpoint="0")
        assert early["step"] == 0
        assert early["text"] != "at sat on the mat."

    @pytest.mark.parametrize(
        ("body", "pointer", "detail"),
        [
            ({"prompt": "the 고양이"}, "#/prompt", "prompt has '고', '양', '이', which the model's text does not hold"),
            ({"prompt": "\0"}, "#/prompt", "prompt has '\\x00', which the model's text does not hold"),
            ({"prompt": 1}, "#/prompt", "prompt is 1, must be a valid string"),
            ({"length": 0}, "#/length", "length is 0, must be at least 1"),
            ({"length": 10_001}, "#/length", "length is 10001, must be at most 10000"),
            ({"temperature": -0.1}, "#/temperature", "temperature is -0.1, must be at least 0"),
            ({"top_k": 0}, "#/top_k", "top_k is 0, must be at least 1"),
            ({"seed": -1}, "#/seed", "seed is -1, must be at least 0"),
            (
                {"words": 3},
                "#/words",
                "words is not a known field, expected prompt, length, temperature, top_k, seed, checkpoint",
            ),
        ],
    )
    @pytest.mark.parametrize("headers", [{}, EVENTS])
    def test_bad_wishes(self, api: Api, poet: Json, body: Json, pointer: str, detail: str, headers: dict[str, str]) -> None:
        """What cannot be used is named, before any text: also when a stream was asked for."""
        answer = api.post(f"/v1/runs/{poet['id']}/generate", json=body, headers=headers)
        assert answer.status_code == 422
        assert [(error["pointer"], error["detail"]) for error in answer.json()["errors"]] == [(pointer, detail)]

    def test_before_the_first_checkpoint(self, idle: Api) -> None:
        """A run that waits has nothing to write with: 409."""
        run = idle.post("/v1/runs", json={"dataset": text(VERSE), "model": RNN}).json()
        assert idle.post(f"/v1/runs/{run['id']}/generate", json={}).status_code == 409

    def test_while_the_run_trains(self, api: Api) -> None:
        """A run writes while it still trains."""
        body = {"dataset": text(VERSE), "model": RNN, "training": {"steps": 10**8}}
        run = api.wait(api.post("/v1/runs", json=body).json()["id"], "running")
        assert generated(api, run, length=10)["step"] > 0
        assert api.run(run["id"])["status"] == "running"
        api.post(f"/v1/runs/{run['id']}/cancel")
        api.wait(run["id"], "cancelled")

    def test_unknown(self, api: Api, poet: Json) -> None:
        """A run or a checkpoint that is not there is 404."""
        assert api.post("/v1/runs/run_0/generate", json={}).status_code == 404
        assert api.post(f"/v1/runs/{poet['id']}/generate", json={"checkpoint": "1"}).status_code == 404

    def test_other_alphabets(self, api: Api) -> None:
        """Hangul and emoji are characters as others are."""
        body = {"dataset": text(POEM), "model": RNN, "training": {"steps": 20, "log_every": 10}}
        run = api.wait(api.post("/v1/runs", json=body).json()["id"], "succeeded")
        wish = {"prompt": "고향🌸", "length": 300, "temperature": 5.0}
        whole = generated(api, run, **wish)
        assert len(whole["text"]) == 300
        assert set(whole["text"]) <= set(POEM)
        stream = events(api.post(f"/v1/runs/{run['id']}/generate", json=wish, headers=EVENTS).text)
        assert stream[-1] == ("done", whole)


class TestSamples:
    """What the model wrote beside its checkpoints."""

    # What is held out is like the beginning: from step 32 on each step makes the held-out loss much worse, on any CPU.
    RUN: ClassVar[dict[str, Any]] = {
        "dataset": text("b" * 320 + "c" * 280 + "b" * 150),
        "model": {"kind": "char_rnn", "hidden_size": 8, "sequence_length": 10},
        "optimizer": {"kind": "sgd", "learning_rate": 0.1},
    }

    def saved(self, api: Api, run: str) -> list[Json]:
        """Return the checkpoints of a run."""
        data: list[Json] = api.get(f"/v1/runs/{run}/checkpoints").json()["data"]
        return data

    def trained(self, api: Api, **plan: Any) -> list[Json]:
        """Return the checkpoints of a run that has ended."""
        training = {"steps": 50, "log_every": 10, "validation_fraction": 0.2, **plan}
        run = api.post("/v1/runs", json={**self.RUN, "training": training}).json()["id"]
        return self.saved(api, api.wait(run, "succeeded")["id"])

    def test_the_best_has_one(self, api: Api) -> None:
        """Also if it is no milestone, and then the same; if it is one, or the latest, there is one checkpoint of it."""
        names = {0: [], 30: ["best"], 50: ["latest"]}
        found = self.trained(api, checkpoint_every=1000)
        assert {checkpoint["step"]: checkpoint["names"] for checkpoint in found} == names
        assert all(len(checkpoint["sample"]) == 200 for checkpoint in found)
        written = {checkpoint["step"]: checkpoint["sample"] for checkpoint in found}
        assert len(set(written.values())) == 3

        milestones = self.trained(api, checkpoint_every=10)
        assert [checkpoint["step"] for checkpoint in milestones] == [0, 10, 20, 30, 40, 50]
        assert {checkpoint["step"]: checkpoint["sample"] for checkpoint in milestones if checkpoint["step"] in names} == written

        until_best = self.trained(api, checkpoint_every=1000, steps=30)
        assert [(checkpoint["names"], checkpoint["sample"]) for checkpoint in until_best] == [
            ([], written[0]),
            (["latest", "best"], written[30]),
        ]

    def test_the_best_has_one_while_the_run_trains(self, api: Api) -> None:
        """It comes with the checkpoint; the latest has one when the run ends."""
        plan = {"steps": 10_000_000, "log_every": 10, "checkpoint_every": 10_000_000, "validation_fraction": 0.2}
        run = api.post("/v1/runs", json={**self.RUN, "dataset": text(VERSE), "training": plan}).json()["id"]
        deadline = time.monotonic() + 30
        best: list[Json] = []
        while not best:
            assert time.monotonic() < deadline, "no best but the first has a sample"
            best = [one for one in self.saved(api, run) if "best" in one["names"] and one["step"] > 0 and one["sample"]]
        assert api.run(run)["status"] == "running"
        assert len(best[0]["sample"]) == 200
        api.post(f"/v1/runs/{run}/cancel")
        api.wait(run, "cancelled")
        assert [one for one in self.saved(api, run) if not one["sample"]] == []

    def test_a_model_of_examples_writes_nothing(self, api: Api) -> None:
        """Its checkpoints have null."""
        run = api.ended(training={"steps": 20})
        assert {one["sample"] for one in self.saved(api, run["id"])} == {None}


class TestStream:
    """The same with Accept: text/event-stream."""

    def test_events_are_the_text(self, api: Api, poet: Json) -> None:
        """Each character is an event; the last event is the very object that is answered as JSON."""
        wish = {"prompt": "the ", "length": 50, "seed": 3, "temperature": 1.5}
        answer = api.post(f"/v1/runs/{poet['id']}/generate", json=wish, headers=EVENTS)
        assert answer.headers["content-type"].startswith("text/event-stream")
        *characters, (last, whole) = events(answer.text)
        assert [name for name, _ in characters] == ["character"] * 50
        assert "".join(data["text"] for _, data in characters) == whole["text"]
        assert (last, whole) == ("done", generated(api, poet, **wish))

    def test_characters_come_while_they_are_written(self, api: Api, poet: Json, monkeypatch: pytest.MonkeyPatch) -> None:
        """The first character is there long before the last; when the client goes, no more are written."""
        written: list[int] = []

        def slow(*_: Any, **__: Any) -> Iterator[int]:
            for i in range(10_000):
                time.sleep(0.01)
                written.append(i)
                yield 0

        def stands_still() -> bool:
            before = len(written)
            time.sleep(0.3)  # thirty characters
            return len(written) == before

        monkeypatch.setattr(use_case, "steps", slow)
        url = f"{api.base_url}/v1/runs/{poet['id']}/generate"
        with httpx.stream("POST", url, json={"length": 10_000}, headers=EVENTS) as stream:
            first = next(stream.iter_text())
            assert first.startswith("event: character\n")
            assert api.get("/healthz").status_code == 200
        until(stands_still)
        assert len(written) < 10_000


def test_dataset_of_a_text_is_its_text(api: Api) -> None:
    """What is kept comes back whole: every character of a text, control characters too."""
    content = "tab\there\x1b[0m \x85\u2028 é e\u0301 \U0001f469\u200d\U0001f680\r\n" * 3
    dataset = api.post("/v1/datasets", json={"parameters": text(content)}).json()
    assert api.get(dataset["links"]["preview"], params={"limit": 1000}).json()["text"] == content
    assert np.sum(dataset["class_counts"]) == len(content)

"""Both clients: pause, resume, extend, fork, verify."""

import asyncio
import time

import pytest

from service.client import AsyncClient, Client, ConflictError, InvalidRequestError

LONG = {"steps": 10**8}
SHORT = {"steps": 20}


def test_the_life_of_runs(client: Client) -> None:
    """One run paused and resumed; one extended, forked and verified."""
    run_id = client.runs.create(dataset="spiral", model="softmax", training=LONG)["id"]
    client.runs.pause(run_id)
    client.runs.resume(run_id)
    client.runs.cancel(run_id)
    assert client.runs.wait(run_id, timeout=60)["status"] == "cancelled"
    with pytest.raises(ConflictError, match="possible now: cancel, extend, fork, delete"):
        client.runs.pause(run_id)

    run = client.runs.wait(client.runs.create(dataset="spiral", model="softmax", training=SHORT)["id"], timeout=60)
    made = [
        client.runs.extend(run["id"], 40, name="longer"),
        client.runs.fork(run["id"], {"training": {"steps": 40}}, checkpoint=20, tags={"a": "b"}),
        client.runs.verify(run["id"]),
    ]
    ended = [client.runs.wait(one["id"], timeout=60) for one in made]
    assert [(one["parent"] or {})["relation"] for one in ended] == ["extend", "fork", "verify"]
    assert ended[0]["weights_digest"] == ended[1]["weights_digest"]
    assert (ended[0]["name"], ended[1]["tags"], ended[2]["verified"]) == ("longer", {"a": "b"}, True)
    with pytest.raises(InvalidRequestError, match=r"overrides\.optimizer\.beta3"):
        client.runs.fork(run["id"], {"optimizer": {"beta3": 1}})


def test_the_asynchronous_client_has_them_too(url: str) -> None:
    """The same calls, awaited."""

    async def live(run_id: str) -> list[str]:
        async with AsyncClient(url) as client:
            await client.runs.pause(run_id)
            await client.runs.resume(run_id)
            await client.runs.cancel(run_id)
            ended = await client.runs.wait(run_id, timeout=60)
            made = [
                await client.runs.extend(run_id, 10**9),
                await client.runs.fork(run_id),
            ]
            for one in made:
                await client.runs.cancel(one["id"])
                await client.runs.wait(one["id"], timeout=60)
                await client.runs.delete(one["id"])
            with pytest.raises(ConflictError):
                await client.runs.verify(run_id)
            return [ended["status"], *((one["parent"] or {})["relation"] for one in made)]

    with Client(url) as client:
        run_id = client.runs.create(dataset="spiral", model="softmax", training=LONG)["id"]
        while not client.runs.get(run_id)["progress"]["step"]:  # until it has a checkpoint to go on from
            time.sleep(0.02)
    assert asyncio.run(live(run_id)) == ["cancelled", "extend", "fork"]

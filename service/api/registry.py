"""/v1/models: names for what runs have learned, and predictions by name."""

from typing import Any

from fastapi import APIRouter, Request, Response

from service.api.deps import Limit, Server
from service.api.lists import page_after
from service.api.quick_json import QuickJson
from service.api.ready import answer, ready
from service.api.registry_schemas import (
    AfterName,
    AliasName,
    AliasOut,
    AliasSet,
    ModelList,
    ModelName,
    ModelOut,
    ModelPredictOut,
    ModelPredictRequest,
    NameOrder,
    VersionNumber,
    VersionOut,
)
from service.errors import FieldProblem, InvalidInput
from service.runs import registry as use
from service.store.registry import NamedModel

router = APIRouter(prefix="/v1/models", tags=["models"], route_class=QuickJson)

RESERVED = {"stats": "it has another meaning in /v2/models"}
NEW = {201: {"model": AliasOut, "description": "the alias is new"}}


@router.put("/{name}/aliases/{alias}", responses=NEW)  # type: ignore[arg-type]
def set_alias(name: ModelName, alias: AliasName, body: AliasSet, response: Response, server: Server) -> AliasOut:
    """Let an alias stand for a checkpoint of a run: 201 if the alias is new, 200 if it was moved.

    The first alias makes the model. Another checkpoint is the next version, the same one the same version. The checkpoint
    is kept as long as its version is there, also if its run goes on. Requests that come after the answer get the new version.
    """
    _check_free(name)
    done = use.set_alias(server.database, server.models, name, alias, body.run, body.checkpoint)
    response.status_code = 201 if done.created else 200
    version = done.version
    return AliasOut(
        id=alias,
        model=name,
        version=version.version,
        run=version.run_id,
        checkpoint=version.checkpoint_id,
        step=version.step,
        weights_digest=version.weights_digest,
        created_at=version.created_at,
        links={**_links(name), "run": f"/v1/runs/{version.run_id}"},
    )


def _check_free(name: str) -> None:
    why = "ids of runs are names in /v2/models" if name.startswith("run_") else RESERVED.get(name)
    if why:
        raise InvalidInput(FieldProblem(("path", "name"), f"the name of a model is {name!r}, must be another: {why}"))


@router.get("", response_model=ModelList)
def list_models(
    request: Request,
    response: Response,
    server: Server,
    after: AfterName = None,
    limit: Limit = 20,
    order: NameOrder = "asc",
) -> dict[str, Any]:
    """List the models by name."""
    most_bytes, descending = server.settings.max_page_bytes, order == "desc"
    found = use.page(server.database, after=after, limit=limit, descending=descending, most_bytes=most_bytes)
    return page_after(request, response, [_model_out(model) for model in found.rows], more=found.more)


@router.get("/{name}")
def get_model(name: ModelName, server: Server) -> ModelOut:
    """Return a model with its versions and aliases."""
    return _model_out(use.get(server.database, name))


@router.delete("/{name}", status_code=204)
def delete_model(name: ModelName, server: Server) -> None:
    """Delete a model with its versions and aliases; the runs stay."""
    use.remove(server.database, name)


@router.delete("/{name}/aliases/{alias}", status_code=204)
def delete_alias(name: ModelName, alias: AliasName, server: Server) -> None:
    """Take an alias away; its version stays. Without `production`, the newest version answers."""
    use.remove_alias(server.database, name, alias)


@router.delete("/{name}/versions/{version}", status_code=204)
def delete_version(name: ModelName, version: VersionNumber, server: Server) -> None:
    """Delete a version for which no alias stands and that is not the only one. Its number is not used again."""
    use.remove_version(server.database, name, version)


@router.post("/{name}/predict", response_model=ModelPredictOut)
async def predict_by_name(name: ModelName, body: ModelPredictRequest, request: Request, server: Server) -> Response:
    """Classify examples with a version of a model: that of `alias` or `version`, else of `production`, else the newest."""
    found, model = await ready(server, name, body.version if body.alias is None else body.alias)
    return await answer(request, model, body.inputs, {"run": found.run_id, "model": name, "version": found.version})


def _model_out(model: NamedModel) -> ModelOut:
    named: dict[int, list[str]] = {}
    for alias, number in model.aliases.items():
        named.setdefault(number, []).append(alias)
    versions = [
        VersionOut(
            version=version.version,
            run=version.run_id,
            checkpoint=version.checkpoint_id,
            kind=version.kind,
            step=version.step,
            weights_digest=version.weights_digest,
            aliases=named.get(version.version, []),
            created_at=version.created_at,
        )
        for version in model.versions
    ]
    return ModelOut(
        id=model.name,
        aliases=model.aliases,
        served=model.served.version,
        versions=versions,
        created_at=model.created_at,
        links=_links(model.name),
    )


def _links(name: str) -> dict[str, str]:
    here = f"/v1/models/{name}"
    return {"self": here, "predict": f"{here}/predict", "open_inference": f"/v2/models/{name}"}

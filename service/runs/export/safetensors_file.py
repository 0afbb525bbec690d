"""Safetensors: every array by its name, and the facts as JSON in the metadata, under `postgrad`."""

from safetensors.numpy import save

from service.runs.export.contents import Contents


def write(contents: Contents) -> bytes:
    """Write the file. The facts are one entry, because the library writes several in an order of chance."""
    return bytes(save(contents.arrays, {"postgrad": contents.facts_json()}))

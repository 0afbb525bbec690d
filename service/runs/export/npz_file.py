"""NPZ, for `numpy.load`: every array by its name, `classes`, `features`, and the facts as JSON in `metadata`."""

from io import BytesIO
from zipfile import ZipFile, ZipInfo

import numpy as np

from service.runs.export.contents import Contents


def write(contents: Contents) -> bytes:
    """Write a file that loads with allow_pickle=False. `numpy.savez` would put the time into it."""
    arrays = {
        **contents.arrays,
        "classes": np.array(contents.labels),
        "features": np.array(contents.facts["features"], np.str_),
        "metadata": np.array(contents.facts_json()),
    }
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    return file.getvalue()

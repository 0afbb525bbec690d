"""The files in examples/ are what they are said to be."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris

from core.data.dataset import Dataset
from service.runs.uploads import UploadLimits, read_upload

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_iris_equals_the_data_of_fishers_paper() -> None:
    """Every value, class and name of examples/iris.csv is that of scikit-learn, which follows the paper."""
    iris = load_iris()
    with (EXAMPLES / "iris.csv").open("rb") as file:
        dataset = read_upload(file, "iris.csv", None, UploadLimits())
    assert isinstance(dataset, Dataset)
    assert np.array_equal(dataset.X, iris.data)
    assert np.array_equal(dataset.y, iris.target)
    assert dataset.classes == tuple(iris.target_names.tolist())
    assert dataset.features == tuple(name.removesuffix(" (cm)").replace(" ", "_") for name in iris.feature_names)


@pytest.mark.parametrize(("row", "values"), [(35, (4.9, 3.1, 1.5, 0.2)), (38, (4.9, 3.6, 1.4, 0.1))])
def test_iris_rows_that_are_wrong_at_uci(row: int, values: tuple[float, ...]) -> None:
    """Rows 35 and 38 are as in the paper (UCI's iris.names gives these values as the right ones)."""
    lines = (EXAMPLES / "iris.csv").read_text().splitlines()
    assert lines[row] == ",".join(map(repr, values)) + ",setosa"

"""Run by the Python of .venv-mlflow: does with the real MlflowClient what each line asks for, and tells what came of it.

A line is `["method", {arguments}]`, the answer `{"result": …}` or `{"error": code, "message": …}`.
"""

import json
import sys
from typing import Any

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException


def plain(value: Any) -> Any:
    """Make JSON of what the client returns; a page keeps its token."""
    if isinstance(value, list):
        items = [plain(item) for item in value]
        return {"items": items, "token": value.token} if hasattr(value, "token") else items
    if hasattr(value, "to_dictionary"):
        return value.to_dictionary()
    return dict(value) if hasattr(value, "__iter__") and not isinstance(value, str | dict) else value


def main() -> None:
    """Answer until there are no more lines."""
    client = MlflowClient(tracking_uri=sys.argv[1])
    for line in sys.stdin:
        method, arguments = json.loads(line)
        try:
            answer: dict[str, Any] = {"result": plain(getattr(client, method)(**arguments))}
        except MlflowException as error:
            answer = {"error": error.error_code, "message": error.message, "status": error.get_http_status_code()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

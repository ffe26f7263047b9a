"""LitServe as its documentation shows it, with or without its batching."""

import argparse
from typing import Any

import joblib
import litserve
import numpy as np


class Classifier(litserve.LitAPI):
    """The fitted pipeline behind one route."""

    def __init__(self, path: str, **options: Any) -> None:
        super().__init__(**options)
        self.path = path

    def setup(self, device: str) -> None:
        """Load the pipeline in the inference process."""
        self.model = joblib.load(self.path)

    def decode_request(self, request: dict[str, Any]) -> np.ndarray:
        """Return the request's single row."""
        return np.asarray(request["row"], dtype=np.float64)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return probabilities: of one row, or of the rows that batching put together."""
        return self.model.predict_proba(np.atleast_2d(x))

    def encode_response(self, output: np.ndarray) -> dict[str, list[float]]:
        """Return the probabilities of the request's row."""
        return {"probabilities": np.ravel(output).tolist()}


def main() -> None:
    """Serve the model given on the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--batch-size", type=int, default=1)
    parser.add_argument("--batch-timeout", type=float, default=0.0)
    options = parser.parse_args()
    api = Classifier(options.model, max_batch_size=options.batch_size, batch_timeout=options.batch_timeout)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1)
    server.run(
        host="127.0.0.1",
        port=options.port,
        num_api_servers=1,
        generate_client_file=False,
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()

"""Embeddings by any API that speaks OpenAI's protocol: OpenAI itself, Ollama, vLLM, text-embeddings-inference."""

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

import anyio
import numpy as np
import numpy.typing as npt
from pydantic import SecretStr

from llmkit.embeddings.hashed import normalised
from llmkit.embeddings.prefixes import Prefixes, prefixes_of
from llmkit.errors import AuthenticationFailed, Malformed, ModelError, Overloaded, RateLimited, Refused, TimedOut

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response

DEFAULT_MODEL = "text-embedding-3-small"
DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}
_LONGEST_PAUSE = 30.0
_FIRST_PAUSE = 0.5


class ProviderEmbedder:
    """Adapter `openai`. Errors are those of chat models; only those that may pass are tried again."""

    def __init__(
        self,
        model: str,
        *,
        base_url: str,
        api_key: SecretStr | None,
        dimensions: int,
        prefixes: Prefixes,
        batch_size: int = 64,
        attempts: int = 4,
        timeout_seconds: float = 30,
    ) -> None:
        self._model = model
        self._url = f"{base_url.rstrip('/')}/embeddings"
        self._key = api_key
        self._dimensions = dimensions
        self._prefixes = prefixes
        self._batch_size = batch_size
        self._attempts = attempts
        self._timeout = timeout_seconds
        self._client: AsyncClient | None = None

    @property
    def fingerprint(self) -> str:
        """`openai-text-embedding-3-small-1536`, with the prefixes when they are not the model's own."""
        mark = (
            ""
            if self._prefixes == prefixes_of(self._model)
            else f"-{self._prefixes.query!r}-{self._prefixes.passage!r}"
        )
        return f"openai-{self._model}-{self._dimensions}{mark}"

    @property
    def dimensions(self) -> int:
        """Length of every vector; an answer of another length is refused as malformed."""
        return self._dimensions

    async def embed_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return unit vectors, asked for in batches. Raises a `ModelError`."""
        vectors = np.zeros((len(texts), self._dimensions), dtype=np.float32)
        for start in range(0, len(texts), self._batch_size):
            batch = [self._prefixes.passage + text for text in texts[start : start + self._batch_size]]
            vectors[start : start + len(batch)] = await self._embed(batch)
        return vectors

    async def embed_query(self, text: str) -> npt.NDArray[np.float32]:
        """Return the unit vector of a query."""
        vectors = await self._embed([self._prefixes.query + text])
        row: npt.NDArray[np.float32] = vectors[0]
        return row

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        attempt = 1
        while True:
            try:
                return await self._ask(texts)
            except ModelError as error:
                if not error.retryable or attempt >= self._attempts:
                    raise
                await anyio.sleep(_pause(error, attempt))
                attempt += 1

    async def _ask(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        import httpx2

        if self._client is None:
            self._client = httpx2.AsyncClient(timeout=self._timeout, follow_redirects=False)
        # an empty text is an error to providers; a space is none
        payload: dict[str, object] = {"model": self._model, "input": [text or " " for text in texts]}
        if self._dimensions != DIMENSIONS.get(self._model, self._dimensions):
            payload["dimensions"] = self._dimensions
        headers = {"Authorization": f"Bearer {self._key.get_secret_value()}"} if self._key else {}
        try:
            response = await self._client.post(self._url, json=payload, headers=headers)
        except httpx2.TimeoutException as error:
            raise TimedOut("The embeddings API did not answer in time.") from error
        except httpx2.TransportError as error:
            raise Overloaded(f"The embeddings API cannot be reached ({type(error).__name__}).") from error
        _check(response)
        return self._read(response, len(texts))

    def _read(self, response: "Response", number: int) -> npt.NDArray[np.float32]:
        try:
            rows = sorted(response.json()["data"], key=lambda row: row["index"])
            vectors = np.array([row["embedding"] for row in rows], dtype=np.float32)
        except (ValueError, KeyError, TypeError) as error:
            raise Malformed("The embeddings API gave no list of vectors.") from error
        if vectors.shape != (number, self._dimensions):
            raise Malformed(
                f"The embeddings API gave vectors of shape {vectors.shape}, not ({number}, {self._dimensions}).",
                hint="Set EMBEDDING__DIMENSIONS to what the model gives.",
            )
        if not np.isfinite(vectors).all():
            raise Malformed("The embeddings API gave a number that is none.")
        return normalised(vectors)


def _check(response: "Response") -> None:
    status = response.status_code
    if status < 300:
        return
    if status in {401, 403}:
        raise AuthenticationFailed("The embeddings API refuses the key.")
    if status == 429:
        raise RateLimited("The embeddings API takes no more requests for now.", retry_after=_retry_after(response))
    if status >= 500 or status in {408, 409}:
        raise Overloaded(f"The embeddings API answered {status}.", retry_after=_retry_after(response))
    raise Refused(f"The embeddings API answered {status}.")


def _retry_after(response: "Response") -> int | None:
    """Seconds of the header; the form with a date is not worth a clock."""
    value = response.headers.get("retry-after", "")
    return min(int(_LONGEST_PAUSE), int(float(value)) + 1) if value.replace(".", "", 1).isdigit() else None


def _pause(error: ModelError, attempt: int) -> float:
    """What the provider asks for, else full jitter below a bound that doubles."""
    asked = error.headers.get("Retry-After")
    if asked is not None:
        return min(_LONGEST_PAUSE, float(asked))
    return random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt))  # noqa: S311 - spreads load, guards nothing

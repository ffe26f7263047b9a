"""Circuit breakers: calls are kept away from a model that fails, alone or together with other processes."""

from llmkit.breaker.memory import MemoryBreaker
from llmkit.breaker.shared import RedisBreaker

__all__ = ["MemoryBreaker", "RedisBreaker"]

"""How good retrieval and answers are: questions with known answers, metrics, comparisons, a gate."""

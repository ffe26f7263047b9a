"""Answers from passages, with citations that were checked: see `service.Answerer`, then `asking.Asker`."""

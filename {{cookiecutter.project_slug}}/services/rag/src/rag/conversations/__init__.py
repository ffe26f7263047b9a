"""Conversations: their turns, links to share them, and what people think of the answers."""

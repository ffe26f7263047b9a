"""Text with marks: Markdown and HTML."""

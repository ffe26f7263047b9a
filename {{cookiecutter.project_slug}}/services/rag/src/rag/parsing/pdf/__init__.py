"""PDF: from glyphs at positions back to headings, paragraphs, lists and tables."""

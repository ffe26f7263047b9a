"""Plain text: pages, paragraphs, headings, lists and what must keep its layout."""

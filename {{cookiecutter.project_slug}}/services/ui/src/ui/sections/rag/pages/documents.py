"""Shows the page: `documents_page`."""

from ui.sections.rag.documents_page import main

main()

"""Shows the page: `shared_page`."""

from ui.sections.rag.shared_page import main

main()

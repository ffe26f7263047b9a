"""Shows the page: `ask_page`."""

from ui.sections.rag.ask_page import main

main()

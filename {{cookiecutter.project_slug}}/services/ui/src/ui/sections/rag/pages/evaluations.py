"""Shows the page: `evaluations_page`."""

from ui.sections.rag.evaluations_page import main

main()

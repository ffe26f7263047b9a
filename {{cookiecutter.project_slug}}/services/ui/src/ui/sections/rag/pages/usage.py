"""Shows the page: `usage_page`."""

from ui.sections.rag.usage_page import main

main()

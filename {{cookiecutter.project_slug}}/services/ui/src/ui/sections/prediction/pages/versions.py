"""Shows the page: `versions_page`."""

from ui.sections.prediction.versions_page import main

main()

"""Shows the page: `jobs_page`."""

from ui.sections.prediction.jobs_page import main

main()

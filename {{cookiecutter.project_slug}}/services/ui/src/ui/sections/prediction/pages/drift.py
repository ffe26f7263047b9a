"""Shows the page: `drift_page`."""

from ui.sections.prediction.drift_page import main

main()

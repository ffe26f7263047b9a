"""Shows the page: `try_model_page`."""

from ui.sections.prediction.try_model_page import main

main()

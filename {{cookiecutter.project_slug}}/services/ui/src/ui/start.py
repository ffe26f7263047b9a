"""Shows the first page: `start_page`."""

from ui.start_page import main

main()

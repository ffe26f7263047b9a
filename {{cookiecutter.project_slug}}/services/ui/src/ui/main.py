"""The script that Streamlit runs for every page: `menu`."""

from ui.menu import main

main()

"""Asking the services: one client, their errors, their streams and their jobs. No Streamlit here."""

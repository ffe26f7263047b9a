"""The services as the pages reach them: settings and connections are made once for all visitors."""

import streamlit as st

from ui.http.api import Api
from ui.section import Section, discover
from ui.settings import InterfaceSettings, ServiceSettings, load_settings

PROBE_PAUSE_SECONDS = 10


@st.cache_resource(show_spinner=False)
def settings() -> InterfaceSettings:
    """Return the settings of this process."""
    return load_settings()


@st.cache_resource(show_spinner=False)
def service_settings(name: str) -> ServiceSettings:
    """Return what is set for one service."""
    return ServiceSettings.of(name)


@st.cache_resource(show_spinner=False)
def sections() -> tuple[Section, ...]:
    """Return the sections that this project has."""
    return discover()


@st.cache_resource(show_spinner=False, on_release=Api.close)
def connect(name: str, default_url: str) -> Api:
    """Return the connection to a service."""
    mine, own = settings(), service_settings(name)
    key = own.key or mine.auth.development_key
    return Api(
        own.url or default_url,
        key.get_secret_value() if key else None,
        timeout=mine.ui.timeout_seconds,
        silence=mine.ui.stream_seconds,
    )


def api(section: Section) -> Api:
    """Return the connection to a section's service."""
    return connect(section.name, section.default_url)


@st.cache_data(ttl=PROBE_PAUSE_SECONDS, show_spinner=False)
def answers(name: str, default_url: str) -> bool:
    """Whether the service was there at the last look."""
    return connect(name, default_url).answers()


def is_shown(section: Section) -> bool:
    """Whether the menu shows a section: its service is configured, or it answers."""
    return service_settings(section.name).url is not None or answers(section.name, section.default_url)

"""Promoting a version and returning to the one before, each after a second look."""

import streamlit as st

from ui.http.errors import Refused
from ui.sections.prediction.models import Model, Version
from ui.sections.prediction.service import prediction
from ui.widgets.formats import plain
from ui.widgets.states import notify, reported, show

LONGEST_REASON = 1000


@st.dialog("Promote", icon=":material/military_tech:")
def confirm_promotion(model: Model, version: Version) -> None:
    """Ask whether a version is to answer from now on."""
    now = f"version {plain(model.champion.version)}" if model.champion else "nobody"
    st.markdown(f"**{plain(model.name)}** is answered by {now}. From now on: **version {plain(version.version)}**.")
    st.caption("The gate compares both on the champion's test rows and refuses a version that is worse.")
    force = st.checkbox("Do not ask the gate (needs a reason, which is recorded)", key="promote-force")
    reason = st.text_input("Reason", max_chars=LONGEST_REASON, key="promote-reason")
    ready = not force or bool(reason.strip())
    if st.button("Promote", type="primary", disabled=not ready, key="promote-yes"):
        try:
            prediction().promote(model.name, version.version, force=force, reason=reason.strip())
        except Refused as problem:
            show(problem)
            return
        notify(f"Version {version.version} answers for {model.name}.")
        st.rerun()


@st.dialog("Roll back", icon=":material/undo:")
def confirm_rollback(model: Model) -> None:
    """Ask whether the champion is to give way to its predecessor."""
    if not (model.champion and model.previous):
        return
    st.markdown(
        f"**{plain(model.name)}** returns from version {plain(model.champion.version)} "
        f"to **version {plain(model.previous.version)}**, without a failed request."
    )
    reason = st.text_input("Reason", max_chars=LONGEST_REASON, key="rollback-reason")
    if st.button("Roll back", type="primary", key="rollback-yes"):
        with reported():
            prediction().roll_back(model.name, reason.strip())
            notify(f"Version {model.previous.version} answers for {model.name} again.")
            st.rerun()

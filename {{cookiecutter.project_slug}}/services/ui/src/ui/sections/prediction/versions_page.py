"""The versions of a model: roles, metrics, plots, and the audit log."""

import streamlit as st

from ui.sections.prediction import charts
from ui.sections.prediction.models import Card, Events, Model, Version, Versions
from ui.sections.prediction.releases import confirm_promotion, confirm_rollback
from ui.sections.prediction.service import choose_model, prediction
from ui.widgets.formats import ago, count, figure, label, moment, plain
from ui.widgets.states import empty, explained, header

COLORS = {"champion": "green", "challenger": "blue", "previous": "gray"}


def main() -> None:
    """Show a model's versions and one of them in detail."""
    header(
        "Versions", "The champion answers. A challenger may take a share of the traffic, or all of it once promoted."
    )
    with explained("versions"):
        model = choose_model()
        if model is None:
            return
        versions = prediction().versions(model.name)
        if not versions.items:
            empty("history", "There is no version yet", "A training makes one.")
            return
        _roles(model)
        overview, details, log = st.tabs(["Overview", "One version", "Audit log"])
        with overview:
            _overview(model, versions)
        with details:
            _details(model, versions)
        with log:
            _log(prediction().events(model.name))


def _roles(model: Model) -> None:
    with st.container(horizontal=True, key="roles"):
        for title, holder in (
            ("Champion", model.champion),
            ("Challenger", model.challenger),
            ("Before", model.previous),
        ):
            st.metric(title, f"version {holder.version}" if holder else "none", border=True)
    if model.challenger and (model.canary_percent or model.shadow):
        shadow = ", and predicts the rest unseen" if model.shadow else ""
        st.caption(f"The challenger answers {model.canary_percent} % of the requests{shadow}.")
    back = model.previous is None
    if st.button(
        "Roll back", icon=":material/undo:", disabled=back, key="rollback", help="Return to the champion before"
    ):
        confirm_rollback(model)


def _overview(model: Model, versions: Versions) -> None:
    metrics = list(dict.fromkeys(name for version in versions.items for name in version.metrics))
    table = [
        {
            "version": version.version,
            "role": model.role(version.version) or "",
            "made": version.created_at,
            **{label(name): version.metrics.get(name) for name in metrics},
            "estimator": version.tags.get("estimator", ""),
            "data": version.tags.get("source", ""),
        }
        for version in versions.items
    ]
    made = st.column_config.DatetimeColumn("made", format="YYYY-MM-DD HH:mm", timezone="UTC")
    st.dataframe(table, hide_index=True, width="stretch", column_config={"made": made})
    if len(versions.items) > 1 and metrics:
        metric = st.selectbox("Metric over the versions", metrics, format_func=label, key="history-metric")
        st.altair_chart(charts.history(versions.items, metric), width="stretch")


def _details(model: Model, versions: Versions) -> None:
    chosen = st.selectbox(
        "Version", versions.items, format_func=lambda one: _named(model, one), key=f"version-{model.name}"
    )
    role = model.role(chosen.version)
    with st.container(horizontal=True, vertical_alignment="center"):
        if role:
            st.badge(role, color=COLORS[role])  # type: ignore[arg-type]  # the values are Streamlit's colours
        st.caption(f"made {ago(chosen.created_at)}", width="stretch")
        if role != "champion" and st.button(
            "Promote", icon=":material/military_tech:", key=f"promote-{chosen.version}"
        ):
            confirm_promotion(model, chosen)
    _card(prediction().version(model.name, chosen.version).card)


def _named(model: Model, version: Version) -> str:
    role = model.role(version.version)
    return f"{version.version} ({role})" if role else version.version


def _card(card: Card) -> None:
    if card.metrics:
        st.markdown("**Metrics** on the held-out rows, with 95 % intervals")
        with st.container(horizontal=True):
            for name, metric in card.metrics.items():
                shown = f"{figure(metric.low)} to {figure(metric.high)}"
                st.metric(label(name), figure(metric.value), delta=shown, delta_color="off", delta_arrow="off")
        st.altair_chart(charts.metrics(card.metrics), width="stretch")
    icon = ":material/check_circle:" if card.beats_baseline else ":material/warning:"
    st.markdown(f"{icon} {plain(card.baseline)}")
    if card.importances:
        st.markdown("**What the model relies on**")
        st.altair_chart(charts.importances(card.importances), width="stretch")
    if card.slices:
        st.markdown("**Where it does worse**")
        st.dataframe([one.model_dump() for one in card.slices], hide_index=True, width="stretch")
    if card.training.trials:
        with st.expander("Candidates of the training", icon=":material/science:"):
            st.altair_chart(charts.trials(card.training.trials, card.training.score), width="stretch")
    with st.expander("Data and limits", icon=":material/dataset:"):
        data = card.data
        rows = f"{count(data.training_rows, 'training row')}, {count(data.held_out_rows, 'held-out row')}"
        st.markdown(f"{plain(data.source)}: {rows}, {count(len(data.features), 'feature')}")
        for line in (*data.notes, *card.training.notes, *card.limits):
            st.markdown(f"- {plain(line)}")


def _log(events: Events) -> None:
    if not events.items:
        empty("receipt_long", "Nothing has happened yet", "Registrations, promotions and rollbacks are recorded here.")
    for event in events.items:
        forced = " :orange-badge[forced]" if event.forced else ""
        what = f"version {plain(event.version)}" if event.version else ""
        st.markdown(f"**{plain(label(event.action))}** {what}{forced}")
        st.caption(" · ".join(filter(None, (moment(event.at), plain(event.actor), plain(event.reason)))))

"""Trying a model: one row in, one answer out, with its reasons."""

import streamlit as st

from ui.sections.prediction import charts
from ui.sections.prediction.fields import fields_of, missing, show_field
from ui.sections.prediction.models import Cell, Model, Predictions, Schema
from ui.sections.prediction.service import choose_model, prediction
from ui.widgets.formats import figure, plain
from ui.widgets.states import empty, explained, header, reported

COLUMNS = 2


def main() -> None:
    """Show the form and, below it, the latest answer."""
    header("Try a model", "The form starts with a typical row. Every answer is logged like any other request.")
    with explained("try"):
        model = choose_model()
        if model is None:
            return
        if model.champion is None:
            empty("military_tech", "This model has no champion", "Promote a version first; then it answers.")
            return
        _form(model, prediction().schema(model.name))


def _form(model: Model, schema: Schema) -> None:
    fields = fields_of(schema)
    row: dict[str, Cell] = {}
    with st.form(f"row-{model.name}-{schema.version}"):
        for number, field in enumerate(fields):
            if number % COLUMNS == 0:
                columns = st.columns(COLUMNS)  # a row of its own: on a phone the fields keep their order
            with columns[number % COLUMNS]:
                row[field.name] = show_field(field, f"{model.name}-{schema.version}-{field.name}")
        sent = st.form_submit_button(f"Predict {plain(schema.target)}", type="primary", icon=":material/play_arrow:")
    if not sent:
        return
    if absent := missing(fields, row):
        st.warning(f"Fill in: {plain(', '.join(absent))}", icon=":material/edit:")
        return
    with reported(), st.spinner("Predicting …"):
        _answer(prediction().predict(model.name, row), schema)


def _answer(answer: Predictions, schema: Schema) -> None:
    (one,) = answer.predictions
    with st.container(border=True, key="answer"):
        if one.probability is not None:
            with st.container(horizontal=True):
                st.metric(plain(schema.target), str(one.label))
                st.metric("Probability", f"{one.probability:.1%}")
            st.altair_chart(charts.probabilities(one.probabilities), width="stretch")
        else:
            st.metric(plain(schema.target), figure(one.value or 0.0))
        if any(part.contribution for part in one.explanation):
            st.markdown("**What moved the answer most**")
            st.altair_chart(charts.contributions(one.explanation), width="stretch")
        elif one.explanation:
            st.caption("Every value is the typical one: nothing moved the answer.")
        st.caption(f"Version {plain(answer.version)} ({answer.variant}) · prediction `{one.id}`")

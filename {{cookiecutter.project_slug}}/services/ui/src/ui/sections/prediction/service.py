"""The service as these pages reach it, and the model that is looked at."""

import streamlit as st

from ui.connections import api
from ui.sections.prediction import SECTION
from ui.sections.prediction.client import Prediction
from ui.sections.prediction.models import Model
from ui.widgets.states import empty


def prediction() -> Prediction:
    """Return the service."""
    return Prediction(api(SECTION))


def choose_model() -> Model | None:
    """Let a model be chosen; the choice is kept in the address and for the other pages."""
    models = {model.name: model for model in prediction().models().items}
    if not models:
        empty("model_training", "There is no model yet", "Train one: make train DATA=path/to/data.csv TARGET=column")
        return None
    names = list(models)
    wanted = st.query_params.get("model") or st.session_state.get("model")
    index = names.index(wanted) if wanted in models else 0
    name = st.selectbox("Model", names, index=index, key="model-choice")
    st.session_state["model"] = name
    st.query_params["model"] = name
    return models[name]

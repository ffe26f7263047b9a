"""Write the fitted pipeline as an MLflow model that answers with probabilities, with or without a signature.

MLflow's guides give every model an input example, from which it makes the signature that each request is then checked
against: that is how such a server is met in practice. Without one it checks nothing and is faster.
"""

import json
import sys
from pathlib import Path

import joblib
import mlflow.sklearn
import pandas as pd
from mlflow.models import infer_signature

model_file, folder, typed = sys.argv[1:]
model = joblib.load(model_file)
cases = json.loads(Path(model_file).with_name("cases.json").read_text())
frame = pd.DataFrame(cases["rows"], columns=cases["features"])
mlflow.sklearn.save_model(
    model,
    folder,
    signature=infer_signature(frame, model.predict_proba(frame)) if typed == "typed" else None,
    pyfunc_predict_fn="predict_proba",
    serialization_format="cloudpickle",
)

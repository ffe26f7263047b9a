"""Fit the two models every contender serves, on data that scikit-learn ships. Runs inside the project's environment.

Writes `<name>.joblib` for the peers, and `cases.json`: the feature names and held-out rows with the probabilities that
scikit-learn itself gives for them.
"""

import json
import sys
from pathlib import Path

import joblib
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

CASES = 50


def main(folder: Path) -> None:
    """Fit both models and write them, and what they say, into `folder`."""
    data = load_breast_cancer()
    train_x, test_x, train_y, _ = train_test_split(data.data, data.target, random_state=7)
    estimators = {
        "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
        "forest": RandomForestClassifier(n_estimators=100, random_state=7),
    }
    cases = test_x[:CASES]
    probabilities = {}
    for name, estimator in estimators.items():
        estimator.fit(train_x, train_y)
        joblib.dump(estimator, folder / f"{name}.joblib")
        probabilities[name] = estimator.predict_proba(cases).tolist()
    names = [name.replace(" ", "_") for name in data.feature_names]
    document = {"features": names, "rows": cases.tolist(), "probabilities": probabilities}
    (folder / "cases.json").write_text(json.dumps(document))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

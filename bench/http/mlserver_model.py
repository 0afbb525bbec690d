"""Our net as scikit-learn's MLPClassifier, in a folder as MLServer wants it. Runs in MLServer's environment.

`python mlserver_model.py model.npz folder`.
"""

import json
import sys
from pathlib import Path

import joblib
import numpy as np
from sklearn.neural_network import MLPClassifier

weights, folder = np.load(sys.argv[1]), Path(sys.argv[2])
(n_features, hidden), n_classes = weights["W1"].shape, len(weights["b2"])
net = MLPClassifier((hidden,), max_iter=1, batch_size=n_classes)  # one pass gives it the attributes of a trained one
net.partial_fit(np.zeros((n_classes, n_features)), np.arange(n_classes), classes=np.arange(n_classes))
net.coefs_ = [weights["W1"].astype(float), weights["W2"].astype(float)]
net.intercepts_ = [weights["b1"].astype(float), weights["b2"].astype(float)]
joblib.dump(net, folder / "net.joblib")
about = {
    "name": "net",
    "implementation": "mlserver_sklearn.SKLearnModel",
    "parameters": {"uri": "./net.joblib", "version": "1"},
}
(folder / "model-settings.json").write_text(json.dumps(about))

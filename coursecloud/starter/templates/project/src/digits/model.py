"""The model: a small network of PyTorch; without PyTorch, a linear one of scikit-learn, for tests on small machines."""

import importlib.util
import io
from typing import Protocol

import numpy as np

CLASSES = 10
PIXELS = 64


class Model(Protocol):
    """What training, evaluation and the service ask of a model."""

    kind: str

    def fit(self, pictures: np.ndarray, labels: np.ndarray) -> None:
        """Learn from one batch."""

    def probabilities(self, pictures: np.ndarray) -> np.ndarray:
        """Say how likely each digit is: shape (n, 10)."""

    def state(self) -> bytes:
        """Give all that training needs to go on."""

    def restore(self, state: bytes) -> None:
        """Take over what `state` gave."""


def make(kind: str = "", learning_rate: float = 1e-3, seed: int = 0) -> Model:
    """Make a model that has learnt nothing: `torch`, `linear`, or the better one that is installed."""
    kind = kind or ("torch" if importlib.util.find_spec("torch") else "linear")
    return {"torch": Network, "linear": Linear}[kind](learning_rate, seed)


class Network:
    """Two layers of PyTorch, on a GPU where there is one."""

    kind = "torch"

    def __init__(self, learning_rate: float, seed: int):
        import torch

        torch.manual_seed(seed)
        self.torch = torch
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(PIXELS, 64), torch.nn.ReLU(), torch.nn.Linear(64, CLASSES)
        ).to(self.device)
        self.optimizer = torch.optim.Adam(self.layers.parameters(), lr=learning_rate)

    def fit(self, pictures: np.ndarray, labels: np.ndarray) -> None:
        self.layers.train()
        self.optimizer.zero_grad()
        guessed = self.layers(self._on_device(pictures))
        loss = self.torch.nn.functional.cross_entropy(guessed, self._on_device(labels))
        loss.backward()
        self.optimizer.step()

    def probabilities(self, pictures: np.ndarray) -> np.ndarray:
        self.layers.eval()
        with self.torch.no_grad():
            return self.layers(self._on_device(pictures)).softmax(dim=1).cpu().numpy()

    def state(self) -> bytes:
        buffer = io.BytesIO()
        self.torch.save({"layers": self.layers.state_dict(), "optimizer": self.optimizer.state_dict()}, buffer)
        return buffer.getvalue()

    def restore(self, state: bytes) -> None:
        # `weights_only` lets a checkpoint bring numbers and no code.
        made = self.torch.load(io.BytesIO(state), map_location=self.device, weights_only=True)
        self.layers.load_state_dict(made["layers"])
        self.optimizer.load_state_dict(made["optimizer"])

    def _on_device(self, values: np.ndarray):
        return self.torch.from_numpy(np.ascontiguousarray(values)).to(self.device)


class Linear:
    """Logistic regression of scikit-learn, learnt batch by batch."""

    kind = "linear"

    def __init__(self, learning_rate: float, seed: int):
        from sklearn.linear_model import SGDClassifier

        # Ten times the rate of the network: a linear model takes larger steps.
        self.model = SGDClassifier(
            loss="log_loss", learning_rate="constant", eta0=10 * learning_rate, random_state=seed
        )
        self.model.partial_fit(np.zeros((1, PIXELS)), [0], classes=np.arange(CLASSES))

    def fit(self, pictures: np.ndarray, labels: np.ndarray) -> None:
        self.model.partial_fit(pictures.astype(np.float64), labels)

    def probabilities(self, pictures: np.ndarray) -> np.ndarray:
        return self.model.predict_proba(pictures.astype(np.float64))

    def state(self) -> bytes:
        buffer = io.BytesIO()
        np.savez(buffer, coef=self.model.coef_, intercept=self.model.intercept_, steps=self.model.t_)
        return buffer.getvalue()

    def restore(self, state: bytes) -> None:
        with np.load(io.BytesIO(state), allow_pickle=False) as made:
            self.model.coef_, self.model.intercept_ = made["coef"], made["intercept"]
            self.model.t_ = float(made["steps"])

"""A linear classifier over weighed feature views, kept as plain arrays."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse
from scipy.special import logsumexp
from sklearn.model_selection import train_test_split
from sklearn.svm import LinearSVC

Views = dict[str, list[str]]
Matrix = npt.NDArray[np.float32]
Answers = npt.NDArray[np.int64]

VIEW_WEIGHTS = {"c": 1.0, "w": 1.0, "p": 1.0, "k": 0.8, "s": 0.5}
STRANGENESS = 1.0
HELD_OUT = 0.25


@dataclass(frozen=True)
class Vocabulary:
    """Which column a feature has, and how telling the feature is (inverse document frequency)."""

    columns: dict[str, int]
    rarity: Matrix

    @classmethod
    def of(cls, documents: Sequence[Views]) -> Vocabulary:
        seen: Counter[str] = Counter()
        for document in documents:
            seen.update({f"{view} {feature}" for view, found in document.items() for feature in found})
        columns = {feature: column for column, feature in enumerate(sorted(seen))}
        counts = np.array([seen[feature] for feature in columns], dtype=np.float32)
        return cls(columns, (np.log((1 + len(documents)) / (1 + counts)) + 1).astype(np.float32))

    @cached_property
    def _strange_square(self) -> float:
        return float(STRANGENESS * self.rarity.max()) ** 2

    def row(self, document: Views) -> tuple[list[int], Matrix]:
        """The columns and values of one message; each view has the length its weight gives it.

        What was never seen in training counts towards that length: a message of strange words speaks softly, and the
        fallback, which asks for little, wins.
        """
        columns: list[int] = []
        values: list[Matrix] = [np.zeros(0, dtype=np.float32)]
        for view, found in document.items():
            keys = [f"{view} {feature}" for feature in found]
            known = Counter(self.columns[key] for key in keys if key in self.columns)
            if not known:
                continue
            weights = (1 + np.log(np.fromiter(known.values(), np.float32))) * self.rarity[list(known)]
            strange = len(keys) - known.total()
            length = np.sqrt(float(weights @ weights) + strange * self._strange_square)
            columns += known
            values.append(weights * (VIEW_WEIGHTS[view] / length))
        return columns, np.concatenate(values).astype(np.float32)

    def matrix(self, documents: Sequence[Views]) -> sparse.csr_matrix:
        rows = [self.row(document) for document in documents]
        starts = np.cumsum([0, *(len(columns) for columns, _ in rows)])
        columns = [column for found, _ in rows for column in found]
        shape = (len(documents), len(self.columns))
        return sparse.csr_matrix((np.concatenate([values for _, values in rows]), columns, starts), shape=shape)


@dataclass(frozen=True)
class LinearModel:
    """Scores by class, turned into probabilities by a scale and an offset fitted on messages held out."""

    labels: list[str]
    vocabulary: Vocabulary
    weights: Matrix
    bias: Matrix
    scale: float
    offset: Matrix

    def probabilities(self, document: Views) -> Matrix:
        columns, values = self.vocabulary.row(document)
        scores = values @ self.weights[columns] + self.bias
        return _softmax(self.scale * scores + self.offset)

    def save(self, folder: Path) -> None:
        arrays = {"weights": self.weights.astype(np.float16), "bias": self.bias, "offset": self.offset}
        np.savez(folder / "linear.npz", rarity=self.vocabulary.rarity, scale=np.float32(self.scale), **arrays)
        features = {"labels": self.labels, "features": list(self.vocabulary.columns)}
        (folder / "linear.json").write_text(json.dumps(features, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> LinearModel:
        features = json.loads((folder / "linear.json").read_text(encoding="utf-8"))
        columns = {feature: column for column, feature in enumerate(features["features"])}
        with np.load(folder / "linear.npz") as kept:
            weights = kept["weights"].astype(np.float32)
            vocabulary = Vocabulary(columns, kept["rarity"])
            return cls(features["labels"], vocabulary, weights, kept["bias"], float(kept["scale"]), kept["offset"])


def fit(
    documents: Sequence[Views],
    intents: Sequence[str],
    heard: Sequence[tuple[Views, str]],
    *,
    penalty: float,
) -> LinearModel:
    """Fit on what was written and on `heard`, noisy copies with their intents.

    The calibration leaves the copies out: a message beside its own copy is not held out.
    """
    labels = sorted(set(intents))
    place = {label: index for index, label in enumerate(labels)}
    answers = np.array([place[intent] for intent in intents])
    vocabulary = Vocabulary.of(documents)
    matrix = vocabulary.matrix(documents)
    scale, offset = _calibration(*_held_out(documents, answers, penalty))
    copies = vocabulary.matrix([document for document, _ in heard])
    all_answers = np.concatenate([answers, [place[intent] for _, intent in heard]]).astype(np.int64)
    machine = _machine(penalty).fit(sparse.vstack([matrix, copies]), all_answers)
    weights = machine.coef_.T.astype(np.float32)
    return LinearModel(labels, vocabulary, weights, machine.intercept_.astype(np.float32), scale, offset)


def _machine(penalty: float) -> LinearSVC:
    return LinearSVC(C=penalty, tol=0.1, max_iter=3000, random_state=7)


def _held_out(documents: Sequence[Views], answers: Answers, penalty: float) -> tuple[Matrix, Answers]:
    """Scores and answers of messages kept from a machine, and from its vocabulary."""
    places = np.arange(len(documents))
    known, unknown = train_test_split(places, test_size=HELD_OUT, stratify=answers, random_state=7)
    vocabulary = Vocabulary.of([documents[place] for place in known])
    machine = _machine(penalty).fit(vocabulary.matrix([documents[place] for place in known]), answers[known])
    return machine.decision_function(vocabulary.matrix([documents[place] for place in unknown])), answers[unknown]


def _calibration(scores: Matrix, answers: Answers) -> tuple[float, Matrix]:
    """One scale for all classes and an offset for each, by least surprise (log loss) on held-out scores."""
    rows = np.arange(len(answers))
    truth = np.zeros_like(scores)
    truth[rows, answers] = 1

    def surprise(parameters: Matrix) -> tuple[float, Matrix]:
        logits = parameters[0] * scores + parameters[1:]
        normal = logits - logsumexp(logits, axis=1, keepdims=True)
        slope = np.exp(normal) - truth
        loss = -normal[rows, answers].mean() + 1e-3 * float(parameters[1:] @ parameters[1:])
        gradient = np.concatenate(
            [[float((slope * scores).sum()) / len(rows)], slope.mean(axis=0) + 2e-3 * parameters[1:]]
        )
        return loss, gradient

    start = np.concatenate([[3.0], np.zeros(scores.shape[1])])
    found = optimize.minimize(surprise, start, jac=True, method="L-BFGS-B").x
    return float(found[0]), found[1:].astype(np.float32)


def _softmax(logits: Matrix) -> Matrix:
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()

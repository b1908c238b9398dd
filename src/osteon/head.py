"""The head: what stands between a backbone's pooled features and the logits."""

from typing import Protocol

from torch import Tensor, nn
from torch.nn import functional

from osteon.sections.training import Head as HeadSettings
from osteon.sections.training import Output

LINEAR = HeadSettings(hidden=(), batch_norm=False, dropout=0.0, output="softmax")


class Scoring(Protocol):
    """What can be trained: a network on pictures, or its head alone on embeddings."""

    output: Output

    def scores(self, inputs: Tensor, /) -> Tensor:
        """Give one number for each input and class: what the loss is made of."""


class Head(nn.Linear):
    """The last layer, with the dense layers that lead to it: features in, logits out.

    Whatever the output, the softmax of the logits is the probability, so that predictions, the
    exported graph and the service know one contract.
    """

    def __init__(self, features: int, classes: int, settings: HeadSettings) -> None:
        super().__init__((features, *settings.hidden)[-1], classes)
        # timm's heads start at +-1/sqrt(classes): first losses of 4 to 5 with two classes.
        nn.init.normal_(self.weight, std=0.01)
        nn.init.zeros_(self.bias)
        self.settings = settings
        self.output: Output = settings.output
        self.hidden = _hidden(features, settings)

    def scores(self, features: Tensor) -> Tensor:
        """Give one number for each input and class (batch, classes) for (batch, features)."""
        return super().forward(self.hidden(features))

    def forward(self, features: Tensor) -> Tensor:
        """Give logits (batch, classes) for features (batch, features)."""
        return logits(self.scores(features), self.output)


def logits(scores: Tensor, output: Output) -> Tensor:
    """Turn scores (batch, classes) into logits: their softmax is the probability.

    A class of a sigmoid output has the probability s_i / sum(s), where s are the sigmoids of the
    scores: they say how likely each class is by itself and need not add up to 1. As logits that is
    log(s), since softmax(log(s)) = s / sum(s).
    """
    if output == "softmax":
        return scores
    # The same as logsigmoid, which torch would export as log(sigmoid): minus infinity below -104.
    return -functional.softplus(-scores)


def loss(scores: Tensor, targets: Tensor, output: Output, *, weights: Tensor | None = None,
         smoothing: float = 0.0) -> Tensor:
    """Give the mean loss of scores (batch, classes) against class numbers (batch,).

    Cross-entropy for softmax; for sigmoid the binary cross-entropy of each class against one-hot
    targets, its mean over the classes. With `weights` (classes,) it is the mean weighted by each
    image's class. `smoothing` is the share of a target that is spread over all classes.
    """
    if output == "softmax":
        return functional.cross_entropy(scores, targets, weight=weights, label_smoothing=smoothing)
    classes = scores.shape[1]
    wanted = functional.one_hot(targets, classes) * (1 - smoothing) + smoothing / classes
    of_images = functional.binary_cross_entropy_with_logits(
        scores, wanted.to(scores.dtype), reduction="none").mean(dim=1)
    if weights is None:
        return of_images.mean()
    shares = weights[targets]
    return (of_images * shares).sum() / shares.sum()


def _hidden(features: int, settings: HeadSettings) -> nn.Sequential:
    """Stack batch norm of the features, and for each width a dense layer, ReLU and dropout."""
    layers: list[nn.Module] = [nn.BatchNorm1d(features)] if settings.batch_norm else []
    for before, width in zip((features, *settings.hidden), settings.hidden, strict=False):
        layers += [nn.Linear(before, width), nn.ReLU(), nn.Dropout(settings.dropout)]
    if not settings.hidden:
        layers.append(nn.Dropout(settings.dropout))
    return nn.Sequential(*layers)

"""What surrounds the training loop: the weights of classes."""

import numpy as np
import pytest

from osteon.training import balanced_weights


@pytest.mark.parametrize(("targets", "weights"), [
    pytest.param([0, 1, 0, 1], [1, 1], id="balanced already"),
    pytest.param([0, 0, 0, 1], [4 / 6, 4 / 2], id="three to one"),
    pytest.param([1, 1, 1, 1, 0], [5 / 2, 5 / 8], id="one to four"),
])
def test_rare_classes_weigh_more_and_the_mean_over_images_is_one(targets, weights):
    found = balanced_weights(np.array(targets), 2).numpy()
    assert found == pytest.approx(weights)
    assert found[targets].mean() == pytest.approx(1)

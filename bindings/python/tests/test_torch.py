"""PyTorch's last layers: what they see is collected, and where training takes them is predicted."""
import numpy as np
import pytest

import biascope

torch = pytest.importorskip("torch")


@pytest.fixture
def model():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(6, 40), torch.nn.ReLU(), torch.nn.Linear(40, 1, bias=False)).double()


def batches(samples=20, size=8):
    inputs = torch.randn(samples, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    labels = (inputs[:, 0] > 0).long()
    return [(inputs[at:at + size], labels[at:at + size]) for at in range(0, samples, size)]


def test_the_last_layers_inputs_are_collected_in_order(model):
    from biascope.torch import last_layer
    model.train()
    layer = last_layer(model, batches())
    with torch.no_grad():
        expected = model[:2](torch.cat([inputs for inputs, _ in batches()]))
    assert np.array_equal(layer.features, expected.numpy())
    assert np.array_equal(layer.labels, torch.cat([labels for _, labels in batches()]).numpy())
    assert not layer.intercept and model.training


def test_where_training_takes_the_last_layer_is_predicted(model):
    from biascope.torch import last_layer
    X, y = last_layer(model, batches())
    head = torch.nn.Linear(40, 1, bias=False).double()
    torch.nn.init.zeros_(head.weight)
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-2, weight_decay=0.0)
    features, signs = torch.from_numpy(X), torch.from_numpy(2.0 * y - 1.0)
    for step in range(2000):
        at = [(4 * step + i) % 20 for i in range(4)]
        optimizer.zero_grad()
        torch.nn.functional.softplus(-signs[at] * head(features[at])[:, 0]).mean().backward()
        optimizer.step()
    predicted = biascope.predict(X, y, optimizer=optimizer, batch_size=4, steps=2000)
    trained = head.weight.detach().numpy()[0]
    assert predicted.direction @ trained / np.linalg.norm(trained) > 0.999


def test_models_without_a_linear_layer_and_empty_loaders_are_refused(model):
    from biascope.torch import last_layer
    with pytest.raises(ValueError, match="no torch.nn.Linear"):
        last_layer(torch.nn.ReLU(), batches())
    with pytest.raises(ValueError, match="no batch"):
        last_layer(model, [])

"""Random calls, most of them wrong; fuzz_calls.py makes more of them."""
import warnings

from fuzz_calls import attempt


def test_random_calls_are_answered_or_refused_in_words():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        became = {attempt(seed) for seed in range(2000)}
    assert {"ValueError", "TypeError", "Training", "Prediction", "Solution"} <= became

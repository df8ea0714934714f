"""Data on which predictions of limits once failed, labels folded in: made when asked for, the same each time."""
import numpy


def diagonal(samples=40):
    """A feature of its own for every sample: between two draws of it, a feature waits for long."""
    return numpy.diag(numpy.random.default_rng(0).uniform(0.5, 2.0, samples))


def low_rank(features=1000, rank=12, noise=0.3):
    """As microarrays are: 38 samples in two groups of 27 and 11, many features, few factors."""
    random = numpy.random.default_rng(rank)
    labels = numpy.where(numpy.arange(38) < 27, -1.0, 1.0)
    factors = random.standard_normal((38, rank))
    factors[:, 0] += 2 * labels
    x = factors @ random.standard_normal((rank, features)) + noise * random.standard_normal((38, features))
    return labels[:, None] * x


def teacher(samples, features, seed=0, margin=0.5):
    """Gaussian data whose labels a random plane gives, none within the margin of it."""
    random = numpy.random.default_rng(seed)
    w = random.standard_normal(features) / numpy.sqrt(features)
    x = random.standard_normal((2 * samples, features))
    z = x @ w
    keep = numpy.flatnonzero(abs(z) > margin * 0.5)[:samples]
    return x[keep] * numpy.sign(z[keep])[:, None]

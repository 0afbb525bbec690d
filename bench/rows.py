"""The rows of the table: what is measured against whom, and what is to be reached."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from bench import digits, work
from bench.contender import Contender
from bench.task import Task

OURS, OURS64 = "postgrad float32", "postgrad float64"
TEXTBOOK, TORCH, JAX, SKLEARN = "textbook NumPy", "PyTorch eager", "JAX jit", "sklearn MLPClassifier"
KEPT, HINGE, LOGISTIC = "textbook, malloc tuned", "sklearn SGDClassifier, a pass", "sklearn LogisticRegression, an iteration"
MIN_CHAR_RNN, PRODUCTS = "min-char-rnn", "its matrix products alone"
AHEAD = 1.0

# glibc then keeps freed arrays instead of giving them back to the system: not how the script is run, but what it could be.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**30), "MALLOC_TRIM_THRESHOLD_": str(2**30), "MALLOC_TOP_PAD_": str(2**26)}


@dataclass(frozen=True)
class Target:
    """`time of peer / time of ours` is to be at least this; with AHEAD, more than 1."""

    ours: str
    peer: str
    at_least: float

    def reached(self, ratio: float) -> bool:
        """Judge a measured ratio."""
        return ratio > AHEAD if self.at_least == AHEAD else ratio >= self.at_least


@dataclass(frozen=True)
class Row:
    """One piece of work and all who do it."""

    title: str
    contenders: dict[str, Contender]
    targets: tuple[Target, ...]
    granule: int = 1


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield the rows."""
    yield two_layer()
    yield linear("softmax")
    yield linear("svm")
    yield mini_batches("net, digits 1797×64, H=100, batch 128", digits.net, 1797)
    yield large(6000 if quick else 60_000)
    yield from (char_rnn(streams) for streams in (1, 16, 64))


def ahead(*peers: str) -> tuple[Target, ...]:
    """Targets: faster than each."""
    return tuple(Target(OURS, peer, AHEAD) for peer in peers)


def two_layer() -> Row:
    """Return the course's two-layer net."""
    single, double = partial(work.spiral, "mlp"), partial(work.spiral, "mlp", "float64")
    contenders = {
        OURS: Contender("ours.Ours", single),
        OURS64: Contender("ours.Ours", double),
        TEXTBOOK: Contender("script.Script", double),
        KEPT: Contender("script.Script", double, KEEP_MEMORY),
        TORCH: Contender("pytorch.PyTorch", single),
        JAX: Contender("jax_jit.JaxJit", single),
        SKLEARN: Contender("sklearn_peer.Mlp", single),
    }
    targets = (Target(OURS, TEXTBOOK, 7), Target(OURS64, TEXTBOOK, 4), Target(OURS, JAX, 1.3), *ahead(TORCH, SKLEARN))
    return Row("two-layer net, spiral 300×2, H=100, full batch", contenders, targets)


def linear(kind: str) -> Row:
    """Return a linear classifier."""
    single, double = partial(work.spiral, kind), partial(work.spiral, kind, "float64")
    contenders = {
        OURS: Contender("ours.Ours", single),
        TEXTBOOK: Contender("script.Script", double),
        TORCH: Contender("pytorch.PyTorch", single),
        JAX: Contender("jax_jit.JaxJit", single),
    }
    if kind == "svm":
        contenders[HINGE] = Contender("sklearn_peer.HingePasses", single)
    else:
        contenders[SKLEARN] = Contender("sklearn_peer.Mlp", single)
        contenders[LOGISTIC] = Contender("sklearn_peer.Logistic", single)
    return Row(f"{kind}, spiral 300×2, full batch", contenders, ahead(*list(contenders)[1:]))


def mini_batches(title: str, given: Callable[[], Task], n: int) -> Row:
    """Return a net trained in batches of 128, measured in whole epochs."""
    contenders = {
        OURS: Contender("ours.Ours", given),
        TORCH: Contender("pytorch.PyTorch", given),
        JAX: Contender("jax_jit.JaxJit", given),
        SKLEARN: Contender("sklearn_peer.Mlp", given),
    }
    return Row(title, contenders, ahead(TORCH, JAX, SKLEARN), granule=-(-n // 128))


def large(n: int) -> Row:
    """Return the large net, with the machine's own rate for its products (the peer's time is at most 100 % of ours)."""
    given = partial(work.large, n)
    row = mini_batches(f"net, {n}×784, H=256, K=10, batch 128", given, n)
    products = {PRODUCTS: Contender("products.Products", given)}
    return Row(row.title, row.contenders | products, (*row.targets, Target(OURS, PRODUCTS, 0.7)), row.granule)


def char_rnn(streams: int) -> Row:
    """Return the character RNN."""
    given = partial(work.char_rnn, streams)
    contenders = {OURS: Contender("ours.Ours", given), TORCH: Contender("char_pytorch.CharPyTorch", given)}
    targets = ahead(TORCH) if streams == 1 else (Target(OURS, TORCH, 2),)
    if streams == 1:
        contenders[MIN_CHAR_RNN] = Contender("min_char_rnn.MinCharRnn", given)
        targets = (Target(OURS, MIN_CHAR_RNN, 6), *targets)
    return Row(f"char-RNN, H=100, T=25, V=80, B={streams}", contenders, targets)

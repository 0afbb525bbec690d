"""What the contenders are given, by name: called in the process of each."""

from bench import data
from bench.task import CharTask, Task, task
from core.data.synthetic import make
from core.spec import Mlp, Softmax, Spiral, Svm

MODELS = {"mlp": Mlp(), "softmax": Softmax(), "svm": Svm()}


def spiral(kind: str, dtype: str = "float32") -> Task:
    """Make one of the course's models on its spiral, 300×2, full batch; the net has 100 hidden units."""
    return task(MODELS[kind], make(Spiral()), dtype)


def large(n: int) -> Task:
    """Make a net of the size of MNIST's, 784-256-10, in batches of 128."""
    return task(Mlp(hidden_sizes=(256,)), data.noise(n, 784, 10), batch_size=128, rate=0.01)


def char_rnn(streams: int) -> CharTask:
    """Make the character RNN of min-char-rnn: H=100, T=25."""
    return CharTask(data.english(), 100, 25, streams)

"""The character RNN with PyTorch: `nn.RNN` over B streams of the text, Adagrad, gradients clipped to ±0.2, one thread."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from bench.task import CharTask

torch.set_num_threads(1)


class CharPyTorch:
    """The text cut into B streams, read window by window; the hidden state is carried on."""

    def __init__(self, task: CharTask) -> None:
        symbols, codes = np.unique(list(task.text), return_inverse=True)
        V, hidden_size, streams = len(symbols), task.hidden_size, task.streams
        self._T = task.sequence_length
        length = (len(codes) - 1) // streams
        cut = torch.from_numpy(codes[: length * streams + 1].astype(np.int64))
        self._x, self._y = (part.reshape(streams, length).T.contiguous() for part in (cut[:-1], cut[1:]))
        self._onehot = torch.eye(V)  # a row of it is a one-hot vector
        self._rnn, self._out = nn.RNN(V, hidden_size), nn.Linear(hidden_size, V)
        self._parameters = [*self._rnn.parameters(), *self._out.parameters()]
        self._optimizer = torch.optim.Adagrad(self._parameters, lr=0.1)
        self._at, self._h = 0, torch.zeros(1, streams, hidden_size)

    def steps(self, n: int) -> None:
        """Read n windows, with an update after each."""
        for _ in range(n):
            if self._at + self._T > len(self._x):
                self._at, self._h = 0, torch.zeros_like(self._h)
            window = slice(self._at, self._at + self._T)
            self._optimizer.zero_grad()
            states, h = self._rnn(self._onehot[self._x[window]], self._h)
            loss = F.cross_entropy(self._out(states).flatten(0, 1), self._y[window].flatten())
            loss.backward()
            nn.utils.clip_grad_value_(self._parameters, 0.2)
            self._optimizer.step()
            self._h = h.detach()
            self._at += self._T

"""The character RNN in plain NumPy, one character at a time, float64, in the style of Karpathy's min-char-rnn.

Written anew after it (https://gist.github.com/karpathy/d4dee566867f8291f086): the same arrays, the loss at every step,
Adagrad, gradients clipped to ±5. Sampling and printing are left out.
"""

import numpy as np

from bench.task import CharTask


class MinCharRnn:
    """The script's state; `steps` is its loop."""

    def __init__(self, task: CharTask) -> None:
        self.data, hidden_size, seq_length = task.text, task.hidden_size, task.sequence_length
        chars = sorted(set(self.data))
        self.vocab_size, self.hidden_size, self.seq_length = len(chars), hidden_size, seq_length
        self.char_to_ix = {ch: i for i, ch in enumerate(chars)}
        rng = np.random.RandomState(0)
        self.Wxh = rng.randn(hidden_size, self.vocab_size) * 0.01
        self.Whh = rng.randn(hidden_size, hidden_size) * 0.01
        self.Why = rng.randn(self.vocab_size, hidden_size) * 0.01
        self.bh, self.by = np.zeros((hidden_size, 1)), np.zeros((self.vocab_size, 1))
        self.params = [self.Wxh, self.Whh, self.Why, self.bh, self.by]
        self.memories = [np.zeros_like(param) for param in self.params]
        self.p, self.hprev = 0, np.zeros((hidden_size, 1))
        self.smooth_loss = -np.log(1.0 / self.vocab_size) * seq_length

    def steps(self, n: int, learning_rate: float = 1e-1) -> None:
        """Read n windows, with an update after each."""
        for _ in range(n):
            if self.p + self.seq_length + 1 >= len(self.data):
                self.p, self.hprev = 0, np.zeros((self.hidden_size, 1))
            inputs = [self.char_to_ix[ch] for ch in self.data[self.p : self.p + self.seq_length]]
            targets = [self.char_to_ix[ch] for ch in self.data[self.p + 1 : self.p + self.seq_length + 1]]
            loss, gradients = self.loss_and_gradients(inputs, targets)
            self.smooth_loss = self.smooth_loss * 0.999 + loss * 0.001
            for param, dparam, mem in zip(self.params, gradients, self.memories, strict=True):
                mem += dparam * dparam
                param += -learning_rate * dparam / np.sqrt(mem + 1e-8)
            self.p += self.seq_length

    def loss_and_gradients(self, inputs: list[int], targets: list[int]) -> tuple[float, list[np.ndarray]]:
        """Go forward through the window and back."""
        xs, hs, ps = {}, {-1: np.copy(self.hprev)}, {}
        loss = 0.0
        for t in range(len(inputs)):
            xs[t] = np.zeros((self.vocab_size, 1))
            xs[t][inputs[t]] = 1
            hs[t] = np.tanh(np.dot(self.Wxh, xs[t]) + np.dot(self.Whh, hs[t - 1]) + self.bh)
            ys = np.dot(self.Why, hs[t]) + self.by
            ps[t] = np.exp(ys) / np.sum(np.exp(ys))
            loss += -np.log(ps[t][targets[t], 0])
        dWxh, dWhh, dWhy, dbh, dby = (np.zeros_like(w) for w in (self.Wxh, self.Whh, self.Why, self.bh, self.by))
        dhnext = np.zeros_like(hs[0])
        for t in reversed(range(len(inputs))):
            dy = np.copy(ps[t])
            dy[targets[t]] -= 1
            dWhy += np.dot(dy, hs[t].T)
            dby += dy
            dh = np.dot(self.Why.T, dy) + dhnext
            dhraw = (1 - hs[t] * hs[t]) * dh
            dbh += dhraw
            dWxh += np.dot(dhraw, xs[t].T)
            dWhh += np.dot(dhraw, hs[t - 1].T)
            dhnext = np.dot(self.Whh.T, dhraw)
        gradients = [dWxh, dWhh, dWhy, dbh, dby]
        for dparam in gradients:
            np.clip(dparam, -5, 5, out=dparam)
        self.hprev = hs[len(inputs) - 1]
        return loss, gradients

"""Randomness that is the same for a seed on every Python: all of it is drawn from random() alone."""

import math
import random


class Dice:
    def __init__(self, seed):
        self.draw = random.Random(seed).random

    def chance(self, probability):
        return self.draw() < probability

    def below(self, n):
        return int(self.draw() * n)

    def between(self, low, high):
        """An integer, both ends included."""
        return low + int(self.draw() * (high - low + 1))

    def pick(self, options):
        return options[int(self.draw() * len(options))]

    def weighted(self, pairs):
        """One of (option, weight)."""
        at = self.draw() * sum(weight for _, weight in pairs)
        for option, weight in pairs:
            at -= weight
            if at < 0:
                return option
        return pairs[-1][0]

    def spread(self, mean):
        """Exponentially distributed, an integer."""
        return int(-mean * math.log(1 - self.draw()))

    def about(self, median, factor=2.0):
        """Log-normally distributed around a median: two thirds within a factor of it."""
        angle = 2 * math.pi * self.draw()
        normal = math.sqrt(-2 * math.log(1 - self.draw())) * math.cos(angle)
        return int(median * factor ** normal)

    def shuffle(self, values):
        for i in range(len(values) - 1, 0, -1):
            j = int(self.draw() * (i + 1))
            values[i], values[j] = values[j], values[i]

    def hex(self, digits):
        return "%0*x" % (digits, int(self.draw() * 16 ** min(digits, 12)))

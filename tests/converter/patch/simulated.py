"""Runs a memory plan byte by byte as kernels may: rows in order, a few at once, windows read late, scratch spoilt."""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from converter.patch.execute import apply
from converter.patch.network import Conv, Depthwise, MaxPool, Rows
from converter.patch.schedule import ROWS_AT_ONCE, Lookup, Overlap


@dataclass
class Board:
    """An arena, and what its plan says lies where."""

    plan: object
    arena: np.ndarray

    @classmethod
    def of(cls, plan, seed=0):
        return cls(plan, np.random.default_rng(seed).integers(-128, 128, plan.arena_bytes, dtype=np.int8))

    def run(self, inputs):
        """Outputs of one input; the window, where there is one, is spoilt before the input is written."""
        plan, schedule = self.plan, self.plan.schedule
        at = plan.offsets[schedule.input]
        self.arena[at : at + inputs.size] = inputs
        for number, step in enumerate(schedule.steps):
            self._step(number, step)
        at = plan.offsets[schedule.output]
        return self.arena[at : at + schedule.buffers[schedule.output]].copy()

    def _step(self, number, step):
        work, plan = step.work, self.plan
        if plan.scratch[number] is not None:
            at = plan.scratch[number]
            self.arena[at : at + step.scratch_bytes] = 99
        for read in step.reads:
            begin = plan.offsets[read.buffer]
            end = begin + plan.schedule.buffers[read.buffer]
            self.arena[begin - read.before_bytes : begin] = read.fill
            self.arena[end : end + read.after_bytes] = read.fill
        if isinstance(work, Conv | Depthwise | MaxPool):
            self._rows(work, step)
        else:
            self._at_once(work, step)

    def _rows(self, work, step):
        """In the worst order that the rule allows: the last row of each group first, each window read just before."""
        tensors, (read,) = self.plan.schedule.tensors, step.reads
        x, y = tensors[work.x], tensors[work.y]
        base, to = self.plan.offsets[read.buffer] - read.before_bytes, self.plan.offsets[step.writes]
        stride, size = work.rows.stride * x.channels, work.rows.kernel * x.channels
        one = replace(work, rows=Rows(work.rows.kernel, 1, 0, 0))
        single = {
            work.x: replace(x, shape=(1, 1, work.rows.kernel, x.channels)),
            work.y: replace(y, shape=(1, 1, 1, y.channels)),
        }
        for first in range(0, y.width, ROWS_AT_ONCE):
            for p in reversed(range(first, min(first + ROWS_AT_ONCE, y.width))):
                window = self.arena[base + p * stride : base + p * stride + size]
                row = apply(one, single, window.reshape(1, work.rows.kernel, x.channels))
                self.arena[to + p * y.channels : to + (p + 1) * y.channels] = row.reshape(-1)

    def _at_once(self, work, step):
        tensors = self.plan.schedule.tensors
        buffers = [
            self.arena[self.plan.offsets[r.buffer] :][: self.plan.schedule.buffers[r.buffer]] for r in step.reads
        ]
        if isinstance(work, Lookup):
            made = work.table[buffers[0].astype(np.int16) + 128]
        else:
            names = [work.a, work.b] if hasattr(work, "a") else [work.x]
            shaped = [b.reshape(1, tensors[n].width, tensors[n].channels) for b, n in zip(buffers, names, strict=True)]
            made = apply(work, tensors, *shaped).reshape(-1)
        at = self.plan.offsets[step.writes]
        self.arena[at : at + made.size] = made


def wrongly_shared(plan):
    """Pairs of buffers that lie over each other at a step without leave, from the plan alone."""
    schedule = plan.schedule
    wrong = []
    for number, step in enumerate(schedule.steps):
        alive = sorted(b for b in schedule.buffers if _lives(schedule, b, number))
        reads = {read.buffer: read for read in step.reads}
        touching = [(a, b) for a, b in combinations(alive, 2) if _touch(plan, a, b, reads)]
        wrong += [(number, a, b) for a, b in touching if not _allowed(plan, step, number, a, b)]
        if plan.scratch[number] is not None:
            wrong += [(number, b, "scratch") for b in alive if _over_scratch(plan, number, b, reads)]
    return wrong


def _lives(schedule, buffer, number):
    written = [n for n, step in enumerate(schedule.steps) if step.writes == buffer]
    read = [n for n, step in enumerate(schedule.steps) if any(r.buffer == buffer for r in step.reads)]
    first = min(written, default=-1)
    last = len(schedule.steps) if buffer == schedule.output else max([*read, first])
    return first <= number <= last


def _region(plan, buffer, reads):
    read = reads.get(buffer)
    begin = plan.offsets[buffer] - (read.before_bytes if read else 0)
    return begin, plan.offsets[buffer] + plan.schedule.buffers[buffer] + (read.after_bytes if read else 0)


def _touch(plan, a, b, reads):
    (a0, a1), (b0, b1) = _region(plan, a, reads), _region(plan, b, reads)
    return a0 < b1 and b0 < a1


def _over_scratch(plan, number, buffer, reads):
    begin, end = _region(plan, buffer, reads)
    return begin < plan.scratch[number] + plan.schedule.steps[number].scratch_bytes and plan.scratch[number] < end


def _allowed(plan, step, number, a, b):
    source = a if b == step.writes else b
    if step.writes not in {a, b} or sum(r.buffer == source for r in step.reads) != 1:
        return False
    (read,) = (r for r in step.reads if r.buffer == source)
    dies = source != plan.schedule.output and not _lives(plan.schedule, source, number + 1)
    apart = plan.offsets[step.writes] - plan.offsets[source]
    match read.overlap:
        case Overlap.SAME_PLACE:
            return dies and apart == 0
        case Overlap.BEHIND:
            return dies and apart >= 0
        case Overlap.AHEAD:
            return dies and _rows_keep_ahead(plan, step, read)
        case _:
            return False


def _rows_keep_ahead(plan, step, read):
    """The rule of anyecg_kernels.h, row by row."""
    tensors, work = plan.schedule.tensors, step.work
    y, stride = tensors[work.y], work.rows.stride * tensors[work.x].channels
    base, to = plan.offsets[read.buffer] - read.before_bytes, plan.offsets[step.writes]
    return all(to + (p + 1) * y.channels <= base + max(p - ROWS_AT_ONCE + 1, 0) * stride for p in range(y.width))

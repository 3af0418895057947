#include "anyecg_preprocess.h"

#define ONE_BITS 30 /* of a coefficient */
#define ONE_MASK ((UINT32_C(1) << ONE_BITS) - 1U)

/* All magnitudes of x - origin, or-ed: their highest bit is that of the largest. */
static uint32_t magnitudes(const int32_t *x, uint32_t n, int32_t origin) {
  uint32_t bits = 0;
  for (uint32_t i = 0; i < n; ++i) {
    bits |= x[i] > origin ? (uint32_t)x[i] - (uint32_t)origin : (uint32_t)origin - (uint32_t)x[i];
  }
  return bits;
}

/* How far up that may be shifted to stay below 2^bits; 0 for 0. */
static int32_t room(uint32_t magnitude, int32_t bits) {
  int32_t shift = magnitude == 0U ? 0 : bits;
  for (; magnitude != 0U; magnitude >>= 1) {
    --shift;
  }
  return shift;
}

static void shift_by(int32_t *x, uint32_t n, int32_t origin, int32_t shift) {
  if (shift >= 0) {
    for (uint32_t i = 0; i < n; ++i) {
      x[i] = (x[i] - origin) * (INT32_C(1) << shift);
    }
  } else {
    for (uint32_t i = 0; i < n; ++i) {
      x[i] = (int32_t)(((int64_t)x[i] - origin + (INT64_C(1) << (-shift - 1))) >> -shift);
    }
  }
}

void anyecg_normalise(anyecg_block_t *block, int32_t origin, int32_t bits) {
  const uint32_t magnitude = magnitudes(block->x, block->n, origin);
  const int32_t shift = room(magnitude, bits);
  shift_by(block->x, block->n, origin, shift);
  block->exponent += shift;
}

typedef struct {
  int32_t x1;
  int32_t x2;
  int32_t y1;
  int32_t y2;
  int32_t left1; /* what rounding left of the last sums, fed back so that it vanishes at 0 Hz, where the poles are */
  int32_t left2;
} state_t;

typedef struct {
  int32_t *x;
  uint32_t n;
} stretch_t;

/* From x[at] on in steps of `step`, which is 1 or -1. */
static void run_section(const anyecg_section_t *section, state_t *state, int32_t *x, uint32_t n, int32_t step) {
  const anyecg_section_t s = *section;
  state_t z = *state;
  int32_t at = step > 0 ? 0 : (int32_t)n - 1;
  for (uint32_t i = 0; i < n; ++i, at += step) {
    const int32_t now = x[at];
    int64_t sum = (int64_t)s.b0 * now;
    sum += (int64_t)s.b1 * z.x1;
    sum += (int64_t)s.b2 * z.x2;
    sum += (int64_t)s.a1 * z.y1;
    sum += (int64_t)s.a2 * z.y2;
    sum += 2 * z.left1 - z.left2;
    z.x2 = z.x1;
    z.x1 = now;
    z.y2 = z.y1;
    z.y1 = (int32_t)(sum >> ONE_BITS);
    z.left2 = z.left1;
    z.left1 = (int32_t)((uint32_t)sum & ONE_MASK);
    x[at] = z.y1;
  }
  *state = z;
}

/* Through the stretches as if they were one; section by section, so that its state stays in registers. */
static void run(const anyecg_filter_t *filter, const stretch_t *stretches, uint32_t n_stretches, int32_t step) {
  for (uint32_t k = 0; k < filter->n_sections; ++k) {
    state_t state = {0, 0, 0, 0, 0, 0};
    for (uint32_t i = 0; i < n_stretches; ++i) {
      run_section(&filter->sections[k], &state, stretches[i].x, stretches[i].n, step);
    }
  }
}

static void add(stretch_t stretch, int32_t constant) {
  for (uint32_t i = 0; i < stretch.n; ++i) {
    stretch.x[i] += constant;
  }
}

/* A filter at rest on a constant is a filter at rest on 0 without the constant. The odd extension before the window is
 * gone through and forgotten; that behind it is kept for the way back. */
static void forwards(const anyecg_filter_t *filter, stretch_t window, stretch_t after, stretch_t before) {
  const int32_t *x = window.x;
  const int32_t *last = &x[window.n - 1U];
  const int32_t rest = 2 * x[0] - x[before.n];
  for (uint32_t i = 0; i < before.n; ++i) {
    before.x[i] = 2 * x[0] - x[before.n - i] - rest;
    after.x[i] = 2 * last[0] - last[-1 - (int32_t)i] - rest;
  }
  add(window, -rest);
  const stretch_t way[] = {before, window, after};
  run(filter, way, 3, 1);
  if (filter->passes_constant != 0U) {
    add(window, rest);
    add(after, rest);
  }
}

static void backwards(const anyecg_filter_t *filter, stretch_t window, stretch_t after) {
  const int32_t rest = after.x[after.n - 1U];
  add(window, -rest);
  add(after, -rest);
  const stretch_t way[] = {after, window};
  run(filter, way, 2, -1);
  if (filter->passes_constant != 0U) {
    add(window, rest);
  }
}

void anyecg_filtfilt(anyecg_block_t *block, const anyecg_filter_t *filter, int32_t *scratch) {
  const stretch_t window = {block->x, block->n};
  const stretch_t after = {scratch, filter->pad};
  const stretch_t before = {scratch + filter->pad, filter->pad};
  anyecg_normalise(block, 0, filter->bits);
  forwards(filter, window, after, before);
  const uint32_t magnitude = magnitudes(window.x, window.n, 0) | magnitudes(after.x, after.n, 0);
  const int32_t shift = room(magnitude, filter->bits);
  shift_by(window.x, window.n, 0, shift);
  shift_by(after.x, after.n, 0, shift);
  block->exponent += shift;
  backwards(filter, window, after);
}

/* Takes one `old` out of the sorted samples and puts `new` where it belongs. */
static void replace(int32_t *sorted, uint32_t n, int32_t old, int32_t new) {
  uint32_t at = 0;
  for (uint32_t left = n; left > 1U;) { /* the last place whose sample is not above `old` */
    const uint32_t half = left / 2U;
    at += sorted[at + half] <= old ? half : 0U;
    left -= half;
  }
  while (at + 1U < n && sorted[at + 1U] < new) {
    sorted[at] = sorted[at + 1U];
    ++at;
  }
  while (at > 0U && sorted[at - 1U] > new) {
    sorted[at] = sorted[at - 1U];
    --at;
  }
  sorted[at] = new;
}

void anyecg_subtract_median(anyecg_block_t *block, uint32_t half, int32_t *sorted, int32_t *past) {
  const uint32_t size = 2U * half + 1U;
  anyecg_normalise(block, 0, ONE_BITS - 1);
  for (uint32_t i = 0; i < size; ++i) {
    sorted[i] = 0;
  }
  for (uint32_t i = 0; i <= half; ++i) {
    past[i] = 0;
  }
  for (uint32_t i = 0; i < half && i < block->n; ++i) {
    replace(sorted, size, 0, block->x[i]);
  }
  for (uint32_t i = 0, slot = 0; i < block->n; ++i) {
    replace(sorted, size, past[slot], i + half < block->n ? block->x[i + half] : 0);
    past[slot] = block->x[i];
    slot = slot == half ? 0U : slot + 1U;
    block->x[i] -= sorted[half];
  }
}

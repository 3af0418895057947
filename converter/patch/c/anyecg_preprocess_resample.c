#include "anyecg_preprocess.h"

#define ROOM_BITS 28 /* no low-pass here swings to more than four times its input */

/* Sum of products of taps first, first + up, ... and the samples from ring[at] on in steps of `step`. */
static int64_t side(const anyecg_resampler_t *r, const int32_t *ring, uint32_t first, uint32_t at, uint32_t step) {
  int64_t sum = 0;
  for (uint32_t tap = first; tap <= r->last; tap += r->up, at += step) {
    sum += (int64_t)r->taps[tap] * ring[at & r->mask];
  }
  return sum;
}

void anyecg_resample(anyecg_block_t *block, const anyecg_resampler_t *resampler, uint32_t n, int32_t *ring) {
  const uint32_t n_in = block->n;
  int32_t *x = block->x;
  anyecg_normalise(block, 0, ROOM_BITS);
  /* Behind what is written, so that every sample is read before its place is needed. */
  const uint32_t begin = n > n_in ? n - n_in : 0U;
  for (uint32_t i = n_in; begin > 0U && i > 0U; --i) {
    x[begin + i - 1U] = x[i - 1U];
  }
  const int32_t last = x[begin + n_in - 1U];
  for (uint32_t i = 0; i <= resampler->mask; ++i) {
    ring[i] = x[begin];
  }
  uint32_t taken = 0; /* samples of the input that are in the ring, or went through it */
  for (uint32_t i = 0, at = 0, phase = 0; i < n; ++i) {
    for (; taken <= at + resampler->reach; ++taken) {
      ring[taken & resampler->mask] = taken < n_in ? x[begin + taken] : last;
    }
    int64_t sum = side(resampler, ring, phase, at, UINT32_MAX); /* towards the past, in steps of -1 */
    sum += side(resampler, ring, resampler->up - phase, at + 1U, 1U);
    x[i] = (int32_t)((sum + (INT64_C(1) << (resampler->shift - 1))) >> resampler->shift);
    phase += resampler->down;
    at += phase / resampler->up;
    phase %= resampler->up;
  }
  block->n = n;
}

/* The kernels with Helium, the vector instructions of Cortex-M55 and M85.
 *
 * A convolution takes four positions at once: sixteen weights meet the four windows where they lie, and the four sums
 * are rescaled in one vector. What would reach past an end is predicated away, so that nothing is read there.
 */
#include "anyecg_kernels_inside.h"

#ifdef ANYECG_VARIANT_MVE

#include <arm_mve.h>
#include <stdbool.h>

#define POSITIONS ANYECG_ROWS_AT_ONCE
#define LANES 4U /* of 32 bits */
#define BYTES 16U

/* anyecg_rescaled() of four values, each with its own multiplier and shift. Subtracting one from negative values sends
 * their halves down, away from zero, where the shift would send them up; but not where nothing is shifted. */
static inline int32x4_t anyecg_rescaled_each(int32x4_t x, int32x4_t multiplier, int32x4_t shift) {
  const int32x4_t left = vmaxq_s32(shift, vdupq_n_s32(0));
  const int32x4_t right = vminq_s32(shift, vdupq_n_s32(0));
  const int32x4_t high = vqrdmulhq_s32(vshlq_s32(x, left), multiplier);
  const int32x4_t away = vshrq_n_s32(vandq_s32(high, right), 31);
  return vrshlq_s32(vaddq_s32(high, away), right);
}

/* The same with one multiplier and shift for all. */
static inline int32x4_t anyecg_rescaled_all(int32x4_t x, int32_t multiplier, int32_t shift) {
  const int32_t left = (shift > 0) ? shift : 0;
  const int32_t right = (shift > 0) ? 0 : shift;
  const int32x4_t high = vqrdmulhq_n_s32(vshlq_r_s32(x, left), multiplier);
  const int32x4_t away = vshrq_n_s32(vandq_s32(high, vdupq_n_s32(right)), 31);
  return vrshlq_n_s32(vaddq_s32(high, away), right);
}

static inline int32x4_t anyecg_within_all(int32x4_t value, anyecg_range_t range) {
  const int32x4_t placed = vaddq_n_s32(value, range.zero);
  return vminq_s32(vmaxq_s32(placed, vdupq_n_s32(range.lowest)), vdupq_n_s32(range.highest));
}

/* Weights meet four windows, sixteen bytes at a time, until the loop has counted its elements down. */
#define FOUR_WINDOWS(count, load)            \
  __asm volatile("dlstp." count " lr, %[n]\n" \
                 "1: " load " q0, [%[w]], #16\n\t"  \
                 load " q1, [%[x0]], #16\n\t"       \
                 "vmladava.s8 %[a], q0, q1\n\t"    \
                 load " q1, [%[x1]], #16\n\t"       \
                 "vmladava.s8 %[b], q0, q1\n\t"    \
                 load " q1, [%[x2]], #16\n\t"       \
                 "vmladava.s8 %[c], q0, q1\n\t"    \
                 load " q1, [%[x3]], #16\n\t"       \
                 "vmladava.s8 %[d], q0, q1\n\t"    \
                 "letp lr, 1b"                      \
                 : [a] "+Te"(a), [b] "+Te"(b), [c] "+Te"(c), [d] "+Te"(d), [w] "+r"(w), [x0] "+r"(x0), \
                   [x1] "+r"(x1), [x2] "+r"(x2), [x3] "+r"(x3)                                          \
                 : [n] "r"(n)                                                                            \
                 : "q0", "q1", "lr", "memory")

/* sums[position] = bias + the weights on the window of that position; where all lies at whole words, word by word. */
static inline int32x4_t anyecg_four_sums(const int8_t *const window[POSITIONS], const int8_t *w, uint32_t n,
                                         int32_t bias, bool words) {
  const int8_t *x0 = window[0];
  const int8_t *x1 = window[1];
  const int8_t *x2 = window[2];
  const int8_t *x3 = window[3];
  int32_t a = bias;
  int32_t b = bias;
  int32_t c = bias;
  int32_t d = bias;
  if (words) {
    n /= 4U;
    FOUR_WINDOWS("32", "vldrw.32");
  } else {
    FOUR_WINDOWS("8", "vldrb.8");
  }
  int32x4_t sums = vdupq_n_s32(a);
  sums = vsetq_lane_s32(b, sums, 1);
  sums = vsetq_lane_s32(c, sums, 2);
  return vsetq_lane_s32(d, sums, 3);
}

/* The windows of a group at four positions: where they lie, or one after the other in the scratch memory. The last of
 * `rows` stands for those that are missing. */
static void anyecg_windows(const anyecg_conv_t *conv, const int8_t *x, int8_t *scratch, uint32_t rows,
                           const int8_t *window[POSITIONS]) {
  const uint32_t channels = (uint32_t)conv->channels_in / conv->groups;
  for (uint32_t position = 0; position < POSITIONS; position++) {
    window[position] = x;
    if (conv->groups > 1U) {
      window[position] = scratch;
      for (uint32_t tap = 0; tap < conv->kernel; tap++) {
        __builtin_memcpy(scratch, &x[tap * conv->channels_in], channels);
        scratch += channels;
      }
    }
    if ((position + 1U) < rows) {
      x += (uint32_t)conv->stride * conv->channels_in;
    }
  }
}

void anyecg_conv(const anyecg_conv_t *conv, const int8_t *x, int8_t *y, int16_t *scratch) {
  const uint32_t per_group = (uint32_t)conv->channels_in / conv->groups;
  const uint32_t outputs = (uint32_t)conv->channels_out / conv->groups;
  const uint32_t n = per_group * conv->kernel;
  for (uint32_t p = 0; p < conv->width_out; p += POSITIONS) {
    const uint32_t left = conv->width_out - p;
    const uint32_t rows = (left < POSITIONS) ? left : POSITIONS;
    const uint32x4_t position = vminq_u32(vidupq_n_u32(0U, 1), vdupq_n_u32(rows - 1U));
    const uint32x4_t offsets = vmulq_n_u32(position, conv->channels_out);
    const int8_t *w = conv->weights;
    for (uint32_t c = 0; c < conv->channels_out; c += outputs) {
      const int8_t *window[POSITIONS];
      anyecg_windows(conv, &x[(c / outputs) * per_group], (int8_t *)(void *)scratch, rows, window);
      const bool words = ((n | (uintptr_t)w | (uintptr_t)window[0] | (uintptr_t)window[1]) % 4U) == 0U;
      for (uint32_t i = c; i < (c + outputs); i++) {
        const int32x4_t sums = anyecg_four_sums(window, w, n, conv->bias[i], words);
        const int32x4_t scaled = anyecg_rescaled_all(sums, conv->multiplier[i], conv->shift[i]);
        vstrbq_scatter_offset_s32(&y[i], offsets, anyecg_within_all(scaled, conv->range));
        w += n;
      }
    }
    x += POSITIONS * (uint32_t)conv->stride * conv->channels_in;
    y += rows * conv->channels_out;
  }
}

void anyecg_depthwise(const anyecg_conv_t *conv, const int8_t *x, int8_t *y) {
  const uint32_t channels = conv->channels_in;
  const uint32_t end = channels * conv->kernel;
  for (uint32_t p = 0; p < conv->width_out; p++) {
    for (uint32_t c = 0; c < channels; c += LANES) {
      const mve_pred16_t there = vctp32q(channels - c);
      int32x4_t sums = vldrwq_z_s32(&conv->bias[c], there);
      for (uint32_t at = c; at < end; at += channels) {
        sums = vaddq_s32(sums, vmulq_s32(vldrbq_z_s32(&x[at], there), vldrbq_z_s32(&conv->weights[at], there)));
      }
      const int32x4_t multiplier = vldrwq_z_s32(&conv->multiplier[c], there);
      const int32x4_t shift = vldrbq_z_s32(&conv->shift[c], there);
      const int32x4_t scaled = anyecg_rescaled_each(sums, multiplier, shift);
      vstrbq_p_s32(&y[c], anyecg_within_all(scaled, conv->range), there);
    }
    x += (uint32_t)conv->stride * channels;
    y += channels;
  }
}

void anyecg_mean(const int8_t *x, int8_t *y, uint16_t width, uint16_t channels, int32_t zero_in,
                 anyecg_rescale_t rescale, anyecg_range_t range) {
  const uint32_t end = (uint32_t)width * channels;
  for (uint32_t c = 0; c < channels; c += LANES) {
    const mve_pred16_t there = vctp32q(channels - c);
    int32x4_t sums = vdupq_n_s32(-zero_in * (int32_t)width);
    for (uint32_t at = c; at < end; at += channels) {
      sums = vaddq_s32(sums, vldrbq_z_s32(&x[at], there));
    }
    const int32x4_t scaled = anyecg_rescaled_all(sums, rescale.multiplier, rescale.shift);
    vstrbq_p_s32(&y[c], anyecg_within_all(scaled, range), there);
  }
}

void anyecg_max(const int8_t *x, int8_t *y, uint16_t width_out, uint16_t channels, uint8_t size, uint8_t stride,
                anyecg_range_t range) {
  const uint32_t end = (uint32_t)size * channels;
  for (uint32_t p = 0; p < width_out; p++) {
    for (uint32_t c = 0; c < channels; c += BYTES) {
      const mve_pred16_t there = vctp8q(channels - c);
      int8x16_t most = vdupq_n_s8(range.lowest);
      for (uint32_t at = c; at < end; at += channels) {
        most = vmaxq_s8(most, vldrbq_z_s8(&x[at], there));
      }
      vstrbq_p_s8(&y[c], vminq_s8(most, vdupq_n_s8(range.highest)), there);
    }
    x += (uint32_t)stride * channels;
    y += channels;
  }
}

void anyecg_table(const int8_t *x, int8_t *y, const int8_t table[256], uint32_t n) {
  for (uint32_t i = 0; i < n; i += BYTES) {
    const mve_pred16_t there = vctp8q(n - i);
    const uint8x16_t at = veorq_u8(vldrbq_z_u8((const uint8_t *)&x[i], there), vdupq_n_u8(128U));
    vstrbq_p_s8(&y[i], vldrbq_gather_offset_z_s8(table, at, there), there);
  }
}

void anyecg_mul(const anyecg_mul_t *mul, const int8_t *a, const int8_t *b, int8_t *y, uint32_t n) {
  for (uint32_t i = 0; i < n; i += LANES) {
    const mve_pred16_t there = vctp32q(n - i);
    const int32x4_t from_a = vsubq_n_s32(vldrbq_z_s32(&a[i], there), mul->zero_a);
    const int32x4_t from_b = vsubq_n_s32(vldrbq_z_s32(&b[i], there), mul->zero_b);
    const int32x4_t scaled =
      anyecg_rescaled_all(vmulq_s32(from_a, from_b), mul->rescale.multiplier, mul->rescale.shift);
    vstrbq_p_s32(&y[i], anyecg_within_all(scaled, mul->range), there);
  }
}

void anyecg_mul_rows(const anyecg_mul_t *mul, const int8_t *a, const int8_t *row, int8_t *y, uint16_t width,
                     uint16_t channels) {
  for (uint32_t p = 0; p < width; p++) {
    anyecg_mul(mul, a, row, y, channels);
    a += channels;
    y += channels;
  }
}

void anyecg_add(const anyecg_add_t *add, const int8_t *a, const int8_t *b, int8_t *y, uint32_t n) {
  for (uint32_t i = 0; i < n; i += LANES) {
    const mve_pred16_t there = vctp32q(n - i);
    const int32x4_t from_a = vshlq_n_s32(vsubq_n_s32(vldrbq_z_s32(&a[i], there), add->zero_a), 20);
    const int32x4_t from_b = vshlq_n_s32(vsubq_n_s32(vldrbq_z_s32(&b[i], there), add->zero_b), 20);
    const int32x4_t sum = vaddq_s32(anyecg_rescaled_all(from_a, add->rescale_a.multiplier, add->rescale_a.shift),
                                    anyecg_rescaled_all(from_b, add->rescale_b.multiplier, add->rescale_b.shift));
    const int32x4_t scaled = anyecg_rescaled_all(sum, add->rescale_sum.multiplier, add->rescale_sum.shift);
    vstrbq_p_s32(&y[i], anyecg_within_all(scaled, add->range), there);
  }
}

#endif
